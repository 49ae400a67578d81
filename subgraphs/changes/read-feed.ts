import { expiredRows } from '../../auth/conditions.ts';
import { paramsOfDay } from '../../auth/params-of-day.ts';
import { addDays } from '../../schema/calendar-date.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { type Filter, matches, type Params } from '../../schema/filter.ts';
import type { Change, Document, Position, Reader, Store } from '../../store/port.ts';
import { noRemarks, type SubgraphContext } from '../kit/context.ts';
import { disclosedRow, rulesOf, seenFields } from '../kit/row.ts';
import type { Sealer } from '../kit/sealer.ts';
import type { FeedRows } from './change-filter.ts';
import type { FeedPlace } from './feed-cursor.ts';
import { isTurn, type Turn, turnedUpTo, turnIn, turnsOf, WINDOW_TURNS } from './window-clock.ts';

/** A difference that one receiver sees at one row between its place and today. */
export interface FeedEvent {
  /** Where the receiver stands behind it. */
  readonly place: FeedPlace;
  /** What makes this difference that very one, for its id. */
  readonly difference: string;
  readonly at: string;
  readonly type: 'RECORD_PUBLISHED' | 'RECORD_CHANGED' | 'RECORD_GONE';
  readonly recordType: RecordType;
  readonly recordId: string;
  /** Of a row that is there, if the receiver may know of whom it is. */
  readonly subjectId: string | undefined;
  /** What the filter looked at: of the row as it is now, or as it was when it is gone. */
  readonly document: Document;
  readonly changedFields: readonly string[];
  /** Missing for a receiver that is not told causes. */
  readonly cause: string | undefined;
}

export interface FeedParts {
  readonly store: Store;
  readonly sealer: Sealer;
}

/** What a receiver sees of a row. */
interface Seen {
  readonly document: Document;
  readonly fields: ReadonlyMap<string, string>;
  readonly toldCauses: boolean;
}

/** A version of a row as a day shows it; version 0 is none. */
interface Standing {
  readonly version: number;
  readonly day: string;
}

/** How a row stood for the receiver when it was last told of, where that is not the version before a change; several where it can have been any of them. */
type Baselines = Map<string, readonly Standing[]>;

/** A row of which the log tells something, and what stands of it now. */
interface Touched {
  readonly type: RecordType;
  readonly rows: Filter;
  readonly key: string;
  readonly change: Change;
  readonly turn: Turn | undefined;
  readonly lastTurn: (Turn & { readonly change: number }) | undefined;
  readonly document: Document | undefined;
}

/** Where a reader begins, with what an earlier one had not yet told. */
export interface FeedStart {
  readonly context: SubgraphContext;
  readonly place: FeedPlace;
  readonly baselines?: ReadonlyMap<string, readonly Standing[]> | undefined;
}

export interface FeedPage {
  readonly events: readonly FeedEvent[];
  /** Behind the last of the events, or at the end of the log. */
  readonly end: { readonly place: FeedPlace; readonly baselines: ReadonlyMap<string, readonly Standing[]> | undefined };
  readonly hasMore: boolean;
}

const READ_AT_ONCE = 500;
const READ_AT_LEAST = 50;
/** More rows than this that wait for their last change are looked up in the log again. */
const MOST_BASELINES = 20_000;

/** Where a receiver stands that begins now. */
export async function placeNow({ store }: Pick<FeedParts, 'store'>, { caller }: SubgraphContext, access: string): Promise<FeedPlace> {
  const day = await store.read((tx) => turnedUpTo(tx, caller.today));
  const head = await store.position();
  return { base: head, at: head, head, day, headDay: day, putOff: false, time: caller.now.getTime(), access, log: store.logId };
}

/** Reads what a receiver of these rows has to be told behind its place, in the order in which it came to be seen. */
export class FeedReader {
  readonly #parts: FeedParts;
  readonly #rows: FeedRows;
  readonly #context: SubgraphContext;
  readonly #days = new Map<string, SubgraphContext>();
  #baselines: Baselines;
  /** The place lies within a round that another reader began: what that one had told follows from the log. */
  #recalls: boolean;
  #place: FeedPlace;

  constructor(parts: FeedParts, rows: FeedRows, { context, place, baselines }: FeedStart) {
    this.#parts = parts;
    this.#rows = rows;
    this.#context = context;
    this.#place = place;
    this.#recalls = baselines === undefined && (place.at !== place.base || place.prior !== undefined);
    this.#baselines = new Map(baselines);
  }

  /** So many events, fewer only at the end of the log, and whether there are more. */
  async page(size: number): Promise<FeedPage> {
    const events: FeedEvent[] = [];
    let end: FeedPage['end'] | undefined;
    while (await this.#begun()) {
      const { at, head } = this.#place;
      const read = await this.#parts.store.changes(at, Math.min(READ_AT_ONCE, 2 * size + READ_AT_LEAST));
      const atHead = read.findIndex(({ position }) => position === head);
      const changes = atHead < 0 ? read : read.slice(0, atHead + 1);
      const last = changes.at(-1);
      if (!last) throw new Error('the change log ends before its own head');
      for (const touched of await this.#touched(changes)) {
        const event = await this.#judge(touched);
        if (event && end) return { events, end, hasMore: true };
        if (event) events.push(event);
        if (events.length === size) end ??= this.#checkpoint();
      }
      this.#moveTo(last);
    }
    return { events, end: this.#checkpoint(), hasMore: false };
  }

  #checkpoint(): FeedPage['end'] {
    return { place: this.#place, baselines: this.#recalls ? undefined : new Map(this.#baselines) };
  }

  /** Begins another round at the end of one; false when the log has ended. */
  async #begun(): Promise<boolean> {
    if (this.#place.at !== this.#place.head) return true;
    const { store } = this.#parts;
    const { at: base, headDay: day } = this.#place;
    const { now, today } = this.#context.caller;
    const headDay = await store.read((tx) => turnedUpTo(tx, today));
    const head = await store.position();
    const isEnd = head === base;
    const isPutOff = this.#baselines.size > 0 || (this.#recalls && this.#place.putOff && !isEnd);
    const prior = isPutOff ? (this.#place.prior ?? { base: this.#place.base, day: this.#place.day }) : undefined;
    this.#recalls &&= isPutOff;
    const time = isEnd ? now.getTime() : this.#place.time;
    this.#place = { ...this.#place, base, at: base, head, day: isEnd ? headDay : day, headDay, putOff: false, prior, time };
    return !isEnd;
  }

  #moveTo({ position, at }: Change): void {
    this.#place = { ...this.#place, at: position, time: Date.parse(at) };
  }

  async #touched(changes: readonly Change[]): Promise<readonly Touched[]> {
    const mayConcern = changes.filter(
      ({ collection, key }) => this.#rows.has(collection) || (collection === WINDOW_TURNS.name && isTurn(key)),
    );
    if (mayConcern.length === 0) return [];
    const touched = await this.#parts.store.read((tx) => this.#look(tx, mayConcern));
    await this.#recall(touched);
    return touched;
  }

  async #look(tx: Reader, changes: readonly Change[]): Promise<readonly Touched[]> {
    const turns = await turnsOf(tx, [...new Set(changes.map(({ key }) => key))]);
    const placed: Omit<Touched, 'document'>[] = [];
    for (const change of changes) {
      const { collection, key } = change;
      const lastTurn = turns.get(key);
      const turn = collection === WINDOW_TURNS.name ? await turnAt(tx, change, lastTurn) : undefined;
      const rows = turn ? [...this.#rows.values()].find(({ type }) => type.code === turn.recordType) : this.#rows.get(collection);
      if (rows && (turn || collection !== WINDOW_TURNS.name)) placed.push({ ...rows, key, change, turn, lastTurn });
    }
    const documents = new Map<string, Document>();
    for (const [collection, some] of Map.groupBy(placed, ({ type }) => type.collection)) {
      for (const document of await tx.get(collection, [...new Set(some.map(({ key }) => key))]))
        if (document) documents.set(document.key, document);
    }
    return placed.map((one) => ({ ...one, document: documents.get(one.key) }));
  }

  /** A round that another reader began: what it had told of these rows follows from the log. */
  async #recall(touched: readonly Touched[]): Promise<void> {
    if (this.#baselines.size > MOST_BASELINES) {
      this.#baselines.clear();
      this.#recalls = true;
    }
    if (!this.#recalls) return;
    const { putOff, prior } = this.#place;
    const mayBeTold = touched.filter(({ key, change, turn }) => !this.#baselines.has(key) && (turn || change.kind !== 'CREATED'));
    const wanted = new Map(mayBeTold.map((one) => [one.key, one] as const));
    const earlier = wanted.size === 0 ? [] : await this.#inRound(wanted);
    for (const [key, changes] of Map.groupBy(earlier, ({ key }) => key)) {
      const one = wanted.get(key);
      const told = changes.filter(({ isTold }) => isTold);
      const [first] = told;
      const last = told.at(-1);
      if (!one || !first || !last) continue;
      const later = changes.slice(told.length).map(({ after }) => after);
      if (prior || putOff) this.#baselines.set(key, [first.before, ...this.#standingsSince(one, first.after)]);
      else this.#baselines.set(key, [(await this.#areAlike(one, [last.after, ...later])) ? last.after : first.before]);
    }
  }

  /** Whatever the row can have been when it was looked at behind its first change. */
  #standingsSince({ document }: Touched, { version }: Standing): readonly Standing[] {
    const { day } = this.#place.prior ?? this.#place;
    const to = document?.version ?? version;
    return Array.from({ length: Math.max(0, to - version + 1) }, (_, index) => version + index).flatMap((passed) => [
      { version: passed, day },
      { version: passed, day: this.#today },
    ]);
  }

  /** Every change of these rows in the present round, and in those of which something was put off; those that were passed already marked as told. */
  async #inRound(wanted: ReadonlyMap<string, Touched>) {
    const { at, head, prior } = this.#place;
    const { base, day } = prior ?? this.#place;
    const found: { readonly key: string; readonly isTold: boolean; readonly before: Standing; readonly after: Standing }[] = [];
    let isTold = base !== at;
    for (let from: Position | null = base; from !== head; ) {
      const changes = await this.#parts.store.changes(from, READ_AT_ONCE);
      for (const change of changes) {
        const one = wanted.get(change.key);
        if (one?.type.collection === change.collection) {
          const before = { version: change.kind === 'CREATED' ? 0 : change.version - 1, day };
          found.push({ key: change.key, isTold, before, after: { version: change.version, day: this.#today } });
        } else if (one && change.collection === WINDOW_TURNS.name) {
          const turn = await this.#parts.store.read((tx) => turnAt(tx, change, one.lastTurn));
          if (turn)
            found.push({ key: change.key, isTold, before: this.#beforeTurn(turn), after: { version: turn.version, day: this.#today } });
        }
        if (change.position === at) isTold = false;
        from = change.position;
        if (from === head) break;
      }
      if (changes.length === 0) break;
    }
    return found;
  }

  get #today(): string {
    return this.#context.caller.today;
  }

  #beforeTurn({ version, on }: Turn): Standing {
    const [day = on] = [addDays(on, -1), this.#place.day].sort();
    return { version, day };
  }

  /** Tells of a row at the last change of it that this receiver can see; what went before it counts as one with it. */
  async #judge(touched: Touched): Promise<FeedEvent | undefined> {
    const { key, change, turn, document } = touched;
    const baselines = this.#baselines;
    const usual = turn ? this.#beforeTurn(turn) : { version: change.kind === 'CREATED' ? 0 : change.version - 1, day: this.#place.day };
    const baseline = baselines.get(key) ?? [usual];
    this.#moveTo(change);
    const following = standingsBehind(touched, this.#today);
    if (following.length > 0) {
      const states = [{ version: turn?.version ?? change.version, day: following[0]?.day ?? this.#today }, ...following];
      if (!(await this.#areAlike(touched, [...states, { version: document?.version ?? 0, day: this.#today }]))) {
        baselines.set(key, baseline);
        if (!this.#place.putOff && (await this.#hasMovedOn())) this.#place = { ...this.#place, putOff: true };
        return undefined;
      }
    }
    // Until its last change was passed: by its version and the day, a later change may seem to tell of more than was told now.
    if (following.length > 0) baselines.set(key, [{ version: document?.version ?? 0, day: this.#today }]);
    else baselines.delete(key);
    const before: (Seen | undefined)[] = [];
    for (const standing of baseline) before.push(await this.#seenAt(touched, standing));
    return difference(touched, before, this.#see(touched, document, this.#today), {
      place: this.#place,
      today: this.#on(this.#today).caller.params,
    });
  }

  /** Whether the log or the day tells more by now than the round holds. */
  async #hasMovedOn(): Promise<boolean> {
    const { head, headDay } = this.#place;
    return headDay !== this.#today || (await this.#parts.store.position()) !== head;
  }

  async #areAlike(touched: Touched, standings: readonly Standing[]): Promise<boolean> {
    let first: string | undefined;
    for (const standing of standings) {
      const text = textOf(await this.#seenAt(touched, standing));
      first ??= text;
      if (text !== first) return false;
    }
    return true;
  }

  async #seenAt(touched: Touched, { version, day }: Standing): Promise<Seen | undefined> {
    if (version === 0) return undefined;
    const { type, key, document } = touched;
    if (document?.version === version) return this.#see(touched, document, day);
    const versions = await this.#parts.store.read((tx) => tx.versions(type.collection, key));
    return this.#see(
      touched,
      versions.find((stood) => stood.version === version),
      day,
    );
  }

  #see({ type, rows }: Touched, document: Document | undefined, day: string): Seen | undefined {
    if (!document) return undefined;
    const context = this.#on(day);
    if (!matches(rows, document, context.caller.params)) return undefined;
    const row = disclosedRow(context, type, document);
    if (!row) return undefined;
    const rules = rulesOf(row.view);
    const toldCauses = context.caller.profile.audience === 'SUPERVISION' || rules.some((rule) => BY_GRANT.test(rule));
    return { document, fields: seenFields(row, context, this.#parts.sealer), toldCauses };
  }

  /** The receiver as it is today, on another day: what changes is told by the day, never by another policy or grant. */
  #on(day: string): SubgraphContext {
    const known = this.#days.get(day);
    if (known) return known;
    const { caller, accessOf } = this.#context;
    const params = { ...caller.params, ...paramsOfDay(day, this.#regions()) };
    const context: SubgraphContext = {
      ...this.#context,
      caller: { ...caller, params },
      accessOf: (type) => accessOf(type, caller),
      remarks: noRemarks(),
    };
    this.#days.set(day, context);
    return context;
  }

  #regions() {
    const [first] = this.#rows.values();
    if (!first) throw new Error('a feed without rows is not read');
    return first.type.regions;
  }
}

const BY_GRANT = /^(E3:|E10:|E6$|E7$|E8$)/;

/** The turn that a change of the clock's tells; undefined where what it says can no longer be read. */
async function turnAt(tx: Reader, change: Change, last: (Turn & { readonly change: number }) | undefined): Promise<Turn | undefined> {
  if (last?.change === change.version) return last;
  const versions = await tx.versions(WINDOW_TURNS.name, change.key);
  const stood = versions.find(({ version }) => version === change.version);
  return stood && turnIn(stood);
}

/** How the row stood at each later change of it, as far as the log tells; the clock's last turn of it stands among them. */
function standingsBehind({ change, turn, lastTurn, document }: Touched, today: string): readonly Standing[] {
  const from = turn?.version ?? change.version;
  const to = document?.version ?? from;
  const later = turn
    ? lastTurn && lastTurn.change > change.version
      ? lastTurn
      : undefined
    : lastTurn && lastTurn.version >= from
      ? lastTurn
      : undefined;
  if (!later) return Array.from({ length: to - from }, (_, index) => ({ version: from + 1 + index, day: today }));
  const eve = addDays(later.on, -1);
  const untilTurn = Array.from({ length: later.version - from + 1 }, (_, index) => ({ version: from + index, day: eve }));
  return [...untilTurn, ...Array.from({ length: to - later.version + 1 }, (_, index) => ({ version: later.version + index, day: today }))];
}

function textOf(seen: Seen | undefined): string {
  return seen === undefined ? 'nothing' : JSON.stringify([...seen.fields].sort(([left], [right]) => (left < right ? -1 : 1)));
}

function difference(
  { type, key, change, turn, document }: Touched,
  before: readonly (Seen | undefined)[],
  after: Seen | undefined,
  { place, today }: { readonly place: FeedPlace; readonly today: Params },
): FeedEvent | undefined {
  const seen = before.filter((one) => one !== undefined);
  const shared = {
    place,
    subjectId: after?.fields.get('subject'),
    recordType: type,
    recordId: key,
    at: change.at,
    difference: JSON.stringify([type.code, key, change.version, turn?.on ?? null]),
  };
  if (!after) {
    const [last] = seen.slice(-1);
    if (!last) return undefined;
    const cause = last.toldCauses && document ? causeOf(type, document, today) : undefined;
    return { ...shared, document: last.document, type: 'RECORD_GONE', changedFields: [], cause };
  }
  const changedFields = [...new Set(before.flatMap((one) => changedNames(one?.fields, after.fields)))].sort();
  const told = { ...shared, document: after.document, changedFields, cause: undefined };
  if (seen.length === 0) return { ...told, type: 'RECORD_PUBLISHED' };
  return changedFields.length === 0 && seen.length === before.length ? undefined : { ...told, type: 'RECORD_CHANGED' };
}

/** Why a row is gone, in the words of the state machines; undefined where it is there still, and only closed to this receiver. */
function causeOf({ regions }: RecordType, document: Document, today: Params): string | undefined {
  const stopped = document.gate?.stopped;
  if (stopped) return stopped === 'WRONG_IDENTITY' ? 'WITHDRAWN' : stopped === 'ARCHIVED' ? 'EXPIRED' : stopped;
  return matches(expiredRows(regions), document, today) ? 'EXPIRED' : undefined;
}

function changedNames(before: ReadonlyMap<string, string> = new Map(), after: ReadonlyMap<string, string> = new Map()): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name)).sort();
}
