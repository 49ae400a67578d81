import { join } from 'node:path';
import type { Clock, Store } from '../store/port.ts';
import { openSqliteStore } from '../store/sqlite/open-store.ts';
import { ACCESS_ENTRIES, ACCESS_INDEX } from '../subgraphs/access/access-entries.ts';

export const LOG_FILE = 'access-log.sqlite';

/** A file of its own: SQLite has one writer a file, and during an import every logged request would wait for it. */
export function openLogStore(dataDir: string, clock: Clock = { now: () => new Date() }): Promise<Store> {
  return openSqliteStore(join(dataDir, LOG_FILE), { collections: [ACCESS_ENTRIES, ACCESS_INDEX], clock });
}

/** Where the key of the access log stands, and the heads of its chains. */
export function accessLogFolders(dataDir: string): { readonly keyDir: string; readonly headDir: string } {
  return { keyDir: join(dataDir, 'keys'), headDir: join(dataDir, 'access-log') };
}
