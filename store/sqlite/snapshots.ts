import { AsyncLocalStorage } from 'node:async_hooks';
import type { Awaitable } from '../port.ts';
import type { Connection } from './connection.ts';
import { isBusy } from './driver-error.ts';
import { retryWhileBusy } from './patience.ts';
import { type Layouts, SqliteReader } from './reader.ts';

/** Enough for reads that take several turns of the event loop; those that answer at once need one between them. */
const CONNECTIONS = 8;

/** Lends connections that only read, each standing on one snapshot of what is committed. */
export class Snapshots {
  readonly #open: () => Connection;
  readonly #layouts: Layouts;
  readonly #patienceMs: number;
  readonly #inside = new AsyncLocalStorage<SqliteReader>();
  readonly #idle: Connection[] = [];
  readonly #waiting: ((connection: Connection) => void)[] = [];
  #opened = 0;
  #onIdle: (() => void) | undefined;

  constructor(open: () => Connection, layouts: Layouts, patienceMs: number) {
    this.#open = open;
    this.#layouts = layouts;
    this.#patienceMs = patienceMs;
  }

  /** What `work` gives back. As long as it answers at once, nothing is awaited and the next call finds the same connection again. */
  async read<T>(work: (reader: SqliteReader) => Awaitable<T>): Promise<T> {
    const connection = this.#idle.pop() ?? (await this.#another());
    const reader = new SqliteReader(connection, this.#layouts);
    try {
      if (!beginsAtOnce(connection)) await retryWhileBusy(this.#patienceMs, () => begin(connection));
      const result = this.#inside.run(reader, work, reader);
      return isLater(result) ? await result : result;
    } finally {
      reader.end();
      this.#takeBack(connection);
    }
  }

  /** Waits for the reads under way. */
  async close(): Promise<void> {
    if (this.#idle.length < this.#opened) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  async #another(): Promise<Connection> {
    // A read inside a read may not wait for others that may be waiting for the same.
    const isInsideRead = this.#inside.getStore()?.isOver === false;
    if (this.#opened >= CONNECTIONS && !isInsideRead) return new Promise((resolve) => this.#waiting.push(resolve));
    const connection = this.#open();
    this.#opened += 1;
    return connection;
  }

  #takeBack(connection: Connection): void {
    if (connection.isInTransaction) connection.run('COMMIT');
    const next = this.#waiting.shift();
    if (next) next(connection);
    else if (this.#opened <= CONNECTIONS) this.#idle.push(connection);
    else this.#discard(connection);
    if (this.#idle.length === this.#opened) this.#onIdle?.();
  }

  #discard(connection: Connection): void {
    connection.close();
    this.#opened -= 1;
  }
}

function beginsAtOnce(connection: Connection): boolean {
  try {
    begin(connection);
    return true;
  } catch (error) {
    if (isBusy(error)) return false;
    throw error;
  }
}

function begin(connection: Connection): void {
  connection.run('BEGIN');
  try {
    // SQLite takes the snapshot with the first row that is read, and only then finds out whether it may.
    connection.row(`SELECT 1 FROM meta WHERE name = 'layout'`);
  } catch (error) {
    connection.run('ROLLBACK');
    throw error;
  }
}

function isLater<T>(result: Awaitable<T>): result is Promise<T> {
  return typeof result === 'object' && result !== null && 'then' in result;
}
