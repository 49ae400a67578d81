import type { Clock } from '../auth/issuers.ts';
import type { Principal } from '../auth/principal.ts';
import { startApollo } from './apollo.ts';
import { type ChangeSource, lookEvery } from './change-source.ts';
import { openChangeStreams, STREAM_LIMITS, type StreamLimits } from './change-streams.ts';
import type { Engine } from './engine.ts';
import { watchExpiries } from './expiry-watch.ts';
import { feedMetrics, printFeedMetrics } from './feed-metrics.ts';
import { createEndpoint, type Exchange } from './graphql-endpoint.ts';
import type { Answer } from './http-answer.ts';
import { LISTENER_LIMITS, type Listener, type ListenerLimits, listen, type TlsMaterial } from './http-listener.ts';
import { HTTP_LIMITS, type HttpLimits } from './http-request.ts';
import { type KnownDocuments, rememberDocuments } from './known-documents.ts';
import { createMetrics } from './metrics.ts';
import { listenForMetrics } from './metrics-port.ts';
import { limitObjects, OBJECT_LIMITS, type ObjectLimits } from './object-limits.ts';
import { OPERATION_LIMITS, type OperationLimits } from './operation-limits.ts';
import { limitRate, RATE_LIMITS, type RateLimits, shareOfRate } from './rate-limit.ts';
import { answerRequests } from './request-handler.ts';
import { incidentLine } from './request-log.ts';
import type { EventLimits } from './send-events.ts';
import { guardSite } from './site-guard.ts';
import { openSseEndpoint } from './sse-endpoint.ts';
import { streamOperations } from './streamed-operations.ts';
import type { TrustedDocuments } from './trusted-documents.ts';
import { openSocketEndpoint, SOCKET_LIMITS, type SocketLimits } from './ws-endpoint.ts';

export interface Limits
  extends OperationLimits,
    HttpLimits,
    ListenerLimits,
    RateLimits,
    ObjectLimits,
    StreamLimits,
    SocketLimits,
    EventLimits {}
const LIMITS: Limits = {
  ...OPERATION_LIMITS,
  ...HTTP_LIMITS,
  ...LISTENER_LIMITS,
  ...RATE_LIMITS,
  ...OBJECT_LIMITS,
  ...STREAM_LIMITS,
  ...SOCKET_LIMITS,
  heartbeatTime: 15_000,
};
/** How often subscriptions look for changes where nothing tells of them. */
const LOOK_MS = 1_000;

export interface DoorOptions {
  readonly engine: Engine;
  /** Tells subscriptions of changes; without it they look for them every second. */
  readonly changes?: ChangeSource | undefined;
  /** Answers the fetches of a gateway, which come with an access statement; a door without it knows no statements. */
  readonly statements?: ((exchange: Exchange) => Promise<Answer>) | undefined;
  /** Who the value of an `Authorization` header speaks for. @throws UNAUTHENTICATED */
  readonly verify: (authorization: string | undefined) => Promise<Principal>;
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Serves `/metrics` on loopback; not served without it. */
  readonly metricsPort?: number | undefined;
  /** Host names beside the loopback ones and `host`. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Origins beside the door's own whose pages may ask. */
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly limits?: Partial<Limits> | undefined;
  /** How many doors share the rates, each of which counts by itself; 1 unless told. */
  readonly sharers?: number | undefined;
  readonly ready: () => Promise<boolean>;
  /** Without it the door speaks HTTP; `/metrics` always does. */
  readonly tls?: TlsMaterial | undefined;
  readonly trusted?: TrustedDocuments | undefined;
  /** Never served where trusted documents are required. */
  readonly ide: boolean;
  readonly log: (line: Record<string, unknown>) => void;
  readonly clock: Clock;
  /** Further lines for `/metrics`. */
  readonly moreMetrics?: (() => readonly string[]) | undefined;
}

export interface Door {
  readonly address: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  /** For connections from now on. */
  renewTls(tls: TlsMaterial): void;
  /** Answers requests by this engine from now on; those that run end on the one they began with. */
  renewEngine(engine: Engine): Promise<void>;
  /** What `/metrics` shows. */
  printMetrics(): string;
  /** Lets running requests finish, then stops. */
  close(): Promise<void>;
  /** Like `close`, and answers what comes meanwhile on connections that are open. */
  drain(): Promise<void>;
}

/** Opens the HTTP side of an engine; resolves when it listens. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { verify, host, allowedHosts = [], allowedOrigins = [], tls, trusted, ide, log, clock } = options;
  const limits = shareLimits({ ...LIMITS, ...options.limits }, options.sharers ?? 1);
  const feed = feedMetrics();
  const metrics = createMetrics(() => [...(options.moreMetrics?.() ?? []), ...printFeedMetrics(feed, clock.now())]);
  const report = (error: unknown, incident: string) => log(incidentLine(error, incident));
  const [admit, countObjects] = [limitRate(limits, clock), limitObjects(limits, clock)];
  const put = async (engine: Engine): Promise<Put> => {
    const documents = rememberDocuments(() => engine.schema, limits);
    const apollo = await startApollo({ engine, documents, maxTokens: limits.tokens, report, log });
    const endpoint = createEndpoint({ apollo, documents, verify, admit, countObjects, trusted, limits, ide });
    return putBehind({ engine, documents, endpoint, stop: () => apollo.stop() });
  };
  let present = await put(options.engine);
  const renewEngine = async (engine: Engine) => {
    const before = present;
    present = await put(engine);
    await before.ended();
    await before.stop();
  };
  const streams = openChangeStreams({
    engine: () => present.engine,
    source: options.changes ?? lookEvery(LOOK_MS),
    limits,
    metrics: feed,
    clock,
  });
  const begin = streamOperations({ present: () => ({ ...present, countObjects }), streams, trusted });
  const expiries = watchExpiries(clock);
  const guard = guardSite({ host, allowedHosts, allowedOrigins, isSecure: tls !== undefined });

  let isOpen = true;
  const ready = async () => isOpen && (await options.ready());
  const endpoint = (exchange: Exchange) => present.answer(exchange);
  const events = openSseEndpoint({ begin, verify, admit, expiries, limits });
  const sockets = openSocketEndpoint({ engine: () => present.engine, begin, guard, verify, admit, expiries, metrics, log, clock, limits });
  const stream = (exchange: Exchange) => events.answer(exchange);
  const handle = answerRequests({ endpoint, stream, statements: options.statements, guard, ready, metrics, log, clock, limits });
  const listeners: Listener[] = [];
  const end = async (endListener: (listener: Listener) => Promise<void>) => {
    isOpen = false;
    const ended = listeners.map(endListener);
    events.close();
    await sockets.close();
    await Promise.all(ended);
    await present.stop();
  };
  const close = () => end((listener) => listener.close());
  const drain = () => end((listener) => listener.drain());
  try {
    const main = await listen({ host, port: options.port, limits, tls, handle, upgrade: sockets.upgrade });
    listeners.push(main);
    const printMetrics = () => metrics.print();
    const door = { address: main.address, port: main.port, renewTls: main.renewTls, renewEngine, printMetrics, close, drain };
    if (options.metricsPort === undefined) return door;
    const beside = await listenForMetrics(options.metricsPort, printMetrics, limits);
    listeners.push(beside);
    return { ...door, metricsPort: beside.port };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An engine behind the door. */
interface Put {
  /** The engine, whose readings of the change feed are known to run. */
  readonly engine: Engine;
  readonly documents: KnownDocuments;
  answer(exchange: Exchange): Promise<Answer>;
  /** Resolves when nothing runs any more. */
  ended(): Promise<unknown>;
  stop(): Promise<void>;
}

function putBehind({
  engine,
  documents,
  endpoint,
  stop,
}: {
  readonly engine: Engine;
  readonly documents: KnownDocuments;
  readonly endpoint: (exchange: Exchange) => Promise<Answer>;
  readonly stop: () => Promise<void>;
}): Put {
  const running = new Set<Promise<unknown>>();
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const done = () => void running.delete(work);
    work.then(done, done);
    return work;
  };
  const { schema, readChanges } = engine;
  return {
    engine: {
      schema,
      execute: (request) => tracked(engine.execute(request)),
      ...(readChanges && { readChanges: (request) => tracked(readChanges(request)) }),
    },
    documents,
    answer: (exchange) => tracked(endpoint(exchange)),
    ended: () => Promise.allSettled(running),
    stop,
  };
}

function shareLimits(limits: Limits, sharers: number): Limits {
  const { publicRate, clientRate, objectRate, sameObjectRate, numberRate, personRate, samePersonRate } = limits;
  return {
    ...limits,
    publicRate: shareOfRate(publicRate, sharers),
    clientRate: shareOfRate(clientRate, sharers),
    objectRate: shareOfRate(objectRate, sharers),
    sameObjectRate: shareOfRate(sameObjectRate, sharers),
    numberRate: shareOfRate(numberRate, sharers),
    personRate: shareOfRate(personRate, sharers),
    samePersonRate: shareOfRate(samePersonRate, sharers),
  };
}
