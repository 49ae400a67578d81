import { createHash } from 'node:crypto';
import type { FieldName, Filter } from '../../schema/filter.ts';
import type { CollectionSpec, Query } from '../port.ts';
import { KnownTexts } from './known-texts.ts';
import { type Statements, statementsOf, type Tables } from './statements.ts';
import { columnField, GATE_FIELDS, KEY_FIELD, type StoredField } from './stored-field.ts';
import type { Condition } from './text-order.ts';

interface StoredIndex {
  readonly name: string;
  readonly sql: string;
  readonly unique: boolean;
  /** Without the key, which ends every index that is not unique. */
  readonly fields: readonly FieldName[];
}

/** A page as statements that are run one behind the other until it is full. */
export interface CompiledPage {
  readonly parts: readonly Condition[];
  readonly limit: number;
}

/** Where a collection stands: every name in it is quoted and safe to stand in a statement. */
export interface Layout extends Tables {
  /** Its writes are in no change. */
  readonly derived: boolean;
  readonly fields: ReadonlyMap<FieldName, StoredField>;
  readonly indexes: readonly StoredIndex[];
  readonly statements: Statements;
  /** What a document is read from, in the order in which `decodeDocument` expects it. */
  readonly documentColumns: string;
  /** The same, from the table of what stands now. */
  readonly select: string;
  /** Filters that were compiled for it. */
  readonly conditions: WeakMap<Filter, Condition>;
  /** Pages of one field's values that were compiled for it: a query that stands for good is compiled once. */
  readonly pages: WeakMap<Query, Map<FieldName, CompiledPage>>;
  readonly texts: KnownTexts;
}

/** Lays out a collection. @throws Error for a name that cannot be one, and for an index over a field that is not there */
export function layOut({ name, gated, columns, indexes, derived = false }: CollectionSpec): Layout {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`${name} is no name for a collection`);
  const tables: Tables = {
    collection: name,
    ...tableNames(name),
    gate: gated ? GATE_FIELDS : [],
    columns: columns.map((column) => columnField(column.name, column.type)),
  };
  const values = [...tables.gate, ...tables.columns];
  const documentColumns = [KEY_FIELD.sql, 'version', 'body', ...values.map(({ sql }) => sql)].join(', ');
  const layout = {
    ...tables,
    derived,
    fields: new Map([KEY_FIELD, ...values].map((stored) => [stored.field, stored])),
    statements: statementsOf(tables),
    documentColumns,
    select: `SELECT ${documentColumns} FROM ${tables.table}`,
    conditions: new WeakMap<Filter, Condition>(),
    pages: new WeakMap<Query, Map<FieldName, CompiledPage>>(),
    texts: new KnownTexts(),
  };
  return { ...layout, indexes: indexes.map((index) => layOutIndex(layout, index)) };
}

/** The tables of a collection, quoted. */
export function tableNames(collection: string): { readonly table: string; readonly history: string } {
  const name = collection.replaceAll('-', '_');
  return { table: `"doc_${name}"`, history: `"old_${name}"` };
}

/** The column of a field. @throws Error when the collection has no such field */
export function storedField({ collection, fields }: Pick<Layout, 'collection' | 'fields'>, field: FieldName): StoredField {
  const stored = fields.get(field);
  if (!stored) throw new Error(`${collection} has no ${field}`);
  return stored;
}

function layOutIndex(layout: Omit<Layout, 'indexes'>, index: CollectionSpec['indexes'][number]): StoredIndex {
  const unique = index.unique === true;
  const fields = unique ? index.fields : index.fields.filter((field) => field !== 'key');
  const covered = index.covering ? layout.gate.map(({ field }) => field) : [];
  const behind: readonly FieldName[] = unique ? [] : ['key', ...covered];
  const names = [...new Set([...fields, ...behind])].map((field) => storedField(layout, field).sql);
  const kind = unique ? 'UNIQUE INDEX' : 'INDEX';
  const place = `${layout.table} (${names.join(', ')})`;
  // The name follows from the definition, so that an index with another definition is another index.
  const name = `"ix_${createHash('sha256').update(`${kind} ${place}`).digest('hex').slice(0, 16)}"`;
  return { name, sql: `CREATE ${kind} IF NOT EXISTS ${name} ON ${place}`, unique, fields };
}
