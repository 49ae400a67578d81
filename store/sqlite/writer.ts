import { isDeepStrictEqual } from 'node:util';
import { HubError } from '../../schema/errors.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Change, Document, Put, StoredBody, Writer } from '../port.ts';
import { rewriteBody } from './bodies.ts';
import type { Connection, Row, SqlValue } from './connection.ts';
import type { Layout } from './layout.ts';
import { type Layouts, SqliteReader } from './reader.ts';
import { completeColumns, decodeObject, encodeColumns } from './rows.ts';

/** Who writes, and when: it stands in every version and change of the transaction. */
interface Authorship {
  readonly actor: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Writes inside one transaction. A step that failed may be half done, so the transaction is lost with it, whatever `work` makes of the error. */
export class SqliteWriter extends SqliteReader implements Writer {
  readonly #by: Authorship;
  #failure: { readonly error: unknown } | undefined;

  constructor(connection: Connection, layouts: Layouts, by: Authorship) {
    super(connection, layouts);
    this.#by = by;
  }

  /** @throws what the first step that failed has thrown */
  refuseIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  put(collection: string, key: string, put: Omit<Put, 'key'>): Document {
    return this.#attempt(() => this.#put(this.layout(collection), { ...put, key }));
  }

  putMany(collection: string, entries: readonly Put[]): readonly Document[] {
    return this.#attempt(() => {
      const layout = this.layout(collection);
      return entries.map((entry) => this.#put(layout, entry));
    });
  }

  append(log: string, entries: readonly JsonObject[]): void {
    this.#attempt(() => {
      for (const entry of entries) this.connection.run('INSERT INTO log_entries (log, entry) VALUES (?, ?)', [log, JSON.stringify(entry)]);
    });
  }

  rewrite(bodies: readonly StoredBody[]): number {
    return this.#attempt(() => {
      const tables = new Map(this.bodyTables().map((each) => [each.collection, each]));
      return bodies.filter((stored) => rewriteBody(this.connection, tables.get(stored.collection), stored)).length;
    });
  }

  remove(collection: string, key: string, { expected }: { readonly expected: number }): void {
    this.#attempt(() => {
      const layout = this.layout(collection);
      const { id } = this.#standing(layout, key, expected);
      this.connection.run(layout.statements.keep, [id]);
      this.#appendChange(layout, id, 'REMOVED', []);
      this.connection.run(layout.statements.remove, [id]);
    });
  }

  #put(layout: Layout, put: Put): Document {
    const columns = encodeColumns(layout, put);
    const body = JSON.stringify(put.body);
    const version = put.expected === 0 ? this.#create(layout, put, body, columns) : this.#replace(layout, put, body, columns);
    return { key: put.key, version, body: put.body, ...(put.gate && { gate: put.gate }), columns: completeColumns(layout, put.columns) };
  }

  #create(layout: Layout, { key, body: fields }: Put, body: string, columns: readonly SqlValue[]): number {
    const [id, version] = this.#insert(layout, key, [key, this.#by.at, this.#by.actor, body, ...columns]);
    this.#appendChange(layout, id, 'CREATED', presentFields(fields));
    return Number(version);
  }

  #insert(layout: Layout, key: string, values: readonly SqlValue[]): Row {
    try {
      return this.connection.row(layout.statements.insert, values) ?? [];
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'CONFLICT')) throw error;
      const isKeyTaken = this.connection.row(`SELECT 1 FROM ${layout.table} WHERE "key" = ?`, [key]) !== undefined;
      throw isKeyTaken ? hasMovedOn(layout, key, error) : error;
    }
  }

  #replace(layout: Layout, { key, expected }: Put, body: string, columns: readonly SqlValue[]): number {
    const { id, body: before } = this.#standing(layout, key, expected);
    this.connection.run(layout.statements.keep, [id]);
    this.connection.run(layout.statements.replace, [expected + 1, this.#by.at, this.#by.actor, body, ...columns, id]);
    this.#appendChange(layout, id, 'UPDATED', changedFields(before, decodeObject(body)));
    return expected + 1;
  }

  #standing(layout: Layout, key: string, expected: number): { readonly id: SqlValue; readonly body: JsonObject } {
    const [id, version, body] = this.connection.row(`SELECT id, version, body FROM ${layout.table} WHERE "key" = ?`, [key]) ?? [];
    if (id === undefined || version !== expected) throw hasMovedOn(layout, key);
    return { id, body: decodeObject(body) };
  }

  #appendChange(layout: Layout, id: SqlValue | undefined, kind: Change['kind'], fields: readonly string[]): void {
    if (layout.derived) return;
    const { actor, at } = this.#by;
    this.connection.run(layout.statements.logChange, [kind, JSON.stringify(fields), actor, at, id ?? null]);
  }

  #attempt<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }
}

function hasMovedOn({ collection }: Layout, key: string, cause?: unknown): HubError {
  return new HubError('CONFLICT', `${collection} ${key} has moved on to another version`, { cause });
}

function presentFields(body: JsonObject): readonly string[] {
  return Object.keys(body).filter((name) => body[name] !== undefined);
}

function changedFields(before: JsonObject, after: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}
