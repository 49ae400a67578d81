import { beforeEach, describe, expect, it } from '@jest/globals';
import type { BodyPlace, Store, StoredBody } from '../../store/port.ts';
import { ACCOUNTS, account, gateWith, penalty } from './documents.ts';
import { placeForEachTest, type StoreFactory } from './place.ts';

const BY = { actor: 'clerk' };

export function describeRewriting(factory: StoreFactory): void {
  describe('writing bodies anew', () => {
    const place = placeForEachTest(factory);
    let store: Store;
    beforeEach(async () => {
      store = await place.open();
    });
    const rewrite = (...bodies: readonly StoredBody[]) => store.write((tx) => tx.rewrite(bodies), BY);

    it('finds every version of every document, of removed ones too, page by page', async () => {
      const keys = ['a', 'b', '键', '\u{1f600}'];
      for (const key of keys) {
        await store.write((tx) => tx.put('account', key, account(key)), BY);
        await store.write((tx) => tx.put('account', key, account(key, { body: { second: key }, expected: 1 })), BY);
      }
      await store.write((tx) => tx.remove('account', 'b', { expected: 2 }), BY);
      await store.write((tx) => tx.put('test-penalty', 'p', penalty('p')), BY);
      const expected = [
        ...keys.flatMap((key) => [
          { collection: 'account', key, version: 1, body: { holder: key } },
          { collection: 'account', key, version: 2, body: { second: key } },
        ]),
        { collection: 'test-penalty', key: 'p', version: 1, body: { documentNo: 'p' } },
      ];
      for (const limit of [1, 2, 3, 100]) {
        const found = await allBodies(store, limit);
        expect(found).toHaveLength(expected.length);
        expect(found).toEqual(expect.arrayContaining(expected));
        expect(found.at(-1)).toEqual(expected.at(-1));
      }
    });

    it('goes on behind a place whose document is gone or has got another version', async () => {
      for (const key of ['a', 'b', 'c']) await store.write((tx) => tx.put('account', key, account(key)), BY);
      const [first] = await store.read((tx) => tx.bodies(null, 1));
      await store.write((tx) => tx.put('account', 'a', account('a', { expected: 1 })), BY);
      const behind = await store.read((tx) => tx.bodies(first ?? null, 100));
      expect(behind.map(({ key, version }) => [key, version])).toEqual([
        ['a', 2],
        ['b', 1],
        ['c', 1],
      ]);
      expect(await store.read((tx) => tx.bodies({ collection: 'account', key: 'bb', version: 1 }, 100))).toHaveLength(1);
      expect(await store.read((tx) => tx.bodies({ collection: 'unknown', key: '', version: 0 }, 100))).toEqual([]);
    });

    it('changes the body alone: no version, no change, no column, no gate', async () => {
      const put = penalty('p', { gate: { subjectId: 's' }, columns: { amount: 5, tags: ['t'] } });
      const before = await store.write((tx) => tx.put('test-penalty', 'p', put), BY);
      const versions = await store.read((tx) => tx.versions('test-penalty', 'p'));
      const changes = await store.changes(null, 10);
      place.setClock('2026-01-01T00:00:00.000Z');
      expect(await rewrite({ collection: 'test-penalty', key: 'p', version: 1, body: { documentNo: 'other bytes' } })).toBe(1);

      const body = { documentNo: 'other bytes' };
      expect(await store.read((tx) => tx.get('test-penalty', ['p']))).toEqual([{ ...before, body }]);
      expect(await store.read((tx) => tx.versions('test-penalty', 'p'))).toEqual(versions.map((version) => ({ ...version, body })));
      expect(before.gate).toEqual(gateWith({ subjectId: 's' }));
      expect(await store.changes(null, 10)).toEqual(changes);
    });

    it('reaches the version that was read, wherever it stands by now, and no other', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      await store.write((tx) => tx.put('account', 'a', account('a', { body: { holder: 'second' }, expected: 1 })), BY);
      expect(await rewrite({ collection: 'account', key: 'a', version: 1, body: { holder: 'first anew' } })).toBe(1);
      const bodiesOf = async () => (await store.read((tx) => tx.versions('account', 'a'))).map(({ body }) => body.holder);
      expect(await bodiesOf()).toEqual(['first anew', 'second']);

      await store.write((tx) => tx.remove('account', 'a', { expected: 2 }), BY);
      expect(await rewrite({ collection: 'account', key: 'a', version: 2, body: { holder: 'second anew' } })).toBe(1);
      expect(await bodiesOf()).toEqual(['first anew', 'second anew']);
      expect(await store.read((tx) => tx.get('account', ['a']))).toEqual([undefined]);
    });

    it('leaves out what is not there', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      const at = (rest: Partial<StoredBody>): StoredBody => ({
        collection: 'account',
        key: 'a',
        version: 1,
        body: { holder: 'x' },
        ...rest,
      });
      expect(await rewrite(at({ version: 2 }), at({ key: 'b' }), at({ collection: 'unknown' }))).toBe(0);
      expect((await allBodies(store, 10)).map(({ body }) => body)).toEqual([{ holder: 'a' }]);
    });

    it('keeps nothing of a write that throws', async () => {
      await store.write((tx) => tx.put('account', 'a', account('a')), BY);
      const failing = store.write(async (tx) => {
        await tx.rewrite([{ collection: 'account', key: 'a', version: 1, body: { holder: 'x' } }]);
        throw new Error('of my own');
      }, BY);
      await expect(failing).rejects.toThrow('of my own');
      expect((await allBodies(store, 10)).map(({ body }) => body)).toEqual([{ holder: 'a' }]);
    });

    it('finds and writes what stands in a collection that is no longer declared', async () => {
      await store.write((tx) => tx.put('test-penalty', 'p', penalty('p')), BY);
      await store.close();
      store = await place.open([ACCOUNTS]);
      const stored = { collection: 'test-penalty', key: 'p', version: 1 };
      expect(await allBodies(store, 10)).toEqual([{ ...stored, body: { documentNo: 'p' } }]);
      expect(await rewrite({ ...stored, body: { documentNo: 'anew' } })).toBe(1);
      expect(await allBodies(store, 10)).toEqual([{ ...stored, body: { documentNo: 'anew' } }]);
    });
  });
}

async function allBodies(store: Store, limit: number): Promise<readonly StoredBody[]> {
  const found: StoredBody[] = [];
  for (let after: BodyPlace | null = null; ; ) {
    const page: readonly StoredBody[] = await store.read((tx) => tx.bodies(after, limit));
    const last = page.at(-1);
    if (!last) return found;
    expect(page.length).toBeLessThanOrEqual(limit);
    found.push(...page);
    after = last;
  }
}
