import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HubError } from '../../schema/errors.ts';
import type { Change, Store, Writer } from '../../store/port.ts';
import { COLLECTIONS } from './documents.ts';
import { applied, type Model, NOTHING, type Operation, present } from './model.ts';
import type { StoreFactory } from './place.ts';

interface Transaction {
  readonly operations: readonly Operation[];
  /** Thrown by the work when everything in it is done. */
  readonly fails: boolean;
}

const RUNS = process.env.HUB_TEST_LONG ? 500 : 60;
const TIMEOUT_MS = RUNS * 1_500;
const KEYS = ['a', 'b', 'c'];
const BY = { actor: 'clerk', at: '1970-01-01T00:00:00.000Z' };

const body = fc.dictionary(fc.constantFrom('f', 'g', 'h'), fc.oneof(fc.integer({ max: 1, min: 0 }), fc.constant([{ deep: null }])), {
  noNullPrototype: true,
});
const columns = fc.record({ email: fc.option(fc.constantFrom('x', 'y')), region: fc.constant(null), number: fc.option(fc.constant(7)) });
const about = { key: fc.constantFrom(...KEYS), expected: fc.integer({ min: 0, max: 3 }) };
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ op: fc.constant('put' as const), body, columns, ...about }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('remove' as const), ...about }) },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('append' as const), entry: body }) },
);
const transaction: fc.Arbitrary<Transaction> = fc.record({
  operations: fc.array(operation, { minLength: 1, maxLength: 3 }),
  fails: fc.integer({ min: 0, max: 5 }).map((draw) => draw === 0),
});

export function describeOperations(factory: StoreFactory): void {
  describe('a sequence of writes', () => {
    it(
      'leaves what a plain model of the store holds, each write whole or not at all',
      async () => {
        const property = fc.asyncProperty(fc.array(transaction, { minLength: 10, maxLength: 40 }), async (transactions) => {
          const place = await factory.createPlace();
          const store = await factory.open(place, { collections: COLLECTIONS, clock: { now: () => new Date(0) } });
          try {
            let model = NOTHING;
            for (const each of transactions) model = await runBoth(store, model, each);
            await expectSame(store, model);
          } finally {
            await store.close();
            await factory.removePlace(place);
          }
        });
        await fc.assert(property, { numRuns: RUNS });
      },
      TIMEOUT_MS,
    );
  });
}

/** Runs a transaction on the store and in the model, and gives back the model behind it. */
async function runBoth(store: Store, model: Model, { operations, fails }: Transaction): Promise<Model> {
  const expected = operations.reduce<Model | undefined>((state, each) => state && applied(state, each, ['email'], BY), model);
  const outcome = await store
    .write(async (tx) => {
      for (const each of operations) await run(tx, each);
      if (fails) throw new Error('of my own');
    }, BY)
    .then(
      () => 'kept',
      (error: unknown) => (error instanceof HubError ? error.code : 'failed'),
    );
  expect(outcome).toBe(!expected ? 'CONFLICT' : fails ? 'failed' : 'kept');
  return expected && !fails ? expected : model;
}

async function run(tx: Writer, operation: Operation): Promise<void> {
  if (operation.op === 'append') return tx.append('visits', [operation.entry]);
  if (operation.op === 'remove') return tx.remove('account', operation.key, operation);
  await tx.put('account', operation.key, operation);
}

async function expectSame(store: Store, model: Model): Promise<void> {
  const standing = await store.read((tx) => tx.get('account', KEYS));
  expect(standing).toEqual(KEYS.map((key) => present(model, key)).map((version) => version && withoutAuthorship(version)));
  for (const key of KEYS) expect(await store.read((tx) => tx.versions('account', key))).toEqual(model.versions.get(key) ?? []);
  const entries = await store.read((tx) => tx.entries('visits', 0, 1000));
  expect(entries.map(({ entry }) => entry)).toEqual(model.entries);
  const changes = await store.changes(null, 1000);
  expect(changes.map(comparable)).toEqual(model.changes.map(comparable));
}

function withoutAuthorship<T extends { readonly at: string; readonly actor: string }>({
  at: _at,
  actor: _actor,
  ...document
}: T): Omit<T, 'at' | 'actor'> {
  return document;
}

/** Without the position, and with the names of the fields in one order. */
function comparable(change: Omit<Change, 'position'>): object {
  const { position: _position, fields, ...rest } = { position: '', ...change };
  return { ...rest, fields: [...fields].sort() };
}
