import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../auth/dev-key.ts';
import { type MeasuredProcess, startMeasured, type Usage } from './measured-process.ts';
import { median, spread } from './median.ts';
import { type BenchData, openBenchData, usccOf } from './report/data.ts';
import { type Client, runLoad } from './report/load.ts';
import { countLeaves, REPORT_QUERY } from './report/query.ts';
import { REPORT_SUBGRAPHS } from './report/stock-graph.ts';

// node bench/report-query.ts [--against stock|open] [--records N] [--requests N] [--rounds N] [--subjects N] [--as public|agency] [--only hub|other] [--profile FOLDER]
// CPU time of all processes, and requests a second, for one report over one subject: this hub with disclosure on, and either a stock Apollo gateway over
// HTTP without, or this hub under a table in which everything is open.

const CONCURRENCY = 8;
const CLIENTS = 32;

const { values: options } = parseArgs({
  options: {
    records: { type: 'string', default: '1000000' },
    requests: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '9' },
    subjects: { type: 'string', default: '200' },
    as: { type: 'string', default: 'agency' },
    only: { type: 'string' },
    against: { type: 'string', default: 'stock' },
    profile: { type: 'string' },
  },
});

/** One of the two that are compared. */
interface Side {
  readonly name: string;
  readonly url: string;
  readonly processes: readonly MeasuredProcess[];
  readonly clients: readonly Client[];
}
interface Round {
  readonly cpuMs: number;
  readonly perSecond: number;
}

const data = await openBenchData(Number(options.records));
const sides: Side[] = [];
try {
  if (options.only !== 'other') sides.push(await startHub(data, 'hub'));
  if (options.only !== 'hub') sides.push(await (options.against === 'open' ? startHub(data, 'open table') : startStock(data)));
  await measure(sides, Number(options.requests), Number(options.rounds));
} finally {
  await Promise.all(sides.flatMap(({ processes }) => processes.map((running) => running.stop())));
  data.remove();
}

async function measure(compared: readonly Side[], requests: number, rounds: number): Promise<void> {
  const leaves: number[] = [];
  for (const side of compared) leaves.push(await warmUp(side));
  // Under an open table there is more to answer.
  if (options.against !== 'open' && new Set(leaves).size !== 1) throw new Error(`the answers differ: ${leaves.join(' and ')} values`);
  console.log(
    `${data.records} records, ${data.subjects} subjects; ${leaves.join(' and ')} values in an answer; ${requests} requests a round, ${CONCURRENCY} at once, as ${options.as}`,
  );
  const results = new Map<string, Round[]>(compared.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const side of compared) {
      const before = await usageOf(side);
      const seconds = await runLoad({ ...load(side), requests });
      const cpuMs = ((await usageOf(side)).cpuMs - before.cpuMs) / requests;
      results.get(side.name)?.push({ cpuMs, perSecond: requests / seconds });
      console.error(
        `round ${round + 1} ${side.name}: ${cpuMs.toFixed(3)} ms of CPU a request, ${(requests / seconds).toFixed(0)} requests/s`,
      );
    }
  }
  for (const side of compared) {
    const own = results.get(side.name) ?? [];
    const { rssMb } = await usageOf(side);
    console.log(
      `${side.name}: ${spread(
        own.map(({ cpuMs }) => cpuMs),
        3,
      )} ms of CPU a request; ${spread(
        own.map(({ perSecond }) => perSecond),
        0,
      )} requests/s; ${rssMb.toFixed(0)} MB in ${side.processes.length} process(es)`,
    );
  }
  const [hub, other] = compared.map(({ name }) => results.get(name) ?? []);
  if (!hub || !other) return;
  const between = `${compared[0]?.name} / ${compared[1]?.name}`;
  const cpu = hub.map(({ cpuMs }, round) => cpuMs / (other[round]?.cpuMs ?? Number.NaN));
  console.log(`CPU of ${between}: ${spread(cpu, 4)}, i.e. one ${(1 / median(cpu)).toFixed(1)}th`);
  const rate = hub.map(({ perSecond }, round) => perSecond / (other[round]?.perSecond ?? Number.NaN));
  console.log(`requests/s of ${between}: ${spread(rate, 4)}`);
}

/** The same subjects for both, the same in every round. */
function load({ url, clients }: Side) {
  const asked = Math.min(Number(options.subjects), data.subjects);
  const step = Math.floor(data.subjects / asked);
  // 7919 is prime: neighbours in the file do not follow each other.
  const variables = (index: number) => ({ uscc: usccOf((((index * 7919) % asked) * step) % data.subjects) });
  return { url, query: REPORT_QUERY, variables, clients, concurrency: CONCURRENCY };
}

/** Lets the compilers settle; every answer has to have the same number of values, and no error. */
async function warmUp(side: Side): Promise<number> {
  const counts = new Set<number>();
  const onAnswer = (body: string) => {
    const answer = JSON.parse(body);
    if (answer.errors) throw new Error(`${side.name}: ${body.slice(0, 1000)}`);
    counts.add(countLeaves(answer.data));
  };
  await runLoad({ ...load(side), requests: 1000, onAnswer });
  if (counts.size !== 1) throw new Error(`${side.name} answers with ${[...counts].join(', ')} values`);
  return [...counts][0] ?? 0;
}

async function usageOf({ processes }: Side): Promise<Usage> {
  const all = await Promise.all(processes.map((running) => running.usage()));
  return { cpuMs: all.reduce((sum, { cpuMs }) => sum + cpuMs, 0), rssMb: all.reduce((sum, { rssMb }) => sum + rssMb, 0) };
}

async function startHub({ dataDir }: BenchData, name: 'hub' | 'open table'): Promise<Side> {
  const flags = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${options.profile}`] : [];
  const hub = await startMeasured(new URL('report/hub-process.ts', import.meta.url), [dataDir, name], flags);
  console.log(`${name}: listened after ${hub.startMs.toFixed(0)} ms and holds ${(await hub.usage()).rssMb.toFixed(0)} MB`);
  return { name, url: hub.url, processes: [hub], clients: callers(dataDir) };
}

async function startStock({ dataDir }: BenchData): Promise<Side> {
  const script = new URL('report/stock-subgraph.ts', import.meta.url);
  const subgraphs = await Promise.all(REPORT_SUBGRAPHS.map((name) => startMeasured(script, [name, dataDir])));
  const urls = REPORT_SUBGRAPHS.map((name, index) => `${name}=${subgraphs[index]?.url}`);
  const gateway = await startMeasured(new URL('report/stock-gateway.ts', import.meta.url), urls);
  return { name: 'stock', url: gateway.url, processes: [gateway, ...subgraphs], clients: [{ headers: {} }] };
}

/** Several, because the hub counts the objects that each one asks for. */
function callers(dataDir: string): readonly Client[] {
  const clock = { now: () => new Date() };
  return Array.from({ length: CLIENTS }, (_, index): Client => {
    if (options.as === 'public') return { headers: {}, localAddress: `127.0.1.${index + 1}` };
    const claims = {
      audience: 'AGENCY',
      orgUscc: '11411502MAW05WG360',
      regionCode: '411502',
      level: 'COUNTY',
      sub: `clerk-${index}`,
    } as const;
    const token = signDevelopmentToken(dataDir, claims, 3600, clock);
    return { headers: { authorization: `Bearer ${token}`, 'hub-purpose': 'LICENSING' } };
  });
}
