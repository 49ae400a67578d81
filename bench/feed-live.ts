import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type ChangeFilter, isTold, placeOf, READERS, type Reader, subscription, tokenFor } from './feed/readers.ts';
import { indexOf, REGIONS, subjectOf, submitter, TYPES } from './feed/sources.ts';
import { openSubscriber, type Subscriber } from './feed/subscriber.ts';
import { startMeasured } from './measured-process.ts';
import { openBenchData } from './report/data.ts';

// node bench/feed-live.ts [--subscribers N] [--changes N a second] [--at-once N records in a submission] [--seconds N] [--records N] [--long] [--stopped N]
// How soon subscribers over WebSocket are told of records that a department submits, whether everybody is told of everything once, and what the hub holds meanwhile.
// Ten systems, each with an access profile of its own, whose subscribers have filters by district and type in turn, so that one change concerns a tenth of all.
// With --long each penalty tells its facts at length. With --stopped so many of them, who ask for everything, read nothing more after the first change.

const { values } = parseArgs({
  options: {
    subscribers: { type: 'string', default: '2000' },
    changes: { type: 'string', default: '50' },
    'at-once': { type: 'string', default: '5' },
    seconds: { type: 'string', default: '60' },
    records: { type: 'string', default: '20000' },
    long: { type: 'boolean', default: false },
    stopped: { type: 'string', default: '0' },
    profile: { type: 'string' },
  },
});
const count = Number(values.subscribers);
const perSecond = Number(values.changes);
const changes = perSecond * Number(values.seconds);
const stopped = Number(values.stopped);
const atOnce = Number(values['at-once']);
const OPENED_AT_ONCE = 50;
const SUBSCRIPTION = subscription(values.long ? 'documentNo authority violationFacts' : 'documentNo authority');
const EVERYTHING: ChangeFilter = { recordTypes: TYPES.map(({ code }) => code), regions: REGIONS };
const LAST_MS = 60_000;
/** From the first change until a reader that takes nothing has been ended: what the kernel keeps for it, and then twice the time of a slow reader. */
const ENDED_MS = 150_000;
const END_MS = 5_000;
const LONG_TEXT = '经查，当事人货架上陈列待售的糕点超过保质期，货值金额310元，当事人未能提供进货查验记录。'.repeat(40);

interface Reading {
  readonly told: Set<number>;
  readonly reader: Reader;
  readonly filter: ChangeFilter;
  /** How many of the changes it has to be told. */
  readonly expected: number;
  readonly isStopped: boolean;
  subscriber?: Subscriber;
}

const data = await openBenchData(Number(values.records));
const node = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const hub = await startMeasured(new URL('report/hub-process.ts', import.meta.url), [data.dataDir], node);
let isOver = false;
const submittedAt: number[] = [];
const sinceSubmitted: number[] = [];
const sinceChanged: number[] = [];
const faults = new Map<string, number>();
const fault = (what: string) => void faults.set(what, (faults.get(what) ?? 0) + 1);
try {
  const readings: readonly Reading[] = Array.from({ length: count }, (_, index) => readingOf(index));
  await openAll(readings);
  const before = await hub.usage();
  console.error(`${count} subscribers stand; the hub holds ${before.rssMb.toFixed(0)} MB`);
  let most = before.rssMb;
  const watching = setInterval(() => {
    hub.usage().then(({ rssMb }) => {
      most = Math.max(most, rssMb);
    });
  }, 1000);
  const started = performance.now();
  await submitAll();
  const submitted = (performance.now() - started) / 1000;
  const reading = readings.filter(({ isStopped }) => !isStopped);
  const last = performance.now() + LAST_MS;
  while (!reading.every(({ told, expected }) => told.size === expected) && performance.now() < last) await sleep(100);
  const told = (performance.now() - started) / 1000;
  clearInterval(watching);
  const after = await hub.usage();
  const wanted = reading.reduce((sum, { expected }) => sum + expected, 0);
  const delivered = reading.reduce((sum, { told: { size } }) => sum + size, 0);
  console.log(
    `${changes} changes in ${submitted.toFixed(1)} s; ${delivered} of ${wanted} deliveries, the last after ${told.toFixed(1)} s; ${[...faults].map(([what, times]) => `${times} x ${what}`).join('; ') || 'no faults'}`,
  );
  console.log(`from the sending of the submission to its delivery: ${quantiles(sinceSubmitted)}`);
  console.log(`from the change to its delivery: ${quantiles(sinceChanged)}`);
  console.log(
    `the hub held at most ${Math.max(most, after.rssMb).toFixed(0)} MB and spent ${((after.cpuMs - before.cpuMs) / told / 10).toFixed(0)} % of a core`,
  );
  if (stopped > 0) {
    await sleep(Math.max(0, started + ENDED_MS - performance.now()));
    console.log(`of ${stopped} that stopped reading the hub has ended ${await countEnded(readings)}`);
  }
  for (const { subscriber } of readings) subscriber?.socket.terminate();
} finally {
  await hub.stop();
  data.remove();
}

async function openAll(readings: readonly Reading[]): Promise<void> {
  const places = new Map<string, string>();
  for (let from = 0; from < readings.length; from += OPENED_AT_ONCE) {
    const some = readings.slice(from, from + OPENED_AT_ONCE);
    await Promise.all(some.map((reading) => open(reading, places)));
  }
}

/** Subscribers of the systems in turn. */
function readingOf(index: number): Reading {
  const reader = READERS[index % READERS.length];
  if (!reader) throw new Error('nobody reads');
  const isStopped = index < stopped;
  const filter = isStopped ? EVERYTHING : reader.filter(Math.floor(index / READERS.length));
  const expected = Array.from({ length: changes }, (_, change) => subjectOf(Math.floor(change / atOnce))).filter((of) =>
    isTold(filter, of),
  ).length;
  return { reader, filter, expected, told: new Set(), isStopped };
}

async function open(reading: Reading, places: Map<string, string>): Promise<void> {
  const { claims, purpose } = reading.reader;
  const params = { authorization: `Bearer ${tokenFor(data.dataDir, claims)}`, ...(purpose !== undefined && { 'hub-purpose': purpose }) };
  const key = JSON.stringify([claims, purpose, reading.filter]);
  const after = places.get(key) ?? (await placeOf(hub.url, params, reading.filter));
  places.set(key, after);
  reading.subscriber = await openSubscriber({
    url: hub.url,
    params,
    query: SUBSCRIPTION,
    variables: { after, where: reading.filter },
    onNext: ({ data: delivered, errors }) => {
      const now = Date.now();
      const { __typename: kind, at, record } = delivered?.changes ?? {};
      if (errors || kind !== 'Change' || !record?.documentNo)
        return fault(`an answer without its record: ${JSON.stringify(errors ?? delivered)}`);
      const told = indexOf(record.documentNo);
      if (reading.told.has(told)) fault('a change that was told twice');
      reading.told.add(told);
      if (reading.isStopped) return isOver || reading.subscriber?.socket.pause();
      sinceSubmitted.push(now - (submittedAt[told] ?? Number.NaN));
      sinceChanged.push(now - Date.parse(at));
    },
    onFault: fault,
  });
}

/** Whoever does not read does not see either that its connection has ended: it reads again to find out. */
async function countEnded(readings: readonly Reading[]): Promise<number> {
  isOver = true;
  const patience = sleep(END_MS).then(() => undefined);
  const subscribers = readings.flatMap(({ isStopped, subscriber }) => (isStopped && subscriber ? [subscriber] : []));
  for (const { socket } of subscribers) socket.resume();
  const codes = await Promise.all(subscribers.map(({ ended }) => Promise.race([ended, patience])));
  return codes.filter((code) => code !== undefined).length;
}

/** At an even pace; a submission does not wait for the one before. */
async function submitAll(): Promise<void> {
  const token = (claims: Parameters<typeof tokenFor>[1]) => tokenFor(data.dataDir, claims);
  const submit = submitter({ url: hub.url, token, text: values.long ? LONG_TEXT : undefined });
  const started = performance.now();
  const sent: Promise<void>[] = [];
  for (let from = 0; from < changes; from += atOnce) {
    await sleep(Math.max(0, started + (from * 1000) / perSecond - performance.now()));
    const indexes = Array.from({ length: Math.min(atOnce, changes - from) }, (_, index) => from + index);
    for (const index of indexes) submittedAt[index] = Date.now();
    sent.push(submit(from / atOnce, indexes).catch((error: unknown) => fault(String(error))));
  }
  await Promise.all(sent);
}

function quantiles(milliseconds: readonly number[]): string {
  const sorted = [...milliseconds].sort((one, other) => one - other);
  const at = (part: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN).toFixed(0);
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, at most ${at(1)} ms`;
}
