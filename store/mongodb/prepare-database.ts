import { createHash } from 'node:crypto';
import { type Connection, Schema, type SchemaDefinition } from 'mongoose';
import { HubError } from '../../schema/errors.ts';
import { GATE_COLUMNS } from '../../schema/gate.ts';
import { gateKind, type Kind } from '../field-kinds.ts';
import { COMMIT_INDEXES } from './commits.ts';
import type { Layout } from './layout.ts';

/** Of the way in which documents are laid out; a newer hub raises it. */
const LAYOUT_VERSION = 1;
const NAMESPACE_EXISTS = 48;

interface Prepared {
  readonly _id: 'layout';
  readonly version: number;
  /** What each collection was last prepared for. */
  readonly collections: Readonly<Record<string, string>>;
}

/** Makes collections and indexes, gives every collection its validator, and takes away indexes that are no longer declared. @throws STORE_UNAVAILABLE when a newer hub has laid it out */
export async function prepareDatabase(connection: Connection, layouts: readonly Layout[]): Promise<void> {
  const meta = connection.getClient().db(connection.name).collection<Prepared>('meta');
  const known = await meta.findOne({ _id: 'layout' });
  if (known && known.version > LAYOUT_VERSION) {
    throw new HubError('STORE_UNAVAILABLE', `a newer hub has laid out this store (${known.version}; this one knows ${LAYOUT_VERSION})`);
  }
  const wanted = schemasOf(layouts);
  const lacking = [...wanted].filter(([name, schema]) => known?.collections[keyOf(name)] !== digestOf(schema));
  for (const [name, schema] of lacking) await prepare(connection, name, schema);
  if (lacking.length === 0 && known) return;
  const digests = Object.fromEntries(lacking.map(([name, schema]) => [`collections.${keyOf(name)}`, digestOf(schema)]));
  await meta.updateOne({ _id: 'layout' }, { $set: { version: LAYOUT_VERSION, ...digests } }, { upsert: true });
}

function schemasOf(layouts: readonly Layout[]): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const layout of layouts) {
    schemas.set(layout.documents, schemaOf(layout));
    schemas.set(layout.history, historyOf(layout));
  }
  schemas.set('commits', commitSchema());
  return schemas;
}

async function prepare(connection: Connection, name: string, schema: Schema): Promise<void> {
  const db = connection.getClient().db(connection.name);
  const validator = { $jsonSchema: schema.toJSONSchema({ useBsonType: true }) };
  try {
    await db.createCollection(name, { validator });
  } catch (error) {
    if (!(typeof error === 'object' && error !== null && 'code' in error && error.code === NAMESPACE_EXISTS)) throw error;
    await db.command({ collMod: name, validator });
  }
  await connection.model(name, schema, name).syncIndexes();
  connection.deleteModel(name);
}

const TYPES = { text: String, integer: Number, boolean: Boolean, list: [String] } as const satisfies Record<Kind, unknown>;
/** A column may be named `type`. */
const OPTIONS = { typeKey: '$type', versionKey: false, autoIndex: false, minimize: false } as const;

function valuesOf({ gated, columns }: Layout): SchemaDefinition {
  const gate = Object.fromEntries(GATE_COLUMNS.map((column) => [column, TYPES[gateKind(column)]]));
  return {
    version: { $type: Number, required: true },
    at: { $type: String, required: true },
    actor: { $type: String, required: true },
    body: { $type: String, required: true },
    ...(gated && { gate }),
    columns: Object.fromEntries(columns.map(({ name, kind }) => [name, TYPES[kind]])),
  };
}

function schemaOf(layout: Layout): Schema {
  const schema = new Schema({ _id: String, ...valuesOf(layout) }, OPTIONS);
  for (const { name, key, unique, present } of layout.indexes) {
    schema.index({ ...key }, unique ? { name, unique, partialFilterExpression: present } : { name });
  }
  return schema;
}

function historyOf(layout: Layout): Schema {
  const schema = new Schema({ key: { $type: String, required: true }, ...valuesOf(layout) }, OPTIONS);
  return schema.index({ key: 1, version: 1 }, { name: 'versions', unique: true });
}

function commitSchema(): Schema {
  const schema = new Schema(
    { _id: String, writer: { $type: String, required: true }, number: { $type: Number, required: true }, place: Number, log: String },
    OPTIONS,
  );
  for (const { name, key, partialFilterExpression } of COMMIT_INDEXES) schema.index({ ...key }, { name, partialFilterExpression });
  return schema;
}

function digestOf(schema: Schema): string {
  const text = JSON.stringify([schema.toJSONSchema({ useBsonType: true }), schema.indexes()]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Names of collections hold a point, names of fields better not. */
function keyOf(name: string): string {
  return name.replaceAll('.', '_');
}
