import type { Caller } from '../../auth/caller.ts';
import { HubError } from '../../schema/errors.ts';
import type { Position } from '../../store/port.ts';
import type { Sealer } from '../kit/sealer.ts';

/**
 * How far a receiver has come. A replay goes in rounds: everything between `base` and `head` is told as one difference for each row, in the order of the
 * last change that can be seen of it; `at` is how far the round has come. At the end of a round all three are one.
 */
export interface FeedPlace {
  readonly base: Position | null;
  readonly at: Position | null;
  readonly head: Position | null;
  /** The day up to which the clock's own changes stand before `base`. */
  readonly day: string;
  /** The same for `head`. */
  readonly headDay: string;
  /** Something was put off because of a change behind `head`: only the reader that did so knows what exactly. */
  readonly putOff: boolean;
  /** Where the oldest round began of which something was put off; what stood there is then still to be told. */
  readonly prior?: { readonly base: Position | null; readonly day: string } | undefined;
  /** Milliseconds since 1970: of the change at `at`, or when the head was looked up. */
  readonly time: number;
  /** What the receiver could see at all when it was told the place, as a digest. */
  readonly access: string;
  /** The change log that the positions are of. */
  readonly log: string;
}

/** To what a change cursor is bound: client, audience and filter; and under which use of a voucher it was made. */
export interface FeedBinding {
  readonly client: string;
  readonly where: unknown;
  readonly use?: string | undefined;
}

/** So long is every cursor, so that its length tells nothing of what it holds. */
const SEALED_LENGTH = 640;

/**
 * Who a feed belongs to: the organisation or the client, whoever of its staff asks; the subject, through whichever client it asks; of the public
 * everybody, as they are told the same.
 */
export function clientOf({ principal, subjectId }: Pick<Caller, 'principal' | 'subjectId'>): string {
  const { audience, iss, sub, orgUscc, clientId } = principal;
  if (audience === 'PUBLIC') return JSON.stringify([audience]);
  if (audience === 'SUBJECT') return JSON.stringify([audience, subjectId ?? [iss, sub]]);
  return JSON.stringify([audience, clientId ?? orgUscc ?? [iss, sub]]);
}

/** Writes a change cursor: encrypted, bound, and as long as any other. */
export function writeFeedCursor(sealer: Sealer, { client, where, use }: FeedBinding, place: FeedPlace): string {
  const text = JSON.stringify({ feed: boundTo(sealer, client, where), ...place, use });
  return sealer.seal(text.padEnd(SEALED_LENGTH)).$sealed;
}

/** @throws BAD_USER_INPUT for a cursor that was made for another client, audience or filter, or not by this hub */
export function readFeedCursor(sealer: Sealer, { client, where }: FeedBinding, cursor: string): FeedPlace {
  const { feed, ...parts } = opened(sealer, cursor);
  if (feed !== boundTo(sealer, client, where)) throw foreign();
  return placeIn(parts);
}

/** From where on the change log is needed by a reader at this place. */
export function oldestOf({ prior, base }: FeedPlace): Position | null {
  return (prior ?? { base }).base;
}

/** The place of a cursor, whosever it is: for the hub alone, which keeps what it leads to. @throws BAD_USER_INPUT for what is no cursor of this hub */
export function placeOfAny(sealer: Sealer, cursor: string): FeedPlace {
  return placeIn(opened(sealer, cursor));
}

function placeIn({ base, at, head, day, headDay, time, access, putOff, prior, log }: Readonly<Record<string, unknown>>): FeedPlace {
  if (!isPosition(base) || !isPosition(at) || !isPosition(head)) throw foreign();
  if (typeof day !== 'string' || typeof headDay !== 'string' || typeof time !== 'number' || typeof access !== 'string') throw foreign();
  // A cursor from before the log had a name is of none that there is.
  if (typeof putOff !== 'boolean' || !isPrior(prior) || (log !== undefined && typeof log !== 'string')) throw foreign();
  return { base, at, head, day, headDay, time, access, putOff, prior, log: log ?? '' };
}

function isPosition(value: unknown): value is Position | null {
  return value === null || typeof value === 'string';
}

function isPrior(value: unknown): value is FeedPlace['prior'] {
  if (value === undefined) return true;
  if (typeof value !== 'object' || value === null || !('base' in value) || !('day' in value)) return false;
  return isPosition(value.base) && typeof value.day === 'string';
}

function boundTo(sealer: Sealer, client: string, where: unknown): string {
  return sealer.digest(JSON.stringify(['changes', client, where]));
}

function opened(sealer: Sealer, cursor: string): Readonly<Record<string, unknown>> {
  try {
    const parts: unknown = JSON.parse(sealer.open({ $sealed: cursor }));
    if (typeof parts === 'object' && parts !== null) return parts as Readonly<Record<string, unknown>>;
  } catch {
    // Whatever is wrong with it, the caller learns the same.
  }
  throw foreign();
}

function foreign(): HubError {
  return new HubError('BAD_USER_INPUT', 'the cursor does not belong to this feed');
}
