import { type Ground, openGround, type ServeOptions, type Serving, servePart } from '../../cli/serve.ts';
import { RATES } from '../support/hub.ts';
import { storeSettings } from '../support/test-store.ts';

type Environment = Readonly<Record<string, string>>;
type Line = Readonly<Record<string, unknown>>;

/** The parts of one hub on a data folder, each behind a door of its own. */
export interface Parts {
  readonly names: readonly string[];
  /** A subgraph; on the port of one that was closed, if it is told. */
  subgraph(name: string, port?: number): Promise<Serving>;
  /** A gateway over subgraphs at these addresses, and the lines of its log. */
  gateway(
    addresses: ReadonlyMap<string, string>,
    env?: Environment,
  ): Promise<{ readonly serving: Serving; readonly lines: readonly Line[] }>;
  /** Closes what is still open. */
  close(): Promise<void>;
}

export async function openParts(dataDir: string, env: Environment = {}): Promise<Parts> {
  const all = { ...RATES, ...storeSettings(dataDir, env), ...env };
  const base: ServeOptions = { dataDir, env: all, host: '127.0.0.1', port: 0, samples: false, log: () => {} };
  const ground: Ground = await openGround(base);
  const open = new Set<Serving>();
  const served = async (options: ServeOptions) => {
    const serving = await servePart(ground, options);
    const close = async () => {
      open.delete(opened);
      await serving.close();
    };
    const opened: Serving = { ...serving, close };
    open.add(opened);
    return opened;
  };
  return {
    names: ground.graph.subgraphs.map(({ name }) => name),
    subgraph: (name, port = 0) => served({ ...base, subgraph: name, port }),
    async gateway(addresses, more = {}) {
      const lines: Line[] = [];
      const subgraphs = [...addresses].map((pair) => pair.join('=')).join();
      const log = (line: Line) => void lines.push(line);
      return { serving: await served({ ...base, env: { ...all, ...more }, gateway: { subgraphs }, log }), lines };
    },
    async close() {
      for (const serving of open) await serving.close();
      await ground.hub.close();
    },
  };
}
