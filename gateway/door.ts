import type { Clock } from '../auth/issuers.ts';
import type { Principal } from '../auth/principal.ts';
import { startApollo } from './apollo.ts';
import type { Engine } from './engine.ts';
import { createEndpoint, type Exchange } from './graphql-endpoint.ts';
import type { Answer } from './http-answer.ts';
import { LISTENER_LIMITS, type Listener, type ListenerLimits, listen, type TlsMaterial } from './http-listener.ts';
import { HTTP_LIMITS, type HttpLimits } from './http-request.ts';
import { rememberDocuments } from './known-documents.ts';
import { createMetrics } from './metrics.ts';
import { listenForMetrics } from './metrics-port.ts';
import { limitObjects, OBJECT_LIMITS, type ObjectLimits } from './object-limits.ts';
import { OPERATION_LIMITS, type OperationLimits } from './operation-limits.ts';
import { limitRate, RATE_LIMITS, type RateLimits, shareOfRate } from './rate-limit.ts';
import { answerRequests } from './request-handler.ts';
import { incidentLine } from './request-log.ts';
import { guardSite } from './site-guard.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

export interface Limits extends OperationLimits, HttpLimits, ListenerLimits, RateLimits, ObjectLimits {}
const LIMITS: Limits = { ...OPERATION_LIMITS, ...HTTP_LIMITS, ...LISTENER_LIMITS, ...RATE_LIMITS, ...OBJECT_LIMITS };

export interface DoorOptions {
  readonly engine: Engine;
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
  const metrics = createMetrics(options.moreMetrics);
  const report = (error: unknown, incident: string) => log(incidentLine(error, incident));
  const [admit, countObjects] = [limitRate(limits, clock), limitObjects(limits, clock)];
  const put = async (engine: Engine): Promise<Put> => {
    const documents = rememberDocuments(() => engine.schema, limits);
    const apollo = await startApollo({ engine, documents, maxTokens: limits.tokens, report, log });
    return putBehind(createEndpoint({ apollo, documents, verify, admit, countObjects, trusted, limits, ide }), () => apollo.stop());
  };
  let present = await put(options.engine);
  const renewEngine = async (engine: Engine) => {
    const before = present;
    present = await put(engine);
    await before.ended();
    await before.stop();
  };
  const guard = guardSite({ host, allowedHosts, allowedOrigins, isSecure: tls !== undefined });

  let isOpen = true;
  const ready = async () => isOpen && (await options.ready());
  const endpoint = (exchange: Exchange) => present.answer(exchange);
  const handle = answerRequests({ endpoint, statements: options.statements, guard, ready, metrics, log, clock });
  const listeners: Listener[] = [];
  const end = async (endListener: (listener: Listener) => Promise<void>) => {
    isOpen = false;
    await Promise.all(listeners.map(endListener));
    await present.stop();
  };
  const close = () => end((listener) => listener.close());
  const drain = () => end((listener) => listener.drain());
  try {
    const main = await listen({ host, port: options.port, limits, tls, handle });
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
  answer(exchange: Exchange): Promise<Answer>;
  /** Resolves when nothing runs any more. */
  ended(): Promise<unknown>;
  stop(): Promise<void>;
}

function putBehind(endpoint: (exchange: Exchange) => Promise<Answer>, stop: () => Promise<void>): Put {
  const running = new Set<Promise<Answer>>();
  return {
    answer(exchange) {
      const answering = endpoint(exchange);
      running.add(answering);
      const done = () => void running.delete(answering);
      answering.then(done, done);
      return answering;
    },
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
