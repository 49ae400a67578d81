import { parseArgs } from 'node:util';
import { signDevelopmentToken } from '../auth/dev-key.ts';
import { startMeasured } from './measured-process.ts';
import { median, spread } from './median.ts';
import { openBenchData, usccOf } from './report/data.ts';
import { runLoad } from './report/load.ts';

// node bench/access-log.ts [--records N] [--requests N] [--rounds N] [--connections N]
// What the access log costs: requests a second of a small query that is logged, and of the same when nothing is written.

const CLIENTS = 16;
/** One subject by its code, with a coordinate of its own records that is not open. */
const QUERY =
  'query ($uscc: UnifiedSocialCreditCode) { subject(uscc: $uscc) { id name orgCode penalties(first: 3) { nodes { documentNo performanceStatus } } } }';

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '20000' },
    requests: { type: 'string', default: '3000' },
    rounds: { type: 'string', default: '9' },
    connections: { type: 'string', default: '16' },
  },
});
const [records, requests, rounds, connections] = [values.records, values.requests, values.rounds, values.connections].map(Number) as [
  number,
  number,
  number,
  number,
];

const data = await openBenchData(records);
const script = new URL('log-process.ts', import.meta.url);
const sides = [
  { name: 'with the log', hub: await startMeasured(script, [data.dataDir, 'with']), perSecond: [] as number[], cpuMs: [] as number[] },
  { name: 'without', hub: await startMeasured(script, [data.dataDir, 'without']), perSecond: [] as number[], cpuMs: [] as number[] },
] as const;
try {
  const clients = Array.from({ length: CLIENTS }, (_, index) => ({ headers: headersOf(index) }));
  const variables = (index: number) => ({ uscc: usccOf((index * 7919) % data.subjects) });
  const load = (url: string, count: number) =>
    runLoad({ url, query: QUERY, variables, clients, requests: count, concurrency: connections });
  for (const { hub } of sides) await load(hub.url, 2000);
  for (let round = 0; round < rounds; round++) {
    for (const { name, hub, perSecond, cpuMs } of sides) {
      const before = (await hub.usage()).cpuMs;
      perSecond.push(requests / (await load(hub.url, requests)));
      cpuMs.push(((await hub.usage()).cpuMs - before) / requests);
      console.error(`round ${round + 1} ${name}: ${perSecond.at(-1)?.toFixed(0)} requests/s, ${cpuMs.at(-1)?.toFixed(3)} ms of CPU`);
    }
  }
  for (const { name, perSecond, cpuMs } of sides)
    console.log(`${name}: ${spread(perSecond, 0)} requests/s; ${spread(cpuMs, 3)} ms of CPU a request`);
  const [logged, bare] = sides;
  const ratios = logged.perSecond.map((each, round) => each / (bare.perSecond[round] ?? Number.NaN));
  console.log(`requests/s with the log / without: ${spread(ratios, 3)}, i.e. ${((1 - median(ratios)) * 100).toFixed(1)} % fewer`);
} finally {
  await Promise.all(sides.map(({ hub }) => hub.stop()));
  data.remove();
}

function headersOf(index: number): Readonly<Record<string, string>> {
  const claims = {
    audience: 'AGENCY',
    orgUscc: '11411502MAW05WG360',
    regionCode: '411502',
    level: 'COUNTY',
    sub: `clerk-${index}`,
    staffId: `clerk-${index}`,
  } as const;
  const token = signDevelopmentToken(data.dataDir, claims, 3600, { now: () => new Date() });
  return { authorization: `Bearer ${token}`, 'hub-purpose': 'LICENSING' };
}
