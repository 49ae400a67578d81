import { hash } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { HubError } from '../schema/errors.ts';
import type { JsonObject } from '../schema/json.ts';
import {
  type Clock,
  type Issuer,
  type IssuerKey,
  type Issuers,
  isJsonObject,
  isTokenAudience,
  type KeySet,
  type SigningAlgorithm,
} from './issuers.ts';
import { type Audience, NOBODY, type Principal } from './principal.ts';
import { completePrincipal, type Registry } from './registry.ts';

export interface TokenVerifierOptions {
  readonly issuers: Issuers;
  readonly clock: Clock;
  /** The registry's present snapshot; asked for at every token, so that a change of the registry counts at once. */
  readonly registry?: (() => Registry) | undefined;
}
/** Who the value of an `Authorization` header speaks for: NOBODY when there is none. @throws UNAUTHENTICATED when there is one and anything is wrong with it */
export type VerifyToken = (authorization: string | undefined) => Promise<Principal>;

/** `aud` of every token for a hub. */
export const TOKEN_RECIPIENT = 'credit-hub';
const TOKEN_BYTES = 8192;
const SKEW_SECONDS = 60;
const REMEMBERED_TOKENS = 10_000;
const ALGORITHMS: readonly SigningAlgorithm[] = ['RS256', 'PS256', 'ES256'];
const TEXT_CLAIMS = [
  'subjectId',
  'subjectUscc',
  'subjectIdNumber',
  'subjectName',
  'orgUscc',
  'deptCode',
  'orgNature',
  'level',
  'regionCode',
  'staffId',
  'clientId',
  'qualificationNo',
  'certSerial',
  'caseId',
  'partyId',
] as const satisfies readonly (keyof Principal)[];
type TextClaim = (typeof TEXT_CLAIMS)[number];

/** The claims an audience cannot do without: exactly one of its groups has to be there as a whole. */
export const REQUIRED_CLAIMS: Readonly<Record<Audience, readonly (readonly TextClaim[])[]>> = {
  PUBLIC: [],
  SUBJECT: [['subjectId'], ['subjectUscc'], ['subjectIdNumber', 'subjectName']],
  AGENCY: [['orgUscc']],
  CREDIT_BODY: [['orgUscc']],
  APP_ORG: [['orgUscc']],
  SUPERVISION: [['clientId']],
  FINANCE: [['orgUscc']],
  INDUSTRY_ASSOC: [['orgUscc']],
  OPERATOR: [[]],
  SYSTEM_ADMIN: [[]],
  AUDITOR: [[]],
  SPECIFIC_PARTY: [['caseId', 'partyId']],
};

/** The claims say who the caller is, and say it once. */
export function hasRequiredClaims(audience: Audience, claims: Partial<Record<TextClaim, string | undefined>>): boolean {
  return REQUIRED_CLAIMS[audience].filter((group) => group.every((claim) => claims[claim] !== undefined)).length === 1;
}

/** Verifies bearer tokens of these issuers (RFC 7515, 7519, 8725); what was verified is remembered until the token expires or its issuer's keys are read anew. */
export function createTokenVerifier({ issuers, clock, registry }: TokenVerifierOptions): VerifyToken {
  const remembered = new Map<string, VerifiedToken>();
  const seconds = () => clock.now().getTime() / 1000;

  const recall = async (digest: string) => {
    const known = remembered.get(digest);
    return known && known.keys === (await known.issuer.keys.current()) ? known : undefined;
  };
  const remember = (digest: string, verified: VerifiedToken) => {
    // A map keeps the order of insertion, so its first entry is the one that was not asked for the longest.
    remembered.delete(digest);
    remembered.set(digest, verified);
    const [oldest] = remembered.size > REMEMBERED_TOKENS ? remembered.keys() : [];
    if (oldest !== undefined) remembered.delete(oldest);
  };

  return async (authorization) => {
    if (authorization === undefined) return NOBODY;
    const token = bearerToken(authorization);
    const digest = hash('sha256', token, 'base64');
    const verified = (await recall(digest)) ?? (await verifyToken(token, issuers, seconds()));
    if (seconds() >= verified.exp) throw refusal('the token has expired');
    remember(digest, verified);
    return registry ? completePrincipal(verified.principal, registry()) : verified.principal;
  };
}

interface VerifiedToken {
  readonly principal: Principal;
  readonly exp: number;
  readonly issuer: Issuer;
  readonly keys: KeySet;
}

/** Never with a cause: a parser's message quotes what it read. */
function refusal(message: string): HubError {
  return new HubError('UNAUTHENTICATED', message);
}

function bearerToken(authorization: string): string {
  if (authorization.length > 'Bearer '.length + TOKEN_BYTES) throw refusal(`the token is longer than ${TOKEN_BYTES} bytes`);
  const token = /^bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i.exec(authorization)?.[1];
  if (token === undefined) throw refusal('the header Authorization has to be "Bearer" and one signed token');
  return token;
}

async function verifyToken(token: string, issuers: Issuers, now: number): Promise<VerifiedToken> {
  const [header, unverified] = token.split('.', 2).map(decodePart);
  if (!header || !unverified) throw refusal('the token cannot be read');
  const algorithm = ALGORITHMS.find((name) => name === header.alg);
  if (!algorithm) throw refusal(`the token is not signed with one of ${ALGORITHMS.join(', ')}`);
  if ('crit' in header) throw refusal('the token demands an extension that is not supported');
  const issuer = typeof unverified.iss === 'string' ? issuers.get(unverified.iss) : undefined;
  if (!issuer) throw refusal('the issuer of the token is not trusted here');

  const { key, keys } = await findKey(issuer, header, algorithm);
  const claims = verifySignature(token, key, algorithm);
  const exp = readExpiry(claims, now);
  const recipients = [claims.aud].flat();
  if (!recipients.every(isText) || !recipients.includes(TOKEN_RECIPIENT)) throw refusal('the token was issued for another service');
  return { principal: { ...readPrincipal(claims, issuer), iss: issuer.iss, exp }, exp, issuer, keys };
}

function decodePart(part: string): JsonObject | undefined {
  try {
    const content: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(content) ? content : undefined;
  } catch {
    return undefined;
  }
}

async function findKey(issuer: Issuer, { kid }: JsonObject, algorithm: SigningAlgorithm): Promise<{ key: IssuerKey; keys: KeySet }> {
  for (const look of ['current', 'renewed'] as const) {
    const keys = await issuer.keys[look]();
    const named = kid === undefined && keys.length === 1 ? keys : keys.filter((key) => kid !== undefined && key.kid === kid);
    const [key, another] = named.filter(({ algorithms }) => algorithms.includes(algorithm));
    if (key && !another) return { key, keys };
  }
  throw refusal('the issuer has no such key, or not for this algorithm');
}

function verifySignature(token: string, { publicKey }: IssuerKey, algorithm: SigningAlgorithm): JsonObject {
  try {
    // Times are checked by the hub's own clock, also of a token that was verified before.
    const claims: unknown = jwt.verify(token, publicKey, { algorithms: [algorithm], ignoreExpiration: true, ignoreNotBefore: true });
    if (isJsonObject(claims)) return claims;
  } catch {
    throw refusal('the signature of the token is not valid');
  }
  throw refusal('the claims of the token are not an object');
}

function readExpiry({ exp, nbf, iat }: JsonObject, now: number): number {
  if (!isTime(exp) || ![nbf, iat].every((time) => time === undefined || isTime(time))) throw refusal('the token needs exp, in seconds');
  if ([nbf, iat].some((time) => isTime(time) && time > now + SKEW_SECONDS)) throw refusal('the token is not valid yet');
  return exp;
}

// The bound tells seconds from milliseconds, in which a token would live for thousands of years.
function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 1e11;
}

function readPrincipal(claims: JsonObject, issuer: Issuer): Principal {
  const { audience, sub, authLevel } = claims;
  if (!isTokenAudience(audience)) throw refusal('the token has to state one audience');
  if (!issuer.audiences.includes(audience)) throw refusal('the issuer of the token may not speak for this audience');
  if (!isText(sub)) throw refusal('the token has to name its holder');
  if (authLevel !== undefined && !Number.isSafeInteger(authLevel)) throw refusal('a claim of the token has the wrong type');
  const texts = readTexts(claims);
  if (!hasRequiredClaims(audience, texts)) throw refusal('the token does not say, or says twice, what its audience has to be known by');
  const organisation = audience === 'SUBJECT' ? texts.subjectUscc : texts.orgUscc;
  if (issuer.organisations && !issuer.organisations.some((allowed) => allowed === organisation)) {
    throw refusal('the issuer of the token may not speak for this organisation');
  }
  const level = typeof authLevel === 'number' ? authLevel : audience === 'SUBJECT' ? 1 : undefined;
  return { audience, sub, ...texts, ...(level !== undefined && { authLevel: level }) };
}

function readTexts(claims: JsonObject): Partial<Record<TextClaim, string>> {
  const stated = TEXT_CLAIMS.flatMap((name) => (claims[name] === undefined ? [] : [{ name, value: claims[name] }]));
  return Object.fromEntries(
    stated.map(({ name, value }) => {
      if (!isText(value)) throw refusal('a claim of the token has the wrong type');
      return [name, value];
    }),
  );
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
