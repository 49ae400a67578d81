import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MongoClient } from 'mongodb';
import { openMongoStore } from '../../store/mongodb/open-store.ts';
import type { Store } from '../../store/port.ts';
import { account, COLLECTIONS } from '../conformance/documents.ts';
import { dropDatabase, type Mongod, startMongod } from '../support/mongod.ts';

const BY = { actor: 'clerk' };
const server: Mongod | undefined = await startMongod();

afterAll(() => server?.stop(), 60_000);

let url: string;
let client: MongoClient;
const opened: Store[] = [];
async function open(): Promise<Store> {
  const store = await openMongoStore(url, { collections: COLLECTIONS, clock: { now: () => new Date() } });
  opened.push(store);
  return store;
}
beforeEach(async () => {
  const address = new URL(server?.url ?? 'mongodb://nowhere');
  address.pathname = `/hub_${randomBytes(6).toString('hex')}`;
  url = address.href;
  client = new MongoClient(url);
});
afterEach(async () => {
  await client.close();
  for (const store of opened.splice(0)) await store.close();
  if (server) await dropDatabase(url);
});

(server ? describe : describe.skip)('a store on MongoDB', () => {
  it('opens its stream of commits again when it breaks, and hears of commits meanwhile', async () => {
    const [store, other] = [await open(), await open()];
    let tell = () => {};
    const end = store.onCommit(() => tell());
    const hearsOf = async (key: string) => {
      const heard = new Promise<void>((resolve) => {
        tell = resolve;
      });
      await put(other, key);
      const kept = performance.now();
      await heard;
      return performance.now() - kept;
    };
    const { cursor } = await streamOf(client);
    await hearsOf('before');
    const isReplaced = replaced(client, cursor);
    await hearsOf('meanwhile');
    await isReplaced;
    const waits: number[] = [];
    for (let n = 0; n < 5; n += 1) waits.push(await hearsOf(`again${n}`));
    expect(waits.sort((left, right) => left - right)[2]).toBeLessThan(100);
    end();
  }, 30_000);

  it('leaves it to the database to forget claims that have ended', async () => {
    await open();
    const indexes = await client.db().collection('claims').indexes();
    expect(indexes).toContainEqual(expect.objectContaining({ key: { until: 1 }, expireAfterSeconds: 0 }));
  });
});

function put(by: Store, key: string): Promise<unknown> {
  return by.write((tx) => tx.put('account', key, account(key)), BY);
}

/** Where the server waits for something to tell the stream. */
async function streamOf(client: MongoClient): Promise<{ readonly operation: unknown; readonly cursor: string }> {
  for (;;) {
    const [stream] = await client
      .db('admin')
      .aggregate([
        { $currentOp: {} },
        {
          $match: {
            op: 'getmore',
            ns: `${client.options.dbName}.commits`,
            'cursor.originatingCommand.pipeline.0.$changeStream': { $exists: true },
          },
        },
      ])
      .toArray();
    if (stream) return { operation: stream.opid, cursor: String(stream.cursor.cursorId) };
    await sleep(20);
  }
}

/** Interrupts what the stream asks, which the driver takes for final, until another one stands. */
async function replaced(client: MongoClient, broken: string): Promise<void> {
  for (;;) {
    const { operation, cursor } = await streamOf(client);
    if (cursor !== broken) return;
    await client.db('admin').command({ killOp: 1, op: operation });
    await sleep(20);
  }
}
