import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { COLLECTIONS } from '../conformance/documents.ts';
import { startWriter } from '../conformance/start-writer.ts';
import { writeTransaction } from '../conformance/writer-transaction.ts';
import { auditRun, type Outcome } from './audit-run.ts';
import { type FaultRow, reportFaults, rowOf } from './fault-table.ts';

const ROUNDS = process.env.HUB_TEST_LONG ? 50 : 2;
const ADAPTER = { module: new URL('../../store/sqlite/open-store.ts', import.meta.url).href, exported: 'openSqliteStore' };
const MINUTES = 60_000;

const rows: FaultRow[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-faults-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));
afterAll(() => reportFaults('sqlite', rows));

const none = () => [];

describe('a store in a file', () => {
  it('has lost nothing and nothing by half after kill -9 of the writing process', async () => {
    const outcomes = await times(async (file) => {
      const writer = startWriter(ADAPTER, file, { run: 'fault' });
      await writer.acknowledged(1 + Math.floor(Math.random() * 40));
      writer.kill();
      await writer.ended;
      return audited(file, writer);
    });
    expectSound('kill -9 of the writing process', outcomes);
  }, 300_000);

  it('refuses cleanly what finds no room, and takes it when there is room again', async () => {
    const outcomes = await times(async (file) => {
      const small = startWriter(ADAPTER, file, { run: 'fault', patienceMs: 2000, fileKilobytes: 300 + Math.floor(Math.random() * 200) });
      await small.failed(3);
      small.kill();
      await small.ended;
      const outcome = await audited(file, small);
      expect(outcome.acknowledged).toBeGreaterThan(0);

      const large = startWriter(ADAPTER, file, { run: 'later', transactions: 20 });
      await large.ended;
      const later = await audited(file, large, 'later');
      expect(later.acknowledged).toBe(20);
      return { ...outcome, lost: outcome.lost + later.lost, wrong: [...outcome.wrong, ...later.wrong] };
    });
    expectSound('no room on the disk', outcomes);
  }, 300_000);

  it('keeps its order when the clock jumps ten minutes forth and back', async () => {
    const outcomes = await times(async (file) => {
      let jump = 0;
      const store = await openSqliteStore(file, { collections: COLLECTIONS, clock: { now: () => new Date(Date.now() + jump) } });
      const acknowledged: number[] = [];
      for (let n = 1; n <= 30; n += 1) {
        jump = [0, 10 * MINUTES, -10 * MINUTES][n % 3] ?? 0;
        await writeTransaction(store, 'fault', n);
        acknowledged.push(n);
      }
      await store.close();
      return audited(file, { acknowledgements: () => acknowledged, failures: none });
    });
    expectSound('the clock jumps ten minutes forth and back', outcomes);
  }, 300_000);
});

async function times(attempt: (file: string) => Promise<Outcome>): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (let round = 0; round < ROUNDS; round += 1) outcomes.push(await attempt(join(folder, `hub-${rows.length}-${round}.sqlite`)));
  return outcomes;
}

async function audited(file: string, told: Parameters<typeof auditRun>[2], run = 'fault'): Promise<Outcome> {
  const store = await openSqliteStore(file, { collections: COLLECTIONS, clock: { now: () => new Date() } });
  try {
    return await auditRun(store, run, told);
  } finally {
    await store.close();
  }
}

function expectSound(fault: string, outcomes: readonly Outcome[]): void {
  rows.push(rowOf(fault, outcomes));
  expect(outcomes.map(({ lost, wrong }) => ({ lost, wrong }))).toEqual(outcomes.map(() => ({ lost: 0, wrong: [] })));
}
