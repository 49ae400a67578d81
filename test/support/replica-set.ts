import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient, MongoServerError } from 'mongodb';
import { argumentsOf, ended, freePort, program } from './mongod.ts';

/** Three members on this machine, which agree on a new primary within about a second. */
export interface ReplicaSet {
  /** Of all members, without a database. */
  readonly url: string;
  /** Ports of the members that run. */
  running(): readonly number[];
  primary(): Promise<number>;
  /** Makes the primary step down; another one is elected. */
  stepDown(): Promise<void>;
  /** Kills a member with SIGKILL. */
  kill(port: number): Promise<void>;
  /** Starts those that were killed, and waits until all three follow. */
  heal(): Promise<void>;
  stop(): Promise<void>;
}

/** Three members that are started for this test; undefined where there is no server to be had. */
export async function startReplicaSet(): Promise<ReplicaSet | undefined> {
  const path = program();
  return path === undefined ? undefined : startThree(path);
}

async function startThree(path: string): Promise<ReplicaSet> {
  const folder = await mkdtemp(join(tmpdir(), 'hub-replica-'));
  const members = [await freePort(), await freePort(), await freePort()];
  const running = new Map<number, ChildProcess>();
  const start = async (port: number) => {
    const data = join(folder, String(port));
    await mkdir(data, { recursive: true });
    running.set(port, spawn(path, argumentsOf(data, port), { stdio: 'ignore' }));
  };
  const stop = async () => {
    await Promise.all([...running.values()].map(ended));
    await rm(folder, { recursive: true, force: true });
  };
  const set: ReplicaSet = {
    url: `mongodb://${members.map((port) => `127.0.0.1:${port}`).join()}/?replicaSet=rs0`,
    running: () => [...running.keys()],
    primary: () => primaryOf(members),
    stepDown: async () => {
      const primary = await primaryOf(members);
      await onMember(primary, async (client) => {
        // Under load no secondary may have come near enough in that time: then the primary stays, and is asked again.
        for (let isDown = false; !isDown; ) {
          isDown = await client
            .db('admin')
            .command({ replSetStepDown: 20, secondaryCatchUpPeriodSecs: 10 })
            .then(() => true, isNoLongerPrimary);
        }
      });
    },
    async kill(port) {
      const child = running.get(port);
      if (!child) throw new Error(`no member runs at ${port}`);
      running.delete(port);
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
    async heal() {
      for (const port of members) if (!running.has(port)) await start(port);
      await follow(members);
    },
    stop,
  };
  try {
    for (const port of members) await start(port);
    await initiate(members);
    await follow(members);
    return set;
  } catch (error) {
    await stop();
    throw error;
  }
}

function isNoLongerPrimary(error: unknown): boolean {
  const EXCEEDED_TIME_LIMIT = 262;
  if (error instanceof MongoServerError && error.code === EXCEEDED_TIME_LIMIT) return false;
  if (error instanceof MongoServerError) return true;
  throw error;
}

async function initiate(members: readonly number[]): Promise<void> {
  const [first = 0] = members;
  for (const port of members) while ((await stateOf(port)) === undefined) await sleep(50);
  await onMember(first, (client) =>
    client.db('admin').command({
      replSetInitiate: {
        _id: 'rs0',
        members: members.map((port, _id) => ({ _id, host: `127.0.0.1:${port}` })),
        settings: { electionTimeoutMillis: 1000, heartbeatIntervalMillis: 200 },
      },
    }),
  );
}

async function primaryOf(members: readonly number[]): Promise<number> {
  for (;;) {
    for (const port of members) if ((await stateOf(port)) === 'PRIMARY') return port;
    await sleep(50);
  }
}

async function follow(members: readonly number[]): Promise<void> {
  for (;;) {
    const states = await Promise.all(members.map(stateOf));
    if (states.includes('PRIMARY') && states.every((state) => state === 'PRIMARY' || state === 'SECONDARY')) return;
    await sleep(50);
  }
}

/** Undefined while the member does not answer. */
async function stateOf(port: number): Promise<'PRIMARY' | 'SECONDARY' | 'OTHER' | undefined> {
  return onMember(port, (client) => client.db('admin').command({ hello: 1 })).then(
    ({ isWritablePrimary, secondary }) => (isWritablePrimary ? 'PRIMARY' : secondary ? 'SECONDARY' : 'OTHER'),
    () => undefined,
  );
}

async function onMember<T>(port: number, ask: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 5000 });
  try {
    return await ask(client);
  } finally {
    await client.close();
  }
}
