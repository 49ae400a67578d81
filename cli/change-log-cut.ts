import { cursorIn, progressIn, WEBHOOK_PROGRESS, WEBHOOKS } from '../changes/webhook-documents.ts';
import type { Position } from '../store/port.ts';
import { cutLog } from '../subgraphs/changes/cut-log.ts';
import { type FeedPlace, oldestOf, placeOfAny } from '../subgraphs/changes/feed-cursor.ts';
import type { Hub } from './open-hub.ts';

const DAY_MS = 86_400_000;
/** Beyond the days for which cursors go on: a page may be read from one that is about to end. */
const SAFETY_DAYS = 1;
const MOST_WEBHOOKS = 10_000;

type CutParts = Pick<Hub, 'store' | 'sealer' | 'clock' | 'effects' | 'windowDays'>;

/** Cuts what no cursor leads to any more off the change log, nothing that effects or webhooks have not read; gives back how much. */
export async function cutChangeLog(hub: CutParts, { isRehearsal }: { readonly isRehearsal: boolean }): Promise<number> {
  const { store, clock, effects, windowDays } = hub;
  const before = new Date(clock.now().getTime() - (windowDays + SAFETY_DAYS) * DAY_MS);
  const kept = [...(await effects.places()), ...(await webhookPlaces(hub))];
  return cutLog(store, { before, kept, isRehearsal });
}

/** Whence webhooks read on whose cursors have not ended by their time. */
async function webhookPlaces({ store, sealer, clock, windowDays }: CutParts): Promise<readonly (Position | null)[]> {
  const where = { op: 'eq', field: 'column.state', value: 'ACTIVE' } as const;
  const progress = await store.read(async (tx) => {
    const active = await tx.find(WEBHOOKS.name, { where, order: [], limit: MOST_WEBHOOKS });
    return tx.get(
      WEBHOOK_PROGRESS.name,
      active.map(({ key }) => key),
    );
  });
  const oldest = clock.now().getTime() - windowDays * DAY_MS;
  const places = progress.flatMap((document) => (document ? placeIn(sealer, cursorIn(progressIn(document).cursor)) : []));
  return places.filter(({ time, log }) => time >= oldest && log === store.logId).map(oldestOf);
}

function placeIn(sealer: Hub['sealer'], cursor: string): readonly FeedPlace[] {
  try {
    return [placeOfAny(sealer, cursor)];
  } catch {
    // It cannot be read from either: its webhook will be told so.
    return [];
  }
}
