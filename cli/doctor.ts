import { constants, existsSync } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { readTokenSettings } from '../auth/token-settings.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { addWorkdays } from '../schema/working-days.ts';
import type { Command } from './command.ts';
import { openHub } from './open-hub.ts';
import { composeFromFiles } from './static-graph.ts';
import { isStoreThere } from './store-place.ts';

interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly note: string;
}

/** `hub doctor`: looks at what an operator would look at first, and changes nothing. Exit code 1 when something is wrong. */
export const runDoctor: Command = async (_argv, io) => {
  const findings = [
    await check('Node.js', async () => [Number(process.versions.node.split('.')[0]) >= 24, process.version]),
    await check('data', async () => {
      await access(io.dataDir, constants.R_OK | constants.W_OK);
      return [true, io.dataDir];
    }),
    await check('keys', async () => {
      const { mode } = await stat(join(io.dataDir, 'keys'));
      return [(mode & 0o077) === 0, `mode ${(mode & 0o777).toString(8)}`];
    }),
    await check('catalogue', async () => {
      const { catalogue, policy, composed } = composeFromFiles(io.env);
      return [composed.hints.length === 0, `${catalogue.types.length} types, policy ${policy.hash}, hints ${composed.hints.length}`];
    }),
    await check('store', async () => {
      // Opening makes what is not there, and new keys would not open an old store.
      if (!isStoreThere({ dataDir: io.dataDir, storeUrl: io.env.HUB_STORE })) return [true, 'none yet'];
      if (!existsSync(join(io.dataDir, 'keys'))) return [false, 'cannot be read without its keys'];
      const hub = await openHub({ dataDir: io.dataDir, env: io.env, untouched: true });
      try {
        const position = await hub.store.position();
        return [true, position === null ? 'empty' : 'answers'];
      } finally {
        await hub.close();
      }
    }),
    await check('tokens', async () => {
      const { issuers, registry } = readTokenSettings(io.env);
      return [
        true,
        issuers.length === 0
          ? `development key, registry ${registry}`
          : `${issuers.map(({ iss }) => iss).join(', ')}, registry ${registry}`,
      ];
    }),
    await check('calendar', async () => {
      const { provisional } = addWorkdays(shanghaiToday(new Date()), 7);
      return [
        !provisional,
        provisional ? 'the next seven working days run into a year whose holidays are not known yet' : 'covers the next seven working days',
      ];
    }),
  ];
  if (io.json) io.stdout(JSON.stringify({ findings }));
  else for (const { check: name, ok, note } of findings) io.stdout(`${ok ? '正常 ok   ' : '异常 wrong'} ${name.padEnd(10)} ${note}`);
  return findings.every(({ ok }) => ok) ? 0 : 1;
};

async function check(name: string, look: () => Promise<readonly [boolean, string]>): Promise<Finding> {
  try {
    const [ok, note] = await look();
    return { check: name, ok, note };
  } catch (error) {
    return { check: name, ok: false, note: error instanceof Error ? error.message : String(error) };
  }
}
