import { ERRORS, type ErrorCode, HubError } from '../schema/errors.ts';

/** What is sent back; everything that every answer carries is added when it is sent. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** What follows instead of a body, for as long as the reader stays. */
  readonly events?: EventStream | undefined;
  /** It answers a gateway's statement, which no page can send: what browsers and caches heed is left out. */
  readonly isForGateway?: boolean | undefined;
}

/** Events one after the other, each read when the one before was sent. */
export interface EventStream {
  readonly chunks: AsyncIterable<string>;
  /** Ends them: nobody reads any more. */
  stop(): void;
}

/** A HubError that HTTP has a status or headers of its own for. */
export class Refusal extends HubError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  constructor(code: ErrorCode, message: string, answer: { status?: number; headers?: Readonly<Record<string, string>> } = {}) {
    super(code, message);
    this.status = answer.status ?? ERRORS[code].status;
    this.headers = answer.headers ?? {};
  }
}

export const JSON_TYPE = 'application/json; charset=utf-8';
export const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';
export const EVENTS_TYPE = 'text/event-stream; charset=utf-8';
export const HTML_TYPE = 'text/html; charset=utf-8';

/** Pages of other sites can neither frame, read nor sniff an answer; a page of ours overrides the policy with its own. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

export function notFound(): Refusal {
  return new Refusal('NOT_FOUND', 'there is nothing at this path', { status: 404 });
}

export function jsonAnswer(status: number, value: unknown): Answer {
  return { status, contentType: JSON_TYPE, body: JSON.stringify(value) };
}
