import { parseArgs } from 'node:util';
import { turnedUpTo } from '../subgraphs/changes/window-clock.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { openHub } from './open-hub.ts';
import { isStoreThere } from './store-place.ts';

interface FeedStatus {
  /** RFC 3339, as the next; null while nothing has changed. */
  readonly oldestChange: string | null;
  readonly newestChange: string | null;
  readonly windowDays: number;
  /** The day up to which the clock's own changes stand in the log; null before its first look. */
  readonly windowsTurnedUpTo: string | null;
  readonly streams: StreamStatus | null;
}
interface StreamStatus {
  readonly subscribers: number;
  readonly lagged: number;
  readonly deliveries: number;
  /** From a change to its delivery; null before the first. */
  readonly meanDeliverySeconds: number | null;
}

/** `hub feed status [--metrics URL] [--store URL]`: how far the change log goes, and what a hub that runs says of its streams. */
export const runFeedStatus: Command = async (argv, io) => {
  const { values } = parseArgs({ args: [...argv], options: { metrics: { type: 'string' }, store: { type: 'string' } } });
  const status = await readStatus(values, io);
  if (io.json) io.stdout(JSON.stringify(status));
  else for (const line of linesOf(status)) io.stdout(line);
  return 0;
};

interface StatusOptions {
  readonly metrics?: string | undefined;
  readonly store?: string | undefined;
}

async function readStatus({ metrics, store: storeUrl }: StatusOptions, { dataDir, env }: CommandIo): Promise<FeedStatus> {
  // Opening makes what is not there.
  if (!isStoreThere({ dataDir, storeUrl: storeUrl ?? env.HUB_STORE })) throw new CommandFault(`${dataDir} 中没有存储 / holds no store`);
  const streams = metrics === undefined ? null : await readStreams(metrics);
  const hub = await openHub({ dataDir, storeUrl, env, untouched: true });
  try {
    const { store, windowDays } = hub;
    const day = await store.read((tx) => turnedUpTo(tx, ''));
    const [[oldest], newest] = [await store.changes(null, 1), await store.lastChange()];
    return {
      oldestChange: oldest?.at ?? null,
      newestChange: newest?.at ?? null,
      windowDays,
      windowsTurnedUpTo: day === '' ? null : day,
      streams,
    };
  } finally {
    await hub.close();
  }
}

async function readStreams(address: string): Promise<StreamStatus> {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (!url?.protocol.startsWith('http')) throw new CommandFault('--metrics 须为地址 / is an address: http://127.0.0.1:9464/metrics');
  if (url.pathname === '/') url.pathname = '/metrics';
  const text = await fetch(url, { signal: AbortSignal.timeout(10_000) })
    .then((response) => (response.ok ? response.text() : undefined))
    .catch(() => undefined);
  const read = (name: string) => {
    const value = text && new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1];
    if (!value) throw new CommandFault(`${url.href} 未答复变更订阅的指标 / does not answer with the metrics of the feed`);
    return Number(value);
  };
  const deliveries = read('hub_feed_delivery_seconds_count');
  const seconds = read('hub_feed_delivery_seconds_sum');
  return {
    subscribers: read('hub_feed_subscribers'),
    lagged: read('hub_feed_lagged_total'),
    deliveries,
    meanDeliverySeconds: deliveries === 0 ? null : seconds / deliveries,
  };
}

function linesOf({ oldestChange, newestChange, windowDays, windowsTurnedUpTo, streams }: FeedStatus): readonly string[] {
  const told = [
    `最早变更 oldest change: ${oldestChange ?? '无 none'}`,
    `最近变更 newest change: ${newestChange ?? '无 none'}`,
    `游标有效期 cursors go on for: ${windowDays} 天 days`,
    `公示期限已处理至 windows turned up to: ${windowsTurnedUpTo ?? '尚未处理 not yet'}`,
  ];
  if (!streams) return told;
  const { subscribers, lagged, deliveries, meanDeliverySeconds } = streams;
  const mean = meanDeliverySeconds === null ? '' : `，平均 mean ${meanDeliverySeconds.toFixed(3)} s`;
  return [
    ...told,
    `订阅 subscribers: ${subscribers}`,
    `因接收过慢而中断 ended for lag: ${lagged}`,
    `投递 deliveries: ${deliveries}${mean}`,
  ];
}
