import { randomBytes } from 'node:crypto';
import { HubError } from '../../schema/errors.ts';
import { FIRST_LAYOUT, type Migration, migrationStep, newestLayout } from '../migration.ts';
import type { Connection } from './connection.ts';
import { CUT } from './cut-changes.ts';
import type { Layout } from './layout.ts';
import { inTransaction } from './open-file.ts';
import { GATE_FIELDS, type StoredField } from './stored-field.ts';

const SHARED_TABLES = {
  meta: 'CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID',
  changes: `CREATE TABLE changes (
    place INTEGER PRIMARY KEY AUTOINCREMENT, collection TEXT NOT NULL, "key" TEXT NOT NULL, version INTEGER NOT NULL,
    kind TEXT NOT NULL, fields TEXT NOT NULL, actor TEXT NOT NULL, at TEXT NOT NULL
  )`,
  log_entries: 'CREATE TABLE log_entries (place INTEGER PRIMARY KEY AUTOINCREMENT, log TEXT NOT NULL, entry TEXT NOT NULL)',
  log_entries_by_log: 'CREATE INDEX log_entries_by_log ON log_entries (log, place)',
};
const DOCUMENT_COLUMNS = '"key" TEXT NOT NULL, version INTEGER NOT NULL, at TEXT NOT NULL, actor TEXT NOT NULL, body TEXT NOT NULL';
/** In `meta` as long as an import from elsewhere has not come to its end. */
export const HALF_FILLED = 'half-filled';
/** In `meta`: which change log this is. */
const LOG_ID = 'log';

/** Steps that data of an older layout go through. */
export const MIGRATIONS: readonly Migration<Connection>[] = [];

interface PreparedFor {
  readonly layouts: Iterable<Layout>;
  readonly migrations?: readonly Migration<Connection>[] | undefined;
  readonly mayBeHalfFilled?: boolean | undefined;
}
interface Step {
  /** Missing for what belongs to a table that is made by another step. */
  readonly what?: string;
  readonly sql: string;
}

/**
 * Runs what migrations are due, each in a transaction of its own, then makes what is missing in the file; no row is ever lost by it.
 * @throws STORE_UNAVAILABLE when a newer hub laid the file out, or an import into it did not end
 */
export function prepareTables(connection: Connection, wanted: PreparedFor, onStep: (step: string) => void = () => {}): void {
  const { layouts, migrations = MIGRATIONS } = wanted;
  refuseUnusable(connection, wanted);
  for (let step = runNext(connection, migrations); step; step = runNext(connection, migrations)) onStep(step);
  const made = inTransaction(connection, () => {
    const steps = missingParts(connection, layouts);
    for (const { sql } of steps) connection.exec(sql);
    const newest = String(newestLayout(migrations));
    connection.run(`INSERT INTO meta (name, value) VALUES ('layout', ?) ON CONFLICT DO NOTHING`, [newest]);
    connection.run('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING', [LOG_ID, newLogId()]);
    return steps;
  });
  for (const step of told(made)) onStep(step);
}

/** Which change log the file holds. */
export function logIdOf(connection: Connection): string {
  const [id] = connection.row('SELECT value FROM meta WHERE name = ?', [LOG_ID]) ?? [];
  return String(id);
}

/** What the file comes to hold is another log, of which nothing was cut. */
export function beginLog(connection: Connection): void {
  connection.run('DELETE FROM meta WHERE name = ?', [CUT]);
  connection.run('UPDATE meta SET value = ? WHERE name = ?', [newLogId(), LOG_ID]);
}

function newLogId(): string {
  return randomBytes(9).toString('base64url');
}

/** What `prepareTables` would do. @throws STORE_UNAVAILABLE as it does */
export function pendingSteps(connection: Connection, wanted: PreparedFor): readonly string[] {
  refuseUnusable(connection, wanted);
  const due = dueMigrations(connection, wanted.migrations ?? MIGRATIONS);
  return [...due.map(migrationStep), ...told(missingParts(connection, wanted.layouts))];
}

function told(steps: readonly Step[]): readonly string[] {
  return steps.flatMap(({ what }) => what ?? []);
}

function refuseUnusable(connection: Connection, { migrations = MIGRATIONS, mayBeHalfFilled = false }: PreparedFor): void {
  const found = layoutOf(connection);
  const known = newestLayout(migrations);
  if (found !== undefined && found > known)
    throw new HubError('STORE_UNAVAILABLE', `the file has layout ${found}; this hub knows ${known} and has to be upgraded first`);
  if (found === undefined || mayBeHalfFilled || !connection.row('SELECT 1 FROM meta WHERE name = ?', [HALF_FILLED])) return;
  throw new HubError('STORE_UNAVAILABLE', 'a restore into this store did not come to its end: run it again');
}

/** Undefined for a file that holds nothing yet. */
function layoutOf(connection: Connection): number | undefined {
  if (!connection.row(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'meta'`)) return undefined;
  const [found] = connection.row(`SELECT value FROM meta WHERE name = 'layout'`) ?? [];
  return Number(found ?? FIRST_LAYOUT);
}

function dueMigrations(connection: Connection, migrations: readonly Migration<Connection>[]): readonly Migration<Connection>[] {
  const layout = layoutOf(connection) ?? newestLayout(migrations);
  return migrations.filter(({ number }) => number > layout);
}

/** Another process may have run it meanwhile: what is due is looked up in the transaction that runs it. */
function runNext(connection: Connection, migrations: readonly Migration<Connection>[]): string | undefined {
  if (dueMigrations(connection, migrations).length === 0) return undefined;
  return inTransaction(connection, () => {
    const [next] = dueMigrations(connection, migrations);
    if (!next) return undefined;
    next.run(connection);
    connection.run(`UPDATE meta SET value = ? WHERE name = 'layout'`, [String(next.number)]);
    connection.run('INSERT INTO meta (name, value) VALUES (?, ?)', [`migration ${next.number}`, next.name]);
    return migrationStep(next);
  });
}

function missingParts(connection: Connection, layouts: Iterable<Layout>): readonly Step[] {
  const present = new Set(connection.rows('SELECT name FROM sqlite_schema').map(([name]) => String(name)));
  const shared = Object.entries(SHARED_TABLES).map(([name, sql]) => ({ name, step: { what: name, sql } }));
  return [
    ...shared.filter(({ name }) => !present.has(name)).map(({ step }) => step),
    ...missingColumns(connection, 'changes', GATE_FIELDS),
    ...[...layouts].flatMap((layout) => missingOfCollection(connection, present, layout)),
  ];
}

function missingOfCollection(connection: Connection, present: ReadonlySet<string>, layout: Layout): readonly Step[] {
  const { table, history, gate, columns, indexes } = layout;
  const tables = [
    { name: table, sql: `CREATE TABLE ${table} (id INTEGER PRIMARY KEY, ${DOCUMENT_COLUMNS}, UNIQUE ("key"))` },
    { name: history, sql: `CREATE TABLE ${history} (${DOCUMENT_COLUMNS}, PRIMARY KEY ("key", version))` },
  ];
  const [isNew] = tables.map(({ name }) => !present.has(unquoted(name)));
  const parts: readonly Step[] = [
    ...[table, history].flatMap((stored) => missingColumns(connection, stored, [...gate, ...columns])),
    ...undeclaredIndexes(connection, layout),
    ...indexes
      .filter(({ name }) => !present.has(unquoted(name)))
      .map(({ name, sql }) => ({ what: `${unquoted(table)}: index ${unquoted(name)}`, sql })),
  ];
  return [
    ...tables.filter(({ name }) => !present.has(unquoted(name))).map(({ name, sql }) => ({ what: unquoted(name), sql })),
    ...parts.map((step) => (isNew ? { sql: step.sql } : step)),
  ];
}

function missingColumns(connection: Connection, table: string, fields: readonly StoredField[]): readonly Step[] {
  const present = new Set(connection.rows(`SELECT name FROM pragma_table_info(?)`, [unquoted(table)]).map(([name]) => name));
  return fields
    .filter(({ sql }) => !present.has(unquoted(sql)))
    .map(({ sql, kind }) => ({
      what: `${unquoted(table)}: column ${unquoted(sql)}`,
      sql: `ALTER TABLE ${table} ADD COLUMN ${sql} ${kind === 'text' || kind === 'list' ? 'TEXT' : 'INTEGER'}`,
    }));
}

/** Indexes hold nothing of their own, and a unique one that is no longer declared would go on refusing. */
function undeclaredIndexes(connection: Connection, { table, indexes }: Layout): readonly Step[] {
  const declared = new Set(indexes.map(({ name }) => unquoted(name)));
  const present = connection.rows(`SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND name GLOB 'ix_*'`, [
    unquoted(table),
  ]);
  return present
    .map(([name]) => String(name))
    .filter((name) => !declared.has(name))
    .map((name) => ({ what: `${unquoted(table)}: without index ${name}`, sql: `DROP INDEX "${name}"` }));
}

function unquoted(name: string): string {
  return name.replaceAll('"', '');
}
