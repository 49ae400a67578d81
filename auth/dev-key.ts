import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { chmodSync, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import jwt from 'jsonwebtoken';
import { type Clock, type Issuer, isJsonObject, type KeySet, TOKEN_AUDIENCES } from './issuers.ts';
import type { Principal } from './principal.ts';
import { TOKEN_RECIPIENT } from './token.ts';

/** `iss` of tokens that are signed with a hub's own development key. */
const DEVELOPMENT_ISSUER = 'hub-dev';
export const LONGEST_DEVELOPMENT_TOKEN_SECONDS = 3600;

export type DevelopmentClaims = Omit<Principal, 'sub' | 'iss' | 'exp'> & { readonly sub: string };

/** The issuer of development tokens, trusted for every audience; makes the key at first use. */
export function developmentIssuer(dataDir: string): Issuer {
  const { kid, privateKey } = developmentKey(dataDir);
  const keys: KeySet = [{ kid, algorithms: ['ES256'], publicKey: createPublicKey(privateKey) }];
  const current = async () => keys;
  return { iss: DEVELOPMENT_ISSUER, audiences: TOKEN_AUDIENCES, keys: { current, renewed: current } };
}

/** A token signed with the development key of this data directory, which is made at first use. @throws RangeError for a life over one hour */
export function signDevelopmentToken(dataDir: string, claims: DevelopmentClaims, ttlSeconds: number, clock: Clock): string {
  if (!Number.isSafeInteger(ttlSeconds) || ttlSeconds < 1 || ttlSeconds > LONGEST_DEVELOPMENT_TOKEN_SECONDS) {
    throw new RangeError(`a development token lives from 1 to ${LONGEST_DEVELOPMENT_TOKEN_SECONDS} seconds`);
  }
  const { kid, privateKey } = developmentKey(dataDir);
  const iat = Math.floor(clock.now().getTime() / 1000);
  const payload = { ...claims, iss: DEVELOPMENT_ISSUER, aud: TOKEN_RECIPIENT, iat, exp: iat + ttlSeconds };
  return jwt.sign(payload, privateKey, { algorithm: 'ES256', keyid: kid });
}

function developmentKey(dataDir: string): { kid: string; privateKey: KeyObject } {
  const folder = join(dataDir, 'keys');
  const file = join(folder, 'dev-key.json');
  if (!existsSync(file)) makeKey(folder, file);
  const jwk: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isJsonObject(jwk) || typeof jwk.kid !== 'string')
    throw new Error(`${file} is not a development key; without the file the hub makes a new one`);
  return { kid: jwk.kid, privateKey: createPrivateKey({ key: { ...jwk }, format: 'jwk' }) };
}

function makeKey(folder: string, file: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const whole = join(folder, `.dev-key-${randomUUID()}`);
  writeFileSync(whole, JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'ES256' }), {
    mode: 0o600,
    flag: 'wx',
  });
  try {
    // A link, unlike a rename, never replaces the key of a process that was faster.
    linkSync(whole, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(whole);
  }
}
