import { HubError } from '../../schema/errors.ts';
import type { Connection } from './connection.ts';
import type { Layout } from './layout.ts';
import { GATE_FIELDS, type StoredField } from './stored-field.ts';

/** Of the tables that all collections share, and of how a collection's tables are made. */
const LAYOUT_VERSION = 1;

const SHARED_TABLES = `
  CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS changes (
    place INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, "key" TEXT NOT NULL, version INTEGER NOT NULL,
    kind TEXT NOT NULL, fields TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS log_entries (place INTEGER PRIMARY KEY AUTOINCREMENT, log TEXT NOT NULL, entry TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS log_entries_by_log ON log_entries (log, place);
`;
const DOCUMENT_COLUMNS = '"key" TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL';

/** Makes what is missing in the file, inside the caller's transaction; no row is ever lost by it. @throws STORE_UNAVAILABLE when a newer hub laid the file out */
export function prepareTables(connection: Connection, layouts: Iterable<Layout>): void {
  refuseNewerLayout(connection);
  connection.exec(SHARED_TABLES);
  connection.run(`INSERT INTO meta (name, value) VALUES ('layout', ?) ON CONFLICT DO NOTHING`, [String(LAYOUT_VERSION)]);
  addColumns(connection, 'changes', GATE_FIELDS);
  for (const layout of layouts) prepareCollection(connection, layout);
}

function refuseNewerLayout(connection: Connection): void {
  if (!connection.row(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'`)) return;
  const [found] = connection.row(`SELECT value FROM meta WHERE name = 'layout'`) ?? [];
  if (Number(found ?? LAYOUT_VERSION) <= LAYOUT_VERSION) return;
  throw new HubError(
    'STORE_UNAVAILABLE',
    `the file has layout ${String(found)}; this hub knows ${LAYOUT_VERSION} and has to be upgraded first`,
  );
}

function prepareCollection(connection: Connection, layout: Layout): void {
  const { table, history, gate, columns } = layout;
  connection.exec(`CREATE TABLE IF NOT EXISTS ${table} (id INTEGER PRIMARY KEY, ${DOCUMENT_COLUMNS}, UNIQUE ("key"))`);
  connection.exec(`CREATE TABLE IF NOT EXISTS ${history} (${DOCUMENT_COLUMNS}, PRIMARY KEY ("key", version))`);
  for (const stored of [table, history]) addColumns(connection, stored, [...gate, ...columns]);
  dropUndeclaredIndexes(connection, layout);
  for (const { sql } of layout.indexes) connection.exec(sql);
}

function addColumns(connection: Connection, table: string, fields: readonly StoredField[]): void {
  const present = new Set(connection.rows(`SELECT name FROM pragma_table_info(?)`, [unquoted(table)]).map(([name]) => name));
  for (const { sql, kind } of fields) {
    if (present.has(unquoted(sql))) continue;
    connection.exec(`ALTER TABLE ${table} ADD COLUMN ${sql} ${kind === 'text' || kind === 'list' ? 'TEXT' : 'INTEGER'}`);
  }
}

/** Indexes hold nothing of their own, and a unique one that is no longer declared would go on refusing. */
function dropUndeclaredIndexes(connection: Connection, { table, indexes }: Layout): void {
  const declared = new Set(indexes.map(({ name }) => unquoted(name)));
  const present = connection.rows(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND name GLOB 'ix_*'`, [
    unquoted(table),
  ]);
  for (const [name] of present) {
    if (!declared.has(String(name))) connection.exec(`DROP INDEX "${String(name)}"`);
  }
}

function unquoted(name: string): string {
  return name.replaceAll('"', '');
}
