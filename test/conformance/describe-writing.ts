import { beforeEach, describe, expect, it } from '@jest/globals';
import { HubError } from '../../schema/errors.ts';
import { EVERY } from '../../schema/filter.ts';
import type { Store, Writer } from '../../store/port.ts';
import { account, gateWith, penalty } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };
const CONFLICT = expect.objectContaining({ code: 'CONFLICT' });

export function describeWriting(factory: StoreFactory): void {
  describe('writing', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
    });

    const get = async (collection: string, key: string) => (await store.read((tx) => tx.get(collection, [key]))).at(0);

    it('answers a put with the document that stands now', async () => {
      const put = penalty('a', { gate: { region: '110000' }, columns: { amount: 5 } });
      const first = await store.write((tx) => tx.put('test-penalty', 'a', put), BY);
      expect(first).toEqual({
        key: 'a',
        version: 1,
        body: { documentNo: 'a' },
        gate: gateWith({ region: '110000' }),
        columns: { documentNo: null, amount: 5, tags: null },
      });
      const second = await store.write((tx) => tx.put('test-penalty', 'a', { ...put, expected: 1 }), BY);
      expect(second).toEqual({ ...first, version: 2 });
      expect(await get('test-penalty', 'a')).toEqual(second);
    });

    it('shows a write what it has written itself', async () => {
      const seen = await store.write(async (tx) => {
        await tx.put('account', 'a', account('a'));
        return [await tx.count('account', EVERY), (await tx.get('account', ['a'])).at(0)?.version];
      }, BY);
      expect(seen).toEqual([1, 1]);
    });

    it.each<[string, number, number]>([
      ['when there is one already', 1, 0],
      ['when there is none', 0, 1],
      ['on top of a version that has been replaced', 2, 1],
      ['on top of a version that does not stand yet', 1, 2],
    ])('refuses a put %s', async (_case, standing, expected) => {
      for (let version = 0; version < standing; version += 1) {
        await store.write((tx) => tx.put('account', 'a', account('a', { expected: version })), BY);
      }
      await expect(store.write((tx) => tx.put('account', 'a', account('a', { expected })), BY)).rejects.toEqual(CONFLICT);
      expect((await get('account', 'a'))?.version).toBe(standing || undefined);
    });

    it('removes a document, keeps its versions, and goes on counting when the key comes back', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      await expect(store.write((tx) => tx.remove('account', 'a', { expected: 2 }), BY)).rejects.toEqual(CONFLICT);
      await store.write((tx) => tx.remove('account', 'a', { expected: 1 }), BY);
      expect(await get('account', 'a')).toBeUndefined();
      await expect(store.write((tx) => tx.remove('account', 'a', { expected: 1 }), BY)).rejects.toEqual(CONFLICT);

      const back = await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      expect(back.version).toBe(2);
      expect((await store.read((tx) => tx.versions('account', 'a'))).map(({ version }) => version)).toEqual([1, 2]);
    });

    it('puts all of many or none', async () => {
      await store.write((tx) => tx.put('account', 'c', account('c')), BY);
      const many = store.write((tx) => tx.putMany('account', [account('a'), account('b'), account('c')]), BY);
      await expect(many).rejects.toEqual(CONFLICT);
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(1);

      const entries = Array.from({ length: 700 }, (_, n) => account(`n${n}`, { columns: { number: n } }));
      const documents = await store.write((tx) => tx.putMany('account', entries), BY);
      expect(documents.map(({ key }) => key)).toEqual(entries.map(({ key }) => key));
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(701);
    });

    it('refuses a second document with a value that is unique', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a', { columns: { email: 'a@b' } })), BY);
      await store.write((tx) => tx.put('account', 'b', account('b', { columns: { email: 'b@b' } })), BY);
      const taken = { columns: { email: 'a@b' } };
      await expect(store.write((tx) => tx.put('account', 'c', account('c', taken)), BY)).rejects.toEqual(CONFLICT);
      await expect(store.write((tx) => tx.put('account', 'b', account('b', { ...taken, expected: 1 })), BY)).rejects.toEqual(CONFLICT);
      await store.write((tx) => tx.put('account', 'a', account('a', { expected: 1 })), BY);
      expect((await store.write((tx) => tx.put('account', 'c', account('c', taken)), BY)).version).toBe(1);
      expect(await get('account', 'b')).toMatchObject({ version: 1, columns: { email: 'b@b' } });
    });

    it('refuses a second document with a value that is unique among those of one subject', async () => {
      const deeds = await place.open([
        {
          name: 'deed',
          gated: true,
          columns: [{ name: 'number', type: 'text' }],
          indexes: [{ fields: ['column.number'], unique: true, ofSubject: true }],
        },
      ]);
      const put = (key: string) =>
        deeds.write((tx) => tx.put('deed', key, penalty(key, { gate: { subjectId: 'S' }, columns: { number: 'N' } })), BY);
      await put('a');
      await expect(put('b')).rejects.toEqual(CONFLICT);
      expect(await deeds.read((tx) => tx.count('deed', EVERY))).toBe(1);
    });

    it('replaces a document that passes to another subject', async () => {
      await store.write((tx) => tx.put('test-penalty', 'a', penalty('a', { gate: { subjectId: 'S' } })), BY);
      await store.write((tx) => tx.put('test-penalty', 'a', penalty('a', { gate: { subjectId: 'T' }, expected: 1 })), BY);
      expect(await get('test-penalty', 'a')).toMatchObject({ version: 2, gate: { subjectId: 'T' } });
    });

    it('takes a missing value for no value that could be taken', async () => {
      const columns = { region: 'north', number: null };
      const put = (key: string) => store.write((tx) => tx.put('account', key, account(key, { columns })), BY);
      await put('a');
      await put('b');
      expect(await store.read((tx) => tx.count('account', EVERY))).toBe(2);
    });

    it('refuses what the collection was not declared to hold', async () => {
      const refused = (work: (tx: Writer) => unknown) =>
        expect(store.write(async (tx) => void (await work(tx)), BY)).rejects.not.toBeInstanceOf(HubError);
      await refused((tx) => tx.put('test-penalty', 'a', { body: {}, expected: 0 }));
      await refused((tx) => tx.put('account', 'a', { body: {}, expected: 0, gate: gateWith({}) }));
      await refused((tx) => tx.put('account', 'a', { body: {}, expected: 0, columns: { unknown: 1 } }));
      await refused((tx) => tx.put('account', 'a', { body: {}, expected: 0, columns: { email: 1 } }));
      await refused((tx) => tx.put('account', 'a', { body: {}, expected: 0, columns: { number: '1' } }));
      await refused((tx) => tx.put('unknown', 'a', { body: {}, expected: 0 }));
      expect(await store.changes(null, 10)).toEqual([]);
    });

    it('keeps nothing of a write that throws', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      const failing = store.write(async (tx) => {
        await tx.put('account', 'a', account('a', { expected: 1 }));
        await tx.put('account', 'b', account('b'));
        await tx.append('visits', [{ n: 1 }]);
        throw new Error('of my own');
      }, BY);
      await expect(failing).rejects.toThrow('of my own');
      expect(await get('account', 'a')).toMatchObject({ version: 1 });
      expect(await get('account', 'b')).toBeUndefined();
      expect(await store.changes(null, 10)).toHaveLength(1);
      expect(await store.read((tx) => tx.entries('visits', 0, 10))).toEqual([]);
      expect(await store.read((tx) => tx.versions('account', 'a'))).toHaveLength(1);
    });

    it('keeps nothing of a write in which a step has failed, even if the work goes on', async () => {
      const going = store.write(async (tx) => {
        await tx.put('account', 'a', account('a'));
        try {
          await tx.put('account', 'a', account('a'));
        } catch {
          return 'went on';
        }
        return 'nothing failed';
      }, BY);
      await expect(going).rejects.toEqual(CONFLICT);
      expect(await get('account', 'a')).toBeUndefined();
    });

    it('gives back the entries of a log in their order, from a place on', async () => {
      await store.write((tx) => tx.append('visits', [{ n: 1 }, { n: 2 }]), BY);
      await store.write((tx) => tx.append('deliveries', [{ d: 1 }]), BY);
      await store.write((tx) => tx.append('visits', [{ n: 3 }]), BY);
      const all = await store.read((tx) => tx.entries('visits', 0, 10));
      expect(all.map(({ entry }) => entry)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
      const [first, second] = await store.read((tx) => tx.entries('visits', 0, 2));
      expect(await store.read((tx) => tx.entries('visits', first?.place ?? 0, 1))).toEqual([second]);
      expect(await store.read((tx) => tx.entries('visits', all.at(-1)?.place ?? 0, 10))).toEqual([]);
      expect(await store.read((tx) => tx.entries('nothing', 0, 10))).toEqual([]);
      expect(await store.changes(null, 10)).toEqual([]);
    });
  });
}
