import { createPoster, type LookUp } from '../changes/post-event.ts';
import { WEBHOOKS } from '../changes/webhook-documents.ts';
import type { WebhookFate } from '../changes/webhook-round.ts';
import { createWebhookWorker, type WebhookWorker } from '../changes/webhook-worker.ts';
import type { Engine } from '../gateway/engine.ts';
import { WINDOW_TURNS } from '../subgraphs/changes/window-clock.ts';
import type { Hub } from './open-hub.ts';
import { webhookFeed } from './webhook-feed.ts';

export interface WebhookDelivery {
  readonly hub: Hub;
  /** The one in force. */
  readonly engine: () => Engine;
  readonly ca: string | undefined;
  readonly lookUp: LookUp | undefined;
  readonly onError: (error: unknown) => void;
  readonly onFate: (fate: WebhookFate) => void;
}

/** Delivers the changes of this hub to its webhooks. */
export function deliverToWebhooks({ hub, engine, ca, lookUp, onError, onFate }: WebhookDelivery): WebhookWorker {
  const { store, sealer, clock, catalogue, parts, webhookHosts } = hub;
  const concerning = new Set([WEBHOOKS.name, WINDOW_TURNS.name, ...catalogue.types.map(({ collection }) => collection)]);
  return createWebhookWorker({
    store,
    sealer,
    clock,
    newId: parts.newId,
    readFeed: webhookFeed(engine),
    post: createPoster({ hosts: webhookHosts, lookUp, ca }),
    concerns: (collection) => concerning.has(collection),
    onError,
    onFate,
  });
}
