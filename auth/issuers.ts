import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { JsonObject } from '../schema/json.ts';
import { AUDIENCES, type Audience } from './principal.ts';

/** Handed in, so that a test can stand at any moment. */
export interface Clock {
  now(): Date;
}

export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256';

/** A public key and the algorithms that it may be used with: those of its own kind, narrowed to its `alg` when it states one. */
export interface IssuerKey {
  readonly kid?: string | undefined;
  readonly algorithms: readonly SigningAlgorithm[];
  readonly publicKey: KeyObject;
}
/** Another object each time keys were read anew, so that identity tells whether they were. */
export type KeySet = readonly IssuerKey[];

export interface KeySource {
  /** Empty when there are none that may still be relied on. */
  current(): Promise<KeySet>;
  /** What to ask when a key was not found in `current`; looks again, but not more often than the source allows. */
  renewed(): Promise<KeySet>;
}

export interface Issuer {
  readonly iss: string;
  readonly audiences: readonly Audience[];
  /** Unified social credit codes it may speak for; any when absent. A token of a restricted issuer has to name one of them. */
  readonly organisations?: readonly string[] | undefined;
  readonly keys: KeySource;
}
/** By `iss`. */
export type Issuers = ReadonlyMap<string, Issuer>;

/** One issuer as configured; `jwks` is an absolute path or an https address. */
export interface IssuerEntry extends Omit<Issuer, 'keys'> {
  readonly jwks: string;
}

export interface IssuerOptions {
  readonly clock: Clock;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Told of every key that was refused and of every source that cannot be read, once as long as the problem stays the same. */
  readonly report?: ((problem: string) => void) | undefined;
  /** Milliseconds an address has to answer in. */
  readonly timeout?: number | undefined;
}

const JWKS_LIMITS = { bytes: 256 * 1024, timeout: 5_000, refresh: 600_000, retry: 60_000, lastGood: 86_400_000 } as const;
/** Everything a token may be for; who has no token is PUBLIC. */
export const TOKEN_AUDIENCES = AUDIENCES.filter((audience) => audience !== 'PUBLIC');

const USCC = /^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/;
const ENTRY_MEMBERS = ['iss', 'jwks', 'audiences', 'organisations'];

/**
 * The issuers that the file of HUB_ISSUERS names: `{"issuers":[{"iss","jwks","audiences":["AGENCY"],"organisations":["<code>"]}]}`, `jwks` being an https
 * address or a path relative to that file, `organisations` optional, and nothing else allowed in it (a misspelt restriction would restrict nothing).
 * @throws Error naming what is wrong
 */
export function readIssuerFile(file: string): readonly IssuerEntry[] {
  const content = parseJson(readFileSync(file, 'utf8'), file);
  const listed = isJsonObject(content) && Object.keys(content).join() === 'issuers' ? content.issuers : undefined;
  if (!Array.isArray(listed) || listed.length === 0) throw new Error(`${file} has to be {"issuers": [ … ]} with at least one issuer`);
  const entries = listed.map((entry: unknown, place) => checkIssuerEntry(entry, dirname(resolve(file)), `${file}, issuer ${place + 1}`));
  if (new Set(entries.map(({ iss }) => iss)).size < entries.length) throw new Error(`${file} names one iss twice`);
  return entries;
}

/** One configured issuer, its `jwks` resolved against `folder`. @throws Error that begins with `where` */
export function checkIssuerEntry(entry: unknown, folder: string, where: string): IssuerEntry {
  if (!isJsonObject(entry)) throw new Error(`${where}: has to be an object`);
  const { iss, jwks, audiences, organisations } = entry;
  const unknown = Object.keys(entry).find((name) => !ENTRY_MEMBERS.includes(name));
  if (unknown !== undefined) throw new Error(`${where}: does not know "${unknown}"`);
  if (typeof iss !== 'string' || iss === '') throw new Error(`${where}: needs iss`);
  if (typeof jwks !== 'string' || jwks === '') throw new Error(`${where}: needs jwks, a file or an https address`);
  if (!isListOf(audiences, isTokenAudience)) throw new Error(`${where}: audiences has to list some of ${TOKEN_AUDIENCES.join(', ')}`);
  if (organisations !== undefined && !isListOf(organisations, isUscc))
    throw new Error(`${where}: organisations has to list unified social credit codes`);
  return { iss, jwks: resolveJwks(jwks, folder, where), audiences, organisations };
}

/** Opens the keys of configured issuers: files are read now, addresses when the first token asks for them. @throws Error when a file holds no usable key */
export function openIssuers(entries: readonly IssuerEntry[], options: IssuerOptions): Issuers {
  return new Map(
    entries.map(({ iss, jwks, audiences, organisations }) => [iss, { iss, audiences, organisations, keys: openKeys(iss, jwks, options) }]),
  );
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isTokenAudience(value: unknown): value is Audience {
  return TOKEN_AUDIENCES.some((audience) => audience === value);
}

export function isUscc(value: unknown): value is string {
  return typeof value === 'string' && USCC.test(value);
}

function isListOf<T>(value: unknown, isMember: (member: unknown) => member is T): value is readonly T[] {
  return Array.isArray(value) && value.length > 0 && value.every(isMember);
}

/** A file, or an https address. @throws Error that begins with `where` */
export function resolveJwks(jwks: string, folder: string, where: string): string {
  if (!/^[a-z][a-z0-9+.-]+:/i.test(jwks)) return resolve(folder, jwks);
  const address = URL.parse(jwks);
  if (address?.protocol !== 'https:' || address.username !== '')
    throw new Error(`${where}: jwks has to be a file or an https address without a user name`);
  return address.href;
}

/** Public keys as `resolveJwks` found them. @throws Error when a file holds no usable key */
export function openKeys(iss: string, jwks: string, options: IssuerOptions): KeySource {
  let last = '';
  const report = (problem: string) => {
    if (problem !== '' && problem !== last) options.report?.(`keys of ${iss}: ${problem}`);
    last = problem;
  };
  return jwks.startsWith('https:') ? keysAtAddress(jwks, report, options) : keysInFile(jwks, report, options.clock);
}

function keysInFile(file: string, report: (problem: string) => void, clock: Clock): KeySource {
  let stamp = stampOf(file);
  let keys: KeySet = readKeySet(readFileSync(file, 'utf8'), report);
  let goodAt = clock.now().getTime();
  if (keys.length === 0)
    throw new Error(`${file} holds no key that may be used: RSA from 2048 bits on or EC P-256, for signatures, public`);
  const current = async () => {
    const now = clock.now().getTime();
    try {
      const found = stampOf(file);
      if (found !== stamp) keys = readKeySet(readFileSync(file, 'utf8'), report);
      stamp = found;
      goodAt = now;
    } catch (error) {
      report(reasonOf(error));
      if (now - goodAt > JWKS_LIMITS.lastGood) [keys, stamp] = [[], ''];
    }
    return keys;
  };
  return { current, renewed: current };
}

function stampOf(file: string): string {
  const { mtimeNs, size, ino } = statSync(file, { bigint: true });
  return `${mtimeNs} ${size} ${ino}`;
}

function keysAtAddress(address: string, report: (problem: string) => void, options: IssuerOptions): KeySource {
  let keys: KeySet = [];
  let goodAt = Number.NEGATIVE_INFINITY;
  let triedAt = Number.NEGATIVE_INFINITY;
  let failing = false;
  let underWay: Promise<void> | undefined;

  const since = (moment: number) => options.clock.now().getTime() - moment;
  const load = async () => {
    triedAt = options.clock.now().getTime();
    try {
      keys = readKeySet(await download(address, options), report);
      goodAt = triedAt;
      failing = false;
    } catch (error) {
      failing = true;
      report(reasonOf(error));
    } finally {
      underWay = undefined;
    }
  };
  const lookAgain = () => {
    if (since(triedAt) >= JWKS_LIMITS.retry) underWay ??= load();
    return underWay;
  };
  const reliedOn = () => {
    if (keys.length > 0 && since(goodAt) > JWKS_LIMITS.lastGood) keys = [];
    return keys;
  };
  return {
    async current() {
      if (since(goodAt) < JWKS_LIMITS.refresh) return keys;
      const attempt = lookAgain();
      // While an address fails, callers go on with the last good keys instead of each waiting for the time-out.
      if (!failing || reliedOn().length === 0) await attempt;
      return reliedOn();
    },
    async renewed() {
      await lookAgain();
      return reliedOn();
    },
  };
}

async function download(address: string, { fetch = globalThis.fetch, timeout = JWKS_LIMITS.timeout }: IssuerOptions): Promise<string> {
  const answer = await fetch(address, { redirect: 'error', signal: AbortSignal.timeout(timeout), headers: { accept: 'application/json' } });
  if (answer.status !== 200 || !answer.body) throw new Error(`answered with status ${answer.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    if (bytes > JWKS_LIMITS.bytes) throw new Error(`is larger than ${JWKS_LIMITS.bytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function readKeySet(text: string, report: (problem: string) => void): KeySet {
  const content = parseJson(text, 'the key set');
  if (!isJsonObject(content) || !Array.isArray(content.keys)) throw new Error('the key set has to be {"keys": [ … ]}');
  const read = content.keys.map(readKey);
  report(read.flatMap((key, place) => (typeof key === 'string' ? [`key ${place + 1} is not used: ${key}`] : [])).join('; '));
  return read.filter((key) => typeof key !== 'string');
}

/** The key, or why it is not used. */
function readKey(jwk: unknown): IssuerKey | string {
  if (!isJsonObject(jwk)) return 'not an object';
  const { kty, crv, use, alg, kid, key_ops: operations } = jwk;
  if ('d' in jwk) return 'it is a private key';
  if (use !== undefined && use !== 'sig') return 'its use is not sig';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) return 'its key_ops do not include verify';
  if (kid !== undefined && typeof kid !== 'string') return 'its kid is not a string';
  if (kty === 'EC' && crv !== 'P-256') return 'its curve is not P-256';
  const ofItsKind: readonly SigningAlgorithm[] = kty === 'RSA' ? ['RS256', 'PS256'] : kty === 'EC' ? ['ES256'] : [];
  const algorithms = alg === undefined ? ofItsKind : ofItsKind.filter((algorithm) => algorithm === alg);
  if (algorithms.length === 0) return 'its kind or algorithm is none of RS256, PS256, ES256';
  const publicKey = importKey(jwk);
  if (!publicKey) return 'it cannot be read';
  if (kty === 'RSA' && (publicKey.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return 'it is shorter than 2048 bits';
  return { kid, algorithms, publicKey };
}

function importKey(jwk: JsonObject): KeyObject | undefined {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${what} is not JSON`);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
