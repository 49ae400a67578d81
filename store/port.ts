import type { ColumnValue, FieldName, Filter } from '../schema/filter.ts';
import type { Gate } from '../schema/gate.ts';
import type { JsonObject } from '../schema/json.ts';

/** SQLite answers at once, MongoDB later; callers never assume either. */
export type Awaitable<T> = T | Promise<T>;

/** How a collection is laid out; adapters make tables, columns and indexes of it when the store is opened. */
export interface CollectionSpec {
  /** kebab-case. */
  readonly name: string;
  /** Each of its documents carries a gate (records, subjects, the record index); without it none does. */
  readonly gated: boolean;
  /**
   * Values beside the body that are filtered, ordered or looked up by. `list` holds strings, `integer` safe integers.
   * A column that is declared later is missing in what was stored before, until that is stored again.
   */
  readonly columns: readonly { readonly name: string; readonly type: 'text' | 'integer' | 'list' }[];
  /**
   * The key is always the last part; with `covering`, the gate is appended, so that a page and a count are answered from the index.
   * A page is read from the index whose first fields the filter holds equal and whose other fields are its order; of several, from the
   * longest, then from the one declared first. With `unique`, no two documents have the same values; a missing one is like no other.
   * With `ofSubject` beside it, the values can be the same for documents of one subject only; it is enough to look among those.
   */
  readonly indexes: readonly {
    readonly fields: readonly FieldName[];
    readonly unique?: boolean;
    readonly covering?: boolean;
    readonly ofSubject?: boolean;
  }[];
  /** It follows wholly from the documents of other collections, whose changes tell of it: its own writes are in no change. */
  readonly derived?: boolean;
}

export interface Document {
  readonly key: string;
  /** 1, 2, 3 …; under a key that stood before, the count goes on where it ended. */
  readonly version: number;
  readonly body: JsonObject;
  readonly gate?: Gate | undefined;
  /** Every declared one, null where the document has no value for it. */
  readonly columns: Readonly<Record<string, ColumnValue>>;
}

/** One version of a document as `versions` tells it. */
export interface Version extends Document {
  readonly at: string;
  readonly actor: string;
}

/** Where a body stands that was ever stored; ordered by collection, key, version. */
export interface BodyPlace {
  readonly collection: string;
  readonly key: string;
  readonly version: number;
}
export interface StoredBody extends BodyPlace {
  readonly body: JsonObject;
}

export interface Query {
  readonly where: Filter;
  /** Missing values sort lowest, text by code point. The key breaks ties, in the direction of the last field (ASC without one). */
  readonly order: readonly Order[];
  /** Where the page begins: behind this place. `values` are those of `order`, in its order. */
  readonly after?: { readonly values: readonly (string | number | null)[]; readonly key: string } | undefined;
  readonly limit: number;
}
export interface Order {
  readonly field: FieldName;
  readonly direction: 'ASC' | 'DESC';
}

export interface Put {
  readonly key: string;
  readonly body: JsonObject;
  /** The version that has to stand now; 0 when there must be none. */
  readonly expected: number;
  readonly gate?: Gate | undefined;
  readonly columns?: Readonly<Record<string, ColumnValue>> | undefined;
}

/** Opaque to everyone but the adapter; has no gaps to read and orders only through `changes`. */
export type Position = string;

export interface Change {
  readonly position: Position;
  readonly collection: string;
  readonly key: string;
  /** The version that stands now; the last one that stood when REMOVED. */
  readonly version: number;
  readonly kind: 'CREATED' | 'UPDATED' | 'REMOVED';
  /** The gate of this version; of the last one when REMOVED. */
  readonly gate?: Gate | undefined;
  /** Names of the body's fields that differ from the version before (all when CREATED, none when REMOVED); never values. */
  readonly fields: readonly string[];
  readonly actor: string;
  /** RFC 3339. */
  readonly at: string;
}

/** Something that may happen once, such as taking a statement. */
export interface Claim {
  readonly id: string;
  /** It has to be remembered until then, by the store's clock; it is forgotten some time after. */
  readonly until: Date;
}

export interface Reader {
  /** As long as `keys` and in their order. */
  get(collection: string, keys: readonly string[]): Awaitable<readonly (Document | undefined)[]>;
  /** One page in the order of one declared index, then key; never the whole. */
  find(collection: string, query: Query): Awaitable<readonly Document[]>;
  /** One page for each of `values` of an indexed text field, in one call: fifty subjects' penalties are one read. */
  findPer(collection: string, field: FieldName, values: readonly string[], query: Query): Awaitable<readonly (readonly Document[])[]>;
  count(collection: string, where: Filter): Awaitable<number>;
  /** Every version that ever stood under this key, oldest first, the present one (if any) last. */
  versions(collection: string, key: string): Awaitable<readonly Version[]>;
  /** The body of every version that ever stood under any key, in collections that are declared and in those that no longer are, behind `after` (null = the beginning). A page may be short; only behind the last body it is empty. */
  bodies(after: BodyPlace | null, limit: number): Awaitable<readonly StoredBody[]>;
  /** Entries of a log in the order they were appended, from `after` (0 = the beginning) on. */
  entries(log: string, after: number, limit: number): Awaitable<readonly { readonly place: number; readonly entry: JsonObject }[]>;
}

export interface Writer extends Reader {
  /** Stores the document and appends its change (none for a derived collection). @throws CONFLICT when `expected` no longer stands, or a unique index is taken */
  put(collection: string, key: string, put: Omit<Put, 'key'>): Awaitable<Document>;
  /** Many at once, each as `put`; all or none. */
  putMany(collection: string, entries: readonly Put[]): Awaitable<readonly Document[]>;
  /** Adds to a log (access log, deliveries): no version, no change. */
  append(log: string, entries: readonly JsonObject[]): Awaitable<void>;
  /**
   * Writes bodies anew that say the same in other bytes (encrypted under another key), each into the very version that had it: no new version, no change,
   * gate and columns as they are. What is not there is left out; gives back how many were.
   */
  rewrite(bodies: readonly StoredBody[]): Awaitable<number>;
  /** @throws CONFLICT when `expected` no longer stands */
  remove(collection: string, key: string, options: { readonly expected: number }): Awaitable<void>;
}

export interface Store {
  /** One snapshot. */
  read<T>(work: (tx: Reader) => Awaitable<T>): Promise<T>;
  /**
   * One transaction; `work` may run twice and awaits nothing but `tx`. `actor` stands in every change it makes. A nested call fails at once.
   * Nothing is kept when `work` throws, nor when a call that writes has failed in it, even if `work` caught that error.
   */
  write<T>(work: (tx: Writer) => Awaitable<T>, options: { readonly actor: string }): Promise<T>;
  /** Changes behind `after` (null = the beginning), in commit order: once a position was seen, nothing at or before it ever appears. */
  changes(after: Position | null, limit: number): Promise<readonly Change[]>;
  /** The position of the newest change, null when there is none. */
  position(): Promise<Position | null>;
  /** The newest change itself, undefined when there is none. */
  lastChange(): Promise<Change | undefined>;
  /** Which change log this is: where it was restored from a dump it is another one, and no position of the former means anything in it. */
  readonly logId: string;
  /**
   * Takes changes away from the beginning of the log, up to `upTo`, but none behind a place of `kept` (null = the beginning) and never the newest. Gives
   * back how many, or how many it would be. Ended halfway, it is taken up where it was by the next one.
   */
  cut(
    upTo: Position,
    options: { readonly kept: readonly (Position | null)[]; readonly isRehearsal?: boolean | undefined },
  ): Promise<number>;
  /** Whether every change behind this position (null = the beginning) is still there. Asked when they were read, it tells whether all of them were. */
  reaches(after: Position | null): Promise<boolean>;
  /**
   * For each claim whether nobody has made it before, in whichever process that shares the store; several of one call are one write. It is in no document
   * and no change, and no transaction waits for it. @throws STORE_UNAVAILABLE, after which each may have been made or not
   */
  claim(claims: readonly Claim[]): Promise<readonly boolean[]>;
  /**
   * Calls `listener` when something may have been committed, by whichever process: at once where the store tells it, a second later otherwise. Then
   * `changes` tells what; several commits may be one call, and a call may mean nothing. Keeps no process alive. Gives back how to end it.
   */
  onCommit(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Opens a store; `clock` dates its versions and changes. */
export interface StoreOptions {
  readonly collections: readonly CollectionSpec[];
  readonly clock: Clock;
}

/** Handed in, so that a test can stand on any day. */
export interface Clock {
  now(): Date;
}
