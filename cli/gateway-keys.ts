import { createPrivateKey, createPublicKey, generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StatementKey } from '../auth/access-statement.ts';
import { type IssuerOptions, type KeySource, openKeys, resolveJwks } from '../auth/issuers.ts';
import type { Clock } from '../store/port.ts';
import { changeKeyFile, createKeyFile, followKeyFile, readKeyFile } from '../subgraphs/kit/key-file.ts';
import { CommandFault } from './command-fault.ts';

/** A key by which gateways sign access statements, as it stands in `<data>/keys/gateway-keys.json` (mode 600). */
export interface StoredGatewayKey {
  readonly kid: string;
  readonly createdAt: string;
  /** The private key as a JWK. */
  readonly jwk: JsonWebKey;
}

const KEY_FILE = 'gateway-keys.json';
/** What subgraphs read: public keys only. */
export const GATEWAY_JWKS_FILE = 'gateway-jwks.json';
/** Subgraphs look at an address for new keys every ten minutes: a key is published for longer than that before anything is signed by it. */
const PUBLISHED_FIRST_MS = 900_000;
/** Until the last statement under a key has ended for certain. */
const LAST_STATEMENT_MS = 60_000;

/** The key that a gateway on this data folder signs by now; keys are made at first use, and their public halves published beside them. */
export function openGatewayKeys(dataDir: string, clock: Clock): () => StatementKey {
  const file = fileIn(dataDir);
  if (!existsSync(file)) createKeyFile(file, textOf([newKey(clock.now())]));
  publish(dataDir, storedKeys(dataDir));
  const followed = followKeyFile(file, () => readGatewayKeys(dataDir), clock);
  const imported = new Map<string, StatementKey>();
  return () => {
    const { kid, jwk } = signingKey(followed.recent(), clock.now());
    const known = imported.get(kid) ?? { kid, privateKey: createPrivateKey({ key: jwk, format: 'jwk' }) };
    imported.set(kid, known);
    return known;
  };
}

/** Adds a key, which is published at once and signs a quarter of an hour later, and drops those that sign nothing any more. Returns its id. @throws KeysAreBusy */
export function rotateGatewayKey(dataDir: string, now: Date): string {
  const key = newKey(now);
  changeKeyFile(fileIn(dataDir), () => textOf([...readGatewayKeys(dataDir).filter((_key, at, all) => isNeeded(all[at + 1], now)), key]));
  publish(dataDir, readGatewayKeys(dataDir));
  return key.kid;
}

/** Oldest first. None where no gateway has run. */
export function storedKeys(dataDir: string): readonly StoredGatewayKey[] {
  return existsSync(fileIn(dataDir)) ? readGatewayKeys(dataDir) : [];
}

/** The one that signs at this time. */
export function signingKey(keys: readonly StoredGatewayKey[], now: Date): StoredGatewayKey {
  const published = keys.filter(({ createdAt }) => now.getTime() - Date.parse(createdAt) >= PUBLISHED_FIRST_MS);
  const key = published.at(-1) ?? keys[0];
  if (!key) throw new Error('a gateway needs a key');
  return key;
}

/**
 * The gateways' public keys as a subgraph reads them: at `HUB_GATEWAY_JWKS`, a file or an https address, or else where a gateway on the same data folder
 * publishes them, as soon as there is one. @throws CommandFault
 */
export function gatewayKeySource(dataDir: string, env: NodeJS.ProcessEnv, options: IssuerOptions): KeySource {
  const stated = env.HUB_GATEWAY_JWKS;
  try {
    if (stated) return openKeys('gateways', resolveJwks(stated, process.cwd(), 'HUB_GATEWAY_JWKS'), options);
  } catch (error) {
    throw new CommandFault(`HUB_GATEWAY_JWKS 不可用 / is not usable: ${error instanceof Error ? error.message : String(error)}`);
  }
  const file = join(dataDir, GATEWAY_JWKS_FILE);
  let opened: KeySource | undefined;
  const look = (which: 'current' | 'renewed') => async () => {
    if (!opened && existsSync(file)) opened = openKeys('gateways', file, options);
    return opened ? opened[which]() : [];
  };
  return { current: look('current'), renewed: look('renewed') };
}

function readGatewayKeys(dataDir: string): readonly StoredGatewayKey[] {
  const file = fileIn(dataDir);
  const content: unknown = JSON.parse(readKeyFile(file) ?? 'null');
  const keys = typeof content === 'object' && content !== null && 'keys' in content ? content.keys : undefined;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isStored)) throw new Error(`${file} is not a file of gateway keys`);
  return keys;
}

function isStored(value: unknown): value is StoredGatewayKey {
  if (typeof value !== 'object' || value === null || !('kid' in value) || !('createdAt' in value) || !('jwk' in value)) return false;
  return (
    typeof value.kid === 'string' &&
    !Number.isNaN(Date.parse(String(value.createdAt))) &&
    typeof value.jwk === 'object' &&
    value.jwk !== null
  );
}

/** A key signs until the next one does, and its last statement lives a little longer. */
function isNeeded(next: StoredGatewayKey | undefined, now: Date): boolean {
  return !next || now.getTime() < Date.parse(next.createdAt) + PUBLISHED_FIRST_MS + LAST_STATEMENT_MS;
}

function newKey(now: Date): StoredGatewayKey {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { kid: randomUUID(), createdAt: now.toISOString(), jwk: privateKey.export({ format: 'jwk' }) };
}

function publish(dataDir: string, keys: readonly StoredGatewayKey[]): void {
  const listed = keys.map(({ kid, jwk }) => ({
    ...createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).export({ format: 'jwk' }),
    kid,
    use: 'sig',
    alg: 'ES256',
  }));
  const file = join(dataDir, GATEWAY_JWKS_FILE);
  const draft = `${file}.${randomUUID()}`;
  writeFileSync(draft, `${JSON.stringify({ keys: listed }, null, 2)}\n`, { mode: 0o644, flag: 'wx' });
  renameSync(draft, file);
}

function textOf(keys: readonly StoredGatewayKey[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'keys', KEY_FILE);
}
