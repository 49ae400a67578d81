import { parseArgs } from 'node:util';
import { cutChangeLog } from './change-log-cut.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { recordCommand } from './export-entry.ts';
import { openHub } from './open-hub.ts';
import { policyFromFiles } from './static-graph.ts';
import { isStoreThere } from './store-place.ts';

/** `hub feed cut [--dry-run] [--store URL]`: takes away changes to which no cursor leads any more. The access log tells of it first. */
export const runFeedCut: Command = async (argv, io) => {
  const { values } = parseArgs({ args: [...argv], options: { 'dry-run': { type: 'boolean', default: false }, store: { type: 'string' } } });
  const { store: storeUrl, 'dry-run': isRehearsal } = values;
  const place = { dataDir: io.dataDir, storeUrl: storeUrl ?? io.env.HUB_STORE };
  // Opening makes what is not there.
  if (!isStoreThere(place)) throw new CommandFault(`${io.dataDir} 中没有存储 / holds no store`);
  const hub = await openHub({ dataDir: io.dataDir, storeUrl, env: io.env, untouched: true });
  try {
    if (!isRehearsal)
      await recordCommand(place, { kind: 'MUTATION', operation: 'hub feed cut', policy: policyFromFiles(io.env).policy.hash });
    const changes = await cutChangeLog(hub, { isRehearsal });
    const [oldest] = await hub.store.changes(null, 1);
    if (io.json) io.stdout(JSON.stringify({ changes, dryRun: isRehearsal, oldestChange: oldest?.at ?? null }));
    else if (isRehearsal) io.stdout(`将删除 ${changes} 条变更日志 / ${changes} changes would be cut off the change log`);
    else io.stdout(`已删除 ${changes} 条变更日志，余者自 ${oldest?.at ?? '–'} 起 / Cut ${changes} changes off the change log`);
    return 0;
  } finally {
    await hub.close();
  }
};
