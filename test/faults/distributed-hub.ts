import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
import { type Supervised, supervise } from './supervised.ts';

export const SUBGRAPHS = ['subjects', 'records', 'lists', 'commitments', 'repairs', 'access', 'tax', 'changes'] as const;
/** How long the gateway waits for a subgraph. */
export const TIMEOUT_MS = 4000;
/** The one whose connections and clock are disturbed. */
export const STRUCK = 'records';

/** A gateway and eight subgraphs, each a supervised process. */
export interface DistributedHub {
  readonly url: string;
  readonly gateway: Supervised;
  readonly subgraphs: ReadonlyMap<string, Supervised>;
  /** Between the gateway and the struck subgraph. */
  readonly link: StallingProxy;
  /** Between the struck subgraph and its database; none where the store is a file. */
  readonly database: StallingProxy | undefined;
  /** Puts the clock of a process forth or back by so many milliseconds. */
  setClock(whose: 'gateway' | typeof STRUCK, shift: number): Promise<void>;
  /** Replaces the supergraph of the gateway by an equal one of another hash, which is returned. */
  replaceSupergraph(): Promise<string>;
  /** The folder of further department files of the gateway. */
  readonly departments: string;
  stop(): Promise<void>;
}

export interface DistributedPlace {
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  /** Port of the server that `HUB_STORE` names. */
  readonly databasePort: number | undefined;
}

const GENERATED = 'schema/generated';
const CLOCK = new URL('./shifted-clock.ts', import.meta.url).href;

export async function startDistributedHub({ dataDir, env, databasePort }: DistributedPlace): Promise<DistributedHub> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    await Promise.all(stops.map((end) => end()));
  };
  const [supergraph, departments] = [join(dataDir, 'supergraph'), join(dataDir, 'departments')];
  const clockFile = (whose: string) => join(dataDir, `clock-of-${whose}`);
  const started = async (args: readonly string[], clockOf: string, more: Readonly<Record<string, string>> = {}) => {
    await writeFile(clockFile(clockOf), '0');
    const shifted = { node: ['--import', CLOCK], env: { ...env, FAULT_CLOCK: clockFile(clockOf), ...more } };
    const process = await supervise([...args, '--data', dataDir], shifted);
    stops.push(() => process.stop());
    return process;
  };
  const proxied = async (port: number) => {
    const proxy = await startStallingProxy(port);
    stops.push(() => proxy.close());
    return proxy;
  };
  try {
    await Promise.all([supergraph, departments].map((folder) => mkdir(folder)));
    for (const name of ['supergraph.graphql', 'policy.json']) await copyFile(join(GENERATED, name), join(supergraph, name));
    const database = databasePort === undefined ? undefined : await proxied(databasePort);
    const store = (name: string): Readonly<Record<string, string>> =>
      name === STRUCK && database ? { HUB_STORE: throughProxy(env.HUB_STORE ?? '', database) } : {};
    const served = await Promise.all(SUBGRAPHS.map((name) => started(['subgraph', name], name, store(name))));
    const subgraphs = new Map(SUBGRAPHS.map((name, index) => [name, served[index] as Supervised]));
    const link = await proxied(subgraphs.get(STRUCK)?.port ?? 0);
    const addresses = SUBGRAPHS.map((name) => `${name}=${name === STRUCK ? `http://127.0.0.1:${link.port}` : subgraphs.get(name)?.url}`);
    const gateway = await started(['gateway', '--subgraphs', addresses.join()], 'gateway', {
      HUB_SUPERGRAPH: supergraph,
      HUB_DEPARTMENTS: departments,
      HUB_SUBGRAPH_TIMEOUT: String(TIMEOUT_MS),
    });
    return {
      url: gateway.url,
      gateway,
      subgraphs,
      link,
      database,
      departments,
      setClock: (whose, shift) => writeFile(clockFile(whose), String(shift)),
      replaceSupergraph: () => replaceSupergraph(supergraph),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function throughProxy(store: string, { port }: StallingProxy): string {
  const url = new URL(store);
  url.host = `127.0.0.1:${port}`;
  url.search = '?directConnection=true';
  return url.href;
}

async function replaceSupergraph(folder: string): Promise<string> {
  const [sdlFile, policyFile] = [join(folder, 'supergraph.graphql'), join(folder, 'policy.json')];
  const sdl = `${await readFile(sdlFile, 'utf8')}\n# another one\n`;
  const supergraph = createHash('sha256').update(sdl).digest('hex').slice(0, 32);
  const policy = JSON.parse(await readFile(policyFile, 'utf8'));
  await writeFile(sdlFile, sdl);
  await writeFile(policyFile, JSON.stringify({ ...policy, supergraph }));
  return supergraph;
}
