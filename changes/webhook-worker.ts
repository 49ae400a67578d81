import type { Clock, Position, Store } from '../store/port.ts';
import type { PostEvent } from './post-event.ts';
import type { ReadFeed } from './read-webhook-feed.ts';
import { progressIn, type Seals, WEBHOOK_DELIVERIES, WEBHOOK_PROGRESS, WEBHOOKS } from './webhook-documents.ts';
import { LEASE_MS, takeLease } from './webhook-lease.ts';
import { createWebhookRound, type WebhookFate } from './webhook-round.ts';

export interface WebhookWorkerParts {
  readonly store: Store;
  readonly sealer: Seals;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly readFeed: ReadFeed;
  readonly post: PostEvent;
  /** Whether a change of this collection may change what a receiver sees, or whether it is one. */
  readonly concerns: (collection: string) => boolean;
  readonly onError: (error: unknown) => void;
  readonly onFate: (fate: WebhookFate) => void;
}

export interface WebhookWorker {
  start(): void;
  /** What was sent is noted; nothing more is sent. */
  stop(): Promise<void>;
}

/** How often it looks for deliveries that are due. */
const LOOK_MS = 1000;
/** Without a change a webhook is looked at this often: cursors grow old, and accounts end by date. */
const REST_MS = 600_000;
const READ_AT_ONCE = 500;
const MOST_WEBHOOKS = 1000;

/** One webhook as this process knows it. */
interface Turn {
  isRunning: boolean;
  isAgain: boolean;
  retry: NodeJS.Timeout | undefined;
}

/** Delivers to webhooks, each by one process at a time, without keeping the process alive. */
export function createWebhookWorker(parts: WebhookWorkerParts): WebhookWorker {
  const { store, clock, onError } = parts;
  const holder = parts.newId();
  const stopped = new AbortController();
  const round = createWebhookRound(parts, stopped.signal);
  const turns = new Map<string, Turn>();
  const running = new Set<Promise<void>>();
  let position: Position | null | undefined;
  let restedAt = 0;
  let looking: Promise<void> | undefined;
  let isCommitted = true;
  let end: (() => void) | undefined;

  const work = async (id: string): Promise<'done' | 'later'> => {
    if (await isPaused(parts, id)) return 'done';
    const lease = await takeLease({ store, clock, holder }, id);
    if (!lease) return 'later';
    try {
      while (!stopped.signal.aborted && (await round(id, lease)) === 'more');
    } finally {
      await lease.release();
    }
    return 'done';
  };

  const run = async (id: string, turn: Turn) => {
    turn.isRunning = true;
    let outcome: 'done' | 'later';
    do {
      turn.isAgain = false;
      outcome = await work(id).catch((error: unknown) => {
        onError(error);
        return 'later' as const;
      });
    } while (turn.isAgain && outcome === 'done' && !stopped.signal.aborted);
    turn.isRunning = false;
    if (outcome === 'done') turns.delete(id);
    // Who holds it, or hinders it, may be gone by then.
    else if (!stopped.signal.aborted) turn.retry = setTimeout(() => wake(id), LEASE_MS / 2).unref();
  };

  const wake = (id: string) => {
    if (stopped.signal.aborted) return;
    const turn = turns.get(id) ?? { isRunning: false, isAgain: false, retry: undefined };
    turns.set(id, turn);
    clearTimeout(turn.retry);
    turn.isAgain = true;
    if (turn.isRunning) return;
    const mine = run(id, turn).finally(() => running.delete(mine));
    running.add(mine);
  };

  /** Whether anything was committed since the last look that concerns receivers. */
  const isConcerned = async (): Promise<boolean> => {
    if (position === undefined) {
      position = await store.position();
      return true;
    }
    for (let found = false; ; ) {
      const changes = await store.changes(position, READ_AT_ONCE);
      found ||= changes.some(({ collection }) => parts.concerns(collection));
      const last = changes.at(-1);
      if (!last) return found;
      position = last.position;
    }
  };

  const wakeAll = async () => {
    const where = { op: 'eq', field: 'column.state', value: 'ACTIVE' } as const;
    const active = await store.read((tx) => tx.find(WEBHOOKS.name, { where, order: [], limit: MOST_WEBHOOKS }));
    for (const { key } of active) wake(key);
  };

  const wakeDue = async () => {
    const where = {
      op: 'all',
      of: [
        { op: 'eq', field: 'column.state', value: 'WAITING' },
        { op: 'lte', field: 'column.due', value: clock.now().getTime() },
      ],
    } as const;
    const order = [{ field: 'column.due', direction: 'ASC' }] as const;
    const due = await store.read((tx) => tx.find(WEBHOOK_DELIVERIES.name, { where, order, limit: READ_AT_ONCE }));
    for (const id of new Set(due.map(({ columns }) => String(columns.webhook)))) if (!turns.has(id)) wake(id);
  };

  const lookOnce = async () => {
    const isRested = performance.now() - restedAt > REST_MS;
    const mayConcern = isCommitted;
    isCommitted = false;
    if ((mayConcern && (await isConcerned())) || isRested) {
      restedAt = performance.now();
      await wakeAll();
    }
    await wakeDue();
  };
  const look = () => {
    looking ??= lookOnce()
      .catch((error: unknown) => {
        isCommitted = true;
        onError(error);
      })
      .finally(() => {
        looking = undefined;
      });
  };

  return {
    start() {
      if (end) return;
      const unlisten = store.onCommit(() => {
        isCommitted = true;
        look();
      });
      const timer = setInterval(look, LOOK_MS).unref();
      end = () => {
        clearInterval(timer);
        unlisten();
      };
      look();
    },
    async stop() {
      end?.();
      stopped.abort();
      for (const { retry } of turns.values()) clearTimeout(retry);
      await looking;
      await Promise.all(running);
    },
  };
}

/** A lease is written, a look is not. */
async function isPaused({ store, clock }: Pick<WebhookWorkerParts, 'store' | 'clock'>, id: string): Promise<boolean> {
  const [progress] = await store.read((tx) => tx.get(WEBHOOK_PROGRESS.name, [id]));
  return !progress || progressIn(progress).pausedUntil > clock.now().getTime();
}
