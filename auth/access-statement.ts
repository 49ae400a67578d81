import { hash, type KeyObject, randomUUID, sign } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { HubError } from '../schema/errors.ts';
import type { JsonObject } from '../schema/json.ts';
import type { Caller } from './caller.ts';
import { type Clock, isJsonObject, type KeySet, type KeySource } from './issuers.ts';
import type { OnceBook } from './ports.ts';
import { AUDIENCES, type Principal } from './principal.ts';

/** What a gateway tells a subgraph of a request, once, for one fetch. */
export interface Statement {
  readonly principal: Principal;
  /** The caller's own subject, resolved. */
  readonly subjectId?: string | undefined;
  /** SHA-256 of the caller's token, which itself stays at the gateway. */
  readonly tokenDigest?: string | undefined;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  /** The voucher under which the request reads, and the use that was counted for it. */
  readonly voucher?: { readonly id: string; readonly use: string } | undefined;
  /** Rows that are revealed to the caller, as far as this fetch names them. */
  readonly revealed: readonly string[];
  /** Hash of the policy under which the gateway planned. */
  readonly policy: string;
  readonly requestId: string;
  /** When the request was admitted. */
  readonly now: Date;
}

/** The one fetch that a statement is good for. */
export interface Binding {
  readonly subgraph: string;
  readonly path: string;
  readonly body: string | Buffer;
}

export interface StatementKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
}

export type SignStatement = (statement: Statement, binding: Binding) => Promise<string>;

/** A statement that came with the body that it is for, and that this process has not had before. */
export interface TakenStatement extends Statement {
  /** Settles when no other process has had it either, nor will have it. Nothing that follows from the statement is told, or changed, before. @throws UNAUTHENTICATED, STORE_UNAVAILABLE */
  readonly isMine: Promise<void>;
}

/** The first step reads what stands in the header, the second one the body that came with it. @throws UNAUTHENTICATED */
export type VerifyStatement = (statement: string, path: string) => Promise<(body: Buffer) => TakenStatement>;

export interface StatementVerifierOptions {
  readonly subgraph: string;
  /** Public keys of the gateways. */
  readonly keys: KeySource;
  /** Hash of the policy that this subgraph discloses by. */
  readonly policy: string;
  /** Shared by all processes of the subgraph. */
  readonly once: OnceBook;
  readonly clock: Clock;
}

const GATEWAY_ISSUER = 'hub-gateway';
const TYPE = 'hub-statement+jwt';
const ALGORITHM = 'ES256';
/** Of P-256. */
const INTEGER_BYTES = 32;
const LIFE_SECONDS = 10;
/** Clocks of two machines differ by less. */
const SKEW_SECONDS = 5;
/** The request whose fetches these are has begun this long ago at the most. */
const REQUEST_SECONDS = 120;
/** So many digests fit into a header beside the longest statement. */
const STATEMENTS_OF_A_TURN = 32;
/** More in ten seconds than one process answers. */
const REMEMBERED_STATEMENTS = 200_000;
/** By this a gateway knows that it, or the subgraph, has to be replaced. */
export const OTHER_POLICY = 'the statement speaks of a policy that this subgraph does not have';
const USED_BEFORE = 'the statement was used before';
const NUMBERS: readonly string[] = ['authLevel', 'exp'];

/** What a fetch of this request may tell its subgraph; of the revealed rows those that the body names. */
export function statementOf(caller: Caller, { policy, body }: { readonly policy: string; readonly body: string }): Statement {
  const { principal, profile, voucherUse, revealed = [] } = caller;
  const { tokenDigest, ...claims } = principal;
  return {
    principal: claims,
    subjectId: caller.subjectId,
    tokenDigest,
    purpose: profile.purpose,
    matter: profile.matter,
    voucher: profile.voucher && voucherUse !== undefined ? { id: profile.voucher.id, use: voucherUse } : undefined,
    revealed: revealed.filter((id) => body.includes(id)),
    policy,
    requestId: caller.requestId,
    now: caller.now,
  };
}

/**
 * Signs statements, each of which its subgraph takes once, for one path and body, within ten seconds. One signature is for all that are asked for in one
 * turn of the event loop: a JWT (RFC 7519) of their digests; after it and a tilde comes the statement itself.
 */
export function createStatementSigner(key: () => StatementKey, clock: Clock): SignStatement {
  let turn: Unsigned[] = [];
  const signTurn = () => {
    const statements = turn;
    turn = [];
    if (statements.length === 0) return;
    try {
      const signed = signDigests(
        key(),
        statements.map(({ text }) => digestOf(text)),
      );
      for (const { text, resolve } of statements) resolve(`${signed}~${text}`);
    } catch (error) {
      for (const { reject } of statements) reject(error);
    }
  };
  return (statement, binding) =>
    new Promise((resolve, reject) => {
      turn.push({ text: encoded(claimsOf(statement, binding, clock)), resolve, reject });
      if (turn.length === 1) setImmediate(signTurn);
      if (turn.length === STATEMENTS_OF_A_TURN) signTurn();
    });
}

interface Unsigned {
  readonly text: string;
  readonly resolve: (statement: string) => void;
  readonly reject: (error: unknown) => void;
}

function claimsOf(statement: Statement, { subgraph, path, body }: Binding, clock: Clock): object {
  const iat = Math.floor(clock.now().getTime() / 1000);
  const bound = { aud: subgraph, path, body: digestOf(body), jti: randomUUID(), iat, exp: iat + LIFE_SECONDS };
  return { ...statement, now: statement.now.getTime(), ...bound };
}

function signDigests({ kid, privateKey }: StatementKey, statements: readonly string[]): string {
  const signed = `${encoded({ alg: ALGORITHM, typ: TYPE, kid })}.${encoded({ iss: GATEWAY_ISSUER, statements })}`;
  // Asked for the form of a JWS, the runtime takes twice as long.
  return `${signed}.${rawSignature(sign('sha256', Buffer.from(signed), privateKey)).toString('base64url')}`;
}

/** Verifies statements for one subgraph. What was taken is remembered as long as it would be valid: by this process, and for all others in what they share. */
export function createStatementVerifier({ subgraph, keys, policy, once, clock }: StatementVerifierOptions): VerifyStatement {
  const takeOnce = rememberTaken(clock);
  return async (text, path) => {
    const claims = await verifiedClaims(text, keys);
    const now = clock.now().getTime() / 1000;
    const expires = expiryOf(claims, now);
    if (claims.aud !== subgraph) throw refusal('the statement was made for another subgraph');
    if (claims.path !== path) throw refusal('the statement was made for another path');
    if (claims.policy !== policy) throw refusal(OTHER_POLICY);
    const statement = readStatement(claims, now);
    return (body) => {
      if (claims.body !== digestOf(body)) throw refusal('the statement was made for another body');
      // Last, so that nobody can use up a statement by sending something else with it.
      const id = idOf(claims);
      takeOnce(id, expires);
      return { ...statement, isMine: claimed(once, id, expires) };
    };
  };
}

async function verifiedClaims(text: string, keys: KeySource): Promise<JsonObject> {
  const [, signed = '', statement = ''] = /^([\w-]+\.[\w-]+\.[\w-]+)~([\w-]+)$/.exec(text) ?? [];
  const header = decoded(signed.slice(0, signed.indexOf('.')));
  if (header?.alg !== ALGORITHM || header.typ !== TYPE || 'crit' in header) throw refusal('this is no signed access statement');
  const key = keyIn(await keys.current(), header.kid) ?? keyIn(await keys.renewed(), header.kid);
  if (!key) throw refusal('the statement is signed by no gateway that this subgraph knows');
  const { iss, statements } = signedClaims(signed, key);
  if (iss !== GATEWAY_ISSUER || !Array.isArray(statements)) throw refusal('this is no access statement');
  if (!statements.includes(digestOf(statement))) throw refusal('the signature is for other statements');
  const claims = decoded(statement);
  if (!claims) throw refusal('this is no access statement');
  return claims;
}

function signedClaims(signed: string, key: KeyObject): JsonObject {
  try {
    // Times are checked by the hub's own clock.
    const claims: unknown = jwt.verify(signed, key, { algorithms: [ALGORITHM], ignoreExpiration: true, ignoreNotBefore: true });
    if (isJsonObject(claims)) return claims;
  } catch {
    throw refusal('the signature of the statement is not valid');
  }
  throw refusal('this is no access statement');
}

function decoded(part: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function keyIn(keys: KeySet, kid: unknown): KeyObject | undefined {
  return keys.find((key) => key.kid !== undefined && key.kid === kid && key.algorithms.includes(ALGORITHM))?.publicKey;
}

/** @throws UNAUTHENTICATED where the statement is not valid now, or for too long */
function expiryOf({ iat, exp }: JsonObject, now: number): number {
  if (typeof iat !== 'number' || typeof exp !== 'number' || exp - iat > LIFE_SECONDS) throw refusal('the statement is valid for too long');
  if (iat > now + SKEW_SECONDS) throw refusal('the statement is not valid yet');
  if (now >= exp) throw refusal('the statement has expired');
  return exp;
}

function idOf({ jti }: JsonObject): string {
  if (!isText(jti)) throw refusal('the statement has no id');
  return jti;
}

function claimed(once: OnceBook, id: string, expires: number): Promise<void> {
  // Clocks of the processes differ.
  const isFirst = once.claim(id, new Date((expires + SKEW_SECONDS) * 1000));
  const outcome = isFirst.then((first) => {
    if (!first) throw refusal(USED_BEFORE);
  });
  // Whoever waits for it may have something else to fail at first.
  outcome.catch(() => {});
  return outcome;
}

function rememberTaken(clock: Clock): (jti: string, expires: number) => void {
  const taken = new Map<string, number>();
  const forget = (now: number) => {
    // The first were taken first, so they are the first to expire, give or take the seconds that clocks differ by.
    for (const [jti, expires] of taken) {
      if (expires > now) break;
      taken.delete(jti);
    }
  };
  return (jti, expires) => {
    forget(clock.now().getTime() / 1000);
    if (taken.has(jti)) throw refusal(USED_BEFORE);
    if (taken.size >= REMEMBERED_STATEMENTS) throw refusal('too many statements at once');
    taken.set(jti, expires);
  };
}

function readStatement(claims: JsonObject, now: number): Statement {
  const { principal, voucher, revealed, policy, requestId, now: at } = claims;
  const [subjectId, tokenDigest, purpose, matter] = [claims.subjectId, claims.tokenDigest, claims.purpose, claims.matter].map(optionalText);
  if (typeof policy !== 'string' || !isText(requestId)) throw malformed();
  if (typeof at !== 'number' || at / 1000 > now + SKEW_SECONDS || at / 1000 < now - REQUEST_SECONDS)
    throw refusal('the request of the statement is not of now');
  if (!Array.isArray(revealed) || !revealed.every(isText)) throw malformed();
  return {
    principal: readPrincipal(principal),
    subjectId,
    tokenDigest,
    purpose,
    matter,
    voucher: voucher === undefined ? undefined : readVoucher(voucher),
    revealed,
    policy,
    requestId,
    now: new Date(at),
  };
}

function readPrincipal(value: unknown): Principal {
  if (!isJsonObject(value)) throw malformed();
  const { audience, ...claims } = value;
  const known = AUDIENCES.find((name) => name === audience);
  if (!known) throw malformed();
  if (!Object.entries(claims).every(([name, claim]) => (NUMBERS.includes(name) ? Number.isSafeInteger(claim) : isText(claim))))
    throw malformed();
  return { audience: known, ...claims };
}

function readVoucher(value: unknown): { readonly id: string; readonly use: string } {
  if (!isJsonObject(value) || !isText(value.id) || !isText(value.use)) throw malformed();
  return { id: value.id, use: value.use };
}

function optionalText(value: unknown): string | undefined {
  if (value === undefined || isText(value)) return value;
  throw malformed();
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** As in the compact serialisation of a JWS (RFC 7515, section 7.1). */
function encoded(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

/** Both integers of an ECDSA signature in DER (RFC 3279, section 2.2.3), each at its full length, one after the other (RFC 7518, section 3.4). */
function rawSignature(der: Buffer): Buffer {
  const raw = Buffer.alloc(2 * INTEGER_BYTES);
  // The sequence is short, so that its head and those of the integers have two bytes each.
  let at = 2;
  for (const end of [INTEGER_BYTES, 2 * INTEGER_BYTES]) {
    const length = der.readUInt8(at + 1);
    const integer = der.subarray(at + 2, at + 2 + length);
    // A byte of zero comes before a first bit that is set, and leading bytes of zero are left out.
    const significant = integer.subarray(Math.max(0, length - INTEGER_BYTES));
    raw.set(significant, end - significant.length);
    at += 2 + length;
  }
  return raw;
}

function digestOf(body: string | Buffer): string {
  return hash('sha256', body, 'base64url');
}

function malformed(): HubError {
  return refusal('the statement does not hold what it has to');
}

function refusal(message: string): HubError {
  return new HubError('UNAUTHENTICATED', message);
}
