import { describe, expect, it } from '@jest/globals';
import type { Store } from '../../store/port.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';
import { startWriter } from './start-writer.ts';
import { keysOfTransaction } from './writer-transaction.ts';

const ROUNDS = process.env.HUB_TEST_LONG ? 100 : 12;

export function describeSurvival(factory: StoreFactory): void {
  describe('a process that is killed while it writes', () => {
    const place = placeForEachTest(factory);

    it('has lost nothing that was acknowledged and left no half of a transaction', async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const run = `round${round}`;
        const writer = startWriter(factory, place.address(), { run });
        await writer.acknowledged(1 + Math.floor(Math.random() * 40));
        writer.kill();
        await writer.ended;

        const store = await place.open();
        await expectWholeTransactions(store, run, writer.acknowledgements().length);
        await store.close();
      }
    }, 300_000);
  });
}

/** Every one of the first `acknowledged`, and of those behind them all or nothing. */
async function expectWholeTransactions(store: Store, run: string, acknowledged: number): Promise<void> {
  const entries = await store.read((tx) => tx.entries(run, 0, 100_000));
  const kept = entries.length;
  expect(kept).toBeGreaterThanOrEqual(acknowledged);
  expect(entries.map(({ entry }) => entry.n)).toEqual(Array.from({ length: kept }, (_, n) => n + 1));

  const keys = Array.from({ length: kept }, (_, n) => keysOfTransaction(run, n + 1)).flat();
  const found = await store.read((tx) => tx.get('test-penalty', keys));
  expect(found.map((document) => document?.key)).toEqual(keys);
  expect(await store.read((tx) => tx.count('test-penalty', { op: 'eq', field: 'gate.subjectId', value: run }))).toBe(keys.length);

  const versions = await store.read((tx) => tx.versions('account', `${run}-counter`));
  expect(versions.map(({ body }) => body.count)).toEqual(Array.from({ length: kept }, (_, n) => n + 1));

  const changes = (await store.changes(null, 1_000_000)).filter(({ actor }) => actor === run);
  expect(changes.map(({ key }) => key)).toEqual(
    Array.from({ length: kept }, (_, n) => [...keysOfTransaction(run, n + 1), `${run}-counter`]).flat(),
  );
}
