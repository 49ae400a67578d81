import { mkdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Migrator } from '../store/migration.ts';
import type { Command } from './command.ts';
import { LOG_COLLECTIONS } from './log-store.ts';
import { collectionsOf } from './open-hub.ts';
import { policyFromFiles } from './static-graph.ts';
import { isDatabase, openLogMigratorAt, openMigratorAt, type StorePlace } from './store-place.ts';

/** `hub migrate`: gives the store what this version and its catalogue need. With `--check` it changes nothing; exit code 1 when something is to do. */
export const runMigrate: Command = async (argv, { dataDir, env, json, stdout }) => {
  const { values } = parseArgs({ args: [...argv], options: { check: { type: 'boolean', default: false }, store: { type: 'string' } } });
  const place: StorePlace = { dataDir, storeUrl: values.store ?? env.HUB_STORE };
  const migrators = await openMigrators(place, env);
  try {
    const steps: string[] = [];
    const note = (step: string) => {
      steps.push(step);
      if (!json) stdout(`${values.check ? '待办 to do' : '完成 done '}  ${step}`);
    };
    if (!values.check) mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    for (const migrator of migrators) {
      if (values.check) for (const step of await migrator.pending()) note(step);
      else await migrator.migrate(note);
    }
    if (json) stdout(JSON.stringify({ check: values.check, steps }));
    else if (steps.length === 0) stdout('存储已是所需布局 / The store lacks nothing');
    return values.check && steps.length > 0 ? 1 : 0;
  } finally {
    for (const migrator of migrators) await migrator.close();
  }
};

async function openMigrators(place: StorePlace, env: NodeJS.ProcessEnv): Promise<readonly Migrator[]> {
  const collections = collectionsOf(policyFromFiles(env).catalogue);
  if (isDatabase(place)) return [await openMigratorAt(place, { collections: [...collections, ...LOG_COLLECTIONS] })];
  return [await openMigratorAt(place, { collections }), await openLogMigratorAt(place, { collections: LOG_COLLECTIONS })];
}
