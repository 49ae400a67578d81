import { HubError } from '../../schema/errors.ts';
import type { CollectionSpec } from '../port.ts';
import { Connection } from './connection.ts';
import { layOut } from './layout.ts';
import { retryWhileBusy } from './patience.ts';
import type { Layouts } from './reader.ts';

/** How long a call waits for another process to let go of the file, unless told. */
export const PATIENCE_MS = 30_000;
const MEMORY = 'PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY';

export function layOutAll(collections: readonly CollectionSpec[]): Layouts {
  const layouts = new Map(collections.map((spec) => [spec.name, layOut(spec)]));
  if (layouts.size < collections.length) throw new Error('two collections have one name');
  return layouts;
}

/** The connection that writes; `prepare` comes first, and again while another process holds the file. @throws STORE_UNAVAILABLE */
export async function openWriting(file: string, patienceMs: number, prepare: (connection: Connection) => void): Promise<Connection> {
  const connection = new Connection(file, { readOnly: false });
  try {
    await retryWhileBusy(patienceMs, () => {
      settle(connection);
      prepare(connection);
    });
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A connection that only reads. */
export function openReading(file: string): Connection {
  const connection = new Connection(file, { readOnly: true });
  connection.exec(MEMORY);
  return connection;
}

/** The work is kept whole or not at all. */
export function inTransaction<T>(connection: Connection, work: () => T): T {
  connection.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    connection.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk, for one, has ended the transaction already.
    if (connection.isInTransaction) connection.exec('ROLLBACK');
    throw error;
  }
}

function settle(connection: Connection): void {
  const [mode] = connection.row('PRAGMA journal_mode = WAL') ?? [];
  if (mode !== 'wal') throw new HubError('STORE_UNAVAILABLE', 'the file lies where SQLite cannot share memory between connections');
  // A larger log is checkpointed less often: rows of an import touch the same pages of many indexes again and again.
  connection.exec(`PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 16384; ${MEMORY}`);
}
