import { signDevelopmentToken } from '../auth/dev-key.ts';
import { startMeasured } from './measured-process.ts';
import { spread } from './median.ts';
import { openBenchData, usccOf } from './report/data.ts';
import { runLoad } from './report/load.ts';
import { REPORT_QUERY } from './report/query.ts';

// node bench/start.ts [records] [runs]: from the start of the process on existing data to the first answer.

const [records = '1000000', runs = '7'] = process.argv.slice(2);
const data = await openBenchData(Number(records));
const listening: number[] = [];
const first: number[] = [];
const second: number[] = [];
try {
  for (let run = 0; run < Number(runs); run++) {
    const hub = await startMeasured(new URL('report/hub-process.ts', import.meta.url), [data.dataDir]);
    const ask = () =>
      runLoad({
        url: hub.url,
        query: REPORT_QUERY,
        variables: () => ({ uscc: usccOf(run) }),
        clients: [{ headers: headers() }],
        requests: 1,
        concurrency: 1,
      });
    listening.push(hub.startMs);
    first.push((await ask()) * 1000);
    second.push((await ask()) * 1000);
    await hub.stop();
  }
} finally {
  data.remove();
}
console.log(
  `${data.records} records: listens after ${spread(listening, 0)} ms; the first report takes ${spread(first, 0)} ms more, the second ${spread(second, 1)} ms`,
);

function headers(): Readonly<Record<string, string>> {
  const claims = { audience: 'AGENCY', orgUscc: '11411502MAW05WG360', regionCode: '411502', level: 'COUNTY', sub: 'clerk' } as const;
  const token = signDevelopmentToken(data.dataDir, claims, 3600, { now: () => new Date() });
  return { authorization: `Bearer ${token}`, 'hub-purpose': 'LICENSING' };
}
