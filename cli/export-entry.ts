import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import type { AccessEntry } from '../auth/access-entry.ts';
import { withoutNumber } from '../auth/log-entry.ts';
import { createAccessLog } from '../subgraphs/access/access-log.ts';
import { CommandFault } from './command-fault.ts';
import { accessLogFolders, openLogStore } from './log-store.ts';
import type { StorePlace } from './store-place.ts';

const SYSTEM_CLOCK = { now: () => new Date() };

/** Writes into the access log that everything left the hub, or came into it, by whom at the command line. @throws STORE_UNAVAILABLE */
export function recordExport(place: StorePlace, exported: Omit<CommandEntry, 'kind'>): Promise<void> {
  return recordCommand(place, { kind: 'EXPORT', ...exported });
}

type CommandEntry = Pick<AccessEntry, 'kind' | 'operation' | 'policy'>;

/** Writes into the access log what was done at the command line, and by whom. @throws STORE_UNAVAILABLE */
export async function recordCommand(place: StorePlace, command: CommandEntry): Promise<void> {
  const newId = () => randomBytes(16).toString('base64url');
  const store = await openLogStore(place);
  try {
    const log = createAccessLog({ store, clock: SYSTEM_CLOCK, newId, ...accessLogFolders(place.dataDir) });
    await log.record({
      at: SYSTEM_CLOCK.now().toISOString(),
      requestId: newId(),
      channel: 'command-line',
      audience: 'OPERATOR',
      staff: withoutNumber(userName()),
      decision: 'ALLOW',
      granted: [],
      masked: [],
      denied: [],
      disclosed: [],
      ...command,
    });
    await log.close();
  } finally {
    await store.close();
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    throw new CommandFault('系统中没有当前用户的名称 / the system has no name for the user who asks', { cause: error });
  }
}
