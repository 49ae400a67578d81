import { isDeepStrictEqual } from 'node:util';
import { type AnyBulkWriteOperation, type ClientSession, Timestamp } from 'mongodb';
import { HubError } from '../../schema/errors.ts';
import type { JsonObject } from '../../schema/json.ts';
import type { Document, Put, StoredBody, Writer } from '../port.ts';
import { rewriteBodies } from './bodies.ts';
import { type Commit, MOST_IN_A_COMMIT, type StoredChange } from './commits.ts';
import type { Condition } from './compile-filter.ts';
import { translate } from './driver-error.ts';
import type { Layout } from './layout.ts';
import { type Access, MongoReader } from './reader.ts';
import { completeColumns, decodeObject, encodeValues, type StoredDocument } from './stored-document.ts';

/** The fastest way to a document of which more than the key is told. */
const BY_KEY = { _id: 1 } as const;
/** The database puts its own time in the place of an empty one: whoever has asked it for nothing does not know how late it is. */
const WHEN_INSERTED = Timestamp.fromBits(0, 0);

/** Who writes, and when: it stands in every version and change of the transaction. */
interface Authorship {
  readonly actor: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Writes inside one transaction. A step that failed may be half done, so the transaction is lost with it, whatever `work` makes of the error. */
export class MongoWriter extends MongoReader implements Writer {
  readonly #by: Authorship;
  readonly #changes: StoredChange[] = [];
  readonly #logs = new Map<string, string[]>();
  #time: Timestamp | undefined;
  #failure: { readonly error: unknown } | undefined;
  /** Steps of one transaction go one behind the other: two at once are none to the database. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(access: Access, session: ClientSession, by: Authorship) {
    super(access, session);
    this.#by = by;
  }

  /** @throws what the first step that failed has thrown */
  refuseIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** What the transaction tells; `next` numbers its commits. */
  commits(transaction: string, writer: string, next: () => number): readonly Commit[] {
    const time = this.#time ?? WHEN_INSERTED;
    const told = [
      ...chunks(this.#changes).map((changes) => ({ changes })),
      ...[...this.#logs].flatMap(([log, entries]) => chunks(entries).map((some) => ({ log, entries: some }))),
    ];
    return told.map((each, index) => ({ _id: `${transaction}.${index}`, time, writer, number: next(), unplaced: true, ...each }));
  }

  /** Whether the database knows of the transaction. */
  get isOpen(): boolean {
    return this.hasBegun;
  }

  async put(collection: string, key: string, put: Omit<Put, 'key'>): Promise<Document> {
    const [document] = await this.putMany(collection, [{ ...put, key }]);
    if (!document) throw new Error('a put gave back nothing');
    return document;
  }

  async putMany(collection: string, entries: readonly Put[]): Promise<readonly Document[]> {
    return this.#attempt(async () => {
      const layout = this.layout(collection);
      const documents: Document[] = [];
      // Several puts of one key are several steps.
      for (const run of runsOfDistinctKeys(entries)) documents.push(...(await this.ask((session) => this.#putAll(layout, run, session))));
      return documents;
    });
  }

  async append(log: string, entries: readonly JsonObject[]): Promise<void> {
    await this.#attempt(async () => {
      const kept = this.#logs.get(log) ?? [];
      kept.push(...entries.map((entry) => JSON.stringify(entry)));
      this.#logs.set(log, kept);
    });
  }

  async rewrite(bodies: readonly StoredBody[]): Promise<number> {
    return this.#attempt(() => this.ask((session) => rewriteBodies(this.db, session, bodies)));
  }

  async remove(collection: string, key: string, { expected }: { readonly expected: number }): Promise<void> {
    await this.#attempt(async () => {
      const layout = this.layout(collection);
      await this.ask(async (session) => {
        const [standing] = await this.#standing(layout, [{ key, expected }], session);
        if (!standing) throw hasMovedOn(layout, key);
        await this.#keep(layout, [standing], session);
        await this.documents(layout).deleteOne(addressOf(standing), { session, hint: BY_KEY });
        this.#tell(layout, standing, 'REMOVED', []);
      });
    });
  }

  protected override async ask<T>(question: (session: ClientSession) => Promise<T>): Promise<T> {
    const before = this.#last;
    const answer = super.ask(async (session) => {
      await before.catch(() => undefined);
      const answered = await question(session);
      this.#time ??= session.clusterTime?.clusterTime;
      return answered;
    });
    this.#last = answer;
    return answer;
  }

  async #putAll(layout: Layout, puts: readonly Put[], session: ClientSession): Promise<readonly Document[]> {
    const values = puts.map((put) => ({ body: JSON.stringify(put.body), ...encodeValues(layout, put) }));
    const replaced = puts.filter(({ expected }) => expected > 0);
    const standing = new Map((await this.#standing(layout, replaced, session)).map((stored) => [stored._id, stored]));
    const counted = await this.#lastVersions(layout, puts, session);
    await this.#keep(layout, [...standing.values()], session);
    const operations = puts.map(({ key, expected }, index): AnyBulkWriteOperation<StoredDocument> => {
      const version = 1 + (expected || (counted.get(key) ?? 0));
      const stored = { version, ...this.#by, body: '', columns: {}, ...values[index] };
      if (expected === 0) return { insertOne: { document: { _id: key, ...stored } } };
      return { updateOne: { filter: addressOf(standing.get(key)), hint: BY_KEY, update: updateTo(layout, stored) } };
    });
    const { insertedCount, matchedCount } = await this.documents(layout).bulkWrite(operations, { session, ordered: true });
    if (insertedCount + matchedCount !== puts.length) throw new HubError('CONFLICT', `${layout.collection} has moved on meanwhile`);
    return puts.map((put, index) => {
      const version = 1 + (put.expected || (counted.get(put.key) ?? 0));
      const before = standing.get(put.key);
      const fields = before ? changedFields(decodeObject(before.body), decodeObject(values[index]?.body ?? '{}')) : presentFields(put.body);
      const { key, body, gate } = put;
      this.#tell(layout, { _id: key, version, ...values[index] }, before ? 'UPDATED' : 'CREATED', fields);
      return { key, version, body, ...(gate && { gate }), columns: completeColumns(layout, put.columns) };
    });
  }

  /** What stands under these keys, in the versions that are expected. @throws CONFLICT */
  async #standing(
    layout: Layout,
    expected: readonly Pick<Put, 'key' | 'expected' | 'gate'>[],
    session: ClientSession,
  ): Promise<readonly StoredDocument[]> {
    if (expected.length === 0) return [];
    const found = await this.#found(layout, expected, session);
    const versions = new Map(found.map(({ _id, version }) => [_id, version]));
    for (const { key, expected: version } of expected) if (versions.get(key) !== version) throw hasMovedOn(layout, key);
    return found;
  }

  /** A record seldom passes to another subject: it is looked for where it will stand, and elsewhere when it is not there. */
  async #found(layout: Layout, puts: readonly Pick<Put, 'key' | 'gate'>[], session: ClientSession): Promise<readonly StoredDocument[]> {
    const byKey = (keys: readonly string[]) => ({ _id: { $in: keys } });
    const keys = puts.map(({ key }) => key);
    const subjects = new Set(puts.map(({ gate }) => gate?.subjectId ?? null));
    const asked = subjects.has(null) ? byKey(keys) : { ...byKey(keys), 'gate.subjectId': { $in: [...subjects] } };
    const found = await this.documents(layout).find(asked, { session, hint: BY_KEY }).toArray();
    const there = new Set(found.map(({ _id }) => _id));
    const missing = subjects.has(null) ? [] : keys.filter((key) => !there.has(key));
    if (missing.length === 0) return found;
    return [...found, ...(await this.documents(layout).find(byKey(missing), { session, hint: BY_KEY }).toArray())];
  }

  /** The last version under each key that stood before and was removed. */
  async #lastVersions(layout: Layout, puts: readonly Put[], session: ClientSession): Promise<ReadonlyMap<string, number>> {
    const fresh = puts.filter(({ expected }) => expected === 0).map(({ key }) => key);
    if (fresh.length === 0) return new Map();
    const found = await this.history(layout)
      .find({ key: { $in: fresh } }, { session, projection: { _id: 0, key: 1, version: 1 }, sort: { key: 1, version: 1 } })
      .toArray();
    return new Map(found.map(({ key, version }) => [key, version]));
  }

  async #keep(layout: Layout, stored: readonly StoredDocument[], session: ClientSession): Promise<void> {
    if (stored.length === 0) return;
    await this.history(layout).insertMany(
      stored.map(({ _id: key, ...rest }) => ({ key, ...rest })),
      { session },
    );
  }

  #tell(
    layout: Layout,
    stored: Pick<StoredDocument, '_id' | 'version' | 'gate'>,
    kind: StoredChange['kind'],
    fields: readonly string[],
  ): void {
    if (layout.derived) return;
    const { _id: key, version, gate } = stored;
    this.#changes.push({ collection: layout.collection, key, version, kind, ...(gate && { gate }), fields, ...this.#by });
  }

  async #attempt<T>(step: () => Promise<T>): Promise<T> {
    try {
      if (this.isOver) throw new Error('this transaction is over');
      return await step();
    } catch (error) {
      const translated = translate(error);
      this.#failure ??= { error: translated };
      throw translated;
    }
  }
}

/** By which one shard finds the document as it stands. */
function addressOf(standing: StoredDocument | undefined): Condition {
  if (!standing) throw new Error('what is to be replaced does not stand');
  const { _id, version, gate } = standing;
  return { _id, version, ...(gate && { 'gate.subjectId': gate.subjectId ?? null }) };
}

/** Sets what is there and takes away what is missing; values of columns that are not declared stay. */
function updateTo(layout: Layout, { columns, ...stored }: Omit<StoredDocument, '_id'>) {
  const set: Record<string, unknown> = { ...stored };
  const unset: Record<string, ''> = {};
  for (const { name, path } of layout.columns) {
    if (columns[name] === undefined) unset[path] = '';
    else set[path] = columns[name];
  }
  return Object.keys(unset).length > 0 ? { $set: set, $unset: unset } : { $set: set };
}

function* runsOfDistinctKeys(puts: readonly Put[]): Generator<readonly Put[]> {
  let run: Put[] = [];
  let keys = new Set<string>();
  for (const put of puts) {
    if (keys.has(put.key)) {
      yield run;
      run = [];
      keys = new Set();
    }
    run.push(put);
    keys.add(put.key);
  }
  if (run.length > 0) yield run;
}

function chunks<T>(all: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / MOST_IN_A_COMMIT) }, (_, part) =>
    all.slice(part * MOST_IN_A_COMMIT, (part + 1) * MOST_IN_A_COMMIT),
  );
}

function hasMovedOn({ collection }: Layout, key: string): HubError {
  return new HubError('CONFLICT', `${collection} ${key} has moved on to another version`);
}

function presentFields(body: JsonObject): readonly string[] {
  return Object.keys(body).filter((name) => body[name] !== undefined);
}

function changedFields(before: JsonObject, after: JsonObject): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}
