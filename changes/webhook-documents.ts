import type { Principal } from '../auth/principal.ts';
import type { Json, JsonObject } from '../schema/json.ts';
import type { CollectionSpec, Document, Put } from '../store/port.ts';

/** What a client registered. */
export const WEBHOOKS: CollectionSpec = {
  name: 'webhook',
  gated: false,
  columns: [
    { name: 'owner', type: 'text' },
    { name: 'state', type: 'text' },
  ],
  indexes: [{ fields: ['column.owner'] }, { fields: ['column.state'] }],
};
/** How far each webhook has come; the worker's own, so that neither hinders the other. */
export const WEBHOOK_PROGRESS: CollectionSpec = { name: 'webhook-progress', gated: false, columns: [], indexes: [] };
/** Deliveries that failed, or wait behind one that did. The first of each lane alone has a time at which it is due. */
export const WEBHOOK_DELIVERIES: CollectionSpec = {
  name: 'webhook-delivery',
  gated: false,
  columns: [
    { name: 'webhook', type: 'text' },
    { name: 'state', type: 'text' },
    { name: 'place', type: 'integer' },
    { name: 'due', type: 'integer' },
  ],
  indexes: [{ fields: ['column.webhook', 'column.state', 'column.place'] }, { fields: ['column.state', 'column.due'] }],
};
/** Who works for a webhook at this moment. */
export const WEBHOOK_LEASES: CollectionSpec = { name: 'webhook-lease', gated: false, columns: [], indexes: [] };

export const WEBHOOK_COLLECTIONS: readonly CollectionSpec[] = [WEBHOOKS, WEBHOOK_PROGRESS, WEBHOOK_DELIVERIES, WEBHOOK_LEASES];

/** A value that stands encrypted in a body. */
export interface SealedText extends JsonObject {
  readonly $sealed: string;
}
export interface Seals {
  seal(text: string): SealedText;
  open(sealed: SealedText): string;
}

/** As whom a webhook reads: who registered it, and for what. */
export interface Registrant {
  readonly principal: Principal;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
}

export interface Webhook {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly url: string;
  /** The filter, in the form of its GraphQL input. */
  readonly where: Json;
  readonly registrant: SealedText;
  readonly key: SealedText;
  /** The key before it, which signs beside it until then (milliseconds since 1970). */
  readonly earlierKey: { readonly key: SealedText; readonly until: number } | null;
  readonly state: 'ACTIVE' | 'ENDED';
  readonly endedBecause: string | null;
  readonly registeredAt: string;
}

export interface Progress {
  readonly version: number;
  /** A cursor is sealed text of its own: in this form it goes on when keys of fields rotate. */
  readonly cursor: SealedText;
  /** Milliseconds since 1970, as all that follow. */
  readonly cursorAt: number;
  readonly pausedUntil: number;
  readonly nextPlace: number;
  readonly lastSuccessAt: number | null;
  /** Attempts that failed since the last one that did not. */
  readonly failures: number;
  readonly lastFailure: string | null;
}

/** What is told, without the personal: the receiver fetches the rest with its own token. */
export interface WebhookEvent {
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly recordType: string | null;
  readonly recordId: string | null;
  readonly tombstone: boolean;
  /** Why everything has to be fetched anew. */
  readonly resync: string | null;
  readonly cursor: string;
}

export interface Delivery {
  readonly event: WebhookEvent;
  /** Deliveries of one lane keep their order: those about one subject. */
  readonly lane: string;
  /** A replay from here begins with this event. */
  readonly before: string | null;
  readonly state: 'WAITING' | 'DEAD';
  readonly place: number;
  readonly due: number | null;
  readonly attempts: number;
  /** When it was read from the feed. */
  readonly since: number;
  readonly failedAt: number | null;
  readonly failure: string | null;
}

export function webhookIn({ key: id, version, body }: Document): Webhook {
  return { ...(body as unknown as Omit<Webhook, 'id' | 'version'>), id, version };
}

export function webhookPut({ id, version, ...body }: Webhook): Put {
  return { key: id, body: asBody(body), expected: version, columns: { owner: body.owner, state: body.state } };
}

export function progressIn({ version, body }: Document): Progress {
  return { ...(body as unknown as Omit<Progress, 'version'>), version };
}

export function progressPut(webhookId: string, { version, ...body }: Progress): Put {
  return { key: webhookId, body: asBody(body), expected: version };
}

export function deliveryIn({ body }: Document): Delivery {
  const { cursor, before, event, ...rest } = body as unknown as Stored;
  return { ...rest, event: { ...event, cursor: cursorIn(cursor) }, before: before && cursorIn(before) };
}

export function deliveryPut(webhookId: string, { event, before, ...rest }: Delivery, expected: number): Put {
  const { cursor, ...told } = event;
  const body = { ...rest, event: told, cursor: sealedCursor(cursor), before: before === null ? null : sealedCursor(before) };
  const { state, place, due } = rest;
  return { key: deliveryKey(webhookId, event.id), body: asBody(body), expected, columns: { webhook: webhookId, state, place, due } };
}
interface Stored extends Omit<Delivery, 'event' | 'before'> {
  readonly event: Omit<WebhookEvent, 'cursor'>;
  readonly cursor: SealedText;
  readonly before: SealedText | null;
}

export function deliveryKey(webhookId: string, eventId: string): string {
  return `${webhookId}:${eventId}`;
}

/** A cursor is what a sealer made. */
export function sealedCursor(cursor: string): SealedText {
  return { $sealed: cursor };
}
export function cursorIn({ $sealed }: SealedText): string {
  return $sealed;
}

function asBody(value: object): JsonObject {
  return value as JsonObject;
}
