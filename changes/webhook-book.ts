import { randomBytes } from 'node:crypto';
import { HubError } from '../schema/errors.ts';
import type { Filter } from '../schema/filter.ts';
import type { Json } from '../schema/json.ts';
import type { Clock, Reader, Store, Writer } from '../store/port.ts';
import { signingKeyOf } from './signature.ts';
import {
  type Delivery,
  deliveryIn,
  progressIn,
  progressPut,
  type Registrant,
  type SealedText,
  type Seals,
  sealedCursor,
  WEBHOOK_DELIVERIES,
  WEBHOOK_LEASES,
  WEBHOOK_PROGRESS,
  WEBHOOKS,
  type Webhook,
  webhookIn,
  webhookPut,
} from './webhook-documents.ts';
import type { WebhookHosts } from './webhook-hosts.ts';

export interface WebhookBookParts {
  readonly store: Store;
  readonly sealer: Seals;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly webhookHosts: WebhookHosts;
}

export interface Registration extends Registrant {
  /** The organisation or client whose webhook it is. */
  readonly owner: string;
  readonly url: string;
  readonly where: Json;
  /** Deliveries begin behind it. */
  readonly cursor: string;
}

/** A webhook as its owner, or the operator, is told of it. */
export interface WebhookState {
  readonly id: string;
  readonly owner: string;
  readonly url: string;
  readonly where: Json;
  readonly state: Webhook['state'];
  readonly endedBecause: string | null;
  readonly registeredAt: string;
  readonly lastSuccessAt: string | null;
  readonly failures: number;
  readonly lastFailure: string | null;
  readonly waiting: number;
  readonly dead: number;
  /** The newest first. */
  readonly deadLetters: readonly DeadLetter[];
}
export interface DeadLetter {
  readonly id: string;
  readonly recordType: string | null;
  readonly recordId: string | null;
  readonly at: string;
  readonly failedAt: string | null;
  readonly failure: string | null;
  readonly replayFrom: string | null;
}

/** Beside a state, once: what the receiver checks signatures by. */
export interface KeyedWebhook extends WebhookState {
  readonly signingKey: string;
}

/** Whose webhooks are meant: one owner's, or all. */
export type Whose = { readonly owner: string } | 'all';

const MOST_OF_ONE_OWNER = 10;
const MOST_LISTED = 1000;
const MOST_DEAD_LISTED = 100;
const REMOVED_AT_ONCE = 500;
const KEY_BYTES = 32;
/** So long a key signs beside the one that follows it. */
const EARLIER_KEY_MS = 86_400_000;

/** Webhooks as their owners register, see, rotate, replay and remove them. What is not the caller's is not there. */
export function createWebhookBook({ store, sealer, clock, newId, webhookHosts }: WebhookBookParts) {
  const newKey = () => signingKeyOf(randomBytes(KEY_BYTES));
  const stateOf = (id: string) => store.read((tx) => stateIn(tx, id));

  return {
    checkAddress(address: string): void {
      webhookHosts.check(address);
    },

    /** @throws BAD_USER_INPUT for an address that is not let through, LIMIT_EXCEEDED */
    async register(registration: Registration, actor: string): Promise<KeyedWebhook> {
      const { owner, where, cursor, principal, purpose, matter } = registration;
      const url = webhookHosts.check(registration.url).href;
      const { exp: _exp, tokenDigest: _digest, ...person } = principal;
      const signingKey = newKey();
      const webhook: Webhook = {
        id: newId(),
        version: 0,
        owner,
        url,
        where,
        registrant: sealer.seal(JSON.stringify({ principal: person, purpose, matter } satisfies Registrant)),
        key: sealer.seal(signingKey),
        earlierKey: null,
        state: 'ACTIVE',
        endedBecause: null,
        registeredAt: clock.now().toISOString(),
      };
      await store.write(
        async (tx) => {
          if ((await tx.count(WEBHOOKS.name, ofOwner(owner))) >= MOST_OF_ONE_OWNER)
            throw new HubError('LIMIT_EXCEEDED', `an organisation or client has at most ${MOST_OF_ONE_OWNER} webhooks`);
          const at = { version: 0, cursor: sealedCursor(cursor), cursorAt: clock.now().getTime() };
          const begun = { ...at, pausedUntil: 0, nextPlace: 1, lastSuccessAt: null, failures: 0, lastFailure: null };
          await tx.putMany(WEBHOOKS.name, [webhookPut(webhook)]);
          await tx.putMany(WEBHOOK_PROGRESS.name, [progressPut(webhook.id, begun)]);
        },
        { actor },
      );
      return { ...(await stateOf(webhook.id)), signingKey };
    },

    /** A new key signs from now on, the one before beside it for a day. @throws NOT_FOUND */
    async rotate(id: string, whose: Whose, actor: string): Promise<KeyedWebhook> {
      const signingKey = newKey();
      const key: SealedText = sealer.seal(signingKey);
      const until = clock.now().getTime() + EARLIER_KEY_MS;
      await store.write(
        async (tx) => {
          const webhook = await webhookOf(tx, id, whose);
          await tx.putMany(WEBHOOKS.name, [webhookPut({ ...webhook, key, earlierKey: { key: webhook.key, until } })]);
        },
        { actor },
      );
      return { ...(await stateOf(id)), signingKey };
    },

    /** Delivers everything behind the cursor, again where it was delivered; what waits is dropped with it, dead letters stay until they are delivered. @throws NOT_FOUND, INVALID_TRANSITION */
    async replay(id: string, whose: Whose, { cursor, actor }: { readonly cursor: string; readonly actor: string }): Promise<WebhookState> {
      await store.write(
        async (tx) => {
          const webhook = await webhookOf(tx, id, whose);
          if (webhook.state !== 'ACTIVE') throw new HubError('INVALID_TRANSITION', 'the webhook has ended');
          const [standing] = await tx.get(WEBHOOK_PROGRESS.name, [id]);
          if (!standing) throw new HubError('NOT_FOUND', NOT_THERE);
          await removeDeliveries(tx, id, ['WAITING']);
          const moved = { cursor: sealedCursor(cursor), cursorAt: clock.now().getTime(), pausedUntil: 0 };
          await tx.putMany(WEBHOOK_PROGRESS.name, [progressPut(id, { ...progressIn(standing), ...moved })]);
          // Whoever delivers looks at what is registered, not at its own notes.
          await tx.putMany(WEBHOOKS.name, [webhookPut(webhook)]);
        },
        { actor },
      );
      return stateOf(id);
    },

    /** Gives back what it was. @throws NOT_FOUND */
    async remove(id: string, whose: Whose, actor: string): Promise<WebhookState> {
      const last = await store.read(async (tx) => {
        await webhookOf(tx, id, whose);
        return stateIn(tx, id);
      });
      await store.write(
        async (tx) => {
          await webhookOf(tx, id, whose);
          await removeDeliveries(tx, id, ['WAITING', 'DEAD']);
          for (const { name } of [WEBHOOKS, WEBHOOK_PROGRESS, WEBHOOK_LEASES]) {
            const [document] = await tx.get(name, [id]);
            if (document) await tx.remove(name, id, { expected: document.version });
          }
        },
        { actor },
      );
      return last;
    },

    list: (whose: Whose): Promise<readonly WebhookState[]> =>
      store.read(async (tx) => {
        const where: Filter = whose === 'all' ? { op: 'in', field: 'column.state', values: ['ACTIVE', 'ENDED'] } : ofOwner(whose.owner);
        const found = await tx.find(WEBHOOKS.name, { where, order: [], limit: MOST_LISTED });
        const states: WebhookState[] = [];
        for (const { key } of found) states.push(await stateIn(tx, key));
        return states.sort((one, other) => (one.registeredAt < other.registeredAt ? -1 : 1));
      }),
  };
}

const NOT_THERE = 'there is no such webhook';

function ofOwner(owner: string): Filter {
  return { op: 'eq', field: 'column.owner', value: owner };
}

/** Deliveries of one webhook in this state. */
export function deliveriesOf(webhookId: string, state: Delivery['state']): Filter {
  return {
    op: 'all',
    of: [
      { op: 'eq', field: 'column.webhook', value: webhookId },
      { op: 'eq', field: 'column.state', value: state },
    ],
  };
}

async function webhookOf(tx: Reader, id: string, whose: Whose): Promise<Webhook> {
  const [document] = await tx.get(WEBHOOKS.name, [id]);
  const webhook = document && webhookIn(document);
  if (!webhook || (whose !== 'all' && webhook.owner !== whose.owner)) throw new HubError('NOT_FOUND', NOT_THERE);
  return webhook;
}

/** In the order in which they were read, newest first where told. */
export async function readDeliveries(
  tx: Reader,
  webhookId: string,
  { state, limit, direction = 'ASC' }: { readonly state: Delivery['state']; readonly limit: number; readonly direction?: 'ASC' | 'DESC' },
): Promise<readonly Delivery[]> {
  const query = { where: deliveriesOf(webhookId, state), order: [{ field: 'column.place' as const, direction }], limit };
  return (await tx.find(WEBHOOK_DELIVERIES.name, query)).map(deliveryIn);
}

async function removeDeliveries(tx: Writer, webhookId: string, states: readonly Delivery['state'][]): Promise<void> {
  for (const state of states) {
    const query = { where: deliveriesOf(webhookId, state), order: [], limit: REMOVED_AT_ONCE };
    for (let found = await tx.find(WEBHOOK_DELIVERIES.name, query); found.length > 0; found = await tx.find(WEBHOOK_DELIVERIES.name, query))
      for (const { key, version } of found) await tx.remove(WEBHOOK_DELIVERIES.name, key, { expected: version });
  }
}

async function stateIn(tx: Reader, id: string): Promise<WebhookState> {
  const [document] = await tx.get(WEBHOOKS.name, [id]);
  const [standing] = await tx.get(WEBHOOK_PROGRESS.name, [id]);
  if (!document || !standing) throw new HubError('NOT_FOUND', NOT_THERE);
  const { owner, url, where, state, endedBecause, registeredAt } = webhookIn(document);
  const { lastSuccessAt, failures, lastFailure } = progressIn(standing);
  const dead = await readDeliveries(tx, id, { state: 'DEAD', limit: MOST_DEAD_LISTED, direction: 'DESC' });
  return {
    id,
    owner,
    url,
    where,
    state,
    endedBecause,
    registeredAt,
    lastSuccessAt: timeOf(lastSuccessAt),
    failures,
    lastFailure,
    waiting: await tx.count(WEBHOOK_DELIVERIES.name, deliveriesOf(id, 'WAITING')),
    dead: await tx.count(WEBHOOK_DELIVERIES.name, deliveriesOf(id, 'DEAD')),
    deadLetters: dead.map(letterOf),
  };
}

function letterOf({ event, failedAt, failure, before }: Delivery): DeadLetter {
  const { id, recordType, recordId, time } = event;
  return { id, recordType, recordId, at: time, failedAt: timeOf(failedAt), failure, replayFrom: before };
}

function timeOf(milliseconds: number | null): string | null {
  return milliseconds === null ? null : new Date(milliseconds).toISOString();
}
