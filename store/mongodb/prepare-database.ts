import { createHash, randomBytes } from 'node:crypto';
import type { Db } from 'mongodb';
import { type Connection, Schema, type SchemaDefinition } from 'mongoose';
import { HubError } from '../../schema/errors.ts';
import { GATE_COLUMNS } from '../../schema/gate.ts';
import { gateKind, type Kind } from '../field-kinds.ts';
import { type Migration, migrationStep, newestLayout } from '../migration.ts';
import { CLAIMS } from './claims.ts';
import { COMMIT_INDEXES } from './commits.ts';
import { isDuplicateKey } from './driver-error.ts';
import type { Layout } from './layout.ts';

const NAMESPACE_EXISTS = 48;
/** In `meta` as long as an import from elsewhere has not come to its end. */
export const HALF_FILLED = 'half-filled';
/** In `meta`: which change log this is. */
const LOG_ID = 'log';

/** Steps that data of an older layout go through. */
export const MIGRATIONS: readonly Migration<Db>[] = [];

/**
 * What to do about a database that lacks something: `apply` makes it, which may take its time; `require` refuses the database, unless nothing of this
 * store stands there yet: a new one is laid out by whoever comes first.
 */
export type LayoutDuty = 'apply' | 'require';

interface PreparedFor {
  readonly layouts: readonly Layout[];
  readonly migrations?: readonly Migration<Db>[] | undefined;
  readonly layout?: LayoutDuty | undefined;
  readonly mayBeHalfFilled?: boolean | undefined;
}
interface Prepared {
  readonly _id: string;
  readonly version: number;
  /** What each collection was last prepared for. */
  readonly collections: Readonly<Record<string, string>>;
  /** Names of the migrations that were run, by their number. */
  readonly migrated?: Readonly<Record<string, string>>;
}
interface Lacking {
  readonly known: Prepared | null;
  readonly due: readonly Migration<Db>[];
  readonly schemas: readonly (readonly [name: string, schema: Schema])[];
}

/**
 * Runs what migrations are due, then makes collections and indexes, gives every collection its validator, and takes away indexes that are no longer
 * declared. A migration that was interrupted is run again. @throws STORE_UNAVAILABLE when a newer hub has laid it out, an import did not end, or as `LayoutDuty` says
 */
export async function prepareDatabase(
  connection: Connection,
  wanted: PreparedFor,
  onStep: (step: string) => void = () => {},
): Promise<void> {
  const { layouts, migrations = MIGRATIONS, layout = 'apply' } = wanted;
  const { known, due, schemas } = await lackingIn(connection, wanted);
  if (due.length === 0 && schemas.length === 0 && known) return;
  if (layout === 'require' && isBegun(known, layouts))
    throw new HubError(
      'STORE_UNAVAILABLE',
      '数据库的布局不是本版本所需，请先运行 hub migrate / the database lacks something: run hub migrate first',
    );
  const db = dbOf(connection);
  const meta = db.collection<Prepared>('meta');
  for (const migration of due) {
    await migration.run(db);
    const { number, name } = migration;
    await meta.updateOne({ _id: 'layout', version: { $lt: number } }, { $set: { version: number, [`migrated.${number}`]: name } });
    onStep(migrationStep(migration));
  }
  for (const [name, schema] of schemas) {
    await prepare(connection, name, schema);
    onStep(name);
  }
  const digests = Object.fromEntries(schemas.map(([name, schema]) => [`collections.${keyOf(name)}`, digestOf(schema)]));
  await meta.updateOne({ _id: 'layout' }, { $max: { version: newestLayout(migrations) }, $set: digests }, { upsert: true });
}

/** Which change log the database holds. */
export async function logIdOf(connection: Connection): Promise<string> {
  const meta = dbOf(connection).collection<StoredLogId>('meta');
  const known = await meta.findOne({ _id: LOG_ID });
  if (known) return known.id;
  // Two who open it at once may both try: one of them finds what the other has written.
  await meta.updateOne({ _id: LOG_ID }, { $setOnInsert: { id: newLogId() } }, { upsert: true }).catch((error: unknown) => {
    if (!isDuplicateKey(error)) throw error;
  });
  return logIdOf(connection);
}

/** What the database comes to hold is another log. */
export async function beginLog(db: Db): Promise<void> {
  await db.collection<StoredLogId>('meta').updateOne({ _id: LOG_ID }, { $set: { id: newLogId() } }, { upsert: true });
}

interface StoredLogId {
  readonly _id: string;
  readonly id: string;
}

function newLogId(): string {
  return randomBytes(9).toString('base64url');
}

/** What `prepareDatabase` would do. @throws STORE_UNAVAILABLE as it does */
export async function pendingSteps(connection: Connection, wanted: PreparedFor): Promise<readonly string[]> {
  const { due, schemas } = await lackingIn(connection, wanted);
  return [...due.map(migrationStep), ...schemas.map(([name]) => name)];
}

async function lackingIn(
  connection: Connection,
  { layouts, migrations = MIGRATIONS, mayBeHalfFilled = false }: PreparedFor,
): Promise<Lacking> {
  const meta = dbOf(connection).collection<Prepared>('meta');
  const known = await meta.findOne({ _id: 'layout' });
  const newest = newestLayout(migrations);
  if (known && known.version > newest)
    throw new HubError('STORE_UNAVAILABLE', `a newer hub has laid out this store (${known.version}; this one knows ${newest})`);
  if (!mayBeHalfFilled && (await meta.findOne({ _id: HALF_FILLED })))
    throw new HubError('STORE_UNAVAILABLE', 'a restore into this store did not come to its end: run it again');
  const schemas = [...schemasOf(layouts)].filter(([name, schema]) => known?.collections[keyOf(name)] !== digestOf(schema));
  return { known, due: known ? migrations.filter(({ number }) => number > known.version) : [], schemas };
}

/** Stores that are opened apart may share a database: each begins for itself. */
function isBegun(known: Prepared | null, layouts: readonly Layout[]): boolean {
  return known !== null && layouts.some(({ documents }) => known.collections[keyOf(documents)] !== undefined);
}

function dbOf(connection: Connection): Db {
  return connection.getClient().db(connection.name);
}

function schemasOf(layouts: readonly Layout[]): ReadonlyMap<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const layout of layouts) {
    schemas.set(layout.documents, schemaOf(layout));
    schemas.set(layout.history, historyOf(layout));
  }
  schemas.set('commits', commitSchema());
  schemas.set(CLAIMS, claimSchema());
  return schemas;
}

async function prepare(connection: Connection, name: string, schema: Schema): Promise<void> {
  const db = dbOf(connection);
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

function claimSchema(): Schema {
  const schema = new Schema({ _id: String, until: { $type: Date, required: true }, by: { $type: String, required: true } }, OPTIONS);
  return schema.index({ until: 1 }, { name: 'until', expireAfterSeconds: 0 });
}

function digestOf(schema: Schema): string {
  const text = JSON.stringify([schema.toJSONSchema({ useBsonType: true }), schema.indexes()]);
  return createHash('sha256').update(text).digest('base64url').slice(0, 22);
}

/** Names of collections hold a point, names of fields better not. */
function keyOf(name: string): string {
  return name.replaceAll('.', '_');
}
