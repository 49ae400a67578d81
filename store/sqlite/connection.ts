import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { translate } from './driver-error.ts';

export type SqlValue = SQLInputValue;
/** The values of one row in the order of the statement's columns. */
export type Row = readonly SQLOutputValue[];

const STATEMENTS = 500;

/** One connection with its prepared statements. It never waits for another one: what is locked is refused at once. */
export class Connection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(file: string, options: { readonly readOnly: boolean }) {
    this.#database = translated(() => new DatabaseSync(file, { readOnly: options.readOnly, timeout: 0 }));
  }

  get isInTransaction(): boolean {
    return this.#database.isTransaction;
  }

  row(sql: string, params: readonly SqlValue[] = []): Row | undefined {
    const row: unknown = translated(() => this.#prepared(sql).get(...params));
    return Array.isArray(row) ? row : undefined;
  }

  rows(sql: string, params: readonly SqlValue[] = []): readonly Row[] {
    const rows: readonly unknown[] = translated(() => this.#prepared(sql).all(...params));
    return rows.filter((row) => Array.isArray(row));
  }

  run(sql: string, params: readonly SqlValue[] = []): void {
    translated(() => this.#prepared(sql).run(...params));
  }

  /** For what runs once and returns nothing: pragmas and definitions. */
  exec(sql: string): void {
    translated(() => this.#database.exec(sql));
  }

  close(): void {
    this.#statements.clear();
    this.#database.close();
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    // Rows as arrays: objects cost a third of a point read.
    statement.setReturnArrays(true);
    this.#forgetOldest();
    this.#statements.set(sql, statement);
    return statement;
  }

  #forgetOldest(): void {
    if (this.#statements.size < STATEMENTS) return;
    for (const sql of this.#statements.keys()) {
      this.#statements.delete(sql);
      return;
    }
  }
}

function translated<T>(ask: () => T): T {
  try {
    return ask();
  } catch (error) {
    throw translate(error);
  }
}
