import type { ColumnValue } from '../../schema/filter.ts';
import { GATE_COLUMNS, type Gate } from '../../schema/gate.ts';
import type { JsonObject } from '../../schema/json.ts';
import { gateKind, type Kind } from '../field-kinds.ts';
import type { Document, Put, Version } from '../port.ts';
import type { Layout } from './layout.ts';

type Values = Record<string, string | number | boolean | readonly string[]>;

/** A document as it stands in the database; values that are missing are left out. */
export interface StoredDocument {
  /** Its key. */
  readonly _id: string;
  readonly version: number;
  readonly at: string;
  readonly actor: string;
  /** JSON: what stands in it is no business of the database. */
  readonly body: string;
  readonly gate?: Values;
  readonly columns: Values;
}

/** What stood under a key before. */
export interface StoredVersion extends Omit<StoredDocument, '_id'> {
  readonly key: string;
}

/** The gate and columns of a put. @throws Error for what the collection was not declared to hold */
export function encodeValues(layout: Layout, { gate, columns }: Pick<Put, 'gate' | 'columns'>): Pick<StoredDocument, 'gate' | 'columns'> {
  if ((gate !== undefined) !== layout.gated) throw new Error(`a document of ${layout.collection} carries ${gate ? 'no' : 'a'} gate`);
  for (const name in columns) {
    if (!layout.fields.has(`column.${name}`)) throw new Error(`${layout.collection} has no column ${name}`);
  }
  const own: Values = {};
  for (const { name, kind } of layout.columns) encode(own, name, kind, columns?.[name]);
  return gate ? { gate: encodeGate(gate), columns: own } : { columns: own };
}

/** The gate and columns of a version: one from before its collection had gates carries none. */
export function encodeVersion(
  layout: Layout,
  { gate, columns }: Pick<Version, 'gate' | 'columns'>,
): Pick<StoredDocument, 'gate' | 'columns'> {
  return gate || !layout.gated ? encodeValues(layout, { gate, columns }) : encodeValues({ ...layout, gated: false }, { columns });
}

/** A gate as it stands in documents and changes. */
export function encodeGate(gate: Gate): Values {
  const facts: Values = {};
  for (const name of GATE_COLUMNS) encode(facts, name, gateKind(name), gate[name]);
  return facts;
}

function encode(into: Values, name: string, kind: Kind, value: ColumnValue | undefined): void {
  if (value === null || value === undefined) return;
  if (!fits(kind, value)) throw new Error(`${name} takes ${kind} and nothing else`);
  into[name] = value;
}

function fits(kind: Kind, value: ColumnValue): boolean {
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'integer') return Number.isSafeInteger(value);
  if (kind === 'boolean') return typeof value === 'boolean';
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Every declared column, null where the document has no value for it. */
export function completeColumns(layout: Layout, columns: Put['columns'] | undefined): Document['columns'] {
  const complete: Record<string, ColumnValue> = {};
  for (const { name } of layout.columns) complete[name] = columns?.[name] ?? null;
  return complete;
}

export function decodeDocument(layout: Layout, stored: StoredDocument): Document {
  const gate = layout.gated ? decodeGate(stored.gate) : undefined;
  return {
    key: stored._id,
    version: stored.version,
    body: decodeObject(stored.body),
    ...(gate && { gate }),
    columns: completeColumns(layout, stored.columns),
  };
}

export function decodeVersion(layout: Layout, { key, ...stored }: StoredVersion): Version {
  return { ...decodeDocument(layout, { _id: key, ...stored }), at: stored.at, actor: stored.actor };
}

/** Undefined where no gate was stored: a stored one always has its parties. */
export function decodeGate(values: Values | undefined): Gate | undefined {
  if (!values || !Array.isArray(values.parties)) return undefined;
  const gate: Record<string, ColumnValue> = {};
  for (const name of GATE_COLUMNS) gate[name] = values[name] ?? null;
  return gate as unknown as Gate;
}

/** A body or an entry of a log. */
export function decodeObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('what is stored here is no object');
  return value as JsonObject;
}
