import type { Caller } from '../../auth/caller.ts';
import { grantFault } from '../../auth/grants.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Position } from '../../store/port.ts';
import { MAX_PAGE } from '../kit/connection.ts';
import type { SubgraphContext } from '../kit/context.ts';
import { type ChangeFilter, canonicalFilter, feedRowsOnce } from './change-filter.ts';
import { clientOf, type FeedBinding, type FeedPlace, oldestOf, readFeedCursor, writeFeedCursor } from './feed-cursor.ts';
import { type FeedEvent, type FeedPage, type FeedParts, FeedReader, placeNow } from './read-feed.ts';
import { turnUpTo } from './window-clock.ts';

export interface ChangesParts extends FeedParts {
  readonly catalogue: Catalogue;
  /** Of the policy in force. */
  readonly policyHash: () => string;
  /** Days for which a cursor goes on. */
  readonly windowDays: number;
}

export interface ChangesArguments {
  readonly after?: string | null;
  readonly first?: number | null;
  readonly where?: ChangeFilter | null;
}

/** `ChangePage` as its resolvers take it. */
export interface ChangePage {
  readonly nodes: readonly ChangeNode[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: 'CURSOR_TOO_OLD' | 'ACCESS_CHANGED' | null;
}
export interface ChangeNode {
  readonly id: string;
  readonly cursor: string;
  readonly at: string;
  readonly type: FeedEvent['type'];
  readonly recordType: string;
  readonly recordId: string;
  readonly subject: { readonly __typename: 'Subject'; readonly id: string } | null;
  readonly record: { readonly __typename: string; readonly id: string } | null;
  readonly changedFields: readonly string[];
  readonly cause: string | null;
  readonly tombstone: boolean;
}

const DEFAULT_PAGE = 20;
const DAY_MS = 86_400_000;
/** Readers whose next page is likely to be asked for; what one had not told yet can also be found in the log again. */
const MOST_READERS = 500;

export type ReadChanges = (args: ChangesArguments, context: SubgraphContext) => Promise<ChangePage>;

/** The change feed as one receiver sees it (decision table, F1 and F2). @throws FORBIDDEN, BAD_USER_INPUT, LIMIT_EXCEEDED */
export function createFeed(parts: ChangesParts): ReadChanges {
  const { catalogue, sealer } = parts;
  const types: readonly RecordType[] = catalogue.types.filter(({ kind }) => kind === 'record');
  const rowsFor = feedRowsOnce(types);
  let turned = '';
  const turnWindows = async (today: string) => {
    if (turned >= today) return;
    await turnUpTo(parts, today);
    turned = today;
  };
  const readers = new Map<string, FeedPage['end']['baselines']>();
  const remember = (cursor: string, baselines: FeedPage['end']['baselines']) => {
    const oldest = readers.keys().next().value;
    if (readers.size >= MOST_READERS && oldest !== undefined) readers.delete(oldest);
    if (baselines) readers.set(cursor, baselines);
  };
  return async ({ after, first, where }, context) => {
    const size = first ?? DEFAULT_PAGE;
    if (size < 1) throw new HubError('BAD_USER_INPUT', 'first has to be at least 1');
    if (size > MAX_PAGE) throw new HubError('LIMIT_EXCEEDED', `first may be at most ${MAX_PAGE}`);
    const { caller } = context;
    checkReceiver(caller);
    const rows = rowsFor(where, context);
    const binding: FeedBinding = { client: clientOf(caller), where: canonicalFilter(where), use: caller.voucherUse };
    const access = sealer.digest(accessOf(caller, parts.policyHash()));
    const cursorAt = (place: FeedPlace) => writeFeedCursor(sealer, binding, place);
    const begin = async (resync: ChangePage['resync']): Promise<ChangePage> => {
      return { nodes: [], endCursor: cursorAt(await placeNow(parts, context, access)), hasMore: false, resync };
    };
    await turnWindows(caller.today);
    if (after === null || after === undefined) return begin(null);
    const place = readFeedCursor(sealer, binding, after);
    if (isTooOld(place, parts, caller.now)) return begin('CURSOR_TOO_OLD');
    // What is listed anew may hold a row that came after the place and is gone again: nothing behind the place would take it away.
    if (place.access !== access) return begin('ACCESS_CHANGED');
    if (rows.size === 0) return begin(null);
    const baselines = readers.get(after);
    const reader = new FeedReader(parts, rows, { context, place, baselines });
    const page = await whileStanding(parts.store, oldestOf(place), () => reader.page(size));
    if (!page) return begin('CURSOR_TOO_OLD');
    const { events, end, hasMore } = page;
    const endCursor = cursorAt(end.place);
    if (hasMore) remember(endCursor, end.baselines);
    else context.remarks.place = sealer.digest(JSON.stringify([binding.client, binding.where, { ...end.place, time: 0 }]));
    return {
      nodes: events.map((event) => nodeOf(parts, binding, event)),
      endCursor,
      hasMore,
      resync: null,
    };
  };
}

/** By its time, or because it leads into a log that this one has taken the place of. */
function isTooOld({ time, log }: FeedPlace, { store, windowDays }: ChangesParts, now: Date): boolean {
  return now.getTime() - time > windowDays * DAY_MS || log !== store.logId;
}

/** What was read, if nothing behind the position was cut off before or meanwhile; undefined otherwise. */
async function whileStanding<T>(store: ChangesParts['store'], position: Position | null, read: () => Promise<T>): Promise<T | undefined> {
  const found = await read().catch(async (error: unknown) => {
    // A log that was cut may end before the place to which it is read.
    if (await store.reaches(position)) throw error;
    return undefined;
  });
  return (await store.reaches(position)) ? found : undefined;
}

/** A body reads with its voucher or not at all; the rest is said by the audiences of the field. */
function checkReceiver({ profile: { audience, voucher } }: Caller): void {
  if ((audience === 'CREDIT_BODY' || audience === 'APP_ORG') && !voucher)
    throw new HubError('FORBIDDEN', 'the feed is for bodies that present a voucher of the subject');
}

/** What decides what a receiver may see at all; when it changes, what was seen has to be fetched anew. */
function accessOf({ profile, today }: Caller, policyHash: string): string {
  const grants = profile.grants.filter((grant) => grantFault(grant, profile, today) === undefined);
  return JSON.stringify([policyHash, { ...profile, grants }]);
}

function nodeOf({ sealer }: FeedParts, binding: FeedBinding, event: FeedEvent): ChangeNode {
  const isGone = event.type === 'RECORD_GONE';
  const { subjectId } = event;
  let cursor: string | undefined;
  return {
    id: sealer.digest(JSON.stringify(['change', binding.client, event.difference, event.type])),
    // Each time it is written it is another text; a client may ask for it under several names.
    get cursor() {
      cursor ??= writeFeedCursor(sealer, binding, event.place);
      return cursor;
    },
    at: event.at,
    type: event.type,
    recordType: event.recordType.code,
    recordId: event.recordId,
    subject: subjectId === undefined ? null : { __typename: 'Subject', id: subjectId },
    record: isGone ? null : { __typename: event.recordType.name, id: event.recordId },
    changedFields: event.changedFields,
    cause: event.cause ?? null,
    tombstone: isGone,
  };
}
