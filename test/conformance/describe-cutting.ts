import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Change, Store } from '../../store/port.ts';
import { account } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };

export function describeCutting(factory: StoreFactory): void {
  describe('a change log that is cut', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    let all: readonly Change[];
    beforeEach(async () => {
      store = await place.open();
      for (const key of ['a', 'b', 'c', 'd', 'e']) await store.write((tx) => tx.put('account', key, account(key)), BY);
      all = await store.changes(null, 10);
    });
    const positionOf = (index: number) => all[index]?.position ?? '';

    it('begins behind the cut, and says from where on nothing is missing', async () => {
      expect(await store.reaches(null)).toBe(true);
      expect(await store.cut(positionOf(1), { kept: [] })).toBe(2);
      expect(await store.changes(null, 10)).toEqual(all.slice(2));
      expect(await Promise.all([null, ...all.map(({ position }) => position)].map((at) => store.reaches(at)))).toEqual([
        false,
        false,
        true,
        true,
        true,
        true,
      ]);
      expect(await store.cut(positionOf(1), { kept: [] })).toBe(0);
    });

    it('goes on as it would have, also when it is opened again', async () => {
      await store.cut(positionOf(3), { kept: [] });
      expect(await store.position()).toBe(positionOf(4));
      const again = await place.open();
      await again.write((tx) => tx.put('account', 'f', account('f')), BY);
      expect((await again.changes(positionOf(4), 10)).map(({ key }) => key)).toEqual(['f']);
      expect([await again.reaches(positionOf(2)), await again.reaches(positionOf(3))]).toEqual([false, true]);
    });

    it('keeps its newest change', async () => {
      expect(await store.cut(positionOf(4), { kept: [] })).toBe(4);
      expect(await store.lastChange()).toEqual(all[4]);
      expect(await store.reaches(positionOf(4))).toBe(true);
    });

    it.each([
      ['a place in it', (at: (index: number) => string) => [at(3), at(2)], 3],
      ['the place of an earlier cut', (at: (index: number) => string) => [at(0)], 1],
      ['the beginning', () => [null], 0],
    ])('is not cut beyond %s that is kept', async (_what, kept, count) => {
      expect(await store.cut(positionOf(4), { kept: kept(positionOf) })).toBe(count);
      expect(await store.cut(positionOf(4), { kept: kept(positionOf) })).toBe(0);
      for (const at of kept(positionOf)) expect(await store.reaches(at)).toBe(true);
    });

    it('is told beforehand how much it would lose, and loses nothing by it', async () => {
      expect(await store.cut(positionOf(4), { kept: [positionOf(2)], isRehearsal: true })).toBe(3);
      expect(await store.changes(null, 10)).toEqual(all);
      expect(await store.reaches(null)).toBe(true);
    });

    it('loses nothing behind a place within what was written at once', async () => {
      const keys = ['x', 'y', 'z'];
      await store.write(
        (tx) =>
          tx.putMany(
            'account',
            keys.map((key) => account(key)),
          ),
        BY,
      );
      await store.write((tx) => tx.put('account', 'g', account('g')), BY);
      const [, y] = await store.changes(positionOf(4), 10);
      await store.cut(y?.position ?? '', { kept: [] });
      expect((await store.changes(y?.position ?? '', 10)).map(({ key }) => key)).toEqual(['z', 'g']);
      expect(await store.reaches(y?.position ?? '')).toBe(true);
    });

    it('leaves documents and their versions as they are', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a', { expected: 1 })), BY);
      await store.cut(positionOf(4), { kept: [] });
      expect(await store.read((tx) => tx.versions('account', 'a'))).toHaveLength(2);
    });

    it('has one name, whoever opens it, that no other has', async () => {
      const again = await place.open();
      expect(again.logId).toBe(store.logId);
      const elsewhere = await factory.createPlace();
      const other = await factory.open(elsewhere, { collections: [], clock: { now: () => new Date(0) } });
      try {
        expect(other.logId).toMatch(/^.{12}$/);
        expect(other.logId).not.toBe(store.logId);
      } finally {
        await other.close();
        await factory.removePlace(elsewhere);
      }
    });
  });
}
