import { createHash } from 'node:crypto';
import type { FieldName } from '../../schema/filter.ts';
import { GATE_COLUMNS } from '../../schema/gate.ts';
import { gateKind, type Kind } from '../field-kinds.ts';
import type { CollectionSpec } from '../port.ts';

/** Where a field of a collection stands in its documents. */
export interface StoredField {
  readonly field: FieldName;
  /** What follows `gate.` or `column.`. */
  readonly name: string;
  readonly path: string;
  readonly kind: Kind;
}

export interface StoredIndex {
  readonly name: string;
  readonly key: Readonly<Record<string, 1>>;
  readonly unique: boolean;
  /** Without the key, which ends every index that is not unique. */
  readonly fields: readonly FieldName[];
  /** Of a unique one: documents that have every value of it. */
  readonly present: Readonly<Record<string, { readonly $exists: true }>>;
}

/** How a collection is laid out in the database. */
export interface Layout {
  readonly collection: string;
  /** Holds what stands now. */
  readonly documents: string;
  /** Holds what stood before. */
  readonly history: string;
  readonly gated: boolean;
  readonly derived: boolean;
  readonly fields: ReadonlyMap<FieldName, StoredField>;
  readonly columns: readonly StoredField[];
  readonly indexes: readonly StoredIndex[];
}

const KEY_FIELD: StoredField = { field: 'key', name: 'key', path: '_id', kind: 'text' };
const GATE_FIELDS: readonly StoredField[] = GATE_COLUMNS.map((name) => ({
  field: `gate.${name}`,
  name,
  path: `gate.${name}`,
  kind: gateKind(name),
}));

/** Lays out a collection. @throws Error for a name that cannot be one, and for an index over a field that is not there */
export function layOut({ name, gated, columns, indexes, derived = false }: CollectionSpec): Layout {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new Error(`${name} is no name for a collection`);
  const own = columns.map((column) => columnField(column.name, column.type));
  const layout = {
    collection: name,
    ...namesOf(name),
    gated,
    derived,
    fields: new Map([KEY_FIELD, ...(gated ? GATE_FIELDS : []), ...own].map((stored) => [stored.field, stored])),
    columns: own,
  };
  return { ...layout, indexes: indexes.map((index) => layOutIndex(layout, index)) };
}

/** The collections in which a collection of the hub stands. */
export function namesOf(collection: string): Pick<Layout, 'documents' | 'history'> {
  return { documents: `doc.${collection}`, history: `old.${collection}` };
}

/** @throws Error when the collection has no such field */
export function storedField({ collection, fields }: Pick<Layout, 'collection' | 'fields'>, field: FieldName): StoredField {
  const stored = fields.get(field);
  if (!stored) throw new Error(`${collection} has no ${field}`);
  return stored;
}

function columnField(name: string, kind: Kind): StoredField {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new Error(`${name} is no name for a column`);
  return { field: `column.${name}`, name, path: `columns.${name}`, kind };
}

function layOutIndex(layout: Omit<Layout, 'indexes'>, index: CollectionSpec['indexes'][number]): StoredIndex {
  const unique = index.unique === true;
  // A shard keeps nothing unique beyond itself, and the documents of one subject lie on one.
  const fields = unique
    ? [...(index.ofSubject ? (['gate.subjectId'] as const) : []), ...index.fields]
    : index.fields.filter((field) => field !== 'key');
  const paths = [...fields, ...(unique ? [] : (['key'] as const))].map((field) => storedField(layout, field).path);
  const key = Object.fromEntries(paths.map((path) => [path, 1] as const));
  // The name follows from the definition, so that an index with another definition is another index.
  const name = `ix_${createHash('sha256')
    .update(JSON.stringify([key, unique]))
    .digest('hex')
    .slice(0, 16)}`;
  return { name, key, unique, fields, present: Object.fromEntries(paths.map((path) => [path, { $exists: true }] as const)) };
}
