import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { ROOT } from './command.ts';

/** A MongoDB for tests. */
export interface Mongod {
  /** Of the server, without a database. */
  readonly url: string;
  readonly version: string;
  stop(): Promise<void>;
}

/** Where the server's program is: `HUB_MONGOD`, the cache that `tools/fetch-mongod.sh` fills, or the path. */
export function program(): string | undefined {
  const cached = join(ROOT, '.cache/mongod/mongod');
  const candidates = [process.env.HUB_MONGOD, cached].filter((path) => path !== undefined);
  return candidates.find((path) => existsSync(path)) ?? (spawnSync('mongod', ['--version']).status === 0 ? 'mongod' : undefined);
}

/** The server at `MONGODB_URL`, or one of a single member that is started for this test; undefined where there is none. */
export async function startMongod(): Promise<Mongod | undefined> {
  const given = process.env.MONGODB_URL;
  if (given) return { url: given, version: await versionOf(given), stop: async () => {} };
  const path = program();
  return path === undefined ? undefined : startOwn(path);
}

async function startOwn(path: string): Promise<Mongod> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-mongod-'));
  const port = await freePort();
  const child = spawn(path, argumentsOf(folder, port), { stdio: 'ignore' });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await initiate(port);
    const url = `mongodb://127.0.0.1:${port}/?replicaSet=rs0`;
    return { url, version: await versionOf(url), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Of a member of a replica set. */
export function argumentsOf(folder: string, port: number): readonly string[] {
  return [
    ...['--port', String(port), '--bind_ip', '127.0.0.1', '--nounixsocket', '--dbpath', folder, '--replSet', 'rs0'],
    ...['--wiredTigerCacheSizeGB', '0.25', '--oplogSize', '16', '--journalCommitInterval', '5'],
    ...['--wiredTigerEngineConfigString', 'log=(file_max=10MB,prealloc=false)'],
    // What a killed process had begun keeps its documents, and its database, to itself for so long.
    ...['--setParameter', 'transactionLifetimeLimitSeconds=2'],
    ...['--setParameter', 'shutdownTimeoutMillisForSignaledShutdown=0', '--setParameter', 'diagnosticDataCollectionEnabled=false'],
  ];
}

async function initiate(port: number): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 20_000 });
  try {
    await client.db('admin').command({ replSetInitiate: { _id: 'rs0', members: [{ _id: 0, host: `127.0.0.1:${port}` }] } });
    for (;;) {
      const { isWritablePrimary } = await client.db('admin').command({ hello: 1 });
      if (isWritablePrimary) return;
      await sleep(50);
    }
  } finally {
    await client.close();
  }
}

async function versionOf(url: string): Promise<string> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 20_000 });
  try {
    const { version } = await client.db('admin').command({ buildInfo: 1 });
    return String(version);
  } finally {
    await client.close();
  }
}

/** Drops the database that the address names. */
export async function dropDatabase(url: string): Promise<void> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 20_000 });
  try {
    await client.db().dropDatabase();
  } finally {
    await client.close();
  }
}

/** Everything in one collection of the database that the address names, in the order of the ids. */
export async function readDocuments(url: string, collection: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 20_000 });
  try {
    return await client.db().collection(collection).find().sort({ _id: 1 }).toArray();
  } finally {
    await client.close();
  }
}

/** Ends a process that was started here. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await exit;
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
