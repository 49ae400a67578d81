import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientSession, MongoClient } from 'mongodb';
import { HubError } from '../../schema/errors.ts';
import { CommitListeners } from '../commit-listeners.ts';
import type { Store, StoreOptions } from '../port.ts';
import { claimAll } from './claims.ts';
import { type Commit, Commits } from './commits.ts';
import { connectTo, layOutAll, PATIENCE_MS } from './connect.ts';
import { isDuplicateKey, isTransient, isUnavailable, isUnknownOutcome, translate } from './driver-error.ts';
import { type LayoutDuty, logIdOf, prepareDatabase } from './prepare-database.ts';
import { type Access, MongoReader } from './reader.ts';
import { watchCommits } from './watch-commits.ts';
import { WriteQueue } from './write-queue.ts';
import { MongoWriter } from './writer.ts';

interface MongoOptions extends StoreOptions {
  /** What to do about a database that lacks something; `apply` unless told. */
  readonly layout?: LayoutDuty | undefined;
  /** How long a call goes on trying while the database elects, restarts or has its hands full; 30 seconds unless told. */
  readonly patienceMs?: number;
}

const LONGEST_PAUSE_MS = 200;

/**
 * Opens the store in one database of a replica set or a sharded cluster, which gets the collections and indexes that it lacks, or is refused for it.
 * @throws STORE_UNAVAILABLE
 */
export async function openMongoStore(url: string, options: MongoOptions): Promise<Store> {
  const { clock, patienceMs = PATIENCE_MS, layout = 'apply' } = options;
  const layouts = layOutAll(options);
  let logId = '';
  const connection = await connectTo(url, patienceMs, async (opened) => {
    await prepareDatabase(opened, { layouts: [...layouts.values()], layout });
    logId = await logIdOf(opened);
  });
  const client: MongoClient = connection.getClient();
  const db = client.db(connection.name);
  const queue = new WriteQueue();
  const writer = randomBytes(9).toString('base64url');
  const reading = new Set<Promise<unknown>>();
  let number = 0;
  let closed: Promise<void> | undefined;

  const transact = <T>(work: (session: ClientSession) => Promise<T>) => inTransaction(client, patienceMs, work);
  const access: Access = { db, layouts, commits: new Commits(db, transact) };
  const commitsOf = db.collection<Commit>('commits', { readConcern: { level: 'majority' } });

  const listeners = new CommitListeners((wake) => watchCommits({ db, position: () => access.commits.position(), wake }));

  const read: Store['read'] = async (work) => {
    if (closed) throw isClosed();
    const running = client.withSession({ snapshot: true }, async (session) => {
      const reader = new MongoReader(access, session);
      try {
        return await work(reader);
      } finally {
        reader.end();
      }
    });
    reading.add(running);
    return running.catch((error) => Promise.reject(translate(error))).finally(() => reading.delete(running));
  };

  const write: Store['write'] = async (work, { actor }) => {
    if (closed) throw isClosed();
    const result = await queue
      .run(async () => {
        const transaction = randomBytes(12).toString('base64url');
        const isKept = async () => (await commitsOf.findOne({ _id: `${transaction}.0` })) !== null;
        return client.withSession(async (session) => {
          const attempt = async () => {
            const tx = new MongoWriter(access, session, { actor, at: clock.now().toISOString() });
            try {
              const result = await queue.runInside(() => work(tx));
              tx.refuseIfFailed();
              const commits = tx.commits(transaction, writer, () => ++number);
              return { result, commits, isOpen: tx.isOpen };
            } finally {
              tx.end();
            }
          };
          return committed(session, patienceMs, { attempt, insert: insertAll, isKept });
        });
      })
      .catch((error) => Promise.reject(translate(error)));
    listeners.tell();
    return result;
  };
  const insertAll = async (commits: readonly Commit[], session: ClientSession | undefined) => {
    if (commits.length > 0) await commitsOf.insertMany([...commits], session ? { session } : { ordered: true });
  };
  const asked = async <T>(question: () => Promise<T>): Promise<T> => {
    if (closed) throw isClosed();
    const running = question();
    reading.add(running);
    return running.catch((error) => Promise.reject(translate(error))).finally(() => reading.delete(running));
  };
  const close = async () => {
    listeners.close();
    await queue.drained();
    await Promise.allSettled(reading);
    await connection.close();
  };

  return {
    read,
    write,
    changes: (after, limit) => asked(() => access.commits.changes(after, limit)),
    position: () => asked(() => access.commits.position()),
    lastChange: () => asked(() => access.commits.lastChange()),
    logId,
    cut: (upTo, { kept, isRehearsal = false }) => asked(() => access.commits.cut(upTo, kept, isRehearsal)),
    reaches: (after) => asked(() => access.commits.reaches(after)),
    claim: (claims) => asked(() => claimAll(db, claims, patienceMs)),
    onCommit: (listener) => {
      if (closed) throw isClosed();
      return listeners.add(listener);
    },
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

interface Attempted<T> {
  readonly result: T;
  readonly commits: readonly Commit[];
  /** Whether the database knows of the transaction already. */
  readonly isOpen: boolean;
}
interface Committing<T> {
  readonly attempt: () => Promise<Attempted<T>>;
  readonly insert: (commits: readonly Commit[], session: ClientSession | undefined) => Promise<void>;
  readonly isKept: () => Promise<boolean>;
}

/** Runs the work until it is kept, or has failed for a reason of its own. That it is kept twice is out of the question: its commits carry its id. */
async function committed<T>(session: ClientSession, patienceMs: number, { attempt, insert, isKept }: Committing<T>): Promise<T> {
  const until = performance.now() + patienceMs;
  for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    session.startTransaction({ readConcern: { level: 'snapshot' } });
    let done: Attempted<T> | undefined;
    try {
      done = await attempt();
      // What only appends needs no transaction: one document is written whole or not at all.
      if (!done.isOpen && done.commits.length <= 1) {
        await session.abortTransaction();
        await insertOnce(done.commits, insert);
        return done.result;
      }
      await insert(done.commits, session);
      // The database answers for one and the same transaction however often it is asked to commit it.
      await answered(until, () => session.commitTransaction());
      return done.result;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
      const translated = translate(error);
      if (!mayBeTriedAgain(translated) || performance.now() >= until) throw translated;
      if (done && done.commits.length > 0 && (await answered(until, isKept))) return done.result;
    }
    await sleep(pause);
  }
}

/** The driver labels no error of a connection that broke after it had heard that the primary is gone. */
function mayBeTriedAgain(error: unknown): boolean {
  return isTransient(error) || isUnknownOutcome(error) || isUnavailable(error);
}

/** The driver's own second try may find that the first one has come through. */
async function insertOnce(commits: readonly Commit[], insert: Committing<unknown>['insert']): Promise<void> {
  await insert(commits, undefined).catch((error) => {
    if (!isDuplicateKey(error)) throw error;
  });
}

/** Asks until the database has answered. */
async function answered<T>(until: number, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!mayBeTriedAgain(translate(error)) || isTransient(error) || performance.now() >= until) throw error;
    }
    await sleep(LONGEST_PAUSE_MS / 4);
  }
}

/** A transaction of the store's own. */
export function inTransaction<T>(client: MongoClient, patienceMs: number, work: (session: ClientSession) => Promise<T>): Promise<T> {
  return client.withSession((session) =>
    committed(session, patienceMs, {
      attempt: async () => ({ result: await work(session), commits: [], isOpen: true }),
      insert: async () => {},
      isKept: async () => false,
    }),
  );
}

function isClosed(): HubError {
  return new HubError('STORE_UNAVAILABLE', 'the store is closed');
}
