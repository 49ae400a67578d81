import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Store } from '../../store/port.ts';
import { account, gateWith, penalty } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };

export function describeChanges(factory: StoreFactory): void {
  describe('the change log', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
    });

    it('tells who changed which fields of what and when, and never a value', async () => {
      const gate = { subjectId: 's1', parties: ['x'], valueOpen: true };
      await store.write((tx) => tx.put('test-penalty', 'a', { ...penalty('a', { gate }), body: { same: 1, other: [1], gone: 'g' } }), BY);
      place.setClock('2025-03-02T08:00:00.000Z');
      await store.write(
        async (tx) => {
          await tx.put('test-penalty', 'a', { ...penalty('a'), body: { same: 1, other: [2], come: null }, expected: 1 });
          await tx.remove('test-penalty', 'a', { expected: 2 });
        },
        { actor: 'chief' },
      );

      const about = { collection: 'test-penalty', key: 'a', position: expect.any(String) };
      const created = { kind: 'CREATED', version: 1, gate: gateWith(gate), actor: 'clerk', at: '2025-03-01T08:00:00.000Z' };
      const later = { version: 2, gate: gateWith({}), actor: 'chief', at: '2025-03-02T08:00:00.000Z' };
      expect(await store.changes(null, 10)).toEqual([
        { ...about, ...created, fields: expect.arrayContaining(['same', 'other', 'gone']) },
        { ...about, ...later, kind: 'UPDATED', fields: expect.arrayContaining(['other', 'gone', 'come']) },
        { ...about, ...later, kind: 'REMOVED', fields: [] },
      ]);
    });

    it('names no field that only looks different', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a', { body: { deep: { a: 1, b: [{ c: 2 }] }, none: undefined } })), BY);
      await store.write((tx) => tx.put('account', 'a', account('a', { body: { deep: { b: [{ c: 2 }], a: 1 } }, expected: 1 })), BY);
      expect((await store.changes(null, 10)).map(({ fields }) => fields)).toEqual([['deep'], []]);
    });

    it('goes on behind a position, and knows the newest', async () => {
      expect(await store.position()).toBeNull();
      expect(await store.lastChange()).toBeUndefined();
      expect(await store.changes(null, 10)).toEqual([]);
      await store.write(
        (tx) =>
          tx.putMany(
            'account',
            ['a', 'b', 'c'].map((key) => account(key)),
          ),
        BY,
      );
      const all = await store.changes(null, 10);
      expect(all.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
      expect(await store.changes(null, 2)).toEqual(all.slice(0, 2));
      expect(await store.changes(all[0]?.position ?? null, 1)).toEqual(all.slice(1, 2));
      expect(await store.changes(all[2]?.position ?? null, 10)).toEqual([]);
      expect(await store.position()).toBe(all[2]?.position);
      expect(await store.lastChange()).toEqual(all[2]);
    });

    it('has no gate for a collection without one', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      expect((await store.changes(null, 1))[0]).not.toHaveProperty('gate');
    });
  });
}
