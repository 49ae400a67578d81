import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EVERY, type FieldName, type Filter, matches } from '../../schema/filter.ts';
import type { Document, Order, Put, Query, Store } from '../../store/port.ts';
import { someFilter, someOrder, somePenalties } from './arbitrary-filter.ts';
import { COLLECTIONS } from './documents.ts';
import type { StoreFactory } from './place.ts';

const RUNS = process.env.HUB_TEST_LONG ? 500 : 40;
const TIMEOUT_MS = RUNS * 1_500;

export function describeFilters(factory: StoreFactory): void {
  describe('a filter', () => {
    it(
      'finds and counts exactly the documents that it matches',
      async () => {
        const property = fc.asyncProperty(somePenalties, fc.array(someFilter, { minLength: 25, maxLength: 25 }), async (puts, filters) => {
          await withDocuments(factory, puts, async (store) => {
            for (const where of filters) {
              const expected = keys(puts.filter((put) => matches(where, put)));
              const found = await store.read((tx) => tx.find('test-penalty', { where, order: [], limit: 100 }));
              expect({ where, found: keys(found) }).toEqual({ where, found: expected });
              expect(await store.read((tx) => tx.count('test-penalty', where))).toBe(expected.length);
            }
          });
        });
        await fc.assert(property, { numRuns: RUNS });
      },
      TIMEOUT_MS,
    );

    it('finds nothing in the gate of a collection without one', async () => {
      await withDocuments(factory, [], async (store) => {
        await store.write((tx) => tx.put('account', 'a', { body: {}, expected: 0 }), { actor: 'clerk' });
        const where: Filter = { op: 'not', of: { op: 'present', field: 'gate.subjectId' } };
        expect(await store.read((tx) => tx.count('account', where))).toBe(1);
      });
    });
  });

  describe('paging', () => {
    it(
      'shows every document exactly once and in order, whatever the order and the filter',
      async () => {
        const page = fc.record({
          order: someOrder,
          where: fc.oneof(fc.constant(EVERY), someFilter),
          limit: fc.integer({ min: 1, max: 5 }),
        });
        const property = fc.asyncProperty(somePenalties, fc.array(page, { minLength: 12, maxLength: 12 }), async (puts, queries) => {
          await withDocuments(factory, puts, async (store) => {
            for (const query of queries) {
              const expected = puts.filter((put) => matches(query.where, put)).sort(comparing(query.order));
              const pages = await pageThrough(query, (asked) => store.read((tx) => tx.find('test-penalty', asked)));
              expect({ query, found: pages }).toEqual({ query, found: expected.map(({ key }) => key) });
            }
          });
        });
        await fc.assert(property, { numRuns: RUNS });
      },
      TIMEOUT_MS,
    );

    it(
      'per value shows what paging through the value alone shows',
      async () => {
        const property = fc.asyncProperty(somePenalties, someOrder, someFilter, async (puts, order, where) => {
          await withDocuments(factory, puts, async (store) => {
            const values = [...new Set(puts.flatMap(({ gate }) => gate?.subjectId ?? []))];
            const pages = await store.read((tx) => tx.findPer('test-penalty', 'gate.subjectId', values, { where, order, limit: 3 }));
            const expected = values.map((value) =>
              puts
                .filter((put) => put.gate?.subjectId === value && matches(where, put))
                .sort(comparing(order))
                .slice(0, 3),
            );
            expect(pages.map((page) => page.map(({ key }) => key))).toEqual(expected.map((page) => page.map(({ key }) => key)));
          });
        });
        await fc.assert(property, { numRuns: RUNS });
      },
      TIMEOUT_MS,
    );
  });
}

async function withDocuments(factory: StoreFactory, puts: readonly Put[], work: (store: Store) => Promise<void>): Promise<void> {
  const place = await factory.createPlace();
  const store = await factory.open(place, { collections: COLLECTIONS, clock: { now: () => new Date(0) } });
  try {
    await store.write((tx) => tx.putMany('test-penalty', puts), { actor: 'clerk' });
    await work(store);
  } finally {
    await store.close();
    await factory.removePlace(place);
  }
}

async function pageThrough(query: Query, find: (query: Query) => Promise<readonly Document[]>): Promise<readonly string[]> {
  const seen: string[] = [];
  let after: Query['after'];
  for (;;) {
    const page = await find({ ...query, after });
    seen.push(...page.map(({ key }) => key));
    const last = page.at(-1);
    if (!last || page.length < query.limit) return seen;
    after = { key: last.key, values: query.order.map(({ field }) => ordered(last, field)) };
  }
}

type Stored = Pick<Document, 'key' | 'gate'> & { readonly columns?: Put['columns'] };

function ordered(document: Stored, field: FieldName): string | number | null {
  if (field === 'key') return document.key;
  const [place, name] = field.split('.');
  const values: Readonly<Record<string, unknown>> | undefined = place === 'gate' ? { ...document.gate } : document.columns;
  const value = values?.[name ?? ''];
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

function comparing(order: readonly Order[]): (left: Stored, right: Stored) => number {
  const byKey: Order = { field: 'key', direction: order.at(-1)?.direction ?? 'ASC' };
  return (left, right) => {
    for (const { field, direction } of [...order, byKey]) {
      const difference = compare(ordered(left, field), ordered(right, field));
      if (difference !== 0) return direction === 'ASC' ? difference : -difference;
    }
    return 0;
  };
}

function compare(left: string | number | null, right: string | number | null): number {
  if (left === null || right === null) return Number(left !== null) - Number(right !== null);
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
}

function keys(documents: readonly { readonly key: string }[]): readonly string[] {
  return documents.map(({ key }) => key).sort((left, right) => compare(left, right));
}
