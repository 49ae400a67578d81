import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EVERY } from '../../schema/filter.ts';
import type { CollectionSpec, Reader, Store } from '../../store/port.ts';
import type { Piece, Transfer, TransferOptions } from '../../store/transfer.ts';
import { ACCOUNTS, account, COLLECTIONS, gateWith, PENALTIES, penalty } from './documents.ts';
import type { StoreFactory } from './place.ts';

/** One end of a transfer. */
export interface TransferEnd extends Pick<StoreFactory, 'createPlace' | 'removePlace' | 'open'> {
  readonly name: string;
  readonly openTransfer: (place: string, options: TransferOptions) => Promise<Transfer>;
}

const BY = { actor: 'clerk' };
const FOLLOWERS: CollectionSpec = { name: 'follower', gated: false, columns: [], indexes: [] };
const FOUND: CollectionSpec = { name: 'found-by', gated: false, derived: true, columns: [], indexes: [] };
const DERIVED: CollectionSpec = {
  name: 'derived-one',
  gated: true,
  derived: true,
  columns: [{ name: 'flag', type: 'integer' }],
  indexes: [],
};
const ALL = [...COLLECTIONS, FOLLOWERS, FOUND, DERIVED];
/** More than one commit of a database holds. */
const MANY = 1100;
const SLOW = 60_000;

/** What leaves one store and enters another is the same there. */
export function describeTransfer(from: TransferEnd, to: TransferEnd): void {
  describe(`a transfer from ${from.name} to ${to.name}`, () => {
    const opened: { close(): Promise<void> }[] = [];
    let source = '';
    let target = '';
    beforeEach(async () => {
      source = await from.createPlace();
      target = await to.createPlace();
    });
    afterEach(async () => {
      for (const each of opened.splice(0).reverse()) await each.close();
      await from.removePlace(source);
      await to.removePlace(target);
    }, SLOW);

    const kept = async <T extends { close(): Promise<void> }>(opening: Promise<T>): Promise<T> => {
      const each = await opening;
      opened.push(each);
      return each;
    };
    let now = 0;
    const clock = { now: () => new Date(Date.UTC(2025, 2, 1) + 1000 * ++now) };
    const options = (collections: readonly CollectionSpec[]): TransferOptions => ({
      collections,
      clock,
      positions: { collection: 'follower', field: 'position' },
      rebuilt: ['found-by'],
    });
    const open = (end: TransferEnd, place: string, collections = ALL) => kept(end.open(place, { collections, clock }));
    const transferOf = (end: TransferEnd, place: string, collections = ALL) => kept(end.openTransfer(place, options(collections)));
    const transferInto = () => kept(to.openTransfer(target, { ...options(ALL), isTarget: true }));
    const move = async () => {
      const [out, into] = [await transferOf(from, source), await transferInto()];
      expect(await into.begin()).toBe(false);
      await into.import(out.export());
      await into.finish();
    };

    it(
      'moves every version, column, gate, change and entry of a log',
      async () => {
        const before = await open(from, source);
        await fill(before);
        await move();
        const after = await open(to, target);
        expect(await everything(after)).toEqual(await everything(before));
        expect(await changesOf(after, null)).toHaveLength(MANY + 15);
      },
      SLOW,
    );

    it(
      'moves it back as the same pieces',
      async () => {
        await fill(await open(from, source));
        await move();
        const pieces = async (end: TransferEnd, place: string) => collected((await transferOf(end, place)).export());
        expect(await pieces(to, target)).toEqual(await pieces(from, source));
      },
      SLOW,
    );

    it(
      'lets a follower of the change log go on where it was',
      async () => {
        const before = await open(from, source);
        await fill(before);
        const all = await before.changes(null, MANY * 2);
        const positions: Readonly<Record<string, string | null>> = {
          begun: null,
          first: all[0]?.position ?? '',
          middle: all[MANY - 3]?.position ?? '',
          last: all.at(-1)?.position ?? '',
        };
        const put = (key: string, position: string | null, expected: number) =>
          before.write((tx) => tx.put('follower', key, { body: { position, n: 1 }, expected }), BY);
        for (const [key, position] of Object.entries(positions)) await put(key, position, 0);
        await put('middle', positions.middle ?? null, 1);
        await move();
        const after = await open(to, target);
        for (const key of Object.keys(positions)) {
          const [follower] = await after.read((tx) => tx.get('follower', [key]));
          expect(follower?.body.n).toBe(1);
          const position = follower?.body.position;
          const rest = await changesOf(after, typeof position === 'string' ? position : null);
          expect(rest).toEqual(await changesOf(before, positions[key] ?? null));
        }
        const [replaced, standing] = await after.read((tx) => tx.versions('follower', 'middle'));
        expect([replaced?.body.position, typeof standing?.body.position]).toEqual([null, 'string']);
      },
      SLOW,
    );

    it(
      'moves what is left of a change log that was cut, as another log',
      async () => {
        const before = await open(from, source);
        await fill(before);
        const all = await before.changes(null, MANY * 2);
        const [boundary, later] = [all[6]?.position ?? '', all.at(-3)?.position ?? ''];
        await before.write((tx) => tx.put('follower', 'boundary', { body: { position: boundary }, expected: 0 }), BY);
        await before.write((tx) => tx.put('follower', 'later', { body: { position: later }, expected: 0 }), BY);
        expect(await before.cut(boundary, { kept: [] })).toBeGreaterThan(0);
        await move();
        const after = await open(to, target);
        expect(await changesOf(after, null)).toEqual(await changesOf(before, null));
        for (const [key, position] of Object.entries({ boundary, later })) {
          const [follower] = await after.read((tx) => tx.get('follower', [key]));
          const moved = follower?.body.position;
          expect(await changesOf(after, typeof moved === 'string' ? moved : null)).toEqual(await changesOf(before, position));
        }
        expect(after.logId).not.toBe(before.logId);
        expect(await after.reaches(null)).toBe(true);
      },
      SLOW,
    );

    it(
      'leaves behind what is made anew',
      async () => {
        const before = await open(from, source);
        await before.write((tx) => tx.put('found-by', 'a', { body: {}, expected: 0 }), BY);
        await move();
        expect(await (await open(to, target)).read((tx) => tx.get('found-by', ['a']))).toEqual([undefined]);
      },
      SLOW,
    );

    it(
      'tells of one moment, whatever is written meanwhile',
      async () => {
        const before = await open(from, source);
        await fill(before);
        const pieces: Piece[] = [];
        for await (const piece of (await transferOf(from, source)).export()) {
          if (pieces.length === 0)
            await before.write(async (tx) => {
              await tx.put('account', 'zzz', account('tooLate'));
              await tx.append('visits', [{ tooLate: true }]);
            }, BY);
          pieces.push(piece);
        }
        expect(pieces.filter((piece) => JSON.stringify(piece).includes('tooLate'))).toEqual([]);
        expect(pieces.filter(({ piece }) => piece === 'CHANGE')).toHaveLength(MANY + 15);
      },
      SLOW,
    );

    it(
      'leaves a store that goes on counting',
      async () => {
        const before = await open(from, source);
        await fill(before);
        await move();
        const after = await open(to, target);
        const position = await after.position();
        const [document] = await after.write(async (tx) => {
          await tx.append('visits', [{ n: 'new' }]);
          return [await tx.put('account', 'gone', account('gone'))];
        }, BY);
        expect(document?.version).toBe(2);
        expect((await after.changes(position, 10)).map(({ key, version }) => [key, version])).toEqual([['gone', 2]]);
        expect((await entriesOf(after, 'visits')).at(-1)).toEqual({ n: 'new' });
        const taken = after.write((tx) => tx.put('account', 'other', account('other', { columns: { email: 'a@b' } })), BY);
        await expect(taken).rejects.toMatchObject({ code: 'CONFLICT' });
      },
      SLOW,
    );

    it(
      'moves a version from before its collection had a gate',
      async () => {
        const before = await open(from, source, [{ ...PENALTIES, gated: false, columns: [], indexes: [] }, FOLLOWERS, FOUND]);
        await before.write((tx) => tx.put('test-penalty', 'a', { body: { n: 1 }, expected: 0 }), BY);
        await before.close();
        await move();
        const after = await open(to, target);
        expect((await after.read((tx) => tx.versions('test-penalty', 'a'))).map(({ gate, body }) => [gate, body])).toEqual([
          [undefined, { n: 1 }],
        ]);
      },
      SLOW,
    );

    it(
      'refuses a store that holds what nobody declares',
      async () => {
        await fill(await open(from, source));
        const out = await transferOf(from, source, [ACCOUNTS, FOLLOWERS, DERIVED]);
        await expect(collected(out.export())).rejects.toMatchObject({
          code: 'BAD_USER_INPUT',
          message: expect.stringContaining('test-penalty'),
        });
      },
      SLOW,
    );

    it(
      'begins in no store that holds anything',
      async () => {
        const other = await open(to, target);
        await other.write((tx) => tx.append('visits', [{ n: 1 }]), BY);
        await other.close();
        const into = await transferInto();
        await expect(into.begin()).rejects.toMatchObject({ code: 'CONFLICT' });
        expect(await entriesOf(await open(to, target), 'visits')).toEqual([{ n: 1 }]);
      },
      SLOW,
    );

    it(
      'lets nobody open a store that is half filled, and begins again where it was ended',
      async () => {
        const before = await open(from, source);
        await fill(before);
        const into = await transferInto();
        await into.begin();
        const broken = into.import(cutAfter((await transferOf(from, source)).export(), MANY + 40));
        await expect(broken).rejects.toThrow('cut');
        await into.close();
        for (const opening of [to.open(target, { collections: ALL, clock }), to.openTransfer(target, options(ALL))])
          await expect(opening).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });

        const again = await transferInto();
        expect(await again.begin()).toBe(true);
        await again.import((await transferOf(from, source)).export());
        await again.finish();
        expect(await everything(await open(to, target))).toEqual(await everything(before));
      },
      SLOW,
    );
  });
}

/** Documents that were replaced, removed, and stored again; more changes than one piece of any log holds. */
async function fill(store: Store): Promise<void> {
  await store.write(async (tx) => {
    await tx.put('account', 'gone', account('gone', { columns: { email: 'g@b' } }));
    await tx.put('account', 'a', account('a', { columns: { email: 'a@b', region: 'r', number: 7 } }));
    await tx.put('account', '𠮷', account('𠮷', { body: { text: '吉\n"\u2028', list: [1, null, { deep: true }], 9: 'nine' } }));
    await tx.put('account', '￥', account('￥'));
    await tx.put('derived-one', 'd', { body: { n: 1 }, expected: 0, gate: gateWith({ parties: ['x'] }), columns: { flag: 0 } });
    await tx.append('visits', [{ n: 1 }, { n: 2 }]);
    await tx.append('deliveries', [{ to: 'x' }]);
  }, BY);
  await store.write(
    async (tx) => {
      await tx.remove('account', 'gone', { expected: 1 });
      await tx.put('account', 'a', account('a', { expected: 1, body: { holder: 'b' }, columns: { email: 'a@b' } }));
      await tx.put('test-penalty', 'p', penalty('p', { gate: { objection: true, parties: [] }, columns: { tags: [], amount: -1 } }));
      await tx.append('visits', [{ n: 3 }]);
    },
    { actor: 'another' },
  );
  const gate = { subjectId: 's', parties: ['p', 'q'], status: 'PUBLISHED' as const, valueOpen: false };
  await store.write(
    (tx) =>
      tx.putMany(
        'test-penalty',
        Array.from({ length: MANY }, (_, n) =>
          penalty(`n${n}`, { gate, columns: { documentNo: `no ${n}`, amount: n, tags: ['t', `${n}`] } }),
        ),
      ),
    BY,
  );
  await store.write(async (tx) => {
    await tx.remove('test-penalty', 'p', { expected: 1 });
    await tx.put('test-penalty', 'n1', penalty('n1', { expected: 1, gate: { subjectId: 'other' } }));
    await tx.put('test-penalty', 'p', penalty('p', { gate }));
  }, BY);
  for (let n = 0; n < 5; n += 1) await store.write((tx) => tx.put('account', `later ${n}`, account(`later ${n}`)), BY);
}

async function everything(store: Store): Promise<unknown> {
  const stored = await store.read(async (tx) => {
    const collections = [];
    for (const { name } of ALL.filter(({ name }) => name !== 'found-by')) collections.push(await everythingOf(tx, name));
    return collections;
  });
  return {
    stored,
    changes: await changesOf(store, null),
    visits: await entriesOf(store, 'visits'),
    deliveries: await entriesOf(store, 'deliveries'),
  };
}

async function everythingOf(tx: Reader, name: string): Promise<unknown> {
  const documents = await tx.find(name, { where: EVERY, order: [], limit: 10_000 });
  const keys = new Set([...documents.map(({ key }) => key).slice(0, 40), 'gone', 'p', 'n1']);
  const versions = [];
  for (const key of keys) versions.push(await tx.versions(name, key));
  const present = await tx.count(name, { op: 'present', field: name === 'test-penalty' ? 'column.tags' : 'key' });
  return { name, documents, versions, count: await tx.count(name, EVERY), present };
}

async function changesOf(store: Store, after: string | null): Promise<readonly unknown[]> {
  const changes = await store.changes(after, MANY * 2);
  return changes.map(({ position: _, ...change }) => change);
}

async function entriesOf(store: Store, log: string): Promise<readonly unknown[]> {
  return (await store.read((tx) => tx.entries(log, 0, 100))).map(({ entry }) => entry);
}

async function collected<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const list: T[] = [];
  for await (const each of all) list.push(each);
  return list;
}

async function* cutAfter(pieces: AsyncIterable<Piece>, count: number): AsyncGenerator<Piece> {
  let left = count;
  for await (const piece of pieces) {
    if (left-- === 0) throw new Error('cut');
    yield piece;
  }
}
