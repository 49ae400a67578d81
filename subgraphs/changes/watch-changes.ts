import type { Access, AccessBook } from '../../auth/access-book.ts';
import type { Caller } from '../../auth/caller.ts';
import { paramsOfDay } from '../../auth/params-of-day.ts';
import { shanghaiToday } from '../../schema/calendar-date.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { type Filter, matches, type Params } from '../../schema/filter.ts';
import type { Change, Clock, Document, Position, Reader, Store } from '../../store/port.ts';
import { type ChangeFilter, type FeedRows, feedRows } from './change-filter.ts';
import { isTurn, turnsOf, WINDOW_TURNS } from './window-clock.ts';

export interface WatchParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly access: AccessBook;
  readonly clock: Clock;
  /** Collections whose documents decide nothing of what anybody sees. */
  readonly unrelated: ReadonlySet<string>;
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface Receiver {
  readonly caller: Caller;
  readonly where: unknown;
}

/** Tells receivers of changes that may concern them. */
export interface ChangeWatch {
  /** Calls `wake` behind every change that may concern the receiver; too often rather than too seldom. Ends when what it returns is called. */
  watch(receiver: Receiver, wake: () => void): () => void;
}

interface Watcher {
  readonly wake: () => void;
  /** Rows that may concern it today, by collection; undefined where that cannot be told. */
  rowsOn(day: string): { readonly rows: FeedRows; readonly params: Params } | undefined;
}

/** What a change may concern: everybody, whoever is told of a type, or whoever may see one of these versions of a row. */
type Concern = 'everybody' | { readonly collection: string; readonly versions: readonly Document[] | undefined };

const READ_AT_ONCE = 500;

/** One reader of the change log for all receivers of this process, which looks each change up once. It reads while anybody watches. */
export function watchChanges(parts: WatchParts): ChangeWatch {
  const { store, clock, onError = (error) => process.emitWarning(String(error)) } = parts;
  const watchers = new Set<Watcher>();
  let tail: Tail | undefined;
  const tell = async (changes: readonly Change[]) => {
    const day = shanghaiToday(clock.now());
    const waiting = new Set(watchers);
    for (const change of changes) {
      if (waiting.size === 0) return;
      const concern = await concernOf(parts, change);
      if (concern === undefined) continue;
      for (const watcher of waiting) {
        if (!mayConcern(watcher, concern, day)) continue;
        waiting.delete(watcher);
        watcher.wake();
      }
    }
  };
  const wakeAll = () => {
    for (const { wake } of watchers) wake();
  };
  return {
    watch(receiver, wake) {
      const watcher = { wake, rowsOn: rowsByDay(parts, receiver) };
      watchers.add(watcher);
      tail ??= followLog(store, { tell, wakeAll, onError });
      return () => {
        watchers.delete(watcher);
        if (watchers.size > 0) return;
        tail?.stop();
        tail = undefined;
      };
    },
  };
}

interface Tail {
  stop(): void;
}

/** From the end of the log on; where that was is not known before it has answered, so everybody is woken then. */
function followLog(
  store: Store,
  {
    tell,
    wakeAll,
    onError,
  }: {
    readonly tell: (changes: readonly Change[]) => Promise<void>;
    readonly wakeAll: () => void;
    readonly onError: (error: unknown) => void;
  },
): Tail {
  let place: { readonly at: Position | null } | undefined;
  let isRunning = false;
  let isDue = false;
  let hasEnded = false;
  const readOn = async () => {
    if (!place) {
      place = { at: await store.position() };
      return wakeAll();
    }
    for (;;) {
      const changes = await store.changes(place.at, READ_AT_ONCE);
      const last = changes.at(-1);
      if (!last || hasEnded) return;
      await tell(changes);
      place = { at: last.position };
    }
  };
  const look = async () => {
    isDue = true;
    if (isRunning) return;
    isRunning = true;
    while (isDue && !hasEnded) {
      isDue = false;
      try {
        await readOn();
      } catch (error) {
        // What could not be looked at may concern anybody; the next commit lets it be looked at again.
        onError(error);
        wakeAll();
      }
    }
    isRunning = false;
  };
  const stopListening = store.onCommit(() => void look());
  void look();
  return {
    stop() {
      hasEnded = true;
      stopListening();
    },
  };
}

/** Undefined for a change that concerns nobody. */
async function concernOf({ store, catalogue, unrelated }: WatchParts, change: Change): Promise<Concern | undefined> {
  const { collection, key } = change;
  if (collection === WINDOW_TURNS.name) return isTurn(key) ? store.read((tx) => turned(tx, catalogue, key)) : 'everybody';
  if (unrelated.has(collection)) return undefined;
  // Grants, vouchers, departments, clients and staff decide who sees what.
  if (!catalogue.types.some((type) => type.kind === 'record' && type.collection === collection)) return 'everybody';
  if (change.kind === 'REMOVED') return { collection, versions: undefined };
  const versions = await store.read((tx) => tx.versions(collection, key));
  const since = change.kind === 'CREATED' ? change.version : change.version - 1;
  const standing = versions.filter(({ version }) => version >= since);
  return { collection, versions: standing.some(({ version }) => version === change.version) ? standing : undefined };
}

async function turned(tx: Reader, { types }: Catalogue, key: string): Promise<Concern> {
  const turn = (await turnsOf(tx, [key])).get(key);
  const type = types.find(({ code }) => code === turn?.recordType);
  return type ? { collection: type.collection, versions: undefined } : 'everybody';
}

function mayConcern(watcher: Watcher, concern: Concern, day: string): boolean {
  const told = concern === 'everybody' ? undefined : watcher.rowsOn(day);
  if (concern === 'everybody' || !told) return true;
  const rows: Filter | undefined = told.rows.get(concern.collection)?.rows;
  if (!rows) return false;
  return concern.versions === undefined || concern.versions.some((version) => matches(rows, version, told.params));
}

/** Who may see what is compiled for a day; another day's is compiled when it has come. */
function rowsByDay({ catalogue, access }: WatchParts, { caller, where }: Receiver): Watcher['rowsOn'] {
  const types: readonly RecordType[] = catalogue.types.filter(({ kind }) => kind === 'record');
  let known: { readonly day: string; readonly told: ReturnType<Watcher['rowsOn']> } | undefined;
  return (day) => {
    if (known?.day === day) return known.told;
    const today = { ...caller, today: day, params: { ...caller.params, ...paramsOfDay(day, catalogue.regions) } };
    const accessOf = (type: RecordType): Access => access.accessOf(today, type);
    known = { day, told: toldTo(types, where, { accessOf, params: today.params }) };
    return known.told;
  };
}

function toldTo(
  types: readonly RecordType[],
  where: unknown,
  { accessOf, params }: { readonly accessOf: (type: RecordType) => Access; readonly params: Params },
): ReturnType<Watcher['rowsOn']> {
  try {
    return { rows: feedRows(types, filterOf(where), { accessOf }), params };
  } catch {
    // What is wrong with it the receiver learns when it reads.
    return undefined;
  }
}

/** As it was sent: a value by itself stands for a list of one. */
function filterOf(where: unknown): ChangeFilter {
  if (typeof where !== 'object' || where === null) return {};
  return Object.fromEntries(
    Object.entries(where).map(([name, value]: [string, unknown]) => [name, value === null || Array.isArray(value) ? value : [value]]),
  );
}
