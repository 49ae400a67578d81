import cluster from 'node:cluster';
import { hash, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { GraphQLSchema } from 'graphql';
import type { AccessEntry } from '../auth/access-entry.ts';
import type { Issuers } from '../auth/issuers.ts';
import { completeFrom } from '../auth/registry.ts';
import { createTokenVerifier } from '../auth/token.ts';
import { assertDevelopmentKeyAllowed, openTokenIssuers, readTokenSettings } from '../auth/token-settings.ts';
import type { LookUp } from '../changes/post-event.ts';
import type { WebhookWorker } from '../changes/webhook-worker.ts';
import type { ChangeSource } from '../gateway/change-source.ts';
import { type Door, openDoor } from '../gateway/door.ts';
import type { Engine } from '../gateway/engine.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import type { Clock } from '../store/port.ts';
import { type AnomalyWatch, watchAnomalies } from '../subgraphs/access/anomalies.ts';
import { cutChangeLog } from './change-log-cut.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { type DoorSettings, loadTrusted, readDoorSettings } from './door-settings.ts';
import { cutsChangeLog } from './feed-settings.ts';
import { gatewayKeySource } from './gateway-keys.ts';
import { answerStatements, federate, type Graph, openGraph, standAlone, watchHub } from './open-graph.ts';
import { type Hub, openHub } from './open-hub.ts';
import { type GatewayEngine, openGateway, type Renewal, renewEngines } from './serve-gateway.ts';
import { deliverToWebhooks } from './webhook-delivery.ts';
import { type WebhookFates, watchWebhookFates } from './webhook-fates.ts';
import { webhookCaOf } from './webhook-settings.ts';
import { failToWork, superviseWorkers, workUntilTold } from './workers.ts';

export interface ServeOptions {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly host: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  /** `HUB_STORE` unless told. */
  readonly storeUrl?: string | undefined;
  /** One subgraph alone instead of the whole graph. */
  readonly subgraph?: string | undefined;
  /** The gateway alone, over subgraphs that other processes serve. */
  readonly gateway?: { /** `--subgraphs`; `HUB_SUBGRAPHS` unless told. */ readonly subgraphs?: string | undefined } | undefined;
  readonly samples: boolean;
  /** How many processes share the rates; 1 unless told. */
  readonly sharers?: number | undefined;
  readonly clock?: Clock | undefined;
  /** How webhooks find the addresses of a name; the system's way unless told. */
  readonly lookUp?: LookUp | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

export interface Serving {
  /** `http://host:port`, or `https`. */
  readonly url: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  /** Tells what to paste, when samples were loaded now or before. */
  readonly samples: boolean;
  /** Reads certificates, trusted documents and a gateway's supergraph anew, where there are any; what cannot be used is logged, and what was used before stays in use. */
  readonly reload?: (() => void) | undefined;
  /** What `/metrics` shows. */
  printMetrics(): string;
  close(): Promise<void>;
  /** Like `close`, and answers what comes meanwhile on connections that are open. */
  drain(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** Starts a hub, or one part of it, and answers where it listens. @throws CommandFault when it may not start like this */
export async function serve(options: ServeOptions): Promise<Serving> {
  const ground = await openGround(options);
  try {
    const serving = await servePart(ground, options);
    const end = async (endDoor: () => Promise<void>) => {
      await endDoor();
      await ground.hub.close();
      options.log({ level: 'info', event: 'stopped' });
    };
    return { ...serving, close: () => end(serving.close), drain: () => end(serving.drain) };
  } catch (error) {
    await ground.hub.close();
    throw error;
  }
}

type GroundOptions = Omit<ServeOptions, 'port'>;

/** What the parts of a hub that run in one process stand on. */
export interface Ground {
  readonly hub: Hub;
  readonly graph: Graph;
  readonly settings: ReturnType<typeof readTokenSettings>;
  readonly doorSettings: DoorSettings;
  readonly issuers: Issuers;
  readonly anomalies: AnomalyWatch;
}

/** Opens store, keys and catalogue, and puts samples into the store where they are asked for. @throws CommandFault */
export async function openGround(options: GroundOptions): Promise<Ground> {
  const { dataDir, env, log } = options;
  const settings = tokenSettings(options);
  const doorSettings = readDoorSettings(env);
  const storeUrl = options.storeUrl ?? env.HUB_STORE;
  const hub = await openHub({ dataDir, storeUrl, clock: options.clock, env });
  try {
    if (options.samples) {
      if (storeUrl !== undefined) throw new CommandFault('--samples 只用于内置存储 / --samples is for the embedded store alone');
      const { loadSamples } = await import('./samples.ts');
      await loadSamples(hub);
    }
    const graph = openGraph(hub, settings.registry, doorSettings.trusted?.documents);
    const anomalies = watchAnomalies((anomaly) => log({ level: 'warn', event: 'access-anomaly', ...anomaly }));
    const record = (entry: AccessEntry) => {
      anomalies.note(entry);
      return hub.accessLog.record(entry);
    };
    const watched = { ...hub, accessLog: { ...hub.accessLog, record } };
    if (cutsChangeLog(env))
      hub.windows.eachDay(async () => {
        const changes = await cutChangeLog(hub, { isRehearsal: false });
        log({ level: 'info', event: 'change-log-cut', changes });
      });
    const issuers = openTokenIssuers(settings, dataDir, { clock: hub.clock, report: (problem) => log({ level: 'warn', problem }) });
    return { hub: watched, graph, settings, doorSettings, issuers, anomalies };
  } catch (error) {
    await hub.close();
    throw error;
  }
}

/** Opens the door of one part. Closing it leaves the ground open. @throws CommandFault */
export async function servePart(ground: Ground, options: ServeOptions): Promise<Serving> {
  const { hub, graph, settings, doorSettings, issuers, anomalies } = ground;
  const { host, log } = options;
  const { trusted } = doorSettings;
  const tls = doorSettings.tls?.();
  const part = openPart(ground, options);
  if (trusted) loadTrusted(trusted, part.engine.schema);
  const verifyToken = createTokenVerifier({ issuers, clock: hub.clock });
  const verify = async (authorization: string | undefined) => {
    const principal = await verifyToken(authorization);
    if (principal.audience === 'PUBLIC') return principal;
    const told = options.gateway ? { ...principal, tokenDigest: digestOfToken(authorization) } : principal;
    return completeFrom(graph.admission.registryFor, told);
  };
  const ready = () =>
    hub.store.position().then(
      () => true,
      () => false,
    );
  const delivers = part.engine.readChanges !== undefined;
  const fates = watchWebhookFates(log);
  const door: Door = await openDoor({
    engine: part.engine,
    changes: part.changes,
    statements: part.statements,
    verify,
    host,
    port: options.port,
    metricsPort: options.metricsPort,
    allowedHosts: doorSettings.allowedHosts,
    allowedOrigins: doorSettings.allowedOrigins,
    limits: doorSettings.limits,
    sharers: options.sharers,
    tls,
    trusted: trusted?.documents,
    ready,
    ide: doorSettings.ide ?? settings.issuers.length === 0,
    log,
    clock: hub.clock,
    moreMetrics: () => [...anomalyMetrics(anomalies), ...(delivers ? fates.print() : [])],
  });
  hub.effects.start();
  hub.windows.start();
  let { engine } = part;
  const webhooks = delivers ? startWebhooks(ground, { engine: () => engine, fates }, options) : undefined;
  const renewEngine: Door['renewEngine'] = async (next) => {
    await door.renewEngine(next);
    engine = next;
  };
  const renewal = part.renew && renewEngines({ door: { ...door, renewEngine }, part: part.renew, env: options.env, trusted, log });
  const url = urlOf(tls ? 'https' : 'http', host, door.port);
  log({ level: 'info', event: 'started', url, today: shanghaiToday(hub.clock.now()), policy: graph.policy.hash });
  const end = async (endDoor: () => Promise<void>) => {
    await renewal?.stop();
    await Promise.all([endDoor(), webhooks?.stop()]);
    renewal?.close();
  };
  return {
    url,
    port: door.port,
    metricsPort: door.metricsPort,
    samples: options.samples,
    reload: tls || trusted || renewal ? () => reload(doorSettings, { door, schema: part.engine.schema, renewal, log }) : undefined,
    printMetrics: () => door.printMetrics(),
    close: () => end(() => door.close()),
    drain: () => end(() => door.drain()),
  };
}

function startWebhooks(
  { hub }: Ground,
  { engine, fates }: { readonly engine: () => Engine; readonly fates: WebhookFates },
  { env, lookUp, log }: ServeOptions,
): WebhookWorker {
  const onError = (error: unknown) =>
    log({ level: 'error', event: 'webhooks', error: error instanceof Error ? error.message : String(error) });
  const webhooks = deliverToWebhooks({ hub, engine, ca: webhookCaOf(env), lookUp, onError, onFate: fates.note });
  webhooks.start();
  return webhooks;
}

/** What stands behind the door of a part. */
interface Part {
  readonly engine: Engine;
  readonly changes?: ChangeSource | undefined;
  readonly statements?: ReturnType<typeof answerStatements> | undefined;
  /** How a gateway comes to other engines. */
  readonly renew?: { readonly first: GatewayEngine; readonly build: () => GatewayEngine } | undefined;
}

function openPart({ hub, graph, settings, doorSettings }: Ground, { dataDir, env, log, subgraph, gateway }: ServeOptions): Part {
  const report = (error: unknown) => {
    const incident = randomUUID();
    log({ level: 'error', incident, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    return incident;
  };
  if (subgraph !== undefined) {
    const keys = gatewayKeySource(dataDir, env, { clock: hub.clock, report: (problem) => log({ level: 'warn', problem }) });
    return { engine: standAlone(graph, hub, subgraph), statements: answerStatements(graph, hub, subgraph, { keys, report }) };
  }
  if (!gateway) return { engine: federate(graph, hub, report), changes: watchHub(graph, hub) };
  const trusted = doorSettings.trusted?.documents;
  const build = openGateway({ hub, dataDir, env, listed: gateway.subgraphs, registryMode: settings.registry, trusted, log });
  const first = build();
  return { engine: first.engine, renew: { first, build } };
}

function digestOfToken(authorization = ''): string {
  return hash('sha256', authorization.slice(authorization.indexOf(' ') + 1), 'base64url');
}

function reload(
  { tls, trusted }: DoorSettings,
  { door, schema, renewal, log }: { door: Door; schema: GraphQLSchema; renewal: Renewal | undefined; log: ServeOptions['log'] },
): void {
  const attempt = (what: string, load: () => unknown) => {
    try {
      load();
      log({ level: 'info', event: 'reloaded', what });
    } catch (error) {
      log({ level: 'error', event: 'reload-failed', what, error: error instanceof Error ? error.message : String(error) });
    }
  };
  if (tls) attempt('certificates', () => door.renewTls(tls()));
  // A gateway takes the documents with the supergraph that they were written for.
  if (renewal) renewal.renew();
  else if (trusted) attempt('trusted documents', () => loadTrusted(trusted, schema));
}

function anomalyMetrics(anomalies: AnomalyWatch): readonly string[] {
  return [
    '# HELP hub_access_anomalies_total Organisations that asked, or were refused, far more in an hour than they use to.',
    '# TYPE hub_access_anomalies_total counter',
    ...Object.entries(anomalies.counts()).map(([kind, count]) => `hub_access_anomalies_total{kind="${kind}"} ${count}`),
    '# HELP hub_access_signals_total Logged requests that an auditor looks for, such as those that select more than their grant opens.',
    '# TYPE hub_access_signals_total counter',
    ...Object.entries(anomalies.signals()).map(([signal, count]) => `hub_access_signals_total{signal="${signal}"} ${count}`),
  ];
}

function tokenSettings({ env, host, storeUrl = env.HUB_STORE }: GroundOptions): ReturnType<typeof readTokenSettings> {
  try {
    const settings = readTokenSettings(env);
    if (settings.issuers.length === 0)
      assertDevelopmentKeyAllowed({ loopback: LOOPBACK.has(host), embedded: storeUrl === undefined || storeUrl.startsWith('file:') });
    return settings;
  } catch (error) {
    throw new CommandFault(error instanceof Error ? error.message : String(error));
  }
}

/** `hub serve`: until it is told to stop. */
export const runServe: Command = async (argv, io) => {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      samples: { type: 'boolean', default: false },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string' },
      'metrics-port': { type: 'string' },
      store: { type: 'string' },
      workers: { type: 'string' },
      subgraphs: { type: 'string' },
    },
  });
  const part = partOf(positionals, values.subgraphs);
  const workers = values.workers === undefined ? undefined : workersOf(values.workers);
  const metricsPort = values['metrics-port'] === undefined ? undefined : portOf(values['metrics-port']);
  const line = (fields: Record<string, unknown>) => io.stderr(JSON.stringify({ time: new Date().toISOString(), ...fields }));
  if (workers !== undefined && cluster.isPrimary) {
    const announce = (place: Place) => tell(io, { ...place, samples: values.samples });
    return superviseWorkers({ count: workers, metricsPort, log: line, announce });
  }
  const serving = await serve({
    dataDir: io.dataDir,
    env: io.env,
    host: values.host,
    port: portOf(values.port ?? io.env.PORT ?? '4000'),
    metricsPort: cluster.isWorker ? undefined : metricsPort,
    storeUrl: values.store,
    ...part,
    samples: values.samples,
    sharers: workers,
    log: cluster.isWorker ? (fields) => line({ worker: process.pid, ...fields }) : line,
  }).catch(failToWork);
  if (cluster.isWorker) return workUntilTold(serving);
  if (serving.reload) process.on('SIGHUP', serving.reload);
  // Whoever is told that it listens may end it at once.
  const told = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await tell(io, serving);
  await told;
  await serving.close();
  return 0;
};

function partOf([part, subgraph]: readonly string[], subgraphs: string | undefined): Pick<ServeOptions, 'subgraph' | 'gateway'> {
  if (part === 'gateway') return { gateway: { subgraphs } };
  if (subgraphs !== undefined) throw new CommandFault('--subgraphs 只用于 hub serve gateway / is for hub serve gateway alone');
  if (part === undefined) return {};
  if (part !== 'subgraph') throw new CommandFault(`hub serve 没有这一部分 / hub serve knows no part ${part}`);
  if (!subgraph) throw new CommandFault('hub serve subgraph <name>');
  return { subgraph };
}

/** Where a hub listens. */
interface Place {
  readonly url: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
}

async function tell(io: CommandIo, { url, port, metricsPort, samples }: Place & { readonly samples: boolean }): Promise<void> {
  if (io.json) return io.stdout(JSON.stringify({ url, port, metricsPort }));
  io.stdout(`信用共享枢纽已就绪 The hub listens on ${url}/graphql`);
  if (!samples) return;
  const { tour } = await import('./samples.ts');
  for (const line of tour(io.dataDir, url)) io.stdout(line);
}

function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new CommandFault('a port is a number from 0 to 65535');
  return port;
}

function workersOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= MOST_WORKERS) return count;
  throw new CommandFault(`--workers 须为 1 至 ${MOST_WORKERS} 的整数 / is a whole number from 1 to ${MOST_WORKERS}`);
}
const MOST_WORKERS = 256;
