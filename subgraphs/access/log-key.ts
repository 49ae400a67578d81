import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { SUITES } from '../../schema/intl-suite.ts';
import { type Suite, type Suites, suiteNamed } from '../../schema/suite.ts';
import type { Clock } from '../../store/port.ts';
import { changeKeyFile, createKeyFile, followKeyFile, readKeyFile } from '../kit/key-file.ts';

/** The key by which checkpoints and heads of the access log are signed. */
export interface LogSigner {
  /** Thumbprint of the public key. */
  readonly id: string;
  sign(text: string): string;
}

/** Every key by which checkpoints and heads were ever signed. Those before the present one are public keys only. */
export interface LogVerifier {
  /** Whether the key of this id, or with no id any of the keys, has signed the text. */
  verify(text: string, signature: string, id?: string): boolean;
}

export interface LogKeys extends LogVerifier {
  /** The present one, at most two seconds after it was replaced. */
  signer(): LogSigner;
}

/** A signing key as it stands in the key file. */
export interface StoredLogKey {
  readonly id: string;
  /** Name of the suite. */
  readonly suite: string;
  readonly createdAt?: string | undefined;
  /** PEM. */
  readonly publicKey: string;
}

/** What stands in `<keyDir>/access-log-keys.json` (mode 600). */
export interface LogKeyFile {
  /** The last one is the present one. */
  readonly keys: readonly [StoredLogKey, ...StoredLogKey[]];
  /** Of the present one, as PEM. */
  readonly privateKey: string;
}

export interface LogKeyOptions {
  readonly suites?: Suites | undefined;
  readonly clock?: Clock | undefined;
}

const KEY_FILE = 'access-log-keys.json';
/** A key that was made before keys were replaced stands alone in this file. */
const LONE_KEY_FILE = 'access-log-key.pem';
const SYSTEM_CLOCK: Clock = { now: () => new Date() };
const ID_LENGTH = 22;

/** The keys of the access log in a folder, made at first use. @throws when the file is not a key file */
export function openLogKeys(keyDir: string, { suites = SUITES, clock = SYSTEM_CLOCK }: LogKeyOptions = {}): LogKeys {
  standingLogKeys(keyDir, suites, clock.now());
  const read = () => usable(suites, requireLogKeys(keyDir));
  const followed = followKeyFile(join(keyDir, KEY_FILE), read, clock);
  return {
    signer: () => followed.recent().signer,
    verify: (text, signature, id) => followed.present().verify(text, signature, id),
  };
}

/** What verifies, if there are keys: to verify makes none. */
export function readLogVerifier(keyDir: string, suites: Suites = SUITES): LogVerifier | undefined {
  const file = readLogKeys(keyDir);
  return file && usable(suites, file);
}

/** The key file, if there is one. @throws when it is none */
export function readLogKeys(keyDir: string): LogKeyFile | undefined {
  const text = readKeyFile(join(keyDir, KEY_FILE));
  if (text === undefined) return loneKey(keyDir);
  const parsed: unknown = JSON.parse(text);
  if (!isLogKeyFile(parsed)) throw new Error(`${KEY_FILE} is not a key file`);
  return parsed;
}

/** Makes the key that signs from now on; of the one before only the public key is kept. Gives back the new id. @throws KeysAreBusy */
export function rotateLogKey(keyDir: string, { suites = SUITES, clock = SYSTEM_CLOCK }: LogKeyOptions = {}): string {
  const { keys, privateKey } = newKeyFile(suites[0], suites[0].newSigningKey(), clock.now());
  standingLogKeys(keyDir, suites, clock.now());
  changeKeyFile(join(keyDir, KEY_FILE), () => written({ keys: [...requireLogKeys(keyDir).keys, ...keys], privateKey }));
  return keys[0].id;
}

function standingLogKeys(keyDir: string, suites: Suites, at: Date): void {
  const file = join(keyDir, KEY_FILE);
  if (readKeyFile(file) === undefined)
    createKeyFile(file, written(loneKey(keyDir) ?? newKeyFile(suites[0], suites[0].newSigningKey(), at)));
  rmSync(join(keyDir, LONE_KEY_FILE), { force: true });
}

function requireLogKeys(keyDir: string): LogKeyFile {
  const file = readLogKeys(keyDir);
  if (!file) throw new Error(`there is no ${KEY_FILE}`);
  return file;
}

function loneKey(keyDir: string): LogKeyFile | undefined {
  const privateKey = readKeyFile(join(keyDir, LONE_KEY_FILE));
  return privateKey === undefined ? undefined : newKeyFile(SUITES[0], privateKey);
}

function newKeyFile(suite: Suite, privateKey: string, at?: Date): LogKeyFile {
  const { publicKey } = suite.signer(privateKey);
  const key: StoredLogKey = {
    id: thumbprint(suite, publicKey),
    suite: suite.name,
    ...(at && { createdAt: at.toISOString() }),
    publicKey,
  };
  return { keys: [key], privateKey };
}

/** Of the key itself (DER), without the lines that PEM puts around it. */
function thumbprint(suite: Suite, publicKey: string): string {
  const der = Buffer.from(publicKey.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64');
  return suite.digest(der).slice(0, ID_LENGTH);
}

function usable(suites: Suites, { keys, privateKey }: LogKeyFile): { readonly signer: LogSigner } & LogVerifier {
  const present = keys.at(-1) ?? keys[0];
  const { sign } = suiteNamed(suites, present.suite).signer(privateKey);
  const verifiers = new Map(keys.map(({ id, suite, publicKey }) => [id, suiteNamed(suites, suite).verifier(publicKey)]));
  return {
    signer: { id: present.id, sign },
    verify: (text, signature, id) =>
      id === undefined ? [...verifiers.values()].some((isBy) => isBy(text, signature)) : verifiers.get(id)?.(text, signature) === true,
  };
}

function written(file: LogKeyFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

function isLogKeyFile(value: unknown): value is LogKeyFile {
  if (typeof value !== 'object' || value === null || !('keys' in value) || !('privateKey' in value)) return false;
  return typeof value.privateKey === 'string' && Array.isArray(value.keys) && value.keys.length > 0 && value.keys.every(isStoredLogKey);
}

function isStoredLogKey(value: unknown): value is StoredLogKey {
  if (typeof value !== 'object' || value === null) return false;
  const { id, suite, publicKey } = value as Partial<Record<keyof StoredLogKey, unknown>>;
  return [id, suite, publicKey].every((text) => typeof text === 'string');
}
