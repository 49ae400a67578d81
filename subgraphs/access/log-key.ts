import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, sign, verify } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What signs checkpoints and heads of the access log (Ed25519). */
export interface LogKey {
  /** Thumbprint of the public key. */
  readonly id: string;
  sign(text: string): string;
  verify(text: string, signature: string): boolean;
}

const KEY_FILE = 'access-log-key.pem';

/** The key in `<keyDir>/access-log-key.pem` (mode 600), made at first use. */
export function openLogKey(keyDir: string): LogKey {
  const file = join(keyDir, KEY_FILE);
  if (!existsSync(file)) makeKey(keyDir, file);
  return keyOf(createPrivateKey(readFileSync(file)));
}

/** The key if there is one: to verify makes none. */
export function readLogKey(keyDir: string): LogKey | undefined {
  const file = join(keyDir, KEY_FILE);
  return existsSync(file) ? keyOf(createPrivateKey(readFileSync(file))) : undefined;
}

function keyOf(privateKey: KeyObject): LogKey {
  const publicKey = createPublicKey(privateKey);
  const id = createHash('sha256')
    .update(publicKey.export({ format: 'der', type: 'spki' }))
    .digest('base64url')
    .slice(0, 22);
  return {
    id,
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
    verify: (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url')),
  };
}

function makeKey(keyDir: string, file: string): void {
  mkdirSync(keyDir, { recursive: true, mode: 0o700 });
  const { privateKey } = generateKeyPairSync('ed25519');
  const whole = join(keyDir, `.access-log-key-${randomUUID()}`);
  writeFileSync(whole, privateKey.export({ format: 'pem', type: 'pkcs8' }), { mode: 0o600, flag: 'wx', flush: true });
  try {
    // A link, unlike a rename, never replaces the key of a process that was faster.
    linkSync(whole, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(whole);
  }
}
