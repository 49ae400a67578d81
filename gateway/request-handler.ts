import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../auth/issuers.ts';
import { type Exchange, refuse } from './graphql-endpoint.ts';
import { answerLiveness, answerReadiness } from './health.ts';
import { type Answer, JSON_TYPE, notFound } from './http-answer.ts';
import { send, sendHead } from './http-listener.ts';
import { pathOf, refuseAmbiguous } from './http-request.ts';
import { METRICS_TYPE, type Metrics } from './metrics.ts';
import { incidentLine, newEntry, requestLine } from './request-log.ts';
import { type EventLimits, sendEvents } from './send-events.ts';
import { type GuardSite, PREFLIGHT_HEADERS } from './site-guard.ts';
import { STATEMENT_HEADER } from './subgraph-wire.ts';

interface Served {
  readonly endpoint: (exchange: Exchange) => Promise<Answer>;
  /** Answers `/graphql/stream`. */
  readonly stream: (exchange: Exchange) => Promise<Answer>;
  /** Answers what comes with an access statement, where that is taken. */
  readonly statements?: ((exchange: Exchange) => Promise<Answer>) | undefined;
  readonly guard: GuardSite;
  readonly ready: () => Promise<boolean>;
  readonly metrics: Metrics;
  readonly log: (line: Record<string, unknown>) => void;
  readonly clock: Clock;
  readonly limits: EventLimits;
}
/** Never rejects. */
type HandleRequest = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

const VARY = 'Authorization, Hub-Withheld, Hub-Explain, Accept';
const NOT_KEPT = { 'cache-control': 'no-store' } as const;
const PROBES = new Set(['/healthz', '/readyz']);

/** Routes by path, sends one answer to each request, counts and logs it. */
export function answerRequests({ endpoint, stream, statements, guard, ready, metrics, log, clock, limits }: Served): HandleRequest {
  const route = async (exchange: Exchange): Promise<Answer> => {
    const { request } = exchange;
    refuseAmbiguous(request);
    const cors = guard(request.headers);
    const path = pathOf(request);
    if (path === '/healthz') return answerLiveness();
    if (path === '/readyz') return answerReadiness(ready);
    const answering = path === '/graphql' ? endpoint : path === '/graphql/stream' ? stream : undefined;
    if (!answering) throw notFound();
    if (statements && answering === endpoint && request.headers[STATEMENT_HEADER] !== undefined) return statements(exchange);
    if (!cors) return answering(exchange);
    if (request.method === 'OPTIONS') return { status: 204, contentType: JSON_TYPE, body: '', headers: { ...cors, ...PREFLIGHT_HEADERS } };
    const answer = await answering(exchange).catch((error: unknown) => refuse(error, exchange));
    return { ...answer, headers: { ...answer.headers, ...cors, vary: `${VARY}, Origin` } };
  };

  return async (request, response) => {
    const started = performance.now();
    const isProbe = PROBES.has(pathOf(request));
    if (!isProbe) metrics.begin();
    const entry = newEntry(request.headers);
    const report = (error: unknown, incident: string) => log(incidentLine(error, incident, entry.requestId));
    const exchange: Exchange = { request, entry, report, contentType: JSON_TYPE, isWellFormed: false };
    const answer = await route(exchange).catch((error: unknown) => refuse(error, exchange));
    const sent = withCaching(answer, request.headers);
    if (sent.events) sendHead(response, entry.requestId, sent);
    else entry.bytes = send(response, entry.requestId, sent);
    if (isProbe) return;
    entry.status = answer.status;
    entry.durationMs = performance.now() - started;
    if (sent.events) entry.bytes = await sendEvents(response, sent.events, limits);
    metrics.end(entry);
    log(requestLine(sent.events ? { ...entry, durationMs: performance.now() - started } : entry, clock.now()));
  };
}

/** Serves `/metrics` and nothing else. */
export function answerMetrics(printed: () => string | Promise<string>, guard: GuardSite): HandleRequest {
  const print = async (request: IncomingMessage): Promise<Answer> => {
    guard(request.headers);
    if (pathOf(request) !== '/metrics') throw notFound();
    return { status: 200, contentType: METRICS_TYPE, body: await printed() };
  };
  return async (request, response) => {
    const entry = newEntry(request.headers);
    const exchange: Exchange = { request, entry, report: () => {}, contentType: JSON_TYPE, isWellFormed: false };
    send(response, entry.requestId, await print(request).catch((error: unknown) => refuse(error, exchange)));
  };
}

function withCaching(answer: Answer, headers: IncomingHttpHeaders): Answer {
  if (answer.isForGateway) return { ...answer, headers: NOT_KEPT };
  return { ...answer, headers: { ...cachingOf(headers), ...answer.headers } };
}

/** What was answered to somebody in particular is kept by no cache. */
function cachingOf(headers: IncomingHttpHeaders): Record<string, string> {
  const isPersonal = headers.authorization !== undefined || Object.keys(headers).some((name) => name.startsWith('hub-'));
  return isPersonal ? { vary: VARY, ...NOT_KEPT } : { vary: VARY };
}
