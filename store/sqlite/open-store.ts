import { HubError } from '../../schema/errors.ts';
import { CommitListeners } from '../commit-listeners.ts';
import type { Store, StoreOptions } from '../port.ts';
import { SqliteClaims } from './claims.ts';
import { cutSome } from './cut-changes.ts';
import { layOutAll, openReading, openWriting, PATIENCE_MS } from './open-file.ts';
import { Snapshots } from './snapshots.ts';
import { logIdOf, prepareTables } from './tables.ts';
import { watchCommits } from './watch-commits.ts';
import { WriteQueue } from './write-queue.ts';
import { SqliteWriter } from './writer.ts';

interface SqliteOptions extends StoreOptions {
  /** How long a call waits for another process to let go of the file; 30 seconds unless told. */
  readonly patienceMs?: number;
}

/** Opens the store in one file, which is made if it is not there and gets the tables, columns and indexes that it lacks. @throws STORE_UNAVAILABLE */
export async function openSqliteStore(file: string, options: SqliteOptions): Promise<Store> {
  const { clock, patienceMs = PATIENCE_MS } = options;
  const layouts = layOutAll(options.collections);
  const writing = await openWriting(file, patienceMs, (connection) => prepareTables(connection, { layouts: layouts.values() }));
  // Reads have connections of their own: on the writing one they would see what is not committed yet.
  const snapshots = new Snapshots(() => openReading(file), layouts, patienceMs);
  const queue = new WriteQueue(writing, patienceMs);
  // On this connection: it does not count its own commits, of which the queue tells at once.
  const listeners = new CommitListeners((wake) => watchCommits(writing, wake));
  const claims = new SqliteClaims({ file, clock, patienceMs });
  let closed: Promise<void> | undefined;

  const read: Snapshots['read'] = async (work) => {
    if (closed) throw isClosed();
    return snapshots.read(work);
  };
  const write: Store['write'] = async (work, { actor }) => {
    if (closed) throw isClosed();
    const result = await queue.run(async () => {
      const writer = new SqliteWriter(writing, layouts, { actor, at: clock.now().toISOString() });
      try {
        const result = await work(writer);
        writer.refuseIfFailed();
        return result;
      } finally {
        writer.end();
      }
    });
    listeners.tell();
    return result;
  };
  const cut: Store['cut'] = async (upTo, { kept, isRehearsal = false }) => {
    if (closed) throw isClosed();
    const limit = await read((reader) => reader.cutLimit(upTo, kept));
    if (isRehearsal) return read((reader) => reader.countUpTo(limit));
    let count = 0;
    for (let isDone = limit <= 0; !isDone; ) {
      const some = await queue.run(() => cutSome(writing, limit));
      count += some.count;
      isDone = some.isDone;
    }
    return count;
  };
  const close = async () => {
    listeners.close();
    await queue.drained();
    await snapshots.close();
    await claims.close();
    // The last connection to a file checkpoints it.
    writing.close();
  };

  return {
    read,
    write,
    changes: (after, limit) => read((reader) => reader.changes(after, limit)),
    position: () => read((reader) => reader.position()),
    lastChange: () => read((reader) => reader.lastChange()),
    logId: logIdOf(writing),
    cut,
    reaches: (after) => read((reader) => reader.reaches(after)),
    claim: async (made) => {
      if (closed) throw isClosed();
      return claims.claim(made);
    },
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

function isClosed(): HubError {
  return new HubError('STORE_UNAVAILABLE', 'the store is closed');
}
