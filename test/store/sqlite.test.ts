import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Filter } from '../../schema/filter.ts';
import type { Query } from '../../store/port.ts';
import { compileFilter } from '../../store/sqlite/compile-filter.ts';
import { Connection } from '../../store/sqlite/connection.ts';
import { compilePage } from '../../store/sqlite/keyset-page.ts';
import { layOut } from '../../store/sqlite/layout.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { openSqliteTransfer } from '../../store/sqlite/transfer.ts';
import { describeStore } from '../conformance/describe-store.ts';
import { describeTransfer } from '../conformance/describe-transfer.ts';
import { account, COLLECTIONS, PENALTIES } from '../conformance/documents.ts';

const BY = { actor: 'clerk' };
const OPTIONS = { collections: COLLECTIONS, clock: { now: () => new Date(0) } };

describeStore('sqlite', {
  createPlace,
  removePlace,
  open: openSqliteStore,
  module: new URL('../../store/sqlite/open-store.ts', import.meta.url).href,
  exported: 'openSqliteStore',
});

const FILES = { name: 'sqlite', createPlace, removePlace, open: openSqliteStore, openTransfer: openSqliteTransfer };
describeTransfer(FILES, FILES);

describe('a store in a SQLite file', () => {
  let file = '';
  beforeEach(async () => {
    file = await createPlace();
  });
  afterEach(() => removePlace(file));

  it('leaves the file alone when it is closed', async () => {
    const store = await openSqliteStore(file, OPTIONS);
    await store.write((tx) => tx.put('account', 'a', account('a')), BY);
    await store.read((tx) => tx.get('account', ['a']));
    await store.close();
    expect(await readdir(dirname(file))).toEqual(['hub.sqlite']);
  });

  it('forgets claims that have ended, beside itself', async () => {
    let now = 0;
    const store = await openSqliteStore(file, { ...OPTIONS, clock: { now: () => new Date(now) } });
    const claim = (id: string) => store.claim([{ id, until: new Date(now + 10_000) }]);
    expect(await claim('a')).toEqual([true]);
    now = 9_999;
    expect(await claim('a')).toEqual([false]);
    now = 20_000;
    expect(await claim('b')).toEqual([true]);
    expect(withConnection(`${file}-claims`, (connection) => connection.rows('SELECT id FROM claims'))).toEqual([['b']]);
    await store.close();
    expect(await readdir(dirname(file))).toEqual(['hub.sqlite', 'hub.sqlite-claims']);
  });

  it('is not opened when a newer hub has laid it out', async () => {
    await (await openSqliteStore(file, OPTIONS)).close();
    withConnection(file, (connection) => connection.exec(`UPDATE meta SET value = '99' WHERE name = 'layout'`));
    await expect(openSqliteStore(file, OPTIONS)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('99'),
    });
  });

  it.each([
    ['holds something else', 'hub.sqlite'],
    ['lies in no folder', 'nowhere/hub.sqlite'],
  ])('is not opened when it %s', async (_case, name) => {
    await writeFile(file, 'not a database, but long enough to be taken for one'.repeat(20));
    await expect(openSqliteStore(join(dirname(file), name), OPTIONS)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('waits for another process to let go of it, with the event loop free', async () => {
    const store = await openSqliteStore(file, OPTIONS);
    const other = new Connection(file, { readOnly: false });
    other.exec('BEGIN IMMEDIATE');
    const writing = store.write((tx) => tx.put('account', 'a', account('a')), BY);
    expect(await Promise.race([writing, turns(100)])).toBe('turned');
    expect(await store.read((tx) => tx.get('account', ['a']))).toEqual([undefined]);
    other.exec('COMMIT');
    other.close();
    expect(await writing).toMatchObject({ version: 1 });
    await store.close();
  });

  it('gives up when another process does not let go of it', async () => {
    const store = await openSqliteStore(file, { ...OPTIONS, patienceMs: 20 });
    const other = new Connection(file, { readOnly: false });
    other.exec('BEGIN IMMEDIATE');
    const writing = store.write((tx) => tx.put('account', 'a', account('a')), BY);
    await expect(writing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', cause: expect.objectContaining({ errcode: 5 }) });
    other.close();
    expect(await store.write((tx) => tx.put('account', 'a', account('a')), BY)).toMatchObject({ version: 1 });
    await store.close();
  });
});

describe('a statement', () => {
  const layout = layOut(PENALTIES);
  const ofSubject: Filter = { op: 'eq', field: 'gate.subjectId', value: 's' };
  const open: Filter = {
    op: 'any',
    of: [
      { op: 'eq', field: 'gate.status', value: 'PUBLISHED' },
      { op: 'has', field: 'gate.parties', value: 'x' },
    ],
  };
  const whole: Query = { where: open, order: [{ field: 'column.documentNo', direction: 'DESC' }], limit: 20 };
  const own: Query = {
    where: { op: 'all', of: [{ op: 'eq', field: 'gate.status', value: 'PUBLISHED' }, ofSubject, open] },
    order: [{ field: 'column.amount', direction: 'ASC' }],
    limit: 20,
  };

  let file = '';
  beforeEach(async () => {
    file = await createPlace();
    await (await openSqliteStore(file, OPTIONS)).close();
  });
  afterEach(() => removePlace(file));

  const planOf = (sql: string) =>
    withConnection(file, (connection) => connection.rows(`EXPLAIN QUERY PLAN ${sql}`).map((row) => String(row.at(-1))));

  it.each<[string, Query, RegExp]>([
    ['first page', whole, /^SCAN doc_test_penalty USING INDEX \S+$/],
    ['later page', { ...whole, after: { values: ['no'], key: 'k' } }, /USING INDEX \S+ \(c_documentNo(=|<)\?/],
    ['first page of a subject', own, /USING INDEX \S+ \(g_subjectId=\?\)/],
    ['later page of a subject', { ...own, after: { values: [1], key: 'k' } }, /USING INDEX \S+ \(g_subjectId=\? AND c_amount(=|>)\?/],
    [
      'later page of a subject behind a missing value',
      { ...own, after: { values: [null], key: 'k' } },
      /\(g_subjectId=\? AND c_amount(=|>)\?/,
    ],
  ])('reads a %s from the index of its order', (_page, query, plan) => {
    for (const { sql } of compilePage(layout, query).parts) expect(planOf(sql)).toEqual([expect.stringMatching(plan)]);
  });

  it.each([
    ['all', open],
    ['those of a subject', own.where],
  ])('counts %s from an index alone', (_what, where) => {
    const plan = planOf(`SELECT count(*) FROM ${layout.table} WHERE ${compileFilter(layout, where).sql}`);
    expect(plan).toEqual([expect.stringContaining('USING COVERING INDEX')]);
  });
});

async function createPlace(): Promise<string> {
  return join(await mkdtemp(join(tmpdir(), 'hub-')), 'hub.sqlite');
}

function removePlace(file: string): Promise<void> {
  return rm(dirname(file), { recursive: true, force: true });
}

function withConnection<T>(file: string, work: (connection: Connection) => T): T {
  const connection = new Connection(file, { readOnly: false });
  try {
    return work(connection);
  } finally {
    connection.close();
  }
}

async function turns(count: number): Promise<string> {
  for (let n = 0; n < count; n += 1) await new Promise((resolve) => setImmediate(resolve));
  return 'turned';
}
