import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../auth/dev-key.ts';
import { readCatalogueFiles } from '../cli/catalogue-files.ts';
import { subgraphExtras } from '../cli/graph.ts';
import { readCatalogue } from '../schema/read-catalogue.ts';
import { type MeasuredProcess, startMeasured } from './measured-process.ts';
import { median, spread } from './median.ts';
import { openBenchData, usccOf } from './report/data.ts';
import { type Client, runLoad } from './report/load.ts';
import { countLeaves, REPORT_QUERY } from './report/query.ts';
import { REPORT_SUBGRAPHS } from './report/stock-graph.ts';

// node bench/distributed.ts [--records N] [--requests N] [--rounds N] [--subjects N] [--profile FOLDER]
// CPU of the gateway process alone for one report over HTTP: `hub serve gateway`, and a stock Apollo gateway, before the same subgraph processes.

const CONCURRENCY = 8;
const CLIENTS = 32;
const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '20000' },
    requests: { type: 'string', default: '300' },
    rounds: { type: 'string', default: '7' },
    subjects: { type: 'string', default: '200' },
    profile: { type: 'string' },
  },
});
const [requests, rounds] = [Number(values.requests), Number(values.rounds)];

const data = await openBenchData(Number(values.records));
const script = new URL('report/hub-process.ts', import.meta.url);
const running: MeasuredProcess[] = [];
const start = async (file: URL, args: readonly string[], flags: readonly string[] = []) => {
  const started = await startMeasured(file, args, flags);
  running.push(started);
  return started;
};
try {
  const addresses: (readonly [string, string])[] = [];
  for (const name of subgraphNames()) addresses.push([name, (await start(script, [data.dataDir, 'subgraph', name])).url]);
  const listed = addresses.map(([name, url]) => `${name}=${url.replace('/graphql', '')}`);
  const profiling = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${values.profile}`] : [];
  const hub = await start(script, [data.dataDir, 'gateway', listed.join()], profiling);
  const asked = addresses.filter(([name]) => (REPORT_SUBGRAPHS as readonly string[]).includes(name));
  const stock = await start(
    new URL('report/stock-gateway.ts', import.meta.url),
    asked.map((address) => address.join('=')),
  );
  const sides = [
    { name: 'hub serve gateway', gateway: hub, cpuMs: [] as number[] },
    { name: 'stock gateway', gateway: stock, cpuMs: [] as number[] },
  ] as const;

  const clients = callers();
  const subjects = Math.min(Number(values.subjects), data.subjects);
  const variables = (index: number) => ({ uscc: usccOf((index * 7919) % subjects) });
  const load = (url: string, count: number, onAnswer?: (body: string) => void) =>
    runLoad({ url, query: REPORT_QUERY, variables, clients, requests: count, concurrency: CONCURRENCY, onAnswer });
  for (const { name, gateway } of sides)
    console.log(`${name}: ${await warmUp((onAnswer) => load(gateway.url, 2000, onAnswer))} values in an answer`);
  for (let round = 0; round < rounds; round++) {
    for (const { name, gateway, cpuMs } of sides) {
      const before = (await gateway.usage()).cpuMs;
      await load(gateway.url, requests);
      cpuMs.push(((await gateway.usage()).cpuMs - before) / requests);
      console.error(`round ${round + 1} ${name}: ${cpuMs.at(-1)?.toFixed(3)} ms of the gateway's CPU a request`);
    }
  }
  for (const { name, cpuMs } of sides) console.log(`${name}: ${spread(cpuMs, 3)} ms of the gateway's CPU a request`);
  const ratios = sides[0].cpuMs.map((each, round) => each / (sides[1].cpuMs[round] ?? Number.NaN));
  console.log(`hub / stock: ${spread(ratios, 3)}, median ${median(ratios).toFixed(3)}`);
} finally {
  await Promise.all(running.map((each) => each.stop()));
  data.remove();
}

/** Every answer has to have the same number of values, and no error. */
async function warmUp(load: (onAnswer: (body: string) => void) => Promise<number>): Promise<number> {
  const counts = new Set<number>();
  await load((body) => {
    const answer = JSON.parse(body);
    if (answer.errors) throw new Error(body.slice(0, 1000));
    counts.add(countLeaves(answer.data));
  });
  if (counts.size !== 1) throw new Error(`answers with ${[...counts].join(', ')} values`);
  return [...counts][0] ?? 0;
}

function subgraphNames(): readonly string[] {
  const files = readCatalogueFiles({});
  return [...new Set([...files.map(({ subgraph }) => subgraph), ...Object.keys(subgraphExtras(readCatalogue(files)))])];
}

function callers(): readonly Client[] {
  const clock = { now: () => new Date() };
  return Array.from({ length: CLIENTS }, (_, index): Client => {
    const claims = {
      audience: 'AGENCY',
      orgUscc: '11411502MAW05WG360',
      regionCode: '411502',
      level: 'COUNTY',
      sub: `clerk-${index}`,
    } as const;
    return { headers: { authorization: `Bearer ${signDevelopmentToken(data.dataDir, claims, 3600, clock)}`, 'hub-purpose': 'LICENSING' } };
  });
}
