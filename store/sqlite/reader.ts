import type { FieldName, Filter } from '../../schema/filter.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { BodyPlace, Change, Document, Query, Reader, StoredBody, Version } from '../port.ts';
import { type BodyTables, bodiesBehind, bodyTables } from './bodies.ts';
import { compileFilter } from './compile-filter.ts';
import type { Connection } from './connection.ts';
import { countUpTo, cutLimit, cutOff, placeOf } from './cut-changes.ts';
import { BOUND, compilePage, compilePagePer, readPage } from './keyset-page.ts';
import type { Layout } from './layout.ts';
import { decodeChange, decodeDocument, decodeObject, decodeVersion } from './rows.ts';
import { GATE_FIELDS } from './stored-field.ts';

export type Layouts = ReadonlyMap<string, Layout>;

const CHANGE_COLUMNS = [
  'place',
  'collection',
  '"key"',
  'version',
  'kind',
  'fields',
  'actor',
  'at',
  ...GATE_FIELDS.map(({ sql }) => sql),
].join(', ');

/** Reads inside one transaction of its connection; behind its end it refuses. */
export class SqliteReader implements Reader {
  readonly #connection: Connection;
  readonly #layouts: Layouts;
  #over = false;

  constructor(connection: Connection, layouts: Layouts) {
    this.#connection = connection;
    this.#layouts = layouts;
  }

  get(collection: string, keys: readonly string[]): readonly (Document | undefined)[] {
    const layout = this.layout(collection);
    const sql = `SELECT ${layout.documentColumns} FROM ${layout.table} WHERE "key" = ?`;
    return keys.map((key) => {
      const row = this.connection.row(sql, [key]);
      return row && decodeDocument(layout, row);
    });
  }

  find(collection: string, query: Query): readonly Document[] {
    const layout = this.layout(collection);
    return readPage(this.connection, compilePage(layout, query)).map((row) => decodeDocument(layout, row));
  }

  findPer(collection: string, field: FieldName, values: readonly string[], query: Query): readonly (readonly Document[])[] {
    const layout = this.layout(collection);
    const per = layout.fields.get(field);
    if (per?.kind !== 'text') throw new Error(`${collection} has no text ${field}`);
    const page = compilePagePer(layout, query, per);
    return values.map((value) => readPage(this.connection, page, [value]).map((row) => decodeDocument(layout, row)));
  }

  count(collection: string, where: Filter): number {
    const layout = this.layout(collection);
    const { sql, params } = compileFilter(layout, where);
    const [count] = this.connection.row(`SELECT count(*) FROM ${layout.table} WHERE ${sql}`, params) ?? [];
    return Number(count);
  }

  versions(collection: string, key: string): readonly Version[] {
    const layout = this.layout(collection);
    const from = (table: string) => `SELECT ${layout.documentColumns}, at, actor FROM ${table} WHERE "key" = ?`;
    const rows = this.connection.rows(`${from(layout.history)} UNION ALL ${from(layout.table)} ORDER BY version`, [key, key]);
    return rows.map((row) => decodeVersion(layout, row));
  }

  bodies(after: BodyPlace | null, limit: number): readonly StoredBody[] {
    for (const tables of this.bodyTables()) {
      if (after && tables.collection < after.collection) continue;
      const from = after?.collection === tables.collection ? after : { key: '', version: 0 };
      const page = bodiesBehind(this.connection, tables, from, limit);
      if (page.length > 0) return page;
    }
    return [];
  }

  entries(log: string, after: number, limit: number): readonly { readonly place: number; readonly entry: JsonObject }[] {
    const rows = this.connection.rows(`SELECT place, entry FROM log_entries WHERE log = ? AND place > ? ORDER BY place LIMIT ${BOUND}`, [
      log,
      after,
      Math.max(0, limit),
    ]);
    return rows.map(([place, entry]) => ({ place: Number(place), entry: decodeObject(entry) }));
  }

  changes(after: string | null, limit: number): readonly Change[] {
    const place = placeOf(after);
    return this.connection
      .rows(`SELECT ${CHANGE_COLUMNS} FROM changes WHERE place > ? ORDER BY place LIMIT ${BOUND}`, [place, Math.max(0, limit)])
      .map(decodeChange);
  }

  position(): string | null {
    const [newest] = this.connection.row('SELECT max(place) FROM changes') ?? [];
    return newest === null || newest === undefined ? null : String(newest);
  }

  lastChange(): Change | undefined {
    const newest = this.connection.row(`SELECT ${CHANGE_COLUMNS} FROM changes ORDER BY place DESC LIMIT 1`);
    return newest && decodeChange(newest);
  }

  reaches(after: string | null): boolean {
    return placeOf(after) >= cutOff(this.connection);
  }

  cutLimit(upTo: string, kept: readonly (string | null)[]): number {
    return cutLimit(this.connection, upTo, kept);
  }

  countUpTo(limit: number): number {
    return countUpTo(this.connection, limit);
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** From here on the transaction is another one's. */
  end(): void {
    this.#over = true;
  }

  protected get connection(): Connection {
    if (this.#over) throw new Error('this transaction is over');
    return this.#connection;
  }

  /** Of every collection that the file holds, declared or not. */
  protected bodyTables(): readonly BodyTables[] {
    return bodyTables(this.connection);
  }

  protected layout(collection: string): Layout {
    const layout = this.#layouts.get(collection);
    if (!layout) throw new Error(`there is no collection ${collection}`);
    return layout;
  }
}
