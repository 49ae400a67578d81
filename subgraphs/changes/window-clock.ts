import { shanghaiToday } from '../../schema/calendar-date.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Clock, CollectionSpec, Document, Reader, Store, Writer } from '../../store/port.ts';
import { RECORD_INDEX, TURNS_ON } from '../kit/record-collection.ts';
import { nextTurn } from '../kit/record-engine/window-turn.ts';

/** The clock's own changes (F1): under the id of a record, that a window of it began or ended; under `DAY`, up to which day all of them stand. */
export const WINDOW_TURNS: CollectionSpec = { name: 'window-turn', gated: false, columns: [], indexes: [] };
const DAY = 'day';

/** A record whose window turned. */
export interface Turn {
  readonly recordType: string;
  /** Which version stood when the clock came to it. */
  readonly version: number;
  /** The day from which it is seen otherwise than the day before. */
  readonly on: string;
}

export interface WindowClock {
  /** Writes every turn that is due, once, and those that were missed while no process ran. */
  turn(): Promise<void>;
  /** Does so again and again, without keeping the process alive. */
  start(): void;
  /** Does this too, once a day, behind the turns; what fails is tried again. */
  eachDay(work: () => Promise<void>): void;
  stop(): Promise<void>;
}

export interface WindowClockParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly onError?: ((error: unknown) => void) | undefined;
}

const TURNED_AT_ONCE = 200;
const LOOK_MS = 20_000;

/** The durable clock of windows: each turn is a change of its own in the change log, behind which nothing has to be waited for. */
export function createWindowClock({
  store,
  catalogue,
  clock,
  onError = (error) => process.emitWarning(String(error)),
}: WindowClockParts): WindowClock {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const daily: { readonly work: () => Promise<void>; doneOn: string }[] = [];

  const turnAndWork = async (): Promise<void> => {
    const today = shanghaiToday(clock.now());
    await turnUpTo({ store, catalogue }, today);
    for (const each of daily) {
      if (each.doneOn === today) continue;
      await each.work();
      each.doneOn = today;
    }
  };
  const turn = (): Promise<void> => {
    const mine = running.then(turnAndWork);
    running = mine.catch(() => undefined);
    return mine;
  };
  const look = () => {
    timer = setTimeout(
      () =>
        turn()
          .catch(onError)
          .finally(() => timer && look()),
      LOOK_MS,
    ).unref();
  };
  return {
    turn,
    start: () => {
      if (timer) return;
      turn().catch(onError);
      look();
    },
    eachDay: (work) => void daily.push({ work, doneOn: '' }),
    stop: () => {
      clearTimeout(timer);
      timer = undefined;
      return running;
    },
  };
}

/** Writes every turn that is due by this day, if nobody has: whoever reads by the day has to find in the log what the day alone changed. */
export async function turnUpTo({ store, catalogue }: Pick<WindowClockParts, 'store' | 'catalogue'>, today: string): Promise<void> {
  const types = new Map(catalogue.types.map((type) => [type.code, type]));
  await undisturbed(() => turnAll(store, types, today));
}

async function turnAll(store: Store, types: ReadonlyMap<string, RecordType>, today: string): Promise<void> {
  const standing = await store.read((tx) => tx.get(WINDOW_TURNS.name, [DAY]));
  const [day] = standing;
  if (day && String(day.body.on) >= today) return;
  while (day && (await store.write((tx) => turnSome(tx, types, today), { actor: 'clock' })) > 0);
  await store.write((tx) => tx.put(WINDOW_TURNS.name, DAY, { body: { on: today }, expected: day?.version ?? 0 }), { actor: 'clock' });
}

/** Another process may be at the same turns: whoever comes second looks again and finds them done. */
async function undisturbed(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HubError && error.code === 'CONFLICT') || attempt === ATTEMPTS) throw error;
    }
  }
}
const ATTEMPTS = 20;

async function turnSome(tx: Writer, types: ReadonlyMap<string, RecordType>, today: string): Promise<number> {
  const due = await tx.find(RECORD_INDEX.name, {
    where: { op: 'lte', field: `column.${TURNS_ON}`, value: today },
    order: [{ field: `column.${TURNS_ON}`, direction: 'ASC' }],
    limit: TURNED_AT_ONCE,
  });
  if (due.length === 0) return 0;
  const versions = await versionsOf(tx, types, due);
  const before = await tx.get(
    WINDOW_TURNS.name,
    due.map(({ key }) => key),
  );
  await tx.putMany(
    WINDOW_TURNS.name,
    due.map(({ key, body, columns }, index) => ({
      key,
      body: { recordType: String(body.recordType), version: versions.get(key) ?? 0, on: String(columns[TURNS_ON]) },
      expected: before[index]?.version ?? 0,
    })),
  );
  await tx.putMany(
    RECORD_INDEX.name,
    due.map(({ key, version, body, gate, columns }) => {
      const type = types.get(String(body.recordType));
      return {
        key,
        body,
        expected: version,
        gate,
        columns: { ...columns, [TURNS_ON]: type && gate ? nextTurn(gate, type.regions, today) : null },
      };
    }),
  );
  return due.length;
}

async function versionsOf(
  tx: Reader,
  types: ReadonlyMap<string, RecordType>,
  due: readonly Document[],
): Promise<ReadonlyMap<string, number>> {
  const versions = new Map<string, number>();
  for (const [code, some] of Map.groupBy(due, ({ body }) => String(body.recordType))) {
    const type = types.get(code);
    if (!type) continue;
    const records = await tx.get(
      type.collection,
      some.map(({ key }) => key),
    );
    for (const record of records) if (record) versions.set(record.key, record.version);
  }
  return versions;
}

/** What the clock wrote of these records last, by record. */
export async function turnsOf(tx: Reader, keys: readonly string[]): Promise<ReadonlyMap<string, Turn & { readonly change: number }>> {
  const found = await tx.get(WINDOW_TURNS.name, keys);
  return new Map(
    found.flatMap((document) => (document ? [[document.key, { ...turnIn(document), change: document.version }] as const] : [])),
  );
}

/** @throws Error for a document that is no turn */
export function turnIn({ body: { recordType, version, on } }: Pick<Document, 'body'>): Turn {
  if (typeof recordType !== 'string' || typeof version !== 'number' || typeof on !== 'string') throw new Error('a turn is not readable');
  return { recordType, version, on };
}

/** The day up to which every turn stands in the change log; today where the clock has not begun. */
export async function turnedUpTo(tx: Reader, today: string): Promise<string> {
  const [day] = await tx.get(WINDOW_TURNS.name, [DAY]);
  return typeof day?.body.on === 'string' ? day.body.on : today;
}

/** Whether a key of `WINDOW_TURNS` names a record. */
export function isTurn(key: string): boolean {
  return key !== DAY;
}
