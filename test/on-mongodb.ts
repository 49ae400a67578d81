import { spawnSync } from 'node:child_process';
import { startMongod } from './support/mongod.ts';

// npm run test:mongodb [test files]: the end-to-end tests with every hub on a real MongoDB, each in a database of its own.

const files = process.argv.slice(2);
const server = await startMongod();
if (!server) {
  console.error('没有可用的 MongoDB / there is no MongoDB here: MONGODB_URL, mongod on the path, or .ci/fetch-mongod');
  process.exit(1);
}
try {
  console.error(`MongoDB ${server.version}`);
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', '--testTimeout=30000'];
  const { status } = spawnSync(process.execPath, [...jest, ...(files.length > 0 ? files : ['test/e2e'])], {
    stdio: 'inherit',
    env: { ...process.env, HUB_TEST_STORE: server.url },
  });
  process.exitCode = status ?? 1;
} finally {
  await server.stop();
}
