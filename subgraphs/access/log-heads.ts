import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signedText, type Tip } from './log-chain.ts';
import type { LogSigner, LogVerifier } from './log-key.ts';

/** How far a chain had come, as its writer signed it outside the store: without this nobody could tell that the end of a log was cut off. */
export interface Head extends Tip {
  readonly isSigned: boolean;
}

/** One file for each writer, mode 600. A head may stand behind the log, never before it. */
export function writeHead(folder: string, key: LogSigner, tip: Tip): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${tip.writer}.json`);
  writeFileSync(`${file}.new`, JSON.stringify({ ...tip, key: key.id, signature: key.sign(signedText('head', tip)) }), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Every head that stands in the folder. */
export function readHeads(folder: string, keys: LogVerifier | undefined): readonly Head[] {
  return filesIn(folder).map((name) => {
    const { writer, n, hash, key, signature } = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const tip: Tip = { writer: String(writer), n: Number(n), hash: String(hash) };
    const isSigned = `${tip.writer}.json` === name && keys?.verify(signedText('head', tip), String(signature), key) === true;
    return { ...tip, isSigned };
  });
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
