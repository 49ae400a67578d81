import type { IncomingHttpHeaders } from 'node:http';
import type { ErrorCode } from '../schema/errors.ts';
import type { AnsweredError } from './answered-error.ts';
import { Refusal } from './http-answer.ts';

/** What a client may say once for a whole connection; the same names as the headers. */
const NAMES: ReadonlySet<string> = new Set(['authorization', 'hub-purpose', 'hub-matter', 'hub-voucher', 'hub-withheld', 'hub-explain']);

/** The headers that `connectionParams` stand for, in lower case; what else a client's library puts there is left out. @throws BAD_USER_INPUT */
export function headersOf(params: Readonly<Record<string, unknown>>): IncomingHttpHeaders {
  const headers: Record<string, string> = {};
  for (const [given, value] of Object.entries(params)) {
    const name = given.toLowerCase();
    if (!NAMES.has(name) || value === undefined || value === null) continue;
    if (typeof value !== 'string') throw new Refusal('BAD_USER_INPUT', `the connection parameter ${name} has to be a text`);
    if (headers[name] !== undefined) throw new Refusal('BAD_USER_INPUT', `the connection parameter ${name} may be given once`);
    headers[name] = value;
  }
  return headers;
}

/** By what a client's library tells whether to come back: not with the same token (4401), with another one (4403), later (1013). */
const CLOSE_CODES: Partial<Readonly<Record<ErrorCode, number>>> = {
  BAD_USER_INPUT: 4400,
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  RATE_LIMITED: 1013,
  STORE_UNAVAILABLE: 1013,
};
const DEFECT = 4500;

/** Bytes that a close frame has room for (RFC 6455 §5.5). */
const REASON_BYTES = 123;

/** How a connection is ended that an error stops. */
export function closingOf({ code, message }: Pick<AnsweredError, 'code' | 'message'>): { readonly code: number; readonly reason: string } {
  const reason = Buffer.from(`${code}: ${message}`.replaceAll(/[^\x20-\x7e]/g, '?'))
    .subarray(0, REASON_BYTES)
    .toString();
  return { code: CLOSE_CODES[code] ?? DEFECT, reason };
}
