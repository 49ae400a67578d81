import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, it } from '@jest/globals';
import { openMongoStore } from '../../store/mongodb/open-store.ts';
import { describeStore } from '../conformance/describe-store.ts';
import { dropDatabase, type Mongod, startMongod } from '../support/mongod.ts';

const server: Mongod | undefined = await startMongod();
// A machine without MongoDB claims no pass: one line says so, and every test of it is skipped.
process.stderr.write(
  server ? `MongoDB ${server.version}\n` : 'NO MONGODB HERE: the MongoDB store was not tested (MONGODB_URL, or mongod on the path)\n',
);

afterAll(() => server?.stop(), 60_000);

if (server) {
  describeStore('mongodb', {
    createPlace: async () => {
      const url = new URL(server.url);
      url.pathname = `/hub_${randomBytes(6).toString('hex')}`;
      return url.href;
    },
    removePlace: dropDatabase,
    open: openMongoStore,
    module: new URL('../../store/mongodb/open-store.ts', import.meta.url).href,
    exported: 'openMongoStore',
  });
} else {
  describe.skip('the mongodb store', () => {
    it('was not tested: there is no MongoDB here', () => expect(server).toBeDefined());
  });
}
