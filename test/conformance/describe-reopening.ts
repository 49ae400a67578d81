import { describe, expect, it } from '@jest/globals';
import { EVERY } from '../../schema/filter.ts';
import type { CollectionSpec, Store } from '../../store/port.ts';
import { ACCOUNTS, account, COLLECTIONS, PENALTIES, penalty } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };

export function describeReopening(factory: StoreFactory): void {
  describe('opening again', () => {
    const place = placeForEachTest(factory);

    it('finds everything that was kept', async () => {
      const first = await place.open();
      await first.write(async (tx) => {
        await tx.put(
          'test-penalty',
          'a',
          penalty('a', { gate: { subjectId: 's', parties: ['p'], objection: true }, columns: { tags: ['t'] } }),
        );
        await tx.put('account', 'b', account('b'));
        await tx.append('visits', [{ n: 1 }]);
      }, BY);
      await first.write((tx) => tx.put('account', 'b', account('b', { expected: 1 })), BY);
      const before = await everything(first);
      await first.close();
      expect(await everything(await place.open())).toEqual(before);
    });

    it('goes on counting positions and places of logs', async () => {
      const write = (store: Store, key: string) =>
        store.write(async (tx) => {
          await tx.put('account', key, account(key));
          await tx.append('visits', [{ key }]);
        }, BY);
      const first = await place.open();
      await write(first, 'a');
      const position = await first.position();
      await first.close();
      const second = await place.open();
      await write(second, 'b');
      expect((await second.changes(position, 10)).map(({ key }) => key)).toEqual(['b']);
      expect((await second.read((tx) => tx.entries('visits', 0, 10))).map(({ entry }) => entry.key)).toEqual(['a', 'b']);
    });

    it('takes up a new collection, a new column, a new index and a gate', async () => {
      const first = await place.open([{ ...ACCOUNTS, columns: [], indexes: [] }]);
      await first.write((tx) => tx.put('account', 'old', account('old')), BY);
      await first.close();

      const second = await place.open([PENALTIES, ACCOUNTS]);
      await second.write((tx) => tx.put('test-penalty', 'a', penalty('a')), BY);
      await second.write((tx) => tx.put('account', 'new', account('new', { columns: { email: 'n@b' } })), BY);
      const [old] = await second.read((tx) => tx.get('account', ['old']));
      expect(old).toEqual({ key: 'old', version: 1, body: { holder: 'old' }, columns: { email: null, region: null, number: null } });
      const present = await second.read((tx) =>
        tx.find('account', { where: { op: 'present', field: 'column.email' }, order: [], limit: 10 }),
      );
      expect(present.map(({ key }) => key)).toEqual(['new']);
      const taken = second.write((tx) => tx.put('account', 'third', account('third', { columns: { email: 'n@b' } })), BY);
      await expect(taken).rejects.toMatchObject({ code: 'CONFLICT' });
      expect(await second.read((tx) => tx.versions('account', 'old'))).toHaveLength(1);
      expect(await second.changes(null, 10)).toHaveLength(3);
    });

    it('keeps what stands in a collection and a column that are no longer declared', async () => {
      const first = await place.open();
      await first.write((tx) => tx.put('account', 'a', account('a', { columns: { email: 'a@b' } })), BY);
      await first.write((tx) => tx.put('test-penalty', 'p', penalty('p')), BY);
      await first.close();
      const second = await place.open([{ ...ACCOUNTS, columns: [], indexes: [] }]);
      expect(await second.read((tx) => tx.get('account', ['a']))).toMatchObject([{ body: { holder: 'a' }, columns: {} }]);
      await second.close();
      const third = await place.open();
      expect(await third.read((tx) => tx.get('account', ['a']))).toMatchObject([{ columns: { email: 'a@b' } }]);
      expect(await third.read((tx) => tx.get('test-penalty', ['p']))).toMatchObject([{ key: 'p' }]);
    });

    it('no longer refuses what an index that is gone has refused', async () => {
      const first = await place.open();
      await first.write((tx) => tx.put('account', 'a', account('a', { columns: { email: 'a@b' } })), BY);
      await first.close();
      const second = await place.open([{ ...ACCOUNTS, indexes: [] } satisfies CollectionSpec]);
      const document = await second.write((tx) => tx.put('account', 'b', account('b', { columns: { email: 'a@b' } })), BY);
      expect(document.version).toBe(1);
    });
  });
}

async function everything(store: Store): Promise<unknown> {
  const stored = await store.read(async (tx) => {
    const perCollection = [];
    for (const { name } of COLLECTIONS) {
      const documents = await tx.find(name, { where: EVERY, order: [], limit: 100 });
      for (const { key } of documents) perCollection.push(await tx.versions(name, key));
    }
    return [perCollection, await tx.entries('visits', 0, 100)];
  });
  return [stored, await store.changes(null, 100), await store.position()];
}
