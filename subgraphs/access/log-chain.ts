import type { JsonObject } from '../../schema/json.ts';
import type { Suite, Suites } from '../../schema/suite.ts';
import type { LogSigner, LogVerifier } from './log-key.ts';

/** Under this name the store keeps the access log. */
export const ACCESS_LOG = 'access';

/**
 * One record of the log. Every process that writes has a chain of its own, so that several need no lock between them: `w` the writer, `n` the record's
 * number in its chain from 0, `p` the digest of the record before, `h` its own. OPEN begins a chain, CHECK signs all before it.
 */
export type LogRecord = {
  readonly w: string;
  readonly n: number;
  readonly p: string;
  readonly k: 'OPEN' | 'ACCESS' | 'CHECK';
  readonly e: JsonObject;
  readonly h: string;
};

/** How far a chain has come. */
export interface Tip {
  readonly writer: string;
  /** -1 before the first record. */
  readonly n: number;
  readonly hash: string;
}

export function newTip(writer: string): Tip {
  return { writer, n: -1, hash: '' };
}

export function nextRecord(suite: Suite, { writer, n, hash }: Tip, kind: LogRecord['k'], entry: JsonObject): LogRecord {
  const unsealed = { w: writer, n: n + 1, p: hash, k: kind, e: entry };
  return { ...unsealed, h: digestOf(suite, unsealed) };
}

export function tipOf({ w, n, h }: LogRecord): Tip {
  return { writer: w, n, hash: h };
}

/** Over everything that stands in the record but the digest itself. */
export function digestOf(suite: Suite, { w, n, p, k, e }: Omit<LogRecord, 'h'>): string {
  return suite.digest(JSON.stringify([w, n, p, k, e]));
}

/** A record that signs its chain up to here. */
export function checkpoint(suite: Suite, key: LogSigner, tip: Tip, at: string): LogRecord {
  return nextRecord(suite, tip, 'CHECK', { at, key: key.id, signature: key.sign(signedText('check', tip)) });
}

export function isSigned(keys: LogVerifier, { w, n, p, e: { signature, key } }: LogRecord): boolean {
  if (typeof signature !== 'string' || typeof key !== 'string') return false;
  return keys.verify(signedText('check', { writer: w, n: n - 1, hash: p }), signature, key);
}

/** The suite that a chain names in its first record; undefined when this hub does not have it. */
export function suiteOf(suites: Suites, { e: { suite } }: LogRecord): Suite | undefined {
  // A chain that was begun before suites had names says which digest it uses.
  const wanted = suite === 'sha256' ? 'INTL' : suite;
  return suites.find(({ name }) => name === wanted);
}

export function signedText(what: 'check' | 'head', { writer, n, hash }: Tip): string {
  return `${what}|${writer}|${n}|${hash}`;
}

/** Undefined when what stands in the log is no record of it. */
export function readRecord({ w, n, p, k, e, h }: JsonObject): LogRecord | undefined {
  const isKind = k === 'OPEN' || k === 'ACCESS' || k === 'CHECK';
  if (typeof w !== 'string' || typeof n !== 'number' || typeof p !== 'string' || typeof h !== 'string' || !isKind) return undefined;
  return typeof e === 'object' && e !== null && !Array.isArray(e) ? { w, n, p, k, e: e as JsonObject, h } : undefined;
}
