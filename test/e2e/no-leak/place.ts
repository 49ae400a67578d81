import type { Clock } from '../../../store/port.ts';
import { askAt, type TestHub, tokenOf } from '../../support/hub.ts';

// Two hubs that are the same but for what these callers may not see. Whatever is asked, both have to answer the same.

const NOW = new Date('2026-11-24T04:00:00Z');
export const clock: Clock = { now: () => NOW };

/** `usual` differ in what callers without rights of their own may not see, `strong` in what callers with rights may not see either. */
export type PairName = 'usual' | 'strong';
export type Pair = readonly [Place, Place];

/** A hub that is asked over HTTP, wherever it runs. */
export type AskedHub = Pick<TestHub, 'dataDir' | 'env' | 'token' | 'ask'>;

/** What may be sent from one process to another. */
export interface PlaceAddress {
  readonly url: string;
  readonly doorUrl: string;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly ids: readonly string[];
  readonly closedIds: readonly string[];
  readonly personId: string;
  readonly voucher: string;
}

export interface Place extends Pick<PlaceAddress, 'ids' | 'closedIds' | 'personId' | 'voucher'> {
  readonly hub: AskedHub;
  /** The subgraph of the records behind a door of its own, over the same store. */
  readonly door: AskedHub;
}

/** Which of the hubs; with another round its closed values are others. */
export interface PlaceChoice {
  readonly pair: PairName;
  readonly side: 0 | 1;
  readonly round: number;
}

/** The same hub as any process asks it. */
export function placeAt({ url, doorUrl, dataDir, env, ...known }: PlaceAddress): Place {
  const asked = (address: string): AskedHub => ({
    dataDir,
    env,
    token: (audience, claims) => tokenOf(dataDir, clock, { audience, ...claims }),
    ask: (query, asking) => askAt(address, query, asking),
  });
  return { ...known, hub: asked(url), door: asked(doorUrl) };
}
