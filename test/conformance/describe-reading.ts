import { beforeEach, describe, expect, it } from '@jest/globals';
import { EVERY, type Filter, NONE } from '../../schema/filter.ts';
import type { Order, Query, Store } from '../../store/port.ts';
import { gateWith, penalty } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };
const BY_AMOUNT: Query = { where: EVERY, order: [{ field: 'column.amount', direction: 'DESC' }], limit: 10 };

export function describeReading(factory: StoreFactory): void {
  describe('reading', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
      await store.write(
        (tx) =>
          tx.putMany('test-penalty', [
            penalty('a', { gate: { subjectId: 's1' }, columns: { amount: 10, documentNo: 'no 1' } }),
            penalty('b', { gate: { subjectId: 's1', parties: ['x', 'y'], heldByBlack: false }, columns: { amount: 30 } }),
            penalty('c', { gate: { subjectId: 's2' }, columns: { amount: 20, tags: ['t"1', 't2'] } }),
            penalty('d', { gate: { subjectId: 's1' } }),
          ]),
        BY,
      );
    });

    const keysOf = async (query: Query) => (await store.read((tx) => tx.find('test-penalty', query))).map(({ key }) => key);

    it('gives back a document as it was put, with every declared column', async () => {
      const [b] = await store.read((tx) => tx.get('test-penalty', ['b']));
      expect(b).toEqual({
        key: 'b',
        version: 1,
        body: { documentNo: 'b' },
        gate: gateWith({ subjectId: 's1', parties: ['x', 'y'], heldByBlack: false }),
        columns: { documentNo: null, amount: 30, tags: null },
      });
    });

    it('gets as many documents as it was asked for keys, in their order', async () => {
      const found = await store.read((tx) => tx.get('test-penalty', ['c', 'nobody', 'a', 'c']));
      expect(found.map((document) => document?.key)).toEqual(['c', undefined, 'a', 'c']);
      expect(await store.read((tx) => tx.get('test-penalty', []))).toEqual([]);
    });

    it('keeps every sort of text and number in a body, a key and a column', async () => {
      const text = '\0 "\\ \n 中文（全角）𠮷😀 %_\uffff';
      const body = { text, nested: [{ n: [1.5, -0.25, 2 ** 53 - 1, true, null, ''] }], 中: {} };
      const columns = { documentNo: text, amount: -(2 ** 53 - 1), tags: [text, ''] };
      await store.write((tx) => tx.put('test-penalty', text, { ...penalty(text), body, columns }), BY);
      const [document] = await store.read((tx) => tx.get('test-penalty', [text]));
      expect(document).toMatchObject({ key: text, body, columns });
    });

    it.each<[string, readonly Order[], string[]]>([
      ['by key without an order', [], ['a', 'b', 'c', 'd']],
      ['with missing values lowest', [{ field: 'column.amount', direction: 'ASC' }], ['d', 'a', 'c', 'b']],
      ['with missing values last when it goes down', [{ field: 'column.amount', direction: 'DESC' }], ['b', 'c', 'a', 'd']],
      [
        'with ties broken by key in the direction of the last field',
        [{ field: 'gate.subjectId', direction: 'DESC' }],
        ['c', 'd', 'b', 'a'],
      ],
      [
        'by several fields in their own directions',
        [
          { field: 'gate.subjectId', direction: 'ASC' },
          { field: 'column.amount', direction: 'DESC' },
        ],
        ['b', 'a', 'd', 'c'],
      ],
      ['by key downwards', [{ field: 'key', direction: 'DESC' }], ['d', 'c', 'b', 'a']],
    ])('finds a page %s', async (_order, order, keys) => {
      expect(await keysOf({ where: EVERY, order, limit: 10 })).toEqual(keys);
    });

    it('finds no more than the limit, and goes on behind a place', async () => {
      expect(await keysOf({ ...BY_AMOUNT, limit: 2 })).toEqual(['b', 'c']);
      expect(await keysOf({ ...BY_AMOUNT, limit: 2, after: { values: [20], key: 'c' } })).toEqual(['a', 'd']);
      expect(await keysOf({ ...BY_AMOUNT, limit: 2, after: { values: [null], key: 'd' } })).toEqual([]);
      expect(await keysOf({ ...BY_AMOUNT, limit: 0 })).toEqual([]);
    });

    it('goes on behind a place that no document has any more', async () => {
      expect(await keysOf({ ...BY_AMOUNT, after: { values: [25], key: 'gone' } })).toEqual(['c', 'a', 'd']);
    });

    it.each<[string, Filter, string[]]>([
      ['every document', EVERY, ['a', 'b', 'c', 'd']],
      ['no document', NONE, []],
      ['a document that lacks the value under not', { op: 'not', of: { op: 'eq', field: 'column.amount', value: 10 } }, ['b', 'c', 'd']],
      ['a boolean only for a boolean', { op: 'eq', field: 'gate.heldByBlack', value: 0 }, []],
      ['a boolean', { op: 'eq', field: 'gate.heldByBlack', value: false }, ['b']],
      ['text only for text', { op: 'gte', field: 'column.amount', value: '1' }, []],
      ['an element of a list', { op: 'has', field: 'column.tags', value: 't"1' }, ['c']],
      ['a list only for a whole element', { op: 'has', field: 'column.tags', value: '1' }, []],
      ['a list that is not empty as present', { op: 'present', field: 'gate.parties' }, ['b']],
      ['nothing in a column that is not declared', { op: 'present', field: 'column.unknown' }, []],
      ['nothing for an operand that was not bound', { op: 'eq', field: 'gate.subjectId', value: { param: 'subjectId' } }, []],
    ])('finds and counts %s', async (_what, where, keys) => {
      expect(await keysOf({ where, order: [], limit: 10 })).toEqual(keys);
      expect(await store.read((tx) => tx.count('test-penalty', where))).toBe(keys.length);
    });

    it('takes a filter of thousands of parts', async () => {
      const values = Array.from({ length: 5000 }, (_, n) => `nobody${n}`);
      const parts = values.map((value): Filter => ({ op: 'not', of: { op: 'eq', field: 'gate.subjectId', value } }));
      expect(await keysOf({ where: { op: 'all', of: parts }, order: [], limit: 10 })).toEqual(['a', 'b', 'c', 'd']);
      const oneOf: Filter = { op: 'in', field: 'gate.subjectId', values: [...values, 's2'] };
      expect(await keysOf({ where: oneOf, order: [], limit: 10 })).toEqual(['c']);
    });

    it('finds a page for each value in one call', async () => {
      const pages = await store.read((tx) =>
        tx.findPer('test-penalty', 'gate.subjectId', ['s2', 'nobody', 's1'], { ...BY_AMOUNT, limit: 2 }),
      );
      expect(pages.map((page) => page.map(({ key }) => key))).toEqual([['c'], [], ['b', 'a']]);
    });

    it('tells every version of a key, oldest first', async () => {
      place.setClock('2025-03-02T08:00:00.000Z');
      await store.write((tx) => tx.put('test-penalty', 'a', { ...penalty('a', { gate: { region: 'r' } }), body: { n: 2 }, expected: 1 }), {
        actor: 'chief',
      });
      expect(await store.read((tx) => tx.versions('test-penalty', 'a'))).toEqual([
        {
          key: 'a',
          version: 1,
          body: { documentNo: 'a' },
          gate: gateWith({ subjectId: 's1' }),
          columns: { documentNo: 'no 1', amount: 10, tags: null },
          at: '2025-03-01T08:00:00.000Z',
          actor: 'clerk',
        },
        {
          key: 'a',
          version: 2,
          body: { n: 2 },
          gate: gateWith({ region: 'r' }),
          columns: { documentNo: null, amount: null, tags: null },
          at: '2025-03-02T08:00:00.000Z',
          actor: 'chief',
        },
      ]);
      expect(await store.read((tx) => tx.versions('test-penalty', 'nobody'))).toEqual([]);
    });

    it('sees one snapshot, whatever is written meanwhile', async () => {
      const seen = await store.read(async (tx) => {
        const before = await tx.count('test-penalty', EVERY);
        await store.write((writer) => writer.put('test-penalty', 'e', penalty('e')), BY);
        return [before, await tx.count('test-penalty', EVERY), (await tx.get('test-penalty', ['e'])).at(0)];
      });
      expect(seen).toEqual([4, 4, undefined]);
      expect(await store.read((tx) => tx.count('test-penalty', EVERY))).toBe(5);
    });

    it('answers many reads that take their time, also reads inside reads', async () => {
      const count = () => store.read(async (tx) => tx.count('test-penalty', EVERY));
      const nested = () => store.read(async (tx) => [await tx.count('test-penalty', EVERY), await count()]);
      const all = await Promise.all(Array.from({ length: 40 }, nested));
      expect(all).toEqual(Array.from({ length: 40 }, () => [4, 4]));
    });

    it('fails a read with what its work has thrown', async () => {
      const failing = store.read(() => {
        throw new Error('of my own');
      });
      await expect(failing).rejects.toThrow('of my own');
    });
  });
}
