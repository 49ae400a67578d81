import { hash } from 'node:crypto';
import { HubError } from '../schema/errors.ts';
import type { Clock, Reader, Store, Writer } from '../store/port.ts';
import { EVENT_MEDIA_TYPE, eventBody } from './event-body.ts';
import type { PostEvent, Posted } from './post-event.ts';
import type { ReadFeed, WebhookPage } from './read-webhook-feed.ts';
import { nextAttempt, wishedPause } from './retry-times.ts';
import { signatureHeaders } from './signature.ts';
import { readDeliveries } from './webhook-book.ts';
import {
  cursorIn,
  type Delivery,
  deliveryKey,
  deliveryPut,
  type Progress,
  progressIn,
  progressPut,
  type Registrant,
  type Seals,
  sealedCursor,
  WEBHOOK_DELIVERIES,
  WEBHOOK_PROGRESS,
  WEBHOOKS,
  type Webhook,
  type WebhookEvent,
  webhookIn,
  webhookPut,
} from './webhook-documents.ts';
import type { Lease } from './webhook-lease.ts';

export interface RoundParts {
  readonly store: Store;
  readonly sealer: Seals;
  readonly clock: Clock;
  readonly readFeed: ReadFeed;
  readonly post: PostEvent;
  /** Told when it stands in the store. */
  readonly onFate: (fate: WebhookFate) => void;
}

/** What an operator wants to hear of: a webhook has ended by itself, or deliveries of it were given up. */
export type WebhookFate =
  | { readonly kind: 'ENDED'; readonly webhook: string; readonly because: string }
  | { readonly kind: 'GIVEN_UP'; readonly webhook: string; readonly deliveries: number };

const PAGE = 20;
/** Then it is noted: what is delivered again after a process died is at most this much. */
const MOST_ATTEMPTS = 100;
/** When so many wait, nothing more is read for this webhook. */
const MOST_WAITING = 1000;
const LANES_AT_ONCE = 4;
/** A cursor that leads nowhere new is renewed this often, so that it does not grow too old. */
const CURSOR_REST_MS = 600_000;
const RESYNC_LANE = 'resync';
const RECORD_INDEX = 'record-index';
const ACTOR = { actor: 'webhooks' } as const;

/** Codes with which a reading says that this registrant reads no more; whatever else goes wrong may pass. */
const REFUSALS: ReadonlySet<string> = new Set([
  'FORBIDDEN',
  'UNAUTHENTICATED',
  'PURPOSE_REQUIRED',
  'BAD_USER_INPUT',
  'GRAPHQL_VALIDATION_FAILED',
]);
const GONE = 410;
const BUSY: readonly number[] = [429, 503];

/** What a round found, and what came of it. */
interface Standing {
  readonly webhook: Webhook;
  readonly progress: Progress;
  readonly waiting: readonly Delivery[];
}
interface Outcome {
  readonly done: Delivery[];
  readonly kept: Delivery[];
  /** Attempts that failed since one succeeded. */
  failures: number;
  lastFailure: string | null;
  lastSuccessAt: number | null;
  pausedUntil: number;
  isGone: boolean;
  attempted: number;
}

interface Work {
  readonly webhook: Webhook;
  readonly lease: Lease;
  readonly outcome: Outcome;
}

/**
 * One round for one webhook: reads a page as its registrant, which is also how its right is looked at; delivers what is due and what is new; notes all of
 * it at once. What was sent without being noted is sent again, under the same id.
 */
export function createWebhookRound({ store, sealer, clock, readFeed, post, onFate }: RoundParts, stop: AbortSignal) {
  const now = () => clock.now().getTime();

  const end = async (id: string, because: string) => {
    await store.write((tx) => endIn(tx, id, because, now()), ACTOR);
    onFate({ kind: 'ENDED', webhook: id, because });
  };

  const send = ({ id, url, key, earlierKey }: Webhook, event: WebhookEvent): Promise<Posted> => {
    const keys = [key, ...(earlierKey && earlierKey.until > now() ? [earlierKey.key] : [])].map((sealed) => sealer.open(sealed));
    const body = eventBody(id, event);
    const signed = signatureHeaders(keys, { id: event.id, seconds: Math.floor(now() / 1000), body });
    return post({ url, body, headers: { 'content-type': EVENT_MEDIA_TYPE, 'user-agent': 'credit-hub', ...signed } });
  };

  const attempt = async (webhook: Webhook, delivery: Delivery, outcome: Outcome): Promise<'done' | 'failed'> => {
    outcome.attempted++;
    const posted = await send(webhook, delivery.event);
    const at = now();
    if ('status' in posted && posted.status >= 200 && posted.status < 300) {
      outcome.done.push(delivery);
      Object.assign(outcome, { failures: 0, lastSuccessAt: at });
      return 'done';
    }
    const failure = 'failure' in posted ? posted.failure : `HTTP_${posted.status}`;
    outcome.failures++;
    outcome.lastFailure = failure;
    if ('status' in posted && posted.status === GONE) outcome.isGone = true;
    const wish = 'status' in posted && BUSY.includes(posted.status) ? wishedPause(posted.retryAfter, at) : undefined;
    if (wish !== undefined) outcome.pausedUntil = Math.max(outcome.pausedUntil, wish);
    const attempts = delivery.attempts + 1;
    const due = nextAttempt({ attempts, since: delivery.since }, { now: at, random: Math.random() });
    const failed = { ...delivery, attempts, failure, failedAt: at };
    if (due === undefined) {
      outcome.kept.push({ ...failed, state: 'DEAD', due: null });
      return 'done';
    }
    outcome.kept.push({ ...failed, due: Math.max(due, wish ?? 0) });
    return 'failed';
  };

  const goesOn = ({ lease, outcome }: Pick<Work, 'lease' | 'outcome'>): boolean =>
    !stop.aborted && lease.isSafe() && !outcome.isGone && outcome.pausedUntil <= now() && outcome.attempted < MOST_ATTEMPTS;

  /** In order; behind a delivery that failed the rest waits. */
  const deliverLane = async ({ webhook, lease, outcome }: Work, lane: readonly Delivery[]): Promise<void> => {
    for (const [index, delivery] of lane.entries()) {
      const mayGo = goesOn({ lease, outcome }) && (delivery.due ?? 0) <= now();
      if (mayGo && (await attempt(webhook, delivery, outcome)) === 'done') continue;
      const [first, ...rest] = lane.slice(mayGo ? index + 1 : index);
      if (first) outcome.kept.push(mayGo || first.due !== null ? first : { ...first, due: Math.max(outcome.pausedUntil, now()) });
      outcome.kept.push(...rest);
      return;
    }
  };

  const deliver = async ({ webhook, progress }: Standing, lease: Lease, deliveries: readonly Delivery[]): Promise<Outcome> => {
    const { failures, lastFailure, lastSuccessAt, pausedUntil } = progress;
    const outcome: Outcome = { done: [], kept: [], failures, lastFailure, lastSuccessAt, pausedUntil, isGone: false, attempted: 0 };
    const lanes = [...Map.groupBy(deliveries, ({ lane }) => lane).values()].values();
    const carry = async () => {
      for (const lane of lanes) await deliverLane({ webhook, lease, outcome }, lane);
    };
    await Promise.all(Array.from({ length: LANES_AT_ONCE }, carry));
    return outcome;
  };

  const readPage = async ({ webhook, progress, waiting }: Standing): Promise<WebhookPage | { readonly refusal: string }> => {
    const registrant = JSON.parse(sealer.open(webhook.registrant)) as Registrant;
    const isFull = waiting.length >= MOST_WAITING;
    try {
      const after = isFull ? null : cursorIn(progress.cursor);
      return await readFeed(registrant, { where: webhook.where, after, first: PAGE });
    } catch (error) {
      if (error instanceof HubError && REFUSALS.has(error.code)) return { refusal: error.code };
      throw error;
    }
  };

  return async (id: string, lease: Lease): Promise<'more' | 'done'> => {
    const standing = await store.read((tx) => standingOf(tx, id));
    if (standing?.webhook.state !== 'ACTIVE' || standing.progress.pausedUntil > now()) return 'done';
    const page = await readPage(standing);
    if ('refusal' in page) {
      await end(id, page.refusal);
      return 'done';
    }
    const { progress, waiting } = standing;
    const isFull = waiting.length >= MOST_WAITING;
    const standingBy = isFull ? waiting : stillToTell(waiting, page);
    const fresh = isFull ? [] : await freshDeliveries(store, standing, { page, standingBy, now: now() });
    const outcome = await deliver(standing, lease, [...standingBy, ...fresh]);
    const moves = !isFull && (fresh.length > 0 || page.hasMore || now() - progress.cursorAt > CURSOR_REST_MS);
    const { failures, lastFailure, lastSuccessAt, pausedUntil } = outcome;
    const noted: Progress = {
      ...progress,
      ...(moves && { cursor: sealedCursor(page.endCursor), cursorAt: now() }),
      nextPlace: progress.nextPlace + fresh.length,
      failures,
      lastFailure,
      lastSuccessAt,
      pausedUntil,
    };
    const dropped = waiting.filter((delivery) => !standingBy.includes(delivery));
    const gone = [...outcome.done, ...dropped];
    const kept = outcome.kept.filter((delivery) => !waiting.includes(delivery));
    if (moves || gone.length > 0 || kept.length > 0) {
      const fate = await note(store, { id, lease, noted, gone, kept });
      if (fate !== 'noted') return fate === 'moved' ? 'more' : 'done';
    }
    const givenUp = kept.filter(({ state }) => state === 'DEAD').length;
    if (givenUp > 0) onFate({ kind: 'GIVEN_UP', webhook: id, deliveries: givenUp });
    if (outcome.isGone) await end(id, 'GONE');
    if (outcome.isGone) return 'done';
    return page.hasMore || outcome.attempted >= MOST_ATTEMPTS || (isFull && outcome.done.length > 0) ? 'more' : 'done';
  };
}

/** What waits and may be told behind this page: nothing when everything has to be fetched anew, and of a row that is gone its going alone. */
function stillToTell(waiting: readonly Delivery[], { resync, events }: WebhookPage): readonly Delivery[] {
  if (resync !== null) return [];
  const gone = new Set(events.flatMap(({ tombstone, recordId }) => (tombstone ? [recordId] : [])));
  return waiting.filter(({ event }) => event.recordId === null || !gone.has(event.recordId));
}

async function standingOf(tx: Reader, id: string): Promise<Standing | undefined> {
  const [webhook] = await tx.get(WEBHOOKS.name, [id]);
  const [progress] = await tx.get(WEBHOOK_PROGRESS.name, [id]);
  if (!webhook || !progress) return undefined;
  const waiting = await readDeliveries(tx, id, { state: 'WAITING', limit: MOST_WAITING + PAGE });
  return { webhook: webhookIn(webhook), progress: progressIn(progress), waiting };
}

/** What the page tells, as deliveries that nobody has tried yet. */
async function freshDeliveries(
  store: Store,
  { webhook, progress }: Standing,
  { page, standingBy, now }: { readonly page: WebhookPage; readonly standingBy: readonly Delivery[]; readonly now: number },
): Promise<readonly Delivery[]> {
  const { events, resync, endCursor } = page;
  const from = cursorIn(progress.cursor);
  const untried = { state: 'WAITING', due: null, attempts: 0, since: now, failedAt: null, failure: null } as const;
  if (resync !== null) {
    // Read once more from the same cursor it is the same event.
    const id = hash('sha256', `${webhook.id}:${from}`, 'base64url');
    const event = { id, type: `${TYPES}.resync`, time: new Date(now).toISOString(), ...NO_RECORD, resync, cursor: endCursor };
    return [{ ...untried, event, lane: RESYNC_LANE, before: from, place: progress.nextPlace }];
  }
  const lanes = await lanesOf(store, events, standingBy);
  return events.map(({ id, cursor, at, type, recordType, recordId, tombstone }, index) => {
    const time = new Date(at).toISOString();
    const event = { id, type: `${TYPES}.${TYPE_OF[type]}`, time, recordType, recordId, tombstone, resync: null, cursor };
    const before = events[index - 1]?.cursor ?? from;
    return { ...untried, event, lane: lanes.get(recordId) ?? recordId, before, place: progress.nextPlace + index };
  });
}
const TYPES = 'cn.gov.credit-hub';
const TYPE_OF = { RECORD_PUBLISHED: 'record.published', RECORD_CHANGED: 'record.changed', RECORD_GONE: 'record.gone' } as const;
const NO_RECORD = { recordType: null, recordId: null, tombstone: false } as const;

/** By subject, also where the registrant is not told whose record it is: it decides on the order alone. */
async function lanesOf(store: Store, events: WebhookPage['events'], standingBy: readonly Delivery[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(events.map(({ recordId }) => recordId))];
  if (ids.length === 0) return new Map();
  const rows = await store.read((tx) => tx.get(RECORD_INDEX, ids));
  const lanes = new Map(ids.map((id, index) => [id, rows[index]?.gate?.subjectId ?? id] as const));
  for (const { event, lane } of standingBy) if (event.recordId !== null && lanes.has(event.recordId)) lanes.set(event.recordId, lane);
  return lanes;
}

interface Noted {
  readonly id: string;
  readonly lease: Lease;
  readonly noted: Progress;
  readonly gone: readonly Delivery[];
  readonly kept: readonly Delivery[];
}

/** Nothing is noted when the lease was lost, nor when the owner has meanwhile moved the webhook to another place, or removed it. */
async function note(store: Store, { id, lease, noted, gone, kept }: Noted): Promise<'noted' | 'moved' | 'lost'> {
  const all = [...gone, ...kept];
  const keys = all.map(({ event }) => deliveryKey(id, event.id));
  return store.write(async (tx) => {
    const [standing] = await tx.get(WEBHOOK_PROGRESS.name, [id]);
    if (standing?.version !== noted.version) return 'moved';
    if (!(await lease.stands(tx))) return 'lost';
    await tx.putMany(WEBHOOK_PROGRESS.name, [progressPut(id, noted)]);
    const found = await tx.get(WEBHOOK_DELIVERIES.name, keys);
    for (const [index, document] of found.entries())
      if (document && index < gone.length) await tx.remove(WEBHOOK_DELIVERIES.name, document.key, { expected: document.version });
    const puts = kept.map((delivery, index) => deliveryPut(id, delivery, found[gone.length + index]?.version ?? 0));
    if (puts.length > 0) await tx.putMany(WEBHOOK_DELIVERIES.name, puts);
    return 'noted';
  }, ACTOR);
}

/** The webhook stays to be seen; what waited stays as what was not delivered. */
async function endIn(tx: Writer, id: string, because: string, at: number): Promise<void> {
  const [document] = await tx.get(WEBHOOKS.name, [id]);
  if (!document) return;
  await tx.putMany(WEBHOOKS.name, [webhookPut({ ...webhookIn(document), state: 'ENDED', endedBecause: because })]);
  const waiting = await readDeliveries(tx, id, { state: 'WAITING', limit: MOST_WAITING + PAGE });
  const found = await tx.get(
    WEBHOOK_DELIVERIES.name,
    waiting.map(({ event }) => deliveryKey(id, event.id)),
  );
  const dead = waiting.map((delivery, index) => {
    const ended = { ...delivery, state: 'DEAD', due: null, failedAt: at, failure: delivery.failure ?? because } as const;
    return deliveryPut(id, ended, found[index]?.version ?? 0);
  });
  if (dead.length > 0) await tx.putMany(WEBHOOK_DELIVERIES.name, dead);
}
