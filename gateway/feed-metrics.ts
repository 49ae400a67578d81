import { type ClientStreams, printClientLags } from './feed-lag.ts';

/** What is counted of subscriptions to changes. */
export interface FeedMetrics {
  subscribers: number;
  /** Streams that ended because their receiver was too slow. */
  lagged: number;
  delivered: number;
  /** Milliseconds between a change and its delivery, together. */
  delayMs: number;
  readonly buckets: number[];
  readonly clients: ClientStreams;
}

/** Upper bounds in seconds. */
const BOUNDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600, 86_400];

export function feedMetrics(): FeedMetrics {
  return { subscribers: 0, lagged: 0, delivered: 0, delayMs: 0, buckets: BOUNDS.map(() => 0), clients: new Map() };
}

export function noteDelivery(metrics: FeedMetrics, delayMs: number): void {
  metrics.delivered++;
  metrics.delayMs += delayMs;
  const bucket = BOUNDS.findIndex((bound) => delayMs / 1000 <= bound);
  if (bucket >= 0) metrics.buckets[bucket] = (metrics.buckets[bucket] ?? 0) + 1;
}

/** Lines for `/metrics` (ST-21). */
export function printFeedMetrics({ subscribers, lagged, delivered, delayMs, buckets, clients }: FeedMetrics, now: Date): readonly string[] {
  let below = 0;
  return [
    '# HELP hub_feed_subscribers Streams of changes that are open.',
    '# TYPE hub_feed_subscribers gauge',
    `hub_feed_subscribers ${subscribers}`,
    '# HELP hub_feed_lagged_total Streams that were ended because their receiver was too slow.',
    '# TYPE hub_feed_lagged_total counter',
    `hub_feed_lagged_total ${lagged}`,
    '# HELP hub_feed_delivery_seconds Time from a change to its delivery on a stream (ST-21).',
    '# TYPE hub_feed_delivery_seconds histogram',
    ...BOUNDS.map((bound, index) => {
      below += buckets[index] ?? 0;
      return `hub_feed_delivery_seconds_bucket{le="${bound}"} ${below}`;
    }),
    `hub_feed_delivery_seconds_bucket{le="+Inf"} ${delivered}`,
    `hub_feed_delivery_seconds_sum ${delayMs / 1000}`,
    `hub_feed_delivery_seconds_count ${delivered}`,
    ...printClientLags(clients, now),
  ];
}
