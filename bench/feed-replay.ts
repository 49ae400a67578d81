import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { placeOf, tokenFor } from './feed/readers.ts';
import { openSubscriber } from './feed/subscriber.ts';
import { startMeasured } from './measured-process.ts';
import { spread } from './median.ts';
import { openBenchData } from './report/data.ts';

// node bench/feed-replay.ts [--changes N] [--rounds N]
// How many events a second one subscriber is told that was away while so many records came: ten fields of each, as the supervision of the province.

const TEN_FIELDS = 'id cursor at type recordType recordId changedFields tombstone subject { id } record { id }';
const SUBSCRIPTION = `subscription ($after: Cursor) { changes(after: $after) { __typename ... on Change { ${TEN_FIELDS} } } }`;
const PATIENCE_MS = 600_000;

const { values } = parseArgs({
  options: { changes: { type: 'string', default: '100000' }, rounds: { type: 'string', default: '3' }, profile: { type: 'string' } },
});
const dataDir = mkdtempSync(join(tmpdir(), 'hub-bench-'));
const script = new URL('report/hub-process.ts', import.meta.url);
try {
  const params = { authorization: `Bearer ${tokenFor(dataDir, { audience: 'SUPERVISION', clientId: 'province', regionCode: '410000' })}` };
  const empty = await startMeasured(script, [dataDir]);
  const after = await placeOf(empty.url, params, undefined);
  await empty.stop();
  const { records } = await openBenchData(Number(values.changes), dataDir);
  const node = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
  const hub = await startMeasured(script, [dataDir], node);
  try {
    const perSecond: number[] = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      const before = await hub.usage();
      const seconds = await replay(hub.url, params, after, records);
      const { cpuMs, rssMb } = await hub.usage();
      perSecond.push(records / seconds);
      console.error(
        `round ${round + 1}: ${records} events in ${seconds.toFixed(1)} s, ${((cpuMs - before.cpuMs) / records).toFixed(3)} ms of CPU each, ${rssMb.toFixed(0)} MB`,
      );
    }
    console.log(`${spread(perSecond, 0)} events a second to one subscriber`);
  } finally {
    await hub.stop();
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}

/** Seconds until every record was told once. */
async function replay(url: string, params: Readonly<Record<string, string>>, after: string, records: number): Promise<number> {
  const told = new Set<string>();
  const started = performance.now();
  let last: NodeJS.Timeout | undefined;
  let end: () => void = () => {};
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
    last = setTimeout(() => reject(new Error(`${told.size} of ${records} events were told`)), PATIENCE_MS);
  });
  const subscriber = await openSubscriber({
    url,
    params,
    query: SUBSCRIPTION,
    variables: { after },
    onNext: ({ data, errors }) => {
      const { __typename: kind, recordId, record } = data?.changes ?? {};
      if (errors || kind !== 'Change' || !record) return fail(new Error(`not an event: ${JSON.stringify(errors ?? data)}`));
      if (told.has(recordId)) return fail(new Error('an event that was told twice'));
      told.add(recordId);
      if (told.size === records) end();
    },
    onFault: (what) => fail(new Error(what)),
  });
  try {
    await ended;
  } finally {
    clearTimeout(last);
    subscriber.socket.terminate();
  }
  return (performance.now() - started) / 1000;
}
