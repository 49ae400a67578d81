import { createHash } from 'node:crypto';
import type { FieldName } from '../../schema/filter.ts';
import { GATE_COLUMNS, type GateColumn } from '../../schema/gate.ts';
import type { CollectionSpec } from '../port.ts';
import { type Statements, statementsOf } from './statements.ts';

export type Kind = 'text' | 'integer' | 'boolean' | 'list';

/** One column of a table. `name` is what follows `gate.` or `column.`, `sql` its quoted name in the table. */
export interface StoredField {
  readonly field: FieldName;
  readonly name: string;
  readonly sql: string;
  readonly kind: Kind;
}

export interface StoredIndex {
  readonly name: string;
  readonly sql: string;
  readonly unique: boolean;
  /** Without the key, which ends every index that is not unique. */
  readonly fields: readonly FieldName[];
}

/** Where a collection stands: every name in it is quoted and safe to stand in a statement. */
export interface Layout extends LaidOut {
  readonly indexes: readonly StoredIndex[];
  readonly statements: Statements;
}

export interface LaidOut {
  readonly collection: string;
  readonly table: string;
  readonly history: string;
  readonly gate: readonly StoredField[];
  readonly columns: readonly StoredField[];
  readonly fields: ReadonlyMap<FieldName, StoredField>;
  /** What a document is read from, in the order in which `decodeDocument` expects it. */
  readonly documentColumns: string;
}

const GATE_KINDS: Partial<Record<GateColumn, Kind>> = {
  parties: 'list',
  heldByBlack: 'boolean',
  valueOpen: 'boolean',
  objection: 'boolean',
};

/** The gate as it stands in every table that has one. */
export const GATE_FIELDS: readonly StoredField[] = GATE_COLUMNS.map((name) => ({
  field: `gate.${name}`,
  name,
  sql: quoted(`g_${name}`),
  kind: GATE_KINDS[name] ?? 'text',
}));

/** Lays out a collection. @throws Error for a name that cannot be one, and for an index over a field that is not there */
export function layOut(spec: CollectionSpec): Layout {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(spec.name)) throw new Error(`${spec.name} is no name for a collection`);
  const name = spec.name.replaceAll('-', '_');
  const gate = spec.gated ? GATE_FIELDS : [];
  const columns = spec.columns.map(columnField);
  const key: StoredField = { field: 'key', name: 'key', sql: '"key"', kind: 'text' };
  const layout: LaidOut = {
    collection: spec.name,
    table: quoted(`doc_${name}`),
    history: quoted(`old_${name}`),
    gate,
    columns,
    fields: new Map([key, ...gate, ...columns].map((stored) => [stored.field, stored])),
    documentColumns: ['"key"', 'version', 'body', ...[...gate, ...columns].map(({ sql }) => sql)].join(', '),
  };
  return { ...layout, indexes: spec.indexes.map((index) => layOutIndex(layout, index)), statements: statementsOf(layout) };
}

/** The column of a field. @throws Error when the collection has no such field */
export function storedField(layout: LaidOut, field: FieldName): StoredField {
  const stored = layout.fields.get(field);
  if (!stored) throw new Error(`${layout.collection} has no ${field}`);
  return stored;
}

/** A name as SQLite reads it, whatever stands in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function columnField({ name, type }: CollectionSpec['columns'][number]): StoredField {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a column`);
  return { field: `column.${name}`, name, sql: quoted(`c_${name}`), kind: type };
}

function layOutIndex(layout: LaidOut, index: CollectionSpec['indexes'][number]): StoredIndex {
  const unique = index.unique === true;
  const fields = unique ? index.fields : index.fields.filter((field) => field !== 'key');
  const behind: readonly FieldName[] = unique ? [] : ['key', ...(index.covering ? layout.gate.map(({ field }) => field) : [])];
  const names = [...new Set([...fields, ...behind])].map((field) => storedField(layout, field).sql);
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  const place = `${layout.table} (${names.join(', ')})`;
  // The name follows from the definition, so that an index with another definition is another index.
  const name = quoted(`ix_${createHash('sha256').update(`${kind} ${place}`).digest('hex').slice(0, 16)}`);
  return { name, sql: `CREATE ${kind} IF NOT EXISTS ${name} ON ${place}`, unique, fields };
}
