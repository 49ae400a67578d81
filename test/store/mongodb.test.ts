import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openMongoStore } from '../../store/mongodb/open-store.ts';
import { openMongoTransfer } from '../../store/mongodb/transfer.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { openSqliteTransfer } from '../../store/sqlite/transfer.ts';
import { describeStore } from '../conformance/describe-store.ts';
import { describeTransfer, type TransferEnd } from '../conformance/describe-transfer.ts';
import { dropDatabase, type Mongod, startMongod } from '../support/mongod.ts';

const server: Mongod | undefined = await startMongod();
// A machine without MongoDB claims no pass: one line says so, and every test of it is skipped.
process.stderr.write(
  server ? `MongoDB ${server.version}\n` : 'NO MONGODB HERE: the MongoDB store was not tested (MONGODB_URL, or mongod on the path)\n',
);

afterAll(() => server?.stop(), 60_000);

if (server) {
  const createPlace = async () => {
    const url = new URL(server.url);
    url.pathname = `/hub_${randomBytes(6).toString('hex')}`;
    return url.href;
  };
  describeStore('mongodb', {
    createPlace,
    removePlace: dropDatabase,
    open: openMongoStore,
    module: new URL('../../store/mongodb/open-store.ts', import.meta.url).href,
    exported: 'openMongoStore',
  });
  const database: TransferEnd = {
    name: 'mongodb',
    createPlace,
    removePlace: dropDatabase,
    open: openMongoStore,
    openTransfer: openMongoTransfer,
  };
  const file: TransferEnd = {
    name: 'sqlite',
    createPlace: async () => join(await mkdtemp(join(tmpdir(), 'hub-')), 'hub.sqlite'),
    removePlace: (place) => rm(dirname(place), { recursive: true, force: true }),
    open: openSqliteStore,
    openTransfer: openSqliteTransfer,
  };
  describeTransfer(file, database);
  describeTransfer(database, file);
  describeTransfer(database, database);
} else {
  describe.skip('the mongodb store', () => {
    it('was not tested: there is no MongoDB here', () => expect(server).toBeDefined());
  });
}
