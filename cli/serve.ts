import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { GraphQLSchema } from 'graphql';
import type { AccessEntry } from '../auth/access-entry.ts';
import { completePrincipal } from '../auth/registry.ts';
import { createTokenVerifier } from '../auth/token.ts';
import { assertDevelopmentKeyAllowed, openTokenIssuers, readTokenSettings } from '../auth/token-settings.ts';
import { type Door, openDoor } from '../gateway/door.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import type { Clock } from '../store/port.ts';
import { type AnomalyWatch, watchAnomalies } from '../subgraphs/access/anomalies.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { type DoorSettings, loadTrusted, readDoorSettings } from './door-settings.ts';
import { federate, openGraph, standAlone } from './open-graph.ts';
import { openHub } from './open-hub.ts';

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
  readonly samples: boolean;
  readonly clock?: Clock | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

export interface Serving {
  /** `http://host:port`, or `https`. */
  readonly url: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  /** Tells what to paste, when samples were loaded now or before. */
  readonly samples: boolean;
  /** Reads certificates and trusted documents anew, where there are any; what cannot be used is logged, and what was used before stays in use. */
  readonly reload?: (() => void) | undefined;
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** Starts a hub, or one subgraph of it, and answers where it listens. @throws CommandFault when it may not start like this */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { dataDir, env, host, log } = options;
  const settings = tokenSettings(options);
  const doorSettings = readDoorSettings(env);
  const { trusted } = doorSettings;
  const tls = doorSettings.tls?.();
  const storeUrl = options.storeUrl ?? env.HUB_STORE;
  const hub = await openHub({ dataDir, storeUrl, clock: options.clock, env });
  try {
    if (options.samples) {
      if (storeUrl !== undefined) throw new CommandFault('--samples 只用于内置存储 / --samples is for the embedded store alone');
      const { loadSamples } = await import('./samples.ts');
      await loadSamples(hub);
    }
    const report = (error: unknown) => {
      const incident = randomUUID();
      log({ level: 'error', incident, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return incident;
    };
    const graph = openGraph(hub, settings.registry, trusted?.documents);
    const anomalies = watchAnomalies((anomaly) => log({ level: 'warn', event: 'access-anomaly', ...anomaly }));
    const record = (entry: AccessEntry) => {
      anomalies.note(entry);
      return hub.accessLog.record(entry);
    };
    const watched = { ...hub, accessLog: { ...hub.accessLog, record } };
    const engine = options.subgraph ? standAlone(graph, watched, options.subgraph) : federate(graph, watched, report);
    if (trusted) loadTrusted(trusted, engine.schema);
    const issuers = openTokenIssuers(settings, dataDir, { clock: hub.clock, report: (problem) => log({ level: 'warn', problem }) });
    const verifyToken = createTokenVerifier({ issuers, clock: hub.clock });
    const verify = async (authorization: string | undefined) => {
      const principal = await verifyToken(authorization);
      return principal.audience === 'PUBLIC' ? principal : completePrincipal(principal, await graph.admission.registryFor(principal));
    };
    const ready = () =>
      hub.store.position().then(
        () => true,
        () => false,
      );
    const door: Door = await openDoor({
      engine,
      verify,
      host,
      port: options.port,
      metricsPort: options.metricsPort,
      allowedHosts: doorSettings.allowedHosts,
      allowedOrigins: doorSettings.allowedOrigins,
      limits: doorSettings.limits,
      tls,
      trusted: trusted?.documents,
      ready,
      ide: doorSettings.ide ?? settings.issuers.length === 0,
      log,
      clock: hub.clock,
      moreMetrics: () => anomalyMetrics(anomalies),
    });
    hub.effects.start();
    const url = urlOf(tls ? 'https' : 'http', host, door.port);
    log({ level: 'info', event: 'started', url, today: shanghaiToday(hub.clock.now()), policy: graph.policy.hash });
    return {
      url,
      port: door.port,
      metricsPort: door.metricsPort,
      samples: options.samples,
      reload: tls || trusted ? () => reload(doorSettings, { door, schema: engine.schema, log }) : undefined,
      async close() {
        await door.close();
        await hub.close();
        log({ level: 'info', event: 'stopped' });
      },
    };
  } catch (error) {
    await hub.close();
    throw error;
  }
}

function reload(
  { tls, trusted }: DoorSettings,
  { door, schema, log }: { door: Door; schema: GraphQLSchema; log: ServeOptions['log'] },
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
  if (trusted) attempt('trusted documents', () => loadTrusted(trusted, schema));
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

function tokenSettings({ env, host, storeUrl = env.HUB_STORE }: ServeOptions): ReturnType<typeof readTokenSettings> {
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
    },
  });
  const [part, subgraph] = positionals;
  if (part !== undefined && part !== 'subgraph') throw new CommandFault(`hub serve knows no part ${part}`);
  if (part === 'subgraph' && !subgraph) throw new CommandFault('hub serve subgraph <name>');
  const serving = await serve({
    dataDir: io.dataDir,
    env: io.env,
    host: values.host,
    port: portOf(values.port ?? io.env.PORT ?? '4000'),
    metricsPort: values['metrics-port'] === undefined ? undefined : portOf(values['metrics-port']),
    storeUrl: values.store,
    subgraph,
    samples: values.samples,
    log: (line) => io.stderr(JSON.stringify({ time: new Date().toISOString(), ...line })),
  });
  if (serving.reload) process.on('SIGHUP', serving.reload);
  if (io.json) io.stdout(JSON.stringify({ url: serving.url, port: serving.port, metricsPort: serving.metricsPort }));
  else {
    io.stdout(`信用共享枢纽已就绪 The hub listens on ${serving.url}/graphql`);
    if (serving.samples) {
      const { tour } = await import('./samples.ts');
      for (const line of tour(io.dataDir, serving.url)) io.stdout(line);
    }
  }
  await new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  await serving.close();
  return 0;
};

function urlOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new CommandFault('a port is a number from 0 to 65535');
  return port;
}
