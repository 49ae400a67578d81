import { HubError } from '../../schema/errors.ts';
import type { Document } from '../port.ts';
import {
  type ChangePiece,
  type DocumentPiece,
  grouped,
  type Piece,
  type Transfer,
  type TransferOptions,
  withPosition,
} from '../transfer.ts';
import { bodyTables } from './bodies.ts';
import type { Connection, Row } from './connection.ts';
import { BOUND } from './keyset-page.ts';
import type { Layout } from './layout.ts';
import { inTransaction, layOutAll, openReading, openWriting, PATIENCE_MS } from './open-file.ts';
import { retryWhileBusy } from './patience.ts';
import { type Layouts, SqliteReader } from './reader.ts';
import { decodeVersion, encodeGate, encodeVersion } from './rows.ts';
import { GATE_FIELDS } from './stored-field.ts';
import { beginLog, HALF_FILLED, prepareTables } from './tables.ts';

const AT_ONCE = 500;

/** Takes everything out of the store in one file, or into it. @throws STORE_UNAVAILABLE */
export async function openSqliteTransfer(file: string, options: TransferOptions): Promise<Transfer> {
  const layouts = layOutAll(options.collections);
  const writing = await openWriting(file, PATIENCE_MS, (connection) =>
    prepareTables(connection, { layouts: layouts.values(), mayBeHalfFilled: options.isTarget }),
  );
  let isOpen = true;
  const transact = <T>(work: () => T) => retryWhileBusy(PATIENCE_MS, () => inTransaction(writing, work));
  const target: Target = { connection: writing, layouts, positions: options.positions };
  return {
    export: () => exported(file, layouts, options),
    begin: ({ mayHoldSomething } = { mayHoldSomething: false }) => transact(() => begun(writing, mayHoldSomething)),
    async import(pieces) {
      for await (const group of grouped(pieces, AT_ONCE)) await transact(() => take(target, group));
    },
    finish: () => transact(() => writing.run('DELETE FROM meta WHERE name = ?', [HALF_FILLED])),
    async close() {
      if (isOpen) writing.close();
      isOpen = false;
    },
  };
}

async function* exported(file: string, layouts: Layouts, options: TransferOptions): AsyncGenerator<Piece> {
  const connection = openReading(file);
  try {
    // The first row that is read settles the snapshot.
    await retryWhileBusy(PATIENCE_MS, () => {
      if (!connection.isInTransaction) connection.run('BEGIN');
      connection.row('SELECT 1 FROM meta');
    });
    refuseUndeclared(connection, layouts, options);
    const reader = new SqliteReader(connection, layouts);
    yield* changes(reader);
    for (const layout of moved(layouts, options)) yield* documents(connection, layout, options);
    yield* entries(connection, reader);
  } finally {
    connection.close();
  }
}

function moved(layouts: Layouts, { rebuilt }: TransferOptions): readonly Layout[] {
  const names = [...layouts.keys()].filter((name) => !rebuilt.includes(name)).sort();
  return names.flatMap((name) => layouts.get(name) ?? []);
}

function refuseUndeclared(connection: Connection, layouts: Layouts, { rebuilt }: TransferOptions): void {
  for (const { collection, table, history } of bodyTables(connection)) {
    if (layouts.has(collection) || rebuilt.includes(collection)) continue;
    if ([table, history].some((name) => connection.row(`SELECT 1 FROM ${name} LIMIT 1`)))
      throw new HubError('BAD_USER_INPUT', `the store holds ${collection}, which the catalogue does not declare`);
  }
}

function* changes(reader: SqliteReader): Generator<ChangePiece> {
  for (let after: string | null = null; ; ) {
    const page = reader.changes(after, AT_ONCE);
    const last = page.at(-1);
    if (!last) return;
    for (const { position: _, ...change } of page) yield { piece: 'CHANGE', ...change };
    after = last.position;
  }
}

function* documents(connection: Connection, layout: Layout, { positions }: TransferOptions): Generator<DocumentPiece> {
  const { collection, table, history, documentColumns } = layout;
  const from = (name: string, stands: 0 | 1) =>
    `SELECT ${documentColumns}, at, actor, ${stands} FROM ${name} WHERE ("key", version) > (?1, ?2)`;
  const sql = `${from(history, 0)} UNION ALL ${from(table, 1)} ORDER BY 1, 2 LIMIT ${BOUND}`;
  for (let after: Pick<Document, 'key' | 'version'> = { key: '', version: 0 }; ; ) {
    const page = connection.rows(sql, [after.key, after.version, AT_ONCE]).map((row) => pieceOf(layout, row));
    const last = page.at(-1);
    if (!last) return;
    for (const piece of page)
      yield collection === positions.collection
        ? withPosition(piece, positions.field, countedTo(connection, piece, positions.field))
        : piece;
    after = last;
  }
}

function pieceOf(layout: Layout, row: Row): DocumentPiece {
  const version = decodeVersion(layout, row.slice(0, -1));
  return { piece: 'DOCUMENT', collection: layout.collection, ...version, stands: row.at(-1) === 1 };
}

function countedTo(connection: Connection, { stands, body }: DocumentPiece, field: string): number | null {
  const position = body[field];
  if (!stands || typeof position !== 'string') return null;
  const [count] = connection.row('SELECT count(*) FROM changes WHERE place <= ?', [Number(position)]) ?? [];
  return Number(count);
}

function* entries(connection: Connection, reader: SqliteReader): Generator<Piece> {
  const logs = connection.rows('SELECT DISTINCT log FROM log_entries ORDER BY log').map(([log]) => String(log));
  for (const log of logs) {
    for (let after = 0; ; ) {
      const page = reader.entries(log, after, AT_ONCE);
      const last = page.at(-1);
      if (!last) break;
      for (const { entry } of page) yield { piece: 'ENTRY', log, entry };
      after = last.place;
    }
  }
}

function begun(connection: Connection, mayHoldSomething: boolean): boolean {
  const stored = bodyTables(connection).flatMap(({ table, history }) => [table, history]);
  const tables = [...stored, 'changes', 'log_entries'];
  const isAgain = connection.row('SELECT 1 FROM meta WHERE name = ?', [HALF_FILLED]) !== undefined;
  const isEmpty = tables.every((name) => !connection.row(`SELECT 1 FROM ${name} LIMIT 1`));
  if (!isEmpty && !isAgain && !mayHoldSomething) throw new HubError('CONFLICT', 'the store is not empty');
  for (const name of tables) connection.exec(`DELETE FROM ${name}`);
  connection.exec(`DELETE FROM sqlite_sequence WHERE name IN ('changes', 'log_entries')`);
  beginLog(connection);
  connection.run('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING', [HALF_FILLED, 'yes']);
  return isAgain;
}

/** Where pieces go. */
interface Target {
  readonly connection: Connection;
  readonly layouts: Layouts;
  readonly positions: TransferOptions['positions'];
}

function take(target: Target, pieces: readonly Piece[]): void {
  const { connection } = target;
  for (const piece of pieces) {
    if (piece.piece === 'CHANGE') takeChange(connection, piece);
    else if (piece.piece === 'DOCUMENT') takeDocument(target, piece);
    else connection.run('INSERT INTO log_entries (log, entry) VALUES (?, ?)', [piece.log, JSON.stringify(piece.entry)]);
  }
}

/** Places count from 1, so that the number of changes is the place of the last one. */
function takeChange(connection: Connection, { collection, key, version, kind, fields, actor, at, gate }: ChangePiece): void {
  connection.run(INSERT_CHANGE, [collection, key, version, kind, JSON.stringify(fields), actor, at, ...encodeGate(gate)]);
}

function takeDocument({ connection, layouts, positions }: Target, told: DocumentPiece): void {
  const layout = layouts.get(told.collection);
  if (!layout) throw new HubError('BAD_USER_INPUT', `the catalogue does not declare ${told.collection}`);
  const counted = told.body[positions.field];
  const isPosition = told.collection === positions.collection && typeof counted === 'number';
  const piece = isPosition ? withPosition(told, positions.field, counted === 0 ? null : String(counted)) : told;
  const { key, version, at, actor, body, stands } = piece;
  const names = [...layout.gate, ...layout.columns].map(({ sql }) => `, ${sql}`).join('');
  const row = [key, version, at, actor, JSON.stringify(body), ...encodeVersion(layout, piece)];
  const sql = `INSERT INTO ${stands ? layout.table : layout.history} ("key", version, at, actor, body${names})`;
  connection.run(`${sql} VALUES (${row.map(() => '?').join(', ')})`, row);
}

const INSERT_CHANGE = `INSERT INTO changes (collection, "key", version, kind, fields, actor, at${GATE_FIELDS.map(({ sql }) => `, ${sql}`).join('')})
  VALUES (?, ?, ?, ?, ?, ?, ?${GATE_FIELDS.map(() => ', ?').join('')})`;
