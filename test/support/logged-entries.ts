import { openLogStore } from '../../cli/log-store.ts';
import { ACCESS_LOG, readRecord } from '../../subgraphs/access/log-chain.ts';
import type { TestHub } from './hub.ts';

export interface LoggedEntry {
  readonly [name: string]: unknown;
  readonly requestId: string;
  readonly decision: string;
}

/** Everything in the access log of a hub, oldest first, as it is stored. */
export async function loggedEntries({ dataDir, env }: Pick<TestHub, 'dataDir' | 'env'>): Promise<readonly LoggedEntry[]> {
  const store = await openLogStore({ dataDir, storeUrl: env.HUB_STORE });
  try {
    const all = await store.read((tx) => tx.entries(ACCESS_LOG, 0, 1_000_000));
    return all.flatMap(({ entry }) => {
      const record = readRecord(entry);
      return record?.k === 'ACCESS' ? [record.e as unknown as LoggedEntry] : [];
    });
  } finally {
    await store.close();
  }
}
