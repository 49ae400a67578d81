import type { Claim, Clock } from '../port.ts';
import { Connection } from './connection.ts';
import { inTransaction } from './open-file.ts';
import { retryWhileBusy } from './patience.ts';

interface ClaimParts {
  /** Of the store; claims stand in one beside it, which is made with the first. */
  readonly file: string;
  readonly clock: Clock;
  readonly patienceMs: number;
}

const FORGET_EVERY_MS = 5_000;
// A commit is there for other processes at once. That it is not flushed matters only where the machine fails: then these are claims of seconds ago.
const SETTINGS = `PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS claims (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS claims_until ON claims (until)`;

/** What was claimed, in a file of its own: nobody waits behind an import, and nothing of it is worth keeping. */
export class SqliteClaims {
  readonly #parts: ClaimParts;
  #connection: Promise<Connection> | undefined;
  #forgotAt = Number.NEGATIVE_INFINITY;

  constructor(parts: ClaimParts) {
    this.#parts = parts;
  }

  async claim(claims: readonly Claim[]): Promise<readonly boolean[]> {
    this.#connection ??= this.#open();
    const connection = await this.#connection;
    return retryWhileBusy(this.#parts.patienceMs, () => inTransaction(connection, () => this.#claimAll(connection, claims)));
  }

  async close(): Promise<void> {
    (await this.#connection?.catch(() => undefined))?.close();
  }

  async #open(): Promise<Connection> {
    const connection = new Connection(`${this.#parts.file}-claims`, { readOnly: false });
    try {
      await retryWhileBusy(this.#parts.patienceMs, () => connection.exec(SETTINGS));
      return connection;
    } catch (error) {
      connection.close();
      this.#connection = undefined;
      throw error;
    }
  }

  #claimAll(connection: Connection, claims: readonly Claim[]): readonly boolean[] {
    const now = this.#parts.clock.now().getTime();
    if (Math.abs(now - this.#forgotAt) >= FORGET_EVERY_MS) {
      connection.run('DELETE FROM claims WHERE until <= ?', [now]);
      this.#forgotAt = now;
    }
    return claims.map(({ id, until }) => connection.row(INSERT, [id, until.getTime()]) !== undefined);
  }
}
const INSERT = 'INSERT INTO claims (id, until) VALUES (?, ?) ON CONFLICT (id) DO NOTHING RETURNING 1';
