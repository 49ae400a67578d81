import { HubError } from '../../schema/errors.ts';
import type { CollectionSpec, Store, StoreOptions } from '../port.ts';
import { Connection } from './connection.ts';
import { layOut } from './layout.ts';
import { retryWhileBusy } from './patience.ts';
import type { Layouts } from './reader.ts';
import { Snapshots } from './snapshots.ts';
import { prepareTables } from './tables.ts';
import { WriteQueue } from './write-queue.ts';
import { SqliteWriter } from './writer.ts';

interface SqliteOptions extends StoreOptions {
  /** How long a call waits for another process to let go of the file; 30 seconds unless told. */
  readonly patienceMs?: number;
}

const PATIENCE_MS = 30_000;
const MEMORY = 'PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY';

/** Opens the store in one file, which is made if it is not there and gets the tables, columns and indexes that it lacks. @throws STORE_UNAVAILABLE */
export async function openSqliteStore(file: string, options: SqliteOptions): Promise<Store> {
  const { clock, patienceMs = PATIENCE_MS } = options;
  const layouts = layOutAll(options.collections);
  const writing = await openWriting(file, layouts, patienceMs);
  // Reads have connections of their own: on the writing one they would see what is not committed yet.
  const snapshots = new Snapshots(() => openReading(file), layouts, patienceMs);
  const queue = new WriteQueue(writing, patienceMs);
  let closed: Promise<void> | undefined;

  const read: Snapshots['read'] = async (work) => {
    if (closed) throw isClosed();
    return snapshots.read(work);
  };
  const write: Store['write'] = async (work, { actor }) => {
    if (closed) throw isClosed();
    return queue.run(async () => {
      const writer = new SqliteWriter(writing, layouts, { actor, at: clock.now().toISOString() });
      try {
        const result = await work(writer);
        writer.refuseIfFailed();
        return result;
      } finally {
        writer.end();
      }
    });
  };
  const close = async () => {
    await queue.drained();
    await snapshots.close();
    // The last connection to a file checkpoints it.
    writing.close();
  };

  return {
    read,
    write,
    changes: (after, limit) => read((reader) => reader.changes(after, limit)),
    position: () => read((reader) => reader.position()),
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}

function layOutAll(collections: readonly CollectionSpec[]): Layouts {
  const layouts = new Map(collections.map((spec) => [spec.name, layOut(spec)]));
  if (layouts.size < collections.length) throw new Error('two collections have one name');
  return layouts;
}

async function openWriting(file: string, layouts: Layouts, patienceMs: number): Promise<Connection> {
  const connection = new Connection(file, { readOnly: false });
  try {
    await retryWhileBusy(patienceMs, () => prepareFile(connection, layouts));
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function prepareFile(connection: Connection, layouts: Layouts): void {
  const [mode] = connection.row('PRAGMA journal_mode = WAL') ?? [];
  if (mode !== 'wal') throw new HubError('STORE_UNAVAILABLE', 'the file lies where SQLite cannot share memory between connections');
  // A larger log is checkpointed less often: rows of an import touch the same pages of many indexes again and again.
  connection.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384; ${MEMORY}`);
  connection.exec('BEGIN IMMEDIATE');
  try {
    prepareTables(connection, layouts.values());
    connection.exec('COMMIT');
  } catch (error) {
    if (connection.isInTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function openReading(file: string): Connection {
  const connection = new Connection(file, { readOnly: true });
  connection.exec(MEMORY);
  return connection;
}

function isClosed(): HubError {
  return new HubError('STORE_UNAVAILABLE', 'the store is closed');
}
