import type { ClientSession, Db } from 'mongodb';
import type { FieldName, Filter } from '../../schema/filter.ts';
import type { BodyPlace, Document, Query, Reader, StoredBody, Version } from '../port.ts';
import { bodiesBehind } from './bodies.ts';
import type { Commits, Entry } from './commits.ts';
import { both, compileFilter } from './compile-filter.ts';
import { compilePage } from './keyset-page.ts';
import type { Layout, StoredField } from './layout.ts';
import { decodeDocument, decodeVersion, type StoredDocument, type StoredVersion } from './stored-document.ts';

export type Layouts = ReadonlyMap<string, Layout>;

/** What a reader and a writer are made of. */
export interface Access {
  readonly db: Db;
  readonly layouts: Layouts;
  readonly commits: Commits;
}

/** Reads in one session; behind its end it refuses. */
export class MongoReader implements Reader {
  readonly #access: Access;
  readonly #session: ClientSession;
  #began: Promise<unknown> | undefined;
  #over = false;

  constructor(access: Access, session: ClientSession) {
    this.#access = access;
    this.#session = session;
  }

  get(collection: string, keys: readonly string[]): Promise<readonly (Document | undefined)[]> {
    const layout = this.layout(collection);
    return this.ask(async (session) => {
      const found = await this.documents(layout)
        .find({ _id: { $in: [...new Set(keys)] } }, { session })
        .toArray();
      const byKey = new Map(found.map((stored) => [stored._id, decodeDocument(layout, stored)]));
      return keys.map((key) => byKey.get(key));
    });
  }

  find(collection: string, query: Query): Promise<readonly Document[]> {
    const layout = this.layout(collection);
    return this.ask((session) => this.#page(layout, query, session));
  }

  findPer(collection: string, field: FieldName, values: readonly string[], query: Query): Promise<readonly (readonly Document[])[]> {
    const layout = this.layout(collection);
    const per = layout.fields.get(field);
    if (per?.kind !== 'text') throw new Error(`${collection} has no text ${field}`);
    return this.ask(async (session) => {
      const found = await this.#together(layout, query, session, { per, values });
      const pages: (readonly Document[])[] = [];
      for (const value of values) pages.push(found.get(value) ?? (await this.#page(layout, query, session, { per, value })));
      return pages;
    });
  }

  count(collection: string, where: Filter): Promise<number> {
    const layout = this.layout(collection);
    return this.ask((session) => this.documents(layout).countDocuments(compileFilter(layout, where), { session }));
  }

  versions(collection: string, key: string): Promise<readonly Version[]> {
    const layout = this.layout(collection);
    return this.ask(async (session) => {
      const before = await this.history(layout)
        .find({ key }, { session, projection: { _id: 0 }, sort: { version: 1 } })
        .toArray();
      const [standing] = await this.documents(layout).find({ _id: key }, { session }).toArray();
      const { _id: _key, ...now } = standing ?? { _id: key };
      return [...before, ...('version' in now ? [{ key, ...now }] : [])].map((stored) => decodeVersion(layout, stored));
    });
  }

  bodies(after: BodyPlace | null, limit: number): Promise<readonly StoredBody[]> {
    return this.ask((session) => bodiesBehind(this.#access.db, session, after, limit));
  }

  entries(log: string, after: number, limit: number): Promise<readonly Entry[]> {
    return this.ask((session) => this.#access.commits.entries(session, log, after, limit));
  }

  /** From here on the session is another one's. */
  end(): void {
    this.#over = true;
  }

  /** Asks in the session. Its first question settles the snapshot of all others, which wait for it. */
  protected async ask<T>(question: (session: ClientSession) => Promise<T>): Promise<T> {
    if (this.#over) throw new Error('this transaction is over');
    const began = this.#began;
    if (began) {
      await began;
      return question(this.#session);
    }
    const first = question(this.#session);
    this.#began = first.catch(() => undefined);
    return first;
  }

  protected get isOver(): boolean {
    return this.#over;
  }

  /** Whether anything was asked. */
  protected get hasBegun(): boolean {
    return this.#began !== undefined;
  }

  protected get db(): Db {
    return this.#access.db;
  }

  protected documents({ documents }: Layout) {
    return this.#access.db.collection<StoredDocument>(documents);
  }

  protected history({ history }: Layout) {
    return this.#access.db.collection<StoredVersion>(history);
  }

  protected layout(collection: string): Layout {
    const layout = this.#access.layouts.get(collection);
    if (!layout) throw new Error(`there is no collection ${collection}`);
    return layout;
  }

  /** The pages of those values that one question answers: of as many rows as fit into all pages, in the order of the values. */
  async #together(
    layout: Layout,
    query: Query,
    session: ClientSession,
    { per, values }: { readonly per: StoredField; readonly values: readonly string[] },
  ): Promise<ReadonlyMap<string, readonly Document[]>> {
    const { parts, sort, hint } = compilePage(layout, query, per);
    const [part] = parts;
    const [direction = 1] = sort.values();
    if (values.length < 2 || parts.length !== 1 || !part || !isUniform(sort)) return new Map();
    const most = values.length * query.limit + 1;
    const rows = await this.documents(layout)
      .find(both({ [per.path]: { $in: [...new Set(values)] } }, part), {
        session,
        sort: new Map([[per.path, direction], ...[...sort].filter(([path]) => path !== per.path)]),
        limit: most,
        batchSize: most,
        ...(hint && { hint }),
      })
      .toArray();
    const groups = Map.groupBy(rows, (stored) => valueAt(stored, per));
    const last = rows.length === most ? rows.at(-1) : undefined;
    const unread = last && valueAt(last, per);
    const isRead = (value: string) =>
      unread === undefined || (groups.has(value) && value !== unread) || (groups.get(value)?.length ?? 0) >= query.limit;
    return new Map(
      values
        .filter(isRead)
        .map((value) => [value, (groups.get(value) ?? []).slice(0, query.limit).map((stored) => decodeDocument(layout, stored))]),
    );
  }

  async #page(
    layout: Layout,
    query: Query,
    session: ClientSession,
    only?: { readonly per: StoredField; readonly value: string },
  ): Promise<readonly Document[]> {
    const { parts, sort, hint, limit } = compilePage(layout, query, only?.per);
    const found: Document[] = [];
    for (const part of parts) {
      const rest = limit - found.length;
      if (rest <= 0) break;
      const where = only ? both({ [only.per.path]: only.value }, part) : part;
      const page = await this.documents(layout)
        .find(where, { session, sort, limit: rest, batchSize: rest + 1, ...(hint && { hint }) })
        .toArray();
      for (const stored of page) found.push(decodeDocument(layout, stored));
    }
    return found;
  }
}

/** Whether the order goes one way in all its fields. */
function isUniform(sort: ReadonlyMap<string, 1 | -1>): boolean {
  return new Set(sort.values()).size <= 1;
}

function valueAt(stored: StoredDocument, { field, name }: StoredField): string {
  if (field === 'key') return stored._id;
  return String(field.startsWith('gate.') ? stored.gate?.[name] : stored.columns[name]);
}
