import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signDevelopmentToken } from '../../auth/dev-key.ts';
import type { Audience } from '../../auth/principal.ts';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import type { ServeOptions, Serving } from '../../cli/serve.ts';
import type { Clock } from '../../store/port.ts';
import type { RowOutcome } from '../../subgraphs/kit/record-engine/rows.ts';
import { serveInShape } from './shapes.ts';
import { dropStore, storeSettings } from './test-store.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Answers are foreign data; tests say what they expect of them.
  // biome-ignore lint/suspicious/noExplicitAny: a test reads whatever the hub answers
  readonly body: any;
}

export interface Asking {
  readonly token?: string | undefined;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
}

export interface TestHub {
  readonly url: string;
  readonly dataDir: string;
  /** With this environment another hub, or a command, finds the same store. */
  readonly env: Readonly<Record<string, string>>;
  /** Rows by item names, as the operator's import takes them; returns what became of each. */
  load(typeCode: string, rows: readonly Readonly<Record<string, unknown>>[], source?: string): Promise<readonly RowOutcome[]>;
  /** Lets the clock of windows look at the day now. */
  turnWindows(): Promise<void>;
  token(audience: Exclude<Audience, 'PUBLIC'>, claims?: Readonly<Record<string, unknown>>): string;
  ask(query: string, asking?: Asking): Promise<Answer>;
  /** What `/metrics` prints. */
  metrics(): Promise<string>;
  /** The lines of the technical log so far. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  close(): Promise<void>;
}

export interface TestHubOptions {
  readonly clock?: Clock;
  readonly env?: Readonly<Record<string, string>>;
  readonly subgraph?: string;
  /** An existing data folder, which is then left in place. */
  readonly dataDir?: string;
}

/** More than any test asks for; a clock that stands still gives nothing back. */
export const RATES = {
  HUB_RATE_PUBLIC: '100000',
  HUB_RATE_CLIENT: '100000',
  HUB_RATE_OBJECTS: '100000',
  HUB_RATE_OBJECT: '100000',
  HUB_RATE_NUMBER: '100000',
  HUB_RATE_PERSON: '100000',
};

/** A whole hub on a free port over a real store in a temporary folder, asked over HTTP as a client would. */
export async function startHub(options: TestHubOptions = {}): Promise<TestHub> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'hub-')));
  const clock = options.clock ?? { now: () => new Date() };
  const env = { ...RATES, ...storeSettings(dataDir, options.env), ...options.env };
  const lines: Readonly<Record<string, unknown>>[] = [];
  const serveOptions: ServeOptions = {
    dataDir,
    env,
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    subgraph: options.subgraph,
    samples: false,
    clock,
    log: (line) => void lines.push(line),
  };
  const serving: Serving = await serveInShape(serveOptions);
  // The operator's import is another process; it has its own connections to the same store.
  const hub: Hub = await openHub({ dataDir, clock, env, untouched: true });
  return {
    url: serving.url,
    dataDir,
    env,
    load: (typeCode, rows, source) => importRows(hub, { typeCode, rows, source }),
    turnWindows: () => hub.windows.turn(),
    token: (audience, claims) => tokenOf(dataDir, clock, { audience, ...claims }),
    ask: (query, asking) => askAt(serving.url, query, asking),
    metrics: async () => (await fetch(`http://127.0.0.1:${serving.metricsPort}/metrics`)).text(),
    lines,
    async close() {
      await serving.close();
      await hub.close();
      if (options.dataDir) return;
      await dropStore(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

interface ImportedRows {
  readonly typeCode: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly source?: string | undefined;
}

/** Takes rows by item names as the operator's import does, and lets follow from them what follows. */
export async function importRows(hub: Hub, { typeCode, rows, source }: ImportedRows): Promise<readonly RowOutcome[]> {
  const type = hub.catalogue.types.find(({ code }) => code === typeCode);
  if (!type) throw new Error(`there is no type ${typeCode}`);
  const outcomes = await hub.engine.submit(
    type,
    rows.map((values, index) => ({ row: index + 1, values })),
    { source, actor: 'test', mode: 'MANUAL', viaToken: false },
  );
  await hub.effects.settle();
  return outcomes;
}

/** Asks the hub at this address. */
export async function askAt(url: string, query: string, { token, purpose, matter, headers = {}, variables }: Asking = {}): Promise<Answer> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/graphql-response+json',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(purpose ? { 'hub-purpose': purpose } : {}),
      ...(matter ? { 'hub-matter': matter } : {}),
      ...headers,
    },
    body: JSON.stringify({ query, variables }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** A token that the hub over this data folder trusts for an hour of the clock. */
export function tokenOf(
  dataDir: string,
  clock: Clock,
  claims: Readonly<Record<string, unknown>> & { readonly audience: Exclude<Audience, 'PUBLIC'> },
): string {
  return signDevelopmentToken(dataDir, { sub: 'test', ...claims }, 3600, clock);
}
