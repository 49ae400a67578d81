import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Audience } from '../auth/principal.ts';
import type { ErrorCode } from '../schema/errors.ts';

/** What is remembered of a request while it is answered. */
export interface RequestEntry {
  readonly requestId: string;
  /** As the client sent it. */
  readonly clientRequestId: string | undefined;
  /** UNKNOWN until the token was looked at. */
  audience: Audience | 'UNKNOWN';
  kind: 'query' | 'mutation' | 'subscription' | 'none';
  operationName: string | undefined;
  /** Of the document without its literals. */
  signature: string | undefined;
  codes: readonly ErrorCode[];
  status: number;
  durationMs: number;
  bytes: number;
}

/** Of a request with these headers, of which nothing is known yet. */
export function newEntry(headers: IncomingHttpHeaders): RequestEntry {
  const given = headers['hub-request-id'];
  return {
    requestId: randomUUID(),
    clientRequestId: typeof given === 'string' ? given : undefined,
    audience: 'UNKNOWN',
    kind: 'none',
    operationName: undefined,
    signature: undefined,
    codes: [],
    status: 0,
    durationMs: 0,
    bytes: 0,
  };
}

export function noteErrors(entry: RequestEntry, errors: readonly { readonly code: ErrorCode }[]): void {
  entry.codes = [...new Set(errors.map(({ code }) => code))];
}

/** One line for the operator about a fault of the hub; the incident is what the client was told. */
export function incidentLine(error: unknown, incident: string, requestId?: string): Record<string, unknown> {
  return { event: 'incident', incident, requestId, error: describe(error) };
}

/** One line for the technical log: no value of an argument, no address, no token, nothing that names a person. */
export function requestLine(entry: RequestEntry, at: Date): Record<string, unknown> {
  return {
    event: 'request',
    time: at.toISOString(),
    requestId: entry.requestId,
    clientRequestId: safeText(entry.clientRequestId, /^(?!.*\d{11})[A-Za-z0-9_.-]{1,64}$/),
    audience: entry.audience,
    kind: entry.kind,
    operationName: safeText(entry.operationName, /^(?!.*\d{6})[A-Za-z0-9_]{1,40}$/),
    operation: entry.signature,
    status: entry.status,
    codes: entry.codes,
    durationMs: Math.round(entry.durationMs * 100) / 100,
    bytes: entry.bytes,
  };
}

/** Undefined for what is longer or stranger than a name, or holds a run of digits that could be somebody's number. */
function safeText(text: string | undefined, pattern: RegExp): string | undefined {
  return text !== undefined && pattern.test(text) ? text : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? `${error.name}: ${error.message}`;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${describe(error.cause)}`;
}
