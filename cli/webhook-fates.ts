import type { WebhookFate } from '../changes/webhook-round.ts';

/** What became of webhooks in this process, for the operator. */
export interface WebhookFates {
  note(fate: WebhookFate): void;
  /** Lines for `/metrics`. */
  print(): readonly string[];
}

/** Logs and counts webhooks that ended and deliveries that were given up; no label is an owner or an address. */
export function watchWebhookFates(log: (line: Record<string, unknown>) => void): WebhookFates {
  const ended = new Map<string, number>();
  let givenUp = 0;
  return {
    note(fate) {
      if (fate.kind === 'ENDED') {
        ended.set(fate.because, (ended.get(fate.because) ?? 0) + 1);
        log({ level: 'warn', event: 'webhook-ended', webhook: fate.webhook, because: fate.because });
      } else {
        givenUp += fate.deliveries;
        log({ level: 'warn', event: 'webhook-deliveries-given-up', webhook: fate.webhook, deliveries: fate.deliveries });
      }
    },
    print: () => [
      '# HELP hub_webhooks_ended_total Webhooks that ended by themselves: the receiver is gone, or its owner may read no more.',
      '# TYPE hub_webhooks_ended_total counter',
      ...[...ended].map(([because, count]) => `hub_webhooks_ended_total{because="${because}"} ${count}`),
      '# HELP hub_webhook_deliveries_given_up_total Deliveries that nobody took within five days.',
      '# TYPE hub_webhook_deliveries_given_up_total counter',
      `hub_webhook_deliveries_given_up_total ${givenUp}`,
    ],
  };
}
