import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SUITES } from '../../schema/intl-suite.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { CollectionSpec, Store } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { rotateFieldKey } from '../../subgraphs/kit/field-keys.ts';
import { openSealer } from '../../subgraphs/kit/file-sealer.ts';
import { countSealed, resealStore } from '../../subgraphs/kit/sealed-bodies.ts';
import { isSealed } from '../../subgraphs/kit/sealer.ts';

const COLLECTION: CollectionSpec = { name: 'paper', gated: false, columns: [], indexes: [] };
const BY = { actor: 'clerk' };

describe('resealing', () => {
  let folder: string;
  let store: Store;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealed-bodies-'));
    store = await openSqliteStore(join(folder, 'hub.sqlite'), { collections: [COLLECTION], clock: { now: () => new Date(0) } });
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });
  const put = (body: JsonObject, expected = 0) => store.write((tx) => tx.put('paper', 'a', { body, expected }), BY);

  it('reaches values at every depth and in every version, and leaves the rest of a body as it is', async () => {
    const old = openSealer(folder);
    const deep = { plain: 'p', empty: null, list: [old.seal('in a list'), 'x', null], nested: { deeper: { value: old.seal('nested') } } };
    await put({ ...deep, $handle: old.seal('{"kind":"person"}') });
    await put({ ...deep, number: 5, replaced: true }, 1);
    const current = rotateFieldKey(folder, SUITES, new Date(0));
    const sealer = openSealer(folder);
    expect(await countSealed(store)).toEqual(new Map([['k1', 5]]));

    const batches: number[] = [];
    const onBatch = (values: number) => void batches.push(values);
    expect(await resealStore({ store, sealer, current, onBatch })).toEqual({ values: 5, unreadable: [] });
    expect(batches).toEqual([5]);
    expect(await countSealed(store)).toEqual(new Map([[current, 5]]));

    const opened = { plain: 'p', empty: null, list: ['in a list', 'x', null], nested: { deeper: { value: 'nested' } } };
    const versions = await store.read((tx) => tx.versions('paper', 'a'));
    expect(versions.map(({ body }) => plain(body, (sealed) => sealer.open(sealed)))).toEqual([
      { ...opened, $handle: '{"kind":"person"}' },
      { ...opened, number: 5, replaced: true },
    ]);
    expect(await resealStore({ store, sealer, current, onBatch })).toEqual({ values: 0, unreadable: [] });
  });

  it('leaves a value that cannot be opened in its place, and reseals its neighbours', async () => {
    const lost = { $sealed: 'k77.AAAA' };
    await put({ lost, other: openSealer(folder).seal('other') });
    const current = rotateFieldKey(folder, SUITES, new Date(0));
    const found = await resealStore({ store, sealer: openSealer(folder), current, onBatch: () => undefined });
    expect(found).toEqual({ values: 1, unreadable: [{ collection: 'paper', key: 'a', version: 1 }] });
    const [document] = await store.read((tx) => tx.get('paper', ['a']));
    expect(document?.body.lost).toEqual(lost);
    expect(await countSealed(store)).toEqual(new Map([['k77', 1], [current, 1]])); // biome-ignore format: a table
  });
});

function plain(body: JsonObject, open: (sealed: { $sealed: string }) => string): unknown {
  return JSON.parse(JSON.stringify(body), (_name, value) => (isSealed(value) ? open(value) : value));
}
