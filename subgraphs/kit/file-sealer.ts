import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes, randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Sealed, Sealer } from './sealer.ts';

const KEY_FILE = 'field-keys.json';
const KEY_BYTES = 32;
/** NIST SP 800-38D: 96 random bits, at most 2^32 texts under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES_AT_ONCE = 1024;

/** 132 bits: enough never to meet twice, and half the room in every index. */
const DIGEST_LENGTH = 22;

interface KeyFile {
  readonly current: string;
  readonly keys: Readonly<Record<string, string>>;
  readonly digest: string;
  readonly blind: { readonly id: string; readonly key: string };
}

/** A sealer whose keys stand in `<keyDir>/field-keys.json` (mode 600), made at first use. @throws when the file is not a key file */
export function openSealer(keyDir: string): Sealer {
  const file = readKeyFile(keyDir) ?? createKeyFile(keyDir);
  const keys = new Map(Object.entries(file.keys).map(([id, key]) => [id, secretKey(key)]));
  const current = keys.get(file.current);
  if (!current) throw new Error(`${KEY_FILE} names a current key that it does not hold`);
  const digestKey = secretKey(file.digest);
  const blindKey = secretKey(file.blind.key);
  const nonce = nonces();
  return {
    seal: (text) => ({ $sealed: `${file.current}.${encrypt(current, nonce(), text)}` }),
    open: (sealed) => decrypt(keys, sealed),
    digest: (text) => createHmac('sha256', digestKey).update(text, 'utf8').digest('base64url').slice(0, DIGEST_LENGTH),
    blindIndex: (text) => `${file.blind.id}.${createHmac('sha256', blindKey).update(text, 'utf8').digest('base64url')}`,
  };
}

function encrypt(key: KeyObject, nonce: Buffer, text: string): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
  const head = cipher.update(text, 'utf8');
  const tail = cipher.final();
  return Buffer.concat([nonce, cipher.getAuthTag(), head, tail]).toString('base64url');
}

function decrypt(keys: ReadonlyMap<string, KeyObject>, { $sealed }: Sealed): string {
  const point = $sealed.indexOf('.');
  const key = keys.get($sealed.slice(0, point));
  if (!key) throw new Error('a value is sealed under a key that this hub does not hold');
  const bytes = Buffer.from($sealed.slice(point + 1), 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

/** Random nonces, drawn many at a time: one call of the generator for each costs more than the encryption. */
function nonces(): () => Buffer {
  const pool = Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE);
  let next = pool.length;
  return () => {
    if (next === pool.length) {
      randomFillSync(pool);
      next = 0;
    }
    next += NONCE_BYTES;
    return pool.subarray(next - NONCE_BYTES, next);
  };
}

function readKeyFile(keyDir: string): KeyFile | undefined {
  let text: string;
  try {
    text = readFileSync(join(keyDir, KEY_FILE), 'utf8');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  const parsed: unknown = JSON.parse(text);
  if (!isKeyFile(parsed)) throw new Error(`${KEY_FILE} is not a key file`);
  return parsed;
}

/** Two processes that start together end with the same keys: whoever comes second reads what the first one linked. */
function createKeyFile(keyDir: string): KeyFile {
  mkdirSync(keyDir, { recursive: true, mode: 0o700 });
  const file: KeyFile = { current: 'k1', keys: { k1: newKey() }, digest: newKey(), blind: { id: 'b1', key: newKey() } };
  const draft = join(keyDir, `.${KEY_FILE}.${randomBytes(8).toString('hex')}`);
  writeDurably(draft, `${JSON.stringify(file, null, 2)}\n`);
  try {
    linkSync(draft, join(keyDir, KEY_FILE));
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  // Without this a power cut could keep what was sealed and lose the keys.
  syncFolder(keyDir);
  const standing = readKeyFile(keyDir);
  if (!standing) throw new Error(`${KEY_FILE} went away while it was made`);
  return standing;
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(path, 'wx', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function syncFolder(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function newKey(): string {
  return randomBytes(KEY_BYTES).toString('base64');
}

function secretKey(base64: string): KeyObject {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== KEY_BYTES) throw new Error(`a key of ${KEY_FILE} does not have ${KEY_BYTES} bytes`);
  return createSecretKey(bytes);
}

function isKeyFile(value: unknown): value is KeyFile {
  if (!isObject(value) || !isObject(value.keys) || !isObject(value.blind)) return false;
  const texts = [value.current, value.digest, value.blind.id, value.blind.key, ...Object.values(value.keys)];
  return texts.every((text) => typeof text === 'string');
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isSystemError(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
