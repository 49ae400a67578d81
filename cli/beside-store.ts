import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SUITES } from '../schema/intl-suite.ts';
import { readLogKeys } from '../subgraphs/access/log-key.ts';
import { readFieldKeys, secretOf } from '../subgraphs/kit/field-keys.ts';
import { createKeyFile, readKeyFile } from '../subgraphs/kit/key-file.ts';
import { CommandFault } from './command-fault.ts';
import type { BesideStore } from './dump-file.ts';

const FIELD_KEYS = 'keys/field-keys.json';
const KEY_FILES: readonly string[] = [FIELD_KEYS, 'keys/access-log-keys.json'];
const HEADS = 'access-log';
const FINGERPRINT_LENGTH = 22;

/** What a dump takes along from the data folder: heads of the access log, by what its keys are recognised, and the keys themselves if they are wanted. */
export function besideStore(dataDir: string, { withKeys }: { readonly withKeys: boolean }): readonly BesideStore[] {
  const names = existsSync(join(dataDir, HEADS)) ? readdirSync(join(dataDir, HEADS)).filter((name) => name.endsWith('.json')) : [];
  const paths = [...(withKeys ? KEY_FILES : []), ...names.sort().map((name) => `${HEADS}/${name}`)];
  const files = paths.filter((path) => existsSync(join(dataDir, path)));
  return [
    ...keysIn(dataDir),
    ...files.map((path): BesideStore => ({ piece: 'FILE', path, text: readFileSync(join(dataDir, path), 'utf8') })),
  ];
}

/** Refuses a data folder whose keys do not open what the dump holds: new ones would be made at the next start, and nothing be readable or found by them. @throws CommandFault */
export function refuseOtherKeys(dataDir: string, beside: readonly BesideStore[]): void {
  const told = filesOf(beside).filter(({ path }) => KEY_FILES.includes(path));
  for (const { path, text } of told) {
    const standing = readKeyFile(join(dataDir, path));
    if (standing !== undefined && standing !== text)
      throw new CommandFault(`${join(dataDir, path)} 与导出文件中的密钥不同 / holds other keys than the dump`);
  }
  if (told.some(({ path }) => path === FIELD_KEYS)) return;
  const standing = new Map(keysIn(dataDir).flatMap((key) => (key.piece === 'KEY' ? [[key.id, key.fingerprint]] : [])));
  for (const key of beside) {
    if (key.piece !== 'KEY' || standing.get(key.id) === key.fingerprint) continue;
    const [zh, en] = [
      '导出时未带密钥（--with-keys），请先放入原数据目录的 keys/',
      'the dump holds no keys (--with-keys): put keys/ of its data folder there first',
    ];
    throw new CommandFault(`${join(dataDir, 'keys')} 中没有密钥 ${key.id}；${zh} / does not hold the key ${key.id}; ${en}`);
  }
}

/** Puts the files of a dump where they are missing. */
export function putBesideStore(dataDir: string, beside: readonly BesideStore[]): void {
  for (const { path, text } of filesOf(beside)) {
    if (existsSync(join(dataDir, path))) continue;
    if (KEY_FILES.includes(path)) createKeyFile(join(dataDir, path), text);
    else {
      mkdirSync(join(dataDir, HEADS), { recursive: true, mode: 0o700 });
      writeFileSync(join(dataDir, HEADS, basename(path)), text, { mode: 0o600, flag: 'wx' });
    }
  }
}

function filesOf(beside: readonly BesideStore[]): readonly Extract<BesideStore, { piece: 'FILE' }>[] {
  return beside.filter((each) => each.piece === 'FILE');
}

function keysIn(dataDir: string): readonly BesideStore[] {
  const fields = readFieldKeys(join(dataDir, 'keys'), SUITES);
  if (!fields) return [];
  const { keys, digest, blind } = fields;
  const all = { ...keys, digest, [blind.id]: blind };
  const log = readLogKeys(join(dataDir, 'keys'))?.keys ?? [];
  const sealing = Object.entries(all).map(([id, key]): BesideStore => {
    const { suite, secret } = secretOf(SUITES, key);
    return { piece: 'KEY', id, fingerprint: suite.keyedDigest(secret)('fingerprint').slice(0, FINGERPRINT_LENGTH) };
  });
  return [...sealing, ...log.map(({ id }): BesideStore => ({ piece: 'KEY', id, fingerprint: id }))];
}
