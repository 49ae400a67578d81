import { expect } from '@jest/globals';
import { policyFromFiles } from '../../../cli/static-graph.ts';
import type { Item } from '../../../schema/catalogue.ts';
import type { Asking, TestHub } from '../../support/hub.ts';

/** Who reads the feed, and what of a record is asked for. */
export interface Receiver {
  readonly name: string;
  readonly asks: () => Asking;
  readonly where?: Readonly<Record<string, unknown>>;
  /** A department without a purpose may name nothing else. */
  readonly openFieldsOnly?: boolean;
}

export type Rows = ReadonlyMap<string, Told>;
type Told = Readonly<Record<string, unknown>>;
type Asked = Pick<TestHub, 'ask'>;

/** What a consumer keeps between two readings. */
export interface Kept {
  readonly cursor: string;
  readonly rows: Rows;
  /** The hub that remembers the place; none behind an event within a page. */
  readonly by: TestHub | undefined;
  /** There was more behind it. */
  readonly isMidway: boolean;
  /** So much had been written by then. */
  readonly writes: number;
  /** Something was written in the middle of its replay. */
  readonly isMoved: boolean;
  /** A hub went on with such a replay without remembering it: it may tell of a row again, and leaves none out. */
  readonly mayRepeat: boolean;
}

/** Where and how a page is read. */
export interface Reading {
  readonly hub: TestHub;
  readonly size: number;
  readonly writes: number;
}

interface Change {
  readonly cursor: string;
  readonly at: string;
  readonly type: 'RECORD_PUBLISHED' | 'RECORD_CHANGED' | 'RECORD_GONE';
  readonly recordId: string;
  readonly changedFields: readonly string[];
  readonly tombstone: boolean;
  readonly record: Told | null;
}
interface Page {
  readonly nodes: readonly Change[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: string | null;
}

interface Listed {
  readonly listed: {
    readonly nodes: readonly (Told & { readonly id: string })[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
  };
}

const { catalogue } = policyFromFiles({});
const OPEN_CLASSES = ['OPEN', 'OPEN_MASKED'];
const TYPES = catalogue.types.filter(({ code }) => ['PENALTY', 'LIST_ENTRY'].includes(code));
const isOpen = ({ disclosure }: Item) =>
  [disclosure.class, disclosure.individual ?? disclosure.class, ...disclosure.inState.map(({ class: inState }) => inState)].every((name) =>
    OPEN_CLASSES.includes(name),
  );
const selected = (items: readonly Item[], openFieldsOnly: boolean): string =>
  items
    .filter((item) => !openFieldsOnly || isOpen(item))
    .map((item) => (item.shape === 'object' ? `${item.name} { ${selected(item.fields, openFieldsOnly) || '__typename'} }` : item.name))
    .join(' ');

const fieldsOf = ({ openFieldsOnly = false }: Receiver, type: (typeof TYPES)[number]) =>
  `${openFieldsOnly ? '' : 'subject { id }'} id ${selected(type.items, openFieldsOnly)}`;

/** What of the feed a receiver follows, and what it asks of each record. */
export const followed = ({ where }: Receiver) => ({ recordTypes: ['PENALTY', 'LIST_ENTRY'], ...where });
export const recordFields = (receiver: Receiver): string =>
  `__typename ${TYPES.map((type) => `... on ${type.name} { ${fieldsOf(receiver, type)} }`).join(' ')}`;

async function ask<Data>(hub: Asked, receiver: Receiver, text: string, variables: Readonly<Record<string, unknown>>): Promise<Data> {
  const { body } = await hub.ask(text, { ...receiver.asks(), variables });
  if (body.errors) throw new Error(`${receiver.name}: ${JSON.stringify(body.errors)}`);
  return body.data;
}

/** One page as this receiver reads it, each record under its latest fields. */
export async function readPage(hub: Asked, receiver: Receiver, after: string | null, first: number): Promise<Page> {
  const change = `cursor at type recordId changedFields tombstone cause record { ${recordFields(receiver)} }`;
  const text = `query ($after: Cursor, $first: Int, $where: ChangeFilter) { changes(after: $after, first: $first, where: $where) { nodes { ${change} } endCursor hasMore resync } }`;
  return (await ask<{ changes: Page }>(hub, receiver, text, { after, first, where: followed(receiver) })).changes;
}

/** Every row that the connections give this receiver. */
export async function listAnew(hub: Asked, receiver: Receiver): Promise<Rows> {
  const rows = new Map<string, Told>();
  for (const type of TYPES) {
    const text = `query ($after: Cursor) { listed: ${type.field}(first: 50, after: $after) { nodes { __typename ${fieldsOf(receiver, type)} } pageInfo { hasNextPage endCursor } } }`;
    for (let after: string | null = null, more = true; more; ) {
      const { listed }: Listed = await ask<Listed>(hub, receiver, text, { after });
      for (const node of listed.nodes) rows.set(node.id, node);
      more = listed.pageInfo.hasNextPage;
      after = listed.pageInfo.endCursor;
    }
  }
  return inRegions(rows, receiver);
}

function inRegions(rows: Rows, { where }: Receiver): Rows {
  const regions = where?.regions;
  if (!Array.isArray(regions)) return rows;
  return new Map([...rows].filter(([, { regionCode }]) => regions.some((region) => String(regionCode).startsWith(region))));
}

/** A consumer that begins now. */
export async function begin(hub: TestHub, receiver: Receiver, writes: number): Promise<Kept> {
  const { endCursor, nodes } = await readPage(hub, receiver, null, 1);
  expect(nodes).toEqual([]);
  return atEnd(hub, endCursor, await listAnew(hub, receiver), writes);
}

const atEnd = (by: TestHub, cursor: string, rows: Rows, writes: number): Kept => {
  return { cursor, rows, by, writes, isMidway: false, isMoved: false, mayRepeat: false };
};

export interface ReadOn {
  /** The consumer behind each event, and behind the page. */
  readonly kept: readonly Kept[];
  readonly hasMore: boolean;
  readonly nodes: readonly Change[];
}

/** Reads one page and applies it as a consumer does. */
export async function readOn({ hub, size, writes }: Reading, receiver: Receiver, kept: Kept): Promise<ReadOn> {
  const page = await readPage(hub, receiver, kept.cursor, size);
  expect(page.nodes.length).toBeLessThanOrEqual(size);
  if (page.resync) {
    expect(page.nodes).toEqual([]);
    const anew = atEnd(hub, page.endCursor, await listAnew(hub, receiver), writes);
    return { kept: [anew], hasMore: page.hasMore, nodes: [] };
  }
  const isMoved = kept.isMoved || (kept.isMidway && kept.writes !== writes);
  const mayRepeat = kept.mayRepeat || (isMoved && kept.by !== hub);
  let { rows } = kept;
  const steps: Kept[] = [];
  for (const node of page.nodes) {
    rows = applied(rows, node, receiver, mayRepeat);
    steps.push({ cursor: node.cursor, rows, by: undefined, isMidway: true, writes, isMoved, mayRepeat });
  }
  const { endCursor: cursor, hasMore } = page;
  const end = hasMore ? { cursor, rows, by: hub, isMidway: true, writes, isMoved, mayRepeat } : atEnd(hub, cursor, rows, writes);
  return { kept: [...steps, end], hasMore, nodes: page.nodes };
}

function applied(rows: Rows, node: Change, receiver: Receiver, mayRepeat: boolean): Rows {
  const { recordId, record, type, tombstone } = node;
  const before = rows.get(recordId);
  const after = new Map(rows);
  const told = () => `${receiver.name} ${type} ${recordId} ${JSON.stringify(node.changedFields)} ${JSON.stringify({ before, record })}`;
  expect(tombstone).toBe(type === 'RECORD_GONE');
  if (tombstone) {
    after.delete(recordId);
    if (!before && !mayRepeat) throw new Error(`a tombstone for a row that was never there: ${told()}`);
    return after;
  }
  if (!record) throw new Error(`a change without its record: ${told()}`);
  after.set(recordId, record);
  if (mayRepeat) return after;
  if ((type === 'RECORD_PUBLISHED') !== (before === undefined)) throw new Error(`a wrong type of change: ${told()}`);
  const differing = Object.keys(record).filter((name) => JSON.stringify(record[name]) !== JSON.stringify(before?.[name] ?? null));
  const unsaid = differing.filter((name) => !['__typename', 'id', ...node.changedFields].includes(name));
  if (unsaid.length > 0) throw new Error(`fields that changed and are not named (${unsaid}): ${told()}`);
  if (before && !receiver.openFieldsOnly) {
    const same = node.changedFields.filter((name) => name in record && !differing.includes(name));
    if (same.length > 0) throw new Error(`fields that are named and did not change (${same}): ${told()}`);
  }
  return after;
}

/** Reads until there is no more; nothing is written meanwhile. */
export async function readToEnd(reading: () => Reading, receiver: Receiver, kept: Kept): Promise<Kept> {
  const told: Change[] = [];
  let now = kept;
  let mayRepeat = false;
  for (let hasMore = true; hasMore; ) {
    const read = await readOn(reading(), receiver, now);
    now = read.kept.at(-1) ?? now;
    hasMore = read.hasMore;
    mayRepeat ||= read.kept.some((one) => one.mayRepeat);
    told.push(...read.nodes);
  }
  const ids = told.map(({ recordId }) => recordId);
  if (!mayRepeat && ids.length !== new Set(ids).size) throw new Error(`${receiver.name} was told twice of a row: ${ids}`);
  return now;
}
