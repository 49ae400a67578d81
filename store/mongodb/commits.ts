import type { ClientSession, Collection, Db, Filter, Timestamp } from 'mongodb';
import type { JsonObject } from '../../schema/json.ts';
import type { Change, Position } from '../port.ts';
import { decodeGate, decodeObject, type StoredDocument } from './stored-document.ts';

/**
 * What one transaction has told: its changes, or what it appended to one log. It is written with the transaction and gets its place among
 * all others afterwards: a counter in every transaction would make all writers wait for each other.
 */
export interface Commit {
  /** The transaction's id, and which of its commits this is. */
  readonly _id: string;
  /** A time of the cluster within the transaction: whatever was committed before it began, and whatever it could see, has an earlier one. */
  readonly time: Timestamp;
  readonly writer: string;
  /** Counts the commits of a writer. */
  readonly number: number;
  /** Stands as long as it has no place. */
  readonly unplaced?: true;
  readonly place?: number;
  readonly changes?: readonly StoredChange[];
  readonly log?: string;
  /** Each as JSON. */
  readonly entries?: readonly string[];
}

export interface StoredChange {
  readonly collection: string;
  readonly key: string;
  readonly version: number;
  readonly kind: Change['kind'];
  readonly gate?: StoredDocument['gate'];
  readonly fields: readonly string[];
  readonly actor: string;
  readonly at: string;
}

export interface Entry {
  readonly place: number;
  readonly entry: JsonObject;
}

/** Documents of the database may have 16 MB. */
export const MOST_IN_A_COMMIT = 1000;
/** Places of the entries of one commit lie between its own place and the next. */
const ENTRIES_APART = 1024;
const PLACED_AT_ONCE = 1000;
const CUT_AT_ONCE = 500;
/** The counter that holds the number of the last change that was cut off. */
const CUT = 'cut';

export const IN_ORDER = { time: 1, writer: 1, number: 1 } as const;
export const COMMIT_INDEXES = [
  { name: 'unplaced', key: IN_ORDER, partialFilterExpression: { unplaced: true } },
  { name: 'changes', key: { place: 1 }, partialFilterExpression: { changes: { $exists: true } } },
  { name: 'logs', key: { log: 1, place: 1 }, partialFilterExpression: { log: { $exists: true } } },
] as const;
/** Told, because by itself the database takes an index only for a field that it begins with, and would read every commit there is. */
const WAITING = COMMIT_INDEXES[0].name;

/** The commits of a store: its change log and its logs. */
export class Commits {
  /** As most members have them. */
  readonly #commits: Collection<Commit>;
  /** As a session sees them. */
  readonly #inSession: Collection<Commit>;
  readonly #counters: Collection<{ readonly _id: string; readonly value: number }>;
  readonly #transact: <T>(work: (session: ClientSession) => Promise<T>) => Promise<T>;
  #placing: Promise<void> | undefined;

  constructor(db: Db, transact: <T>(work: (session: ClientSession) => Promise<T>) => Promise<T>) {
    this.#commits = db.collection('commits', { readConcern: { level: 'majority' } });
    this.#inSession = db.collection('commits');
    this.#counters = db.collection('counters');
    this.#transact = transact;
  }

  async changes(after: Position | null, limit: number): Promise<readonly Change[]> {
    const from = placeOf(after);
    await this.placeAll();
    const changes: Change[] = [];
    let at = from.place;
    while (changes.length < limit) {
      const page = await this.#commits
        .find({ place: { $gte: at }, changes: { $exists: true } })
        .sort({ place: 1 })
        .limit(20)
        .toArray();
      for (const commit of page) {
        const behind = commit.place === from.place ? from.index + 1 : 0;
        changes.push(...(commit.changes ?? []).map((stored, index) => decodeChange(commit, stored, index)).slice(behind));
      }
      const last = page.at(-1)?.place;
      if (last === undefined) break;
      at = last + 1;
    }
    return changes.slice(0, Math.max(0, limit));
  }

  async position(): Promise<Position | null> {
    return (await this.lastChange())?.position ?? null;
  }

  async lastChange(): Promise<Change | undefined> {
    await this.placeAll();
    const [newest] = await this.#commits
      .find({ changes: { $exists: true } })
      .sort({ place: -1 })
      .limit(1)
      .toArray();
    const last = newest?.changes?.at(-1);
    return newest?.changes && last && decodeChange(newest, last, newest.changes.length - 1);
  }

  async reaches(after: Position | null): Promise<boolean> {
    const cut = await this.#counters.findOne({ _id: CUT }, { readConcern: { level: 'majority' } });
    return numberOf(placeOf(after)) >= (cut?.value ?? -1);
  }

  /** Whole commits alone are cut. It is noted before they are taken away: who finds nothing missing has read all. */
  async cut(upTo: Position, kept: readonly (Position | null)[], isRehearsal: boolean): Promise<number> {
    const last = await this.#lastToCut(upTo, kept);
    if (!last?.changes || last.place === undefined) return 0;
    const upToLast = { changes: { $exists: true }, place: { $gte: 0, $lte: last.place } };
    if (isRehearsal) return this.#countChanges(upToLast);
    const value = numberOf({ place: last.place, index: last.changes.length - 1 });
    await this.#counters.updateOne({ _id: CUT }, { $max: { value } }, { upsert: true });
    for (let count = 0; ; ) {
      const some = await this.#commits
        .find(upToLast)
        .sort({ place: 1 })
        .limit(CUT_AT_ONCE)
        .project<Pick<Commit, '_id'>>({ _id: 1 })
        .toArray();
      if (some.length === 0) return count;
      const ids = some.map(({ _id }) => _id);
      const these = { _id: { $in: ids } };
      count += await this.#countChanges(these);
      await this.#commits.deleteMany(these);
    }
  }

  /** The last commit with changes that lies wholly before all of these, and is not the newest. */
  async #lastToCut(upTo: Position, kept: readonly (Position | null)[]): Promise<Commit | undefined> {
    const newest = await this.position();
    if (newest === null) return undefined;
    const limit = Math.min(...[upTo, ...kept].map((position) => numberOf(placeOf(position))));
    const place = Math.min(Math.floor(limit / ENTRIES_APART), placeOf(newest).place - 1);
    const lasts = await this.#commits
      .find({ changes: { $exists: true }, place: { $gte: 0, $lte: place } })
      .sort({ place: -1 })
      .limit(2)
      .toArray();
    return lasts.find((commit) => commit.changes && numberOf({ place: commit.place ?? 0, index: commit.changes.length - 1 }) <= limit);
  }

  async #countChanges(which: Filter<Commit>): Promise<number> {
    const [found] = await this.#commits
      .aggregate<{ readonly count: number }>([{ $match: which }, { $group: { _id: null, count: { $sum: { $size: '$changes' } } } }])
      .toArray();
    return found?.count ?? 0;
  }

  /** Entries of a log that a snapshot holds. */
  async entries(session: ClientSession, log: string, after: number, limit: number): Promise<readonly Entry[]> {
    const unplaced = await this.#inSession
      .find({ unplaced: true, log }, { session, hint: WAITING })
      .project<Pick<Commit, '_id'>>({ _id: 1 })
      .toArray();
    const entries: Entry[] = [];
    let at = Math.floor(after / ENTRIES_APART);
    while (entries.length < limit) {
      const page = await this.#inSession
        .find({ log, place: { $gte: at } }, { session })
        .sort({ place: 1 })
        .limit(200)
        .toArray();
      entries.push(...page.flatMap(entriesOf).filter(({ place }) => place > after));
      const last = page.at(-1)?.place;
      if (last === undefined) break;
      at = last + 1;
    }
    if (entries.length < limit && unplaced.length > 0) {
      await this.placeAll();
      const placed = await this.#commits.find({ _id: { $in: unplaced.map(({ _id }) => _id) } }).toArray();
      placed.sort((left, right) => (left.place ?? 0) - (right.place ?? 0));
      entries.push(...placed.flatMap(entriesOf).filter(({ place }) => place > after));
    }
    return entries.slice(0, Math.max(0, limit));
  }

  /** Gives a place to every commit that stands now. */
  async placeAll(): Promise<void> {
    // Whoever asks while somebody is at it may have committed behind what that one sees.
    await this.#placing;
    this.#placing ??= this.#placeSome().finally(() => {
      this.#placing = undefined;
    });
    await this.#placing;
  }

  async #placeSome(): Promise<void> {
    for (let placed = PLACED_AT_ONCE; placed === PLACED_AT_ONCE; ) {
      // Most of the time there is nothing to place, and no transaction to begin.
      if (!(await this.#commits.findOne({ unplaced: true }, { projection: { _id: 1 }, hint: WAITING }))) return;
      placed = await this.#transact((session) => this.#place(session));
    }
  }

  async #place(session: ClientSession): Promise<number> {
    const waiting = await this.#inSession
      .find({ unplaced: true }, { session, hint: WAITING })
      .project<Pick<Commit, '_id'>>({ _id: 1 })
      .sort(IN_ORDER)
      .limit(PLACED_AT_ONCE)
      .toArray();
    if (waiting.length === 0) return 0;
    const counter = await this.#counters.findOneAndUpdate(
      { _id: 'place' },
      { $inc: { value: waiting.length } },
      { session, upsert: true, returnDocument: 'after' },
    );
    const first = (counter?.value ?? waiting.length) - waiting.length + 1;
    await this.#inSession.bulkWrite(
      waiting.map(({ _id }, index) => ({
        updateOne: { filter: { _id }, update: { $set: { place: first + index }, $unset: { unplaced: '' } } },
      })),
      { session, ordered: true },
    );
    return waiting.length;
  }
}

function entriesOf({ place = 0, entries = [] }: Commit): readonly Entry[] {
  return entries.map((entry, index) => ({ place: place * ENTRIES_APART + index, entry: decodeObject(entry) }));
}

function decodeChange(commit: Commit, { gate: stored, ...change }: StoredChange, index: number): Change {
  const gate = decodeGate(stored);
  return { position: positionAt(commit.place, index), ...change, ...(gate && { gate }) };
}

/** Of one of the changes of the commit that has this place. */
export function positionAt(place: number | undefined, index: number): Position {
  return `${place}.${index}`;
}

export function placeOf(position: Position | null): { readonly place: number; readonly index: number } {
  if (position === null) return { place: 0, index: -1 };
  const [place, index] = position.split('.').map(Number);
  if (!Number.isSafeInteger(place) || !Number.isSafeInteger(index)) throw new Error('this is no position in the change log');
  return { place: place ?? 0, index: index ?? 0 };
}

/** Orders positions as places of entries are ordered. */
function numberOf({ place, index }: { readonly place: number; readonly index: number }): number {
  return place * ENTRIES_APART + index;
}
