import type { AccessEntry } from '../../auth/access-entry.ts';
import type { ColumnValue } from '../../schema/filter.ts';
import { type Filter, matches } from '../../schema/filter.ts';
import type { CollectionSpec, Reader, Store } from '../../store/port.ts';
import { ACCESS_LOG, readRecord } from './log-chain.ts';

/**
 * Where the entries of the access log are found: one document for each subject of an entry, and one for an entry without subjects. Keys begin with the
 * time, so that every index is in the order of time. It follows from the log, which alone is evidence, and is some seconds behind it.
 */
export const ACCESS_ENTRIES: CollectionSpec = {
  name: 'access-entry',
  gated: false,
  derived: true,
  columns: [
    { name: 'subject', type: 'text' },
    { name: 'organisation', type: 'text' },
    { name: 'decision', type: 'text' },
    { name: 'part', type: 'integer' },
  ],
  indexes: [{ fields: ['column.subject'] }, { fields: ['column.organisation'] }],
};

/** The place in the log up to which entries are found. */
export const ACCESS_INDEX: CollectionSpec = { name: 'access-index', gated: false, derived: true, columns: [], indexes: [] };

/** By which an entry is found: `key` begins with the time, `place` is where the entry stands. */
export interface EntryRef {
  readonly key: string;
  readonly place: number;
  readonly columns: Readonly<Record<string, ColumnValue>>;
}

const CURSOR = 'cursor';
const AT_ONCE = 200;

/** Makes what was logged since the last time quick to find. Several processes may do so at once. */
export async function indexEntries(store: Store): Promise<void> {
  const some = () =>
    store.write(
      async (tx) => {
        const [cursor] = await tx.get(ACCESS_INDEX.name, [CURSOR]);
        const entries = await tx.entries(ACCESS_LOG, placeIn(cursor?.body), AT_ONCE);
        const last = entries.at(-1);
        if (!last) return 0;
        const refs = entries.flatMap(refsOf);
        await tx.putMany(
          ACCESS_ENTRIES.name,
          refs.map(({ key, place, columns }) => ({ key, body: { place }, columns, expected: 0 })),
        );
        await tx.put(ACCESS_INDEX.name, CURSOR, { body: { place: last.place }, expected: cursor?.version ?? 0 });
        return entries.length;
      },
      { actor: 'access-log' },
    );
  while ((await some()) === AT_ONCE);
}

/** Entries that pass a filter, newest first: `limit` of them behind a key, or fewer when there are no more. */
export async function findEntries(tx: Reader, where: Filter, after: string | undefined, limit: number): Promise<readonly EntryRef[]> {
  const place = after === undefined ? undefined : { values: [], key: after };
  const found = await tx.find(ACCESS_ENTRIES.name, { where, order: [{ field: 'key', direction: 'DESC' }], after: place, limit });
  const indexed = found.map(({ key, body, columns }) => ({ key, place: placeIn(body), columns }));
  const recent = (await recentEntries(tx, where)).filter(({ key }) => after === undefined || key < after);
  return [...indexed, ...recent].sort((one, other) => (one.key < other.key ? 1 : -1)).slice(0, limit);
}

export async function countEntries(tx: Reader, where: Filter): Promise<number> {
  return (await tx.count(ACCESS_ENTRIES.name, where)) + (await recentEntries(tx, where)).length;
}

/** The entry that is found at a place. */
export async function entryAt(tx: Reader, place: number): Promise<AccessEntry | undefined> {
  const [found] = await tx.entries(ACCESS_LOG, place - 1, 1);
  const record = found?.place === place ? readRecord(found.entry) : undefined;
  return record?.k === 'ACCESS' ? (record.e as AccessEntry) : undefined;
}

/** What stands behind the index: a second of the log, or what a process left that was killed. */
async function recentEntries(tx: Reader, where: Filter): Promise<readonly EntryRef[]> {
  const [cursor] = await tx.get(ACCESS_INDEX.name, [CURSOR]);
  const found: EntryRef[] = [];
  for (let after = placeIn(cursor?.body); ; ) {
    const entries = await tx.entries(ACCESS_LOG, after, AT_ONCE);
    found.push(...entries.flatMap(refsOf).filter((ref) => matches(where, ref)));
    const last = entries.at(-1);
    if (!last) return found;
    after = last.place;
  }
}

function refsOf({ place, entry }: Awaited<ReturnType<Reader['entries']>>[number]): readonly EntryRef[] {
  const record = readRecord(entry);
  if (record?.k !== 'ACCESS') return [];
  const { at, organisation = null, decision, disclosed } = record.e as AccessEntry;
  const subjects = new Set<string | null>(disclosed.map(({ subject }) => subject));
  if (subjects.size === 0) subjects.add(null);
  return [...subjects].map((subject, part) => ({
    key: `${at}.${record.w}.${String(record.n).padStart(12, '0')}.${part}.${place}`,
    place,
    columns: { subject, organisation, decision, part },
  }));
}

function placeIn(body: { readonly [name: string]: unknown } | undefined): number {
  return typeof body?.place === 'number' ? body.place : 0;
}
