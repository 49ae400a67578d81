import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openMongoStore } from '../../store/mongodb/open-store.ts';
import { COLLECTIONS } from '../conformance/documents.ts';
import { startWriter } from '../conformance/start-writer.ts';
import { type ReplicaSet, startReplicaSet } from '../support/replica-set.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
import { auditRun, type Outcome } from './audit-run.ts';
import { type FaultRow, reportFaults, rowOf } from './fault-table.ts';

const ROUNDS = process.env.HUB_TEST_LONG ? 5 : 1;
const ADAPTER = { module: new URL('../../store/mongodb/open-store.ts', import.meta.url).href, exported: 'openMongoStore' };

const set: ReplicaSet | undefined = await startReplicaSet();
if (!set) process.stderr.write('NO MONGODB HERE: its faults were not tried (mongod on the path)\n');
const rows: FaultRow[] = [];

afterAll(async () => {
  await set?.stop();
  if (rows.length > 0) reportFaults('mongodb', rows);
}, 60_000);

type Writer = ReturnType<typeof startWriter>;
interface Fault {
  readonly name: string;
  /** What happens in the middle of the writing; when it is over, the writing goes on. */
  readonly strike: (members: ReplicaSet, writer: Writer, proxy: StallingProxy) => Promise<void>;
  /** How long a call waits; 30 seconds unless told. */
  readonly patienceMs?: number;
  /** The writer's only connection is the one that stalls. */
  readonly proxied?: boolean;
  /** The writer does not outlive it. */
  readonly endsWriter?: boolean;
}

const FAULTS: readonly Fault[] = [
  { name: 'the primary steps down', strike: (members) => members.stepDown() },
  { name: 'kill -9 of the primary', strike: async (members) => members.kill(await members.primary()) },
  { name: 'kill -9 of a secondary', strike: async (members) => members.kill(await secondaryOf(members)) },
  { name: 'kill -9 of the writing process', strike: async (_members, writer) => writer.kill(), endsWriter: true },
  {
    name: 'no majority for longer than the hub waits',
    patienceMs: 2000,
    async strike(members, writer) {
      await members.kill(await secondaryOf(members));
      await members.kill(await secondaryOf(members));
      await writer.failed(writer.failures().length + 1);
      await members.heal();
    },
  },
  {
    name: 'the connection stalls for a second and goes on',
    proxied: true,
    async strike(_members, _writer, proxy) {
      proxy.stall();
      await sleep(1000);
      proxy.resume();
    },
  },
  {
    name: 'the connection stalls and breaks',
    proxied: true,
    async strike(_members, _writer, proxy) {
      proxy.stall();
      await sleep(300);
      proxy.sever();
    },
  },
  {
    name: 'answers of the database are lost, and the connection breaks',
    proxied: true,
    async strike(_members, _writer, proxy) {
      proxy.silence();
      await sleep(300);
      proxy.sever();
    },
  },
  {
    name: 'the connection stalls for longer than the hub waits',
    proxied: true,
    patienceMs: 2000,
    async strike(_members, writer, proxy) {
      proxy.stall();
      const since = performance.now();
      await writer.failed(writer.failures().length + 1);
      // No other connection can be had meanwhile: what is told in the end is told within seconds.
      expect(performance.now() - since).toBeLessThan(15_000);
      proxy.sever();
    },
  },
];

if (set) {
  describe('a store on three members', () => {
    it.each(FAULTS)(
      'has lost nothing and nothing twice or by half: $name',
      async (fault) => {
        const outcomes: Outcome[] = [];
        for (let round = 0; round < ROUNDS; round += 1) outcomes.push(await tryOnce(set, fault));
        rows.push(rowOf(fault.name, outcomes));
        expect(outcomes.map(({ lost, wrong }) => ({ lost, wrong }))).toEqual(outcomes.map(() => ({ lost: 0, wrong: [] })));
      },
      ROUNDS * 60_000,
    );

    it(
      'answers every append when the primary is killed, and has each of them once',
      async () => {
        const outcomes: Outcome[] = [];
        for (let round = 0; round < ROUNDS; round += 1) outcomes.push(await appendThrough(set));
        rows.push(rowOf('kill -9 of the primary while only a log is written', outcomes));
        expect(outcomes.map(({ failed, lost, wrong }) => ({ failed, lost, wrong }))).toEqual(
          outcomes.map(() => ({ failed: 0, lost: 0, wrong: [] })),
        );
      },
      ROUNDS * 60_000,
    );
  });
} else {
  describe.skip('a store on three members', () => {
    it('was not tried: there is no MongoDB here', () => expect(set).toBeDefined());
  });
}

async function tryOnce(members: ReplicaSet, { strike, patienceMs = 30_000, proxied, endsWriter }: Fault): Promise<Outcome> {
  const database = `hub_${randomBytes(6).toString('hex')}`;
  const proxy = await startStallingProxy(await members.primary());
  const direct = addressOf(members.url, database);
  const place = proxied ? `mongodb://127.0.0.1:${proxy.port}/${database}?directConnection=true` : direct;
  const writer = startWriter(ADAPTER, place, { run: 'fault', patienceMs });
  try {
    await writer.acknowledged(3 + Math.floor(Math.random() * 40));
    await strike(members, writer, proxy);
    if (!endsWriter) await writer.acknowledged(writer.acknowledgements().length + 10);
  } finally {
    writer.kill();
    await writer.ended;
    await proxy.close();
    await members.heal();
  }
  const store = await openMongoStore(direct, { collections: COLLECTIONS, clock: { now: () => new Date() } });
  try {
    return await auditRun(store, 'fault', writer);
  } finally {
    await store.close();
  }
}

/** Appends entries from several callers at once, as requests do, and kills the primary in the middle of it. */
async function appendThrough(members: ReplicaSet): Promise<Outcome> {
  const place = addressOf(members.url, `hub_${randomBytes(6).toString('hex')}`);
  const store = await openMongoStore(place, { collections: COLLECTIONS, clock: { now: () => new Date() } });
  const acknowledged: number[] = [];
  let failed = 0;
  let next = 0;
  let struck = false;
  const append = async () => {
    for (let after = 0; after < 10; after += Number(struck)) {
      const n = ++next;
      await store
        .write((tx) => tx.append('log', [{ n }]), { actor: 'fault' })
        .then(
          () => acknowledged.push(n),
          () => ++failed,
        );
    }
  };
  try {
    const appending = Promise.all(Array.from({ length: 8 }, append));
    await sleep(100 + Math.random() * 200);
    await members.kill(await members.primary());
    struck = true;
    await appending;
    await members.heal();
    const kept = (await store.read((tx) => tx.entries('log', 0, 1_000_000))).map(({ entry }) => Number(entry.n));
    const lost = acknowledged.filter((n) => !kept.includes(n)).length;
    return { acknowledged: acknowledged.length, failed, lost, wrong: new Set(kept).size === kept.length ? [] : ['an entry stands twice'] };
  } finally {
    await store.close();
  }
}

async function secondaryOf(members: ReplicaSet): Promise<number> {
  const primary = await members.primary();
  const secondary = members.running().find((port) => port !== primary);
  if (!secondary) throw new Error('no secondary runs');
  return secondary;
}

function addressOf(server: string, database: string): string {
  return server.replace('/?', `/${database}?`);
}
