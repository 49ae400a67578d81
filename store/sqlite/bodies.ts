import type { BodyPlace, StoredBody } from '../port.ts';
import type { Connection } from './connection.ts';
import { BOUND } from './keyset-page.ts';
import { tableNames } from './layout.ts';
import { decodeObject } from './rows.ts';

/** The tables of a collection that the file holds, quoted. */
export interface BodyTables {
  readonly collection: string;
  readonly table: string;
  readonly history: string;
}

/** In the order of the collections' names. */
export function bodyTables(connection: Connection): readonly BodyTables[] {
  const tables = connection.rows(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name GLOB 'doc_*'`);
  const collections = tables.map(([name]) => String(name).slice('doc_'.length).replaceAll('_', '-'));
  return collections.sort().map((collection) => ({ collection, ...tableNames(collection) }));
}

/** Bodies of one collection in the order of key and version. */
export function bodiesBehind(
  connection: Connection,
  { collection, table, history }: BodyTables,
  { key, version }: Omit<BodyPlace, 'collection'>,
  limit: number,
): readonly StoredBody[] {
  const from = (name: string) => `SELECT "key", version, body FROM ${name} WHERE ("key", version) > (?1, ?2)`;
  const sql = `${from(history)} UNION ALL ${from(table)} ORDER BY 1, 2 LIMIT ${BOUND}`;
  return connection.rows(sql, [key, version, Math.max(0, limit)]).map(([foundKey, foundVersion, body]) => ({
    collection,
    key: String(foundKey),
    version: Number(foundVersion),
    body: decodeObject(body),
  }));
}

/** True when the version is there, whether it stands or has been replaced since it was read. */
export function rewriteBody(connection: Connection, tables: BodyTables | undefined, { key, version, body }: StoredBody): boolean {
  if (!tables) return false;
  const text = JSON.stringify(body);
  return [tables.table, tables.history].some(
    (name) => connection.row(`UPDATE ${name} SET body = ? WHERE "key" = ? AND version = ? RETURNING 1`, [text, key, version]) !== undefined,
  );
}
