import { beforeEach, describe, expect, it } from '@jest/globals';
import { HubError } from '../../schema/errors.ts';
import { EVERY } from '../../schema/filter.ts';
import type { Change, Position, Store } from '../../store/port.ts';
import { account } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';
import { startWriter } from './start-writer.ts';

const BY = { actor: 'clerk' };

export function describeConcurrency(factory: StoreFactory): void {
  describe('concurrent work', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
    });

    const addOne = () =>
      store.write(async (tx) => {
        const [counter] = await tx.get('account', ['counter']);
        const count = Number(counter?.body.count ?? 0) + 1;
        await tx.put('account', 'counter', { body: { count }, expected: counter?.version ?? 0 });
        return count;
      }, BY);

    it('shows nobody what is not committed yet', async () => {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const { promise: written, resolve: tellWritten } = Promise.withResolvers<void>();
      const writing = store.write(async (tx) => {
        await tx.put('account', 'a', account('a'));
        tellWritten();
        await released;
      }, BY);
      await written;
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(0);
      expect(await store.changes(null, 10)).toEqual([]);
      expect(await store.position()).toBeNull();
      release();
      await writing;
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(1);
    });

    it('runs writes in the order in which they were asked for, each on top of the one before', async () => {
      const counts = await Promise.all(Array.from({ length: 50 }, addOne));
      expect(counts).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    });

    it('keeps the writes around one that fails', async () => {
      const visit = (key: string, n: number) =>
        store.write(async (tx) => {
          await tx.append('visits', [{ n }]);
          await tx.put('account', key, account(key));
        }, BY);
      const outcomes = await Promise.allSettled(['a', 'b', 'a', 'c', 'b', 'd'].map(visit));
      expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
      expect((await store.changes(null, 10)).map(({ key }) => key)).toEqual(['a', 'b', 'c', 'd']);
      expect((await store.read((tx) => tx.entries('visits', 0, 10))).map(({ entry }) => entry.n)).toEqual([0, 1, 3, 5]);
    });

    it('keeps what two stores of one place append by turns in that order, though neither reads what the other wrote', async () => {
      const stores = [store, await place.open()];
      const numbers = Array.from({ length: 20 }, (_, n) => n);
      await addOne();
      for (const n of numbers) await stores[(n + 1) % 2]?.write((tx) => tx.append('visits', [{ n }]), BY);
      expect((await store.read((tx) => tx.entries('visits', 0, 100))).map(({ entry }) => entry.n)).toEqual(numbers);
    });

    it('refuses a write inside a write at once, as a defect', async () => {
      const outer = store.write(async (tx) => {
        await tx.put('account', 'outer', account('outer'));
        await store.write((inner) => inner.put('account', 'inner', account('inner')), BY);
      }, BY);
      await expect(outer).rejects.not.toBeInstanceOf(HubError);
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(0);
    });

    it('takes a write that a write has only set off', async () => {
      const { promise: over, resolve: tellOver } = Promise.withResolvers<void>();
      const setOff: Promise<unknown>[] = [];
      await store.write(() => {
        setOff.push(over.then(addOne));
      }, BY);
      tellOver();
      expect(await Promise.all(setOff)).toContain(1);
    });

    it('refuses what is asked of a transaction that is over', async () => {
      const writer = await store.write((tx) => [tx] as const, BY);
      const reader = await store.read((tx) => [tx] as const);
      await expect(async () => writer[0].put('account', 'late', account('late'))).rejects.toThrow();
      await expect(async () => reader[0].get('account', ['late'])).rejects.toThrow();
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(0);
    });

    it('finishes what was asked for before it closes, and refuses what comes later', async () => {
      const asked = Promise.all(Array.from({ length: 10 }, addOne));
      const reading = store.read(async (tx) => tx.count('account', EVERY));
      await store.close();
      expect(await asked).toHaveLength(10);
      expect(await reading).toBe(0);
      await expect(addOne()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.read(() => 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(store.changes(null, 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await (await place.open()).read((tx) => tx.get('account', ['counter']))).toMatchObject([{ body: { count: 10 } }]);
    });

    it('lets two processes write at once, and shows their changes in commit order', async () => {
      const writer = startWriter(factory, place.address(), { run: 'other', transactions: 40 });
      await writer.acknowledged(1);
      const seen: Change[] = [];
      const others = writer.ended;
      const own = (async () => {
        for (let n = 0; n < 40; n += 1) await addOne();
      })();
      let isOver = false;
      others.then(() => {
        isOver = true;
      });
      while (!isOver) {
        await tail(store, seen);
        await nextTurn();
      }
      await own;
      await tail(store, seen);
      expect(writer.acknowledgements()).toHaveLength(40);
      expect(await store.changes(null, 10_000)).toEqual(seen);
      expect(await store.read((tx) => tx.get('account', ['counter', 'other-counter']))).toMatchObject([
        { body: { count: 40 } },
        { body: { count: 40 } },
      ]);
    }, 60_000);
  });
}

/** Adds the changes behind the last one that was seen. */
async function tail(store: Store, seen: Change[]): Promise<Position | null> {
  const after = seen.at(-1)?.position ?? null;
  const behind = await store.changes(after, 7);
  seen.push(...behind);
  return behind.length > 0 ? tail(store, seen) : after;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
