import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandFault } from './command-fault.ts';

/** One page of the feed as it was answered. */
export interface PulledPage {
  readonly nodes: readonly Readonly<Record<string, unknown>>[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: string | null;
}

export interface PullRequest {
  readonly url: URL;
  /** Read anew for every request, so that a token can be renewed while the command runs. */
  readonly tokenFile: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Ends waiting. */
  readonly signal: AbortSignal;
  /** Told of each attempt that failed for a time, with the milliseconds until the next one. */
  readonly onWait: (why: string, milliseconds: number) => void;
}

/** The hub does not give what was asked for: a code of its error table, or why there was no answer at all. */
export class PullFault extends Error {
  readonly code: string;
  /** Whether the same request may succeed later. */
  readonly isPassing: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, passing: { readonly isPassing: boolean; readonly retryAfterMs?: number | undefined }) {
    super(`${code}: ${message}`);
    this.code = code;
    this.isPassing = passing.isPassing;
    this.retryAfterMs = passing.retryAfterMs;
  }
}

const ATTEMPTS = 8;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 300_000;
const ANSWER_WITHIN_MS = 120_000;
const PASSING_CODES = ['RATE_LIMITED', 'STORE_UNAVAILABLE', 'DOWNSTREAM_SERVICE_ERROR', 'INTERNAL_SERVER_ERROR'];

/** Asks for a page until it is answered whole; what passes by itself is waited for. @throws PullFault, CommandFault */
export async function pullPage(request: PullRequest): Promise<PulledPage> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await askOnce(request);
    } catch (error) {
      if (!(error instanceof PullFault) || !error.isPassing || attempt === ATTEMPTS || request.signal.aborted) throw error;
      const wait = Math.min(LONGEST_WAIT_MS, error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1));
      request.onWait(error.message, wait);
      await sleep(wait, undefined, { signal: request.signal }).catch(() => undefined);
      if (request.signal.aborted) throw error;
    }
  }
}

async function askOnce({ url, tokenFile, headers, query, variables }: PullRequest): Promise<PulledPage> {
  const token = await readToken(tokenFile);
  const sent = {
    method: 'POST',
    headers: {
      ...headers,
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query, variables }),
    // The token goes where it was sent, and nowhere else.
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  } as const;
  const answered = await fetch(url, sent)
    .then(async (response) => ({ response, text: await response.text() }))
    .catch((error: unknown) => {
      throw new PullFault('NO_ANSWER', reasonOf(error), { isPassing: true });
    });
  return readAnswer(answered.response, answered.text);
}

async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const token = text?.trim();
  if (token && /^[\w.~+/=-]+$/.test(token)) return token;
  throw new CommandFault(`${file} 中没有令牌 / holds no token`);
}

/** What Node.js calls every failed connection says nothing; its cause does. */
function reasonOf(error: unknown): string {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return String(cause);
}

function readAnswer({ status, headers }: Response, text: string): PulledPage {
  const retryAfterMs = waitAskedFor(headers.get('retry-after'));
  const body = parsed(text);
  const [error] = Array.isArray(body?.errors) ? body.errors : [];
  if (error !== undefined) {
    const code = String(error?.extensions?.code ?? `HTTP_${status}`);
    const isPassing = PASSING_CODES.includes(code) || status === 429 || status === 503;
    throw new PullFault(code, String(error?.message ?? ''), { isPassing, retryAfterMs });
  }
  const page: unknown = body?.data?.changes;
  if (isPage(page)) return page;
  if (status !== 200)
    throw new PullFault(`HTTP_${status}`, 'no answer of a hub', { isPassing: status === 429 || status >= 500, retryAfterMs });
  throw new CommandFault(
    '查询须取得 changes { nodes { … } endCursor hasMore resync } / the query has to ask for changes { nodes { … } endCursor hasMore resync }',
  );
}

// biome-ignore lint/suspicious/noExplicitAny: foreign data; every part that is used is looked at first
function parsed(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isPage(page: unknown): page is PulledPage {
  if (typeof page !== 'object' || page === null) return false;
  const { nodes, endCursor, hasMore, resync } = page as Partial<Record<keyof PulledPage, unknown>>;
  const isResync = resync === null || typeof resync === 'string';
  return Array.isArray(nodes) && typeof endCursor === 'string' && typeof hasMore === 'boolean' && isResync;
}

/** `Retry-After` in seconds, or as a date. */
function waitAskedFor(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}
