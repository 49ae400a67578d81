import type { Clock } from '../auth/issuers.ts';
import type { Principal } from '../auth/principal.ts';
import { startApollo } from './apollo.ts';
import type { Engine } from './engine.ts';
import { createEndpoint } from './graphql-endpoint.ts';
import { LISTENER_LIMITS, type Listener, type ListenerLimits, listen, type TlsMaterial } from './http-listener.ts';
import { HTTP_LIMITS, type HttpLimits } from './http-request.ts';
import { rememberDocuments } from './known-documents.ts';
import { createMetrics } from './metrics.ts';
import { limitObjects, OBJECT_LIMITS, type ObjectLimits } from './object-limits.ts';
import { OPERATION_LIMITS, type OperationLimits } from './operation-limits.ts';
import { limitRate, RATE_LIMITS, type RateLimits } from './rate-limit.ts';
import { answerMetrics, answerRequests } from './request-handler.ts';
import { incidentLine } from './request-log.ts';
import { guardSite } from './site-guard.ts';
import type { TrustedDocuments } from './trusted-documents.ts';

export interface Limits extends OperationLimits, HttpLimits, ListenerLimits, RateLimits, ObjectLimits {}
const LIMITS: Limits = { ...OPERATION_LIMITS, ...HTTP_LIMITS, ...LISTENER_LIMITS, ...RATE_LIMITS, ...OBJECT_LIMITS };

export interface DoorOptions {
  readonly engine: Engine;
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
  /** Lets running requests finish, then stops. */
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';

/** Opens the HTTP side of an engine; resolves when it listens. */
export async function openDoor(options: DoorOptions): Promise<Door> {
  const { engine, verify, host, allowedHosts = [], allowedOrigins = [], tls, trusted, ide, log, clock } = options;
  const limits: Limits = { ...LIMITS, ...options.limits };
  const metrics = createMetrics(options.moreMetrics);
  const documents = rememberDocuments(() => engine.schema, limits);
  const report = (error: unknown, incident: string) => log(incidentLine(error, incident));
  const apollo = await startApollo({ engine, documents, maxTokens: limits.tokens, report, log });
  const endpoint = createEndpoint({
    apollo,
    documents,
    verify,
    admit: limitRate(limits, clock),
    countObjects: limitObjects(limits, clock),
    trusted,
    limits,
    ide,
  });
  const guard = guardSite({ host, allowedHosts, allowedOrigins, isSecure: tls !== undefined });

  let isOpen = true;
  const ready = async () => isOpen && (await options.ready());
  const handle = answerRequests({ endpoint, guard, ready, metrics, log, clock });
  const listeners: Listener[] = [];
  const close = async () => {
    isOpen = false;
    await Promise.all(listeners.map((listener) => listener.close()));
    await apollo.stop();
  };
  try {
    const main = await listen({ host, port: options.port, limits, tls, handle });
    listeners.push(main);
    const door = { address: main.address, port: main.port, renewTls: main.renewTls, close };
    if (options.metricsPort === undefined) return door;
    const beside = await listen({
      host: LOOPBACK,
      port: options.metricsPort,
      limits,
      handle: answerMetrics(metrics, guardSite({ host: LOOPBACK, allowedHosts: [], allowedOrigins: [], isSecure: false })),
    });
    listeners.push(beside);
    return { ...door, metricsPort: beside.port };
  } catch (error) {
    await close();
    throw error;
  }
}
