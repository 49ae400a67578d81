import type { Principal } from '../auth/principal.ts';
import { HubError } from '../schema/errors.ts';
import { formatAnswered } from './answered-error.ts';
import type { ExpiryWatch } from './expiry-watch.ts';
import { type Exchange, errorsOf, notAllowed } from './graphql-endpoint.ts';
import { type Answer, EVENTS_TYPE, type EventStream, Refusal } from './http-answer.ts';
import { type GraphqlParams, type HttpLimits, readBody, readHubHeaders, readSearch, searchOf } from './http-request.ts';
import type { AdmitRequest } from './rate-limit.ts';
import { noteErrors } from './request-log.ts';
import { type AskedStream, type BeginOperation, formatResponse } from './streamed-operations.ts';

interface SseParts {
  readonly begin: BeginOperation;
  readonly verify: (authorization: string | undefined) => Promise<Principal>;
  readonly admit: AdmitRequest;
  readonly expiries: ExpiryWatch;
  readonly limits: HttpLimits;
}

export interface SseEndpoint {
  answer(exchange: Exchange): Promise<Answer>;
  /** Ends every stream without completing it, so that its client comes back. */
  close(): void;
}

const LAST_EVENT_ID = /^[\x21-\x7e]{1,4096}$/;
/** A stream is neither kept nor held back on its way, and nothing follows it on its connection. */
const HEADERS = { 'cache-control': 'no-store', 'x-accel-buffering': 'no', connection: 'close' } as const;
const COMPLETE = 'event: complete\ndata:\n\n';

/** Answers `/graphql/stream`: the distinct connections mode of GraphQL over SSE. What stops an operation is told within its stream, as a page can read it there alone. */
export function openSseEndpoint({ begin, verify, admit, expiries, limits }: SseParts): SseEndpoint {
  const open = new Set<AbortController>();
  let isOpen = true;

  async function* events(exchange: Exchange, asked: AskedStream, { after, stop }: { after: string | undefined; stop: AbortController }) {
    const { entry, report } = exchange;
    let hasExpired = false;
    const forget = expiries.watch(asked.principal.exp, () => {
      hasExpired = true;
      stop.abort();
    });
    open.add(stop);
    try {
      const { deliveries } = begin(asked, { after, stop: stop.signal });
      for await (const { cursor, response } of deliveries) yield nextEvent(formatResponse(response, { entry, report }), cursor);
      if (hasExpired) throw new HubError('UNAUTHENTICATED', 'the token has expired');
      if (!stop.signal.aborted) yield COMPLETE;
    } catch (error) {
      const errors = errorsOf(error, report);
      noteErrors(entry, errors);
      yield nextEvent({ errors: errors.map(formatAnswered) });
      yield COMPLETE;
    } finally {
      open.delete(stop);
      forget();
    }
  }

  const streamOf = (exchange: Exchange, asked: AskedStream, after: string | undefined): EventStream => {
    const stop = new AbortController();
    return { chunks: events(exchange, asked, { after, stop }), stop: () => stop.abort() };
  };

  return {
    async answer(exchange) {
      const { request, entry } = exchange;
      if (request.method !== 'GET' && request.method !== 'POST') throw notAllowed('GET, POST');
      assertTakesEvents(request.headers.accept);
      const headers = readHubHeaders(request.headers);
      const after = lastEventId(request.headers['last-event-id']);
      const params: GraphqlParams = request.method === 'GET' ? readSearch(searchOf(request)) : await readBody(request, limits);
      const principal = await verify(request.headers.authorization);
      entry.audience = principal.audience;
      const address = request.socket.remoteAddress;
      admit(principal, address);
      if (!isOpen) throw new Refusal('STORE_UNAVAILABLE', 'the hub is closing');
      const asked = { params, principal, headers, address, entry };
      return { status: 200, contentType: EVENTS_TYPE, body: '', headers: HEADERS, events: streamOf(exchange, asked, after) };
    },
    close() {
      isOpen = false;
      for (const stop of open) stop.abort();
    },
  };
}

function assertTakesEvents(accept: string | undefined): void {
  const isTaken = accept?.split(',').some((range) => /^\s*(?:text\/(?:event-stream|\*)|\*\/\*)\s*(?:;|$)/i.test(range));
  if (!isTaken) throw new Refusal('BAD_USER_INPUT', 'what is answered here is text/event-stream', { status: 406 });
}

/** Where an earlier connection has come to. */
function lastEventId(given: string | readonly string[] | undefined): string | undefined {
  if (given === undefined || given === '') return undefined;
  if (typeof given !== 'string' || !LAST_EVENT_ID.test(given))
    throw new Refusal('BAD_USER_INPUT', 'the header Last-Event-ID has to be a cursor');
  return given;
}

/** JSON has no line ends. */
function nextEvent(result: unknown, cursor?: string): string {
  return `event: next\n${cursor === undefined ? '' : `id: ${cursor}\n`}data: ${JSON.stringify(result)}\n\n`;
}
