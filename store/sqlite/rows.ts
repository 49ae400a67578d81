import type { ColumnValue } from '../../schema/filter.ts';
import { GATE_COLUMNS, type Gate } from '../../schema/gate.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Change, Document, Put, Version } from '../port.ts';
import type { Row, SqlValue } from './connection.ts';
import type { Layout } from './layout.ts';
import { GATE_FIELDS, type StoredField } from './stored-field.ts';

type Cell = Row[number] | undefined;

/** The values of a document's gate and columns in the order of its table. @throws Error for what the collection was not declared to hold */
export function encodeColumns(layout: Layout, { gate, columns }: Pick<Put, 'gate' | 'columns'>): readonly SqlValue[] {
  if ((gate !== undefined) !== layout.gate.length > 0)
    throw new Error(`a document of ${layout.collection} carries ${gate ? 'no' : 'a'} gate`);
  for (const name in columns) {
    if (!layout.fields.has(`column.${name}`)) throw new Error(`${layout.collection} has no column ${name}`);
  }
  return [
    ...(gate ? GATE_COLUMNS.map((name, at) => encode(layout.gate[at], gate[name])) : []),
    ...layout.columns.map((stored) => encode(stored, columns?.[stored.name])),
  ];
}

/** The columns of a gate; all of them missing where there is none. */
export function encodeGate(gate: Gate | undefined): readonly SqlValue[] {
  return GATE_COLUMNS.map((name, at) => encode(GATE_FIELDS[at], gate?.[name]));
}

/** The values of a version in the order of its table: a version from before its collection had gates carries none. */
export function encodeVersion(layout: Layout, { gate, columns }: Pick<Version, 'gate' | 'columns'>): readonly SqlValue[] {
  return [...(layout.gate.length > 0 ? encodeGate(gate) : []), ...layout.columns.map((stored) => encode(stored, columns[stored.name]))];
}

/** Every declared column, null where the document has no value for it. */
export function completeColumns(layout: Layout, columns: Put['columns']): Document['columns'] {
  return Object.fromEntries(layout.columns.map(({ name }) => [name, columns?.[name] ?? null]));
}

/** A document from the values of `layout.documentColumns`. */
export function decodeDocument(layout: Layout, row: Row): Document {
  const [key, version, body] = row;
  const gate = layout.gate.length > 0 ? decodeGate(row, 3) : undefined;
  const columns: Record<string, ColumnValue> = {};
  let at = 3 + layout.gate.length;
  for (const { name, kind } of layout.columns) columns[name] = decode(kind, row[at++]);
  return { key: String(key), version: Number(version), body: decodeObject(body), ...(gate && { gate }), columns };
}

/** A version from the values of `layout.documentColumns`, at and actor. */
export function decodeVersion(layout: Layout, row: Row): Version {
  return { ...decodeDocument(layout, row), at: String(row.at(-2)), actor: String(row.at(-1)) };
}

/** A change from its place, collection, key, version, kind, fields, actor, at and the columns of its gate. */
export function decodeChange(row: Row): Change {
  const [place, collection, key, version, kind, fields, actor, at] = row;
  if (kind !== 'CREATED' && kind !== 'UPDATED' && kind !== 'REMOVED') throw new Error(`${String(kind)} is no kind of change`);
  const gate = decodeGate(row, 8);
  return {
    position: String(place),
    collection: String(collection),
    key: String(key),
    version: Number(version),
    kind,
    ...(gate && { gate }),
    fields: decodeList(fields) ?? [],
    actor: String(actor),
    at: String(at),
  };
}

/** A body or an entry of a log. */
export function decodeObject(cell: Cell): JsonObject {
  const value: unknown = JSON.parse(String(cell));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('what is stored here is no object');
  return value as JsonObject;
}

function encode(stored: StoredField | undefined, value: ColumnValue | undefined): SqlValue {
  if (value === null || value === undefined) return null;
  if (stored?.kind === 'text' && typeof value === 'string') return value;
  if (stored?.kind === 'integer' && Number.isSafeInteger(value)) return Number(value);
  if (stored?.kind === 'boolean' && typeof value === 'boolean') return Number(value);
  // Indented, each element begins a line: `compile-filter.ts` looks for them there.
  if (stored?.kind === 'list' && Array.isArray(value) && value.every((each) => typeof each === 'string'))
    return JSON.stringify(value, null, 1);
  throw new Error(`${stored?.field} takes ${stored?.kind} and nothing else`);
}

function decode(kind: StoredField['kind'], cell: Cell): ColumnValue {
  if (cell === null || cell === undefined) return null;
  if (kind === 'text') return String(cell);
  if (kind === 'integer') return Number(cell);
  return kind === 'boolean' ? cell === 1 : decodeList(cell);
}

function decodeList(cell: Cell): readonly string[] | null {
  if (cell === '[]') return NO_STRINGS;
  const list: unknown = JSON.parse(String(cell));
  return Array.isArray(list) ? list.map(String) : null;
}

const NO_STRINGS: readonly string[] = [];

/** Undefined where no gate was stored: a stored one always has its parties. */
function decodeGate(row: Row, from: number): Gate | undefined {
  const gate: Record<string, ColumnValue> = {};
  let at = from;
  for (const { name, kind } of GATE_FIELDS) gate[name] = decode(kind, row[at++]);
  return Array.isArray(gate.parties) ? (gate as unknown as Gate) : undefined;
}
