import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SUITES } from '../../schema/intl-suite.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Suites } from '../../schema/suite.ts';
import type { Store } from '../../store/port.ts';
import { Connection } from '../../store/sqlite/connection.ts';
import { ACCESS_LOG, digestOf, type LogRecord, readRecord } from '../../subgraphs/access/log-chain.ts';
import { readHeads } from '../../subgraphs/access/log-heads.ts';
import { readLogKeys, readLogVerifier, rotateLogKey } from '../../subgraphs/access/log-key.ts';
import { type LogFault, type Verified, verifyLog } from '../../subgraphs/access/verify-log.ts';
import { GM } from '../support/gm-suite.ts';
import { entryNo, openLog } from './log-place.ts';

const [INTL] = SUITES;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const keyDir = () => join(folder, 'keys');
const headDir = () => join(folder, 'access-log');

/** Writes so many entries and closes the log. */
async function written(count: number, suites: Suites = SUITES): Promise<void> {
  const { log, close } = await openLog(folder, { suites });
  await Promise.all(Array.from({ length: count }, (_, number) => log.record(entryNo(number))));
  await close();
}
async function withStore<T>(work: (store: Store) => Promise<T>): Promise<T> {
  const { store, close } = await openLog(folder);
  try {
    return await work(store);
  } finally {
    await close();
  }
}
async function verified(suites: Suites = SUITES): Promise<Verified & { readonly found: readonly LogFault[] }> {
  const keys = readLogVerifier(keyDir(), suites);
  const found: LogFault[] = [];
  const onFault = (fault: LogFault) => void found.push(fault);
  return withStore(async (store) => ({ ...(await verifyLog({ store, keys, suites, heads: readHeads(headDir(), keys), onFault })), found }));
}
const faults = async () =>
  (await verified()).found.map(({ fault, number, upTo }) => [fault, number, ...(upTo === undefined ? [] : [upTo])]);
const records = () =>
  withStore(async (store) => {
    const entries = await store.read((tx) => tx.entries(ACCESS_LOG, 0, 10_000));
    return entries.map(({ place, entry }) => ({ place, ...recordIn(entry) }));
  });
function recordIn(entry: JsonObject): LogRecord {
  const record = readRecord(entry);
  if (!record) throw new Error('this is no record');
  return record;
}

/** What somebody with the database in hand would do. */
function tamper(sql: string, ...values: readonly (string | number)[]): void {
  withDatabase((database) => database.run(sql, values));
}
/** Changes records of the only chain in place. */
function change(which: string, work: (record: LogRecord) => LogRecord): void {
  withDatabase((database) => {
    const rows = database.rows(`SELECT place, entry FROM log_entries WHERE ${which} ORDER BY place`);
    for (const [place = null, entry] of rows) {
      const altered = JSON.stringify(work(recordIn(JSON.parse(String(entry)))));
      database.run('UPDATE log_entries SET entry = ? WHERE place = ?', [altered, place]);
    }
  });
}
function withDatabase<T>(work: (database: Connection) => T): T {
  const database = new Connection(join(folder, 'hub.sqlite'), { readOnly: false });
  try {
    return work(database);
  } finally {
    database.close();
  }
}
const number = (n: number) => `json_extract(entry, '$.n') = ${n}`;
const resealed = (record: LogRecord): LogRecord => ({ ...record, h: digestOf(INTL, record) });
const withPurpose = (record: LogRecord): LogRecord => ({ ...record, e: { ...record.e, purpose: 'LICENSING' } });

describe('the access log', () => {
  it('keeps the entries of concurrent requests in the order in which they came, each chained to the one before', async () => {
    await written(50);
    const all = await records();
    expect(all.map(({ k }) => k)).toEqual(['OPEN', ...Array(50).fill('ACCESS'), 'CHECK']);
    expect(all.flatMap(({ k, e }) => (k === 'ACCESS' ? [e.requestId] : []))).toEqual(
      Array.from({ length: 50 }, (_, number) => entryNo(number).requestId),
    );
    for (const [index, { n, p }] of all.entries()) expect([n, p]).toEqual([index, all[index - 1]?.h ?? '']);
    expect(await verified()).toEqual({ entries: 50, chains: 1, checkpoints: 1, faults: 0, found: [] });
  });

  it('writes the entries of a few milliseconds in one transaction', async () => {
    const { log, store, close } = await openLog(folder);
    let writes = 0;
    const write = store.write.bind(store);
    store.write = (work, by) => {
      writes += 1;
      return write(work, by);
    };
    await Promise.all(Array.from({ length: 100 }, (_, number) => log.record(entryNo(number))));
    expect(writes).toBe(1);
    await close();
  });

  it('tells of an entry only when another connection finds it in the store', async () => {
    const { log, close } = await openLog(folder);
    await log.record(entryNo(1));
    expect(withDatabase((other) => other.row("SELECT count(*) FROM log_entries WHERE log = 'access'"))).toEqual([2]);
    await close();
  });

  it('signs a checkpoint every thousand entries', async () => {
    const { log, close } = await openLog(folder);
    for (let group = 0; group < 5; group++) await Promise.all(Array.from({ length: 500 }, (_, number) => log.record(entryNo(number))));
    await close();
    expect(await verified()).toMatchObject({ entries: 2500, checkpoints: 3, faults: 0 });
  });

  it('keeps its key and its heads to itself', async () => {
    await written(1);
    const [head = ''] = await readdir(headDir());
    for (const file of [join(keyDir(), 'access-log-keys.json'), join(headDir(), head)]) expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('says in each entry how long it has to be kept', async () => {
    await written(1);
    expect((await records())[1]?.e).toMatchObject({ at: '2026-11-24T04:00:00.000Z', keepUntil: '2031-11-24' });
  });

  it('refuses every waiting request when it cannot write, and begins another chain when it can again', async () => {
    const { log, store, close } = await openLog(folder);
    await log.record(entryNo(0));
    const write = store.write.bind(store);
    store.write = () => Promise.reject(new Error('the disk is full'));
    const waiting = await Promise.allSettled([log.record(entryNo(1)), log.record(entryNo(2))]);
    const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'STORE_UNAVAILABLE' }) };
    expect(waiting).toEqual([refused, refused]);
    store.write = write;
    await log.record(entryNo(3));
    await close();
    expect(await verified()).toMatchObject({ entries: 2, chains: 2, faults: 0 });
  });
});

describe('verification', () => {
  beforeEach(() => written(10));

  it('finds an altered entry (A-34)', async () => {
    change(number(4), withPurpose);
    expect(await faults()).toEqual([['ALTERED', 4]]);
  });

  it('finds an entry that was altered together with its own digest', async () => {
    change(number(4), (record) => resealed(withPurpose(record)));
    expect(await faults()).toEqual([['REPLACED', 5]]);
  });

  it('finds a chain that was altered and chained anew to its end', async () => {
    let before = '';
    change('TRUE', (record) => {
      const altered = resealed({ ...(record.n === 4 ? withPurpose(record) : record), p: before });
      before = altered.h;
      return altered;
    });
    expect(await faults()).toEqual([
      ['REPLACED', 11],
      ['UNSIGNED', 11],
    ]);
  });

  it.each<[string, string, readonly (readonly (string | number)[])[]]>([
    ['a missing entry', "json_extract(entry, '$.n') = 4", [['MISSING', 4, 4]]],
    ['missing entries', "json_extract(entry, '$.n') IN (4, 5, 8)", [['MISSING', 4, 5], ['MISSING', 8, 8]]], // biome-ignore format: a table
    ['a beginning that was cut off', "json_extract(entry, '$.n') < 4", [['MISSING', 0, 3]]],
    ['an end that was cut off', "json_extract(entry, '$.n') > 8", [['CUT', 9, 11]]],
    ['a chain that was taken away', 'TRUE', [['CUT', 0, 11]]],
  ])('finds %s', async (_what, which, found) => {
    tamper(`DELETE FROM log_entries WHERE ${which}`);
    expect(await faults()).toEqual(found);
  });

  it('finds entries that changed places', async () => {
    const all = await records();
    const [one, other] = [all[4]?.place ?? 0, all[5]?.place ?? 0];
    for (const [from, to] of [[one, 0], [other, one], [0, other]] as const) tamper('UPDATE log_entries SET place = ? WHERE place = ?', to, from); // biome-ignore format: a table
    expect(await faults()).toEqual([
      ['MISSING', 4, 4],
      ['MOVED', 4],
    ]);
  });

  it('finds an entry that was written a second time', async () => {
    tamper("INSERT INTO log_entries (log, entry) SELECT log, entry FROM log_entries WHERE json_extract(entry, '$.n') = 4");
    expect(await faults()).toEqual([['MOVED', 4]]);
  });

  it('finds what is no record', async () => {
    tamper("INSERT INTO log_entries (log, entry) VALUES ('access', '{}')");
    expect(await faults()).toEqual([['NO_RECORD', undefined]]);
  });

  it('finds a checkpoint under another signature', async () => {
    change(number(11), (record) => resealed({ ...record, e: { ...record.e, signature: 'AAAA' } }));
    expect(await faults()).toEqual([
      ['REPLACED', 11],
      ['UNSIGNED', 11],
    ]);
  });

  it('finds a head that was set back, and one that was taken away', async () => {
    const [name = ''] = await readdir(headDir());
    const head = JSON.parse(await readFile(join(headDir(), name), 'utf8'));
    await writeFile(join(headDir(), name), JSON.stringify({ ...head, n: 3 }));
    expect(await faults()).toContainEqual(['HEAD', undefined]);
    await rm(join(headDir(), name));
    expect(await faults()).toEqual([['HEAD', undefined]]);
  });

  it('finds the end cut off a chain whose head was taken away too, as long as a later one stands', async () => {
    const [name = ''] = await readdir(headDir());
    await written(2);
    tamper(
      "DELETE FROM log_entries WHERE json_extract(entry, '$.n') > 8 AND json_extract(entry, '$.w') = ?",
      name.slice(0, -'.json'.length),
    );
    await rm(join(headDir(), name));
    expect(await faults()).toEqual(expect.arrayContaining([['CUT', 9, 11], ['HEAD', undefined]])); // biome-ignore format: a table
  });
});

describe('the keys of the access log', () => {
  const storedKeys = () => readLogKeys(keyDir());

  it('verify what an older one has signed, of which the private key is gone', async () => {
    await written(3);
    const before = storedKeys();
    const id = rotateLogKey(keyDir());
    await written(3);
    expect(await verified()).toMatchObject({ entries: 6, chains: 2, checkpoints: 2, faults: 0 });
    expect((await records()).flatMap(({ k, e }) => (k === 'CHECK' ? [e.key] : []))).toEqual([before?.keys[0].id, id]);
    expect(storedKeys()?.keys.map((key) => key.id)).toEqual([before?.keys[0].id, id]);
    const file = await readFile(join(keyDir(), 'access-log-keys.json'), 'utf8');
    expect(file.match(/PRIVATE KEY/g)).toHaveLength(2);
    expect(file).not.toContain(JSON.stringify(before?.privateKey));
    expect((await stat(join(keyDir(), 'access-log-keys.json'))).mode & 0o777).toBe(0o600);
  });

  it('are taken up by a log that is open, two seconds later', async () => {
    let now = Date.parse('2026-11-24T04:00:00Z');
    const { log, close } = await openLog(folder, { clock: { now: () => new Date(now) } });
    await log.record(entryNo(0));
    const id = rotateLogKey(keyDir());
    now += 2000;
    await log.record(entryNo(1));
    await close();
    const signed = (await records()).filter(({ k }) => k !== 'ACCESS').map(({ k, e }) => [k, e.key === id]);
    expect(signed).toEqual([
      ['OPEN', false],
      ['CHECK', true],
    ]);
    expect(await verified()).toMatchObject({ entries: 2, chains: 1, faults: 0 });
  });

  it('accept no checkpoint under the id of another key, and none under an id that they do not have', async () => {
    await written(3);
    const id = rotateLogKey(keyDir());
    for (const key of [id, 'nobody']) {
      change(number(4), (record) => resealed({ ...record, e: { ...record.e, key } }));
      expect((await faults()).map(([fault]) => fault)).toContain('UNSIGNED');
    }
  });

  it('take over a key that stands alone, and verify what it has signed', async () => {
    await written(3);
    const file = storedKeys();
    await rm(join(keyDir(), 'access-log-keys.json'));
    await writeFile(join(keyDir(), 'access-log-key.pem'), file?.privateKey ?? '');
    expect(await verified()).toMatchObject({ checkpoints: 1, faults: 0 });
    await written(1);
    expect(await verified()).toMatchObject({ checkpoints: 2, faults: 0 });
    expect(storedKeys()?.keys.map(({ id }) => id)).toEqual([file?.keys[0].id]);
    expect(await readdir(keyDir())).toEqual(['access-log-keys.json']);
  });
});

describe('a log under two suites', () => {
  const BOTH: Suites = [GM, INTL];

  it('is verified as a whole, each chain with the suite that it names', async () => {
    await written(3);
    rotateLogKey(keyDir(), { suites: BOTH });
    await written(3, BOTH);
    expect((await records()).flatMap(({ k, e }) => (k === 'OPEN' ? [e.suite] : []))).toEqual(['INTL', 'GM']);
    expect(await verified(BOTH)).toMatchObject({ entries: 6, chains: 2, checkpoints: 2, faults: 0 });
    tamper("UPDATE log_entries SET entry = json_set(entry, '$.e.purpose', 'LICENSING') WHERE json_extract(entry, '$.n') = 1");
    expect((await verified(BOTH)).found.map(({ fault, number }) => [fault, number])).toEqual([
      ['ALTERED', 1],
      ['ALTERED', 1],
    ]);
  });

  it('says which chain is of a suite that the hub does not have', async () => {
    await written(3);
    change(number(0), (record) => ({ ...record, e: { ...record.e, suite: 'GM' } }));
    expect(await faults()).toEqual([['SUITE', 0]]);
  });
});

describe('two processes on one store', () => {
  it('write a chain each, and no entry is lost', async () => {
    const script = new URL('log-writer.ts', import.meta.url);
    const ends = [0, 1].map(async (start) => {
      const child = fork(script, [folder, String(start * 1000), '200'], { execArgv: [] });
      const [code] = await once(child, 'exit');
      return code;
    });
    expect(await Promise.all(ends)).toEqual([0, 0]);
    expect(await verified()).toMatchObject({ entries: 400, chains: 2, faults: 0 });
    const ids = (await records()).flatMap(({ k, e }) => (k === 'ACCESS' ? [e.requestId] : []));
    expect(new Set(ids).size).toBe(400);
  }, 30_000);

  it('loses nothing that was told when one is killed', async () => {
    const script = new URL('log-writer.ts', import.meta.url);
    const child = fork(script, [folder, '0', '100000'], { execArgv: [] });
    const told: string[] = [];
    child.on('message', (id) => void told.push(String(id)));
    while (told.length < 100) await once(child, 'message');
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    const { faults: count } = await verified();
    expect(count).toBe(0);
    const ids = new Set((await records()).flatMap(({ k, e }) => (k === 'ACCESS' ? [e.requestId] : [])));
    expect(told.filter((id) => !ids.has(id))).toEqual([]);
  }, 30_000);
});
