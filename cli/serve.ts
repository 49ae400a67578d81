import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { AccessEntry } from '../auth/access-entry.ts';
import { completePrincipal } from '../auth/registry.ts';
import { createTokenVerifier } from '../auth/token.ts';
import { assertDevelopmentKeyAllowed, openTokenIssuers, readTokenSettings } from '../auth/token-settings.ts';
import { type Door, type Limits, openDoor } from '../gateway/door.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import type { Clock } from '../store/port.ts';
import { type AnomalyWatch, watchAnomalies } from '../subgraphs/access/anomalies.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { federate, openGraph, standAlone } from './open-graph.ts';
import { openHub } from './open-hub.ts';

export interface ServeOptions {
  readonly dataDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly host: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  readonly storeUrl?: string | undefined;
  /** One subgraph alone instead of the whole graph. */
  readonly subgraph?: string | undefined;
  readonly samples: boolean;
  readonly clock?: Clock | undefined;
  readonly log: (line: Record<string, unknown>) => void;
}

export interface Serving {
  /** `http://host:port`. */
  readonly url: string;
  readonly port: number;
  readonly metricsPort?: number | undefined;
  /** Tells what to paste, when samples were loaded now or before. */
  readonly samples: boolean;
  close(): Promise<void>;
}

const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1']);

/** Starts a hub, or one subgraph of it, and answers where it listens. @throws CommandFault when it may not start like this */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { dataDir, env, host, log } = options;
  const settings = tokenSettings(options);
  const hub = await openHub({ dataDir, storeUrl: options.storeUrl, clock: options.clock, env });
  try {
    if (options.samples) {
      if (options.storeUrl !== undefined) throw new CommandFault('--samples 只用于内置存储 / --samples is for the embedded store alone');
      const { loadSamples } = await import('./samples.ts');
      await loadSamples(hub);
    }
    const report = (error: unknown) => {
      const incident = randomUUID();
      log({ level: 'error', incident, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return incident;
    };
    const graph = openGraph(hub, settings.registry);
    const anomalies = watchAnomalies((anomaly) => log({ level: 'warn', event: 'access-anomaly', ...anomaly }));
    const record = (entry: AccessEntry) => {
      anomalies.note(entry);
      return hub.accessLog.record(entry);
    };
    const watched = { ...hub, accessLog: { ...hub.accessLog, record } };
    const engine = options.subgraph ? standAlone(graph, watched, options.subgraph) : federate(graph, watched, report);
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
    const list = (name: string) =>
      env[name]
        ?.split(',')
        .map((entry) => entry.trim())
        .filter(Boolean);
    const door: Door = await openDoor({
      engine,
      verify,
      host,
      port: options.port,
      metricsPort: options.metricsPort,
      allowedHosts: list('HUB_ALLOWED_HOSTS'),
      allowedOrigins: list('HUB_ALLOWED_ORIGINS'),
      limits: rateLimits(env),
      ready,
      ide: env.HUB_IDE ? env.HUB_IDE === 'on' : settings.issuers.length === 0,
      log,
      clock: hub.clock,
      moreMetrics: () => anomalyMetrics(anomalies),
    });
    hub.effects.start();
    log({ level: 'info', event: 'started', url: urlOf(host, door.port), today: shanghaiToday(hub.clock.now()), policy: graph.policy.hash });
    return {
      url: urlOf(host, door.port),
      port: door.port,
      metricsPort: door.metricsPort,
      samples: options.samples,
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

function anomalyMetrics(anomalies: AnomalyWatch): readonly string[] {
  return [
    '# HELP hub_access_anomalies_total Organisations that asked, or were refused, far more in an hour than they use to.',
    '# TYPE hub_access_anomalies_total counter',
    ...Object.entries(anomalies.counts()).map(([kind, count]) => `hub_access_anomalies_total{kind="${kind}"} ${count}`),
  ];
}

function tokenSettings({ env, host, storeUrl }: ServeOptions): ReturnType<typeof readTokenSettings> {
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

/** `HUB_RATE_PUBLIC` and `HUB_RATE_CLIENT`: requests a second of one address without a token, and of one client; ten times as many at once. */
function rateLimits(env: NodeJS.ProcessEnv): Partial<Limits> {
  const rate = (name: string) => {
    const perSecond = Number(env[name]);
    return perSecond > 0 ? { perSecond, burst: perSecond * 10 } : undefined;
  };
  const publicRate = rate('HUB_RATE_PUBLIC');
  const clientRate = rate('HUB_RATE_CLIENT');
  return { ...(publicRate ? { publicRate } : {}), ...(clientRate ? { clientRate } : {}) };
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function portOf(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new CommandFault('a port is a number from 0 to 65535');
  return port;
}
