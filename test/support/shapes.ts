import { openGround, type ServeOptions, type Serving, serve, servePart } from '../../cli/serve.ts';
import { mergeMetrics } from '../../gateway/metrics.ts';
import { listenForMetrics } from '../../gateway/metrics-port.ts';
import { startTurnTakingProxy } from './turn-taking-proxy.ts';

const WORKERS = 2;

/** Serves a hub in the shape that `HUB_TEST_SHAPE` names: `workers`, `distributed` or, without it, one hub. */
export function serveInShape(options: ServeOptions): Promise<Serving> {
  if (process.env.HUB_TEST_SHAPE === 'workers') return serveWithWorkers(options);
  if (process.env.HUB_TEST_SHAPE === 'distributed' && options.subgraph === undefined) return serveInParts(options);
  return serve(options);
}

/** Whole hubs over one store and data folder, which nothing but those connects, and which get the requests by turns. */
async function serveWithWorkers(options: ServeOptions): Promise<Serving> {
  const workers: Serving[] = [];
  const closing: (() => Promise<void>)[] = [];
  const close = async () => {
    await Promise.all(workers.map((worker) => worker.close()));
    for (const end of closing) await end();
  };
  try {
    // One after the other, as a supervisor starts them: the first makes the keys and fills an empty store.
    for (let count = 0; count < WORKERS; count++)
      workers.push(await serve({ ...options, port: 0, metricsPort: undefined, sharers: WORKERS }));
    const proxy = await startTurnTakingProxy(workers.map(({ port }) => port));
    closing.push(proxy.close);
    const printAll = () => mergeMetrics(workers.map((worker) => worker.printMetrics()));
    const metrics = await listenForMetrics(0, printAll);
    closing.push(metrics.close);
    const url = `http://127.0.0.1:${proxy.port}`;
    return { url, port: proxy.port, metricsPort: metrics.port, samples: false, printMetrics: printAll, close, drain: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A gateway and every subgraph, each behind a door of its own: they speak over HTTP as separate processes do. */
async function serveInParts(options: ServeOptions): Promise<Serving> {
  const ground = await openGround(options);
  const parts: Serving[] = [];
  const close = async () => {
    for (const part of parts.reverse()) await part.close();
    await ground.hub.close();
  };
  try {
    // What a test looks for in the log is said at the gateway; a fault of a subgraph is said at the subgraph.
    const log: ServeOptions['log'] = (line) => line.event !== 'request' && line.event !== 'started' && options.log(line);
    for (const { name } of ground.graph.subgraphs)
      parts.push(await servePart(ground, { ...options, subgraph: name, metricsPort: undefined, log }));
    const addresses = ground.graph.subgraphs.map(({ name }, index) => `${name}=${parts[index]?.url}`);
    const gateway = await servePart(ground, { ...options, gateway: { subgraphs: addresses.join() } });
    parts.push(gateway);
    return { ...gateway, close, drain: close };
  } catch (error) {
    await close();
    throw error;
  }
}
