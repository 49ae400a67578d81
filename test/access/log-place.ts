import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { AccessEntry } from '../../auth/access-entry.ts';
import type { Suites } from '../../schema/suite.ts';
import type { Clock, Store } from '../../store/port.ts';
import { openSqliteStore } from '../../store/sqlite/open-store.ts';
import { ACCESS_ENTRIES, ACCESS_INDEX } from '../../subgraphs/access/access-entries.ts';
import { createAccessLog, type WrittenLog } from '../../subgraphs/access/access-log.ts';

const STILL: Clock = { now: () => new Date('2026-11-24T04:00:00Z') };

/** An access log over a store in a folder, as a hub would open it. */
export async function openLog(
  folder: string,
  { clock = STILL, suites }: { readonly clock?: Clock; readonly suites?: Suites } = {},
): Promise<{ readonly log: WrittenLog; readonly store: Store; close(): Promise<void> }> {
  const store = await openSqliteStore(join(folder, 'hub.sqlite'), { collections: [ACCESS_ENTRIES, ACCESS_INDEX], clock });
  const log = createAccessLog({
    store,
    clock,
    suites,
    newId: () => randomBytes(16).toString('base64url'),
    keyDir: join(folder, 'keys'),
    headDir: join(folder, 'access-log'),
  });
  return {
    log,
    store,
    async close() {
      await log.close();
      await store.close();
    },
  };
}

export function entryNo(number: number): AccessEntry {
  return {
    at: '2026-11-24T04:00:00.000Z',
    requestId: `request-${number}`,
    channel: 'gateway',
    audience: 'AGENCY',
    organisation: '11411502MAW05WG360',
    kind: 'QUERY',
    decision: 'ALLOW',
    granted: ['AdministrativePenalty.performanceStatus'],
    masked: [],
    denied: [],
    disclosed: [
      { subject: `subject-${number % 7}`, section: 'ADMINISTRATIVE', recordType: 'PENALTY', rules: ['E2'], rows: [`row-${number}`] },
    ],
    policy: 'p',
    operation: 'o',
  };
}
