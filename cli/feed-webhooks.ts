import { parseArgs } from 'node:util';
import { createWebhookBook, type WebhookState } from '../changes/webhook-book.ts';
import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { openHub } from './open-hub.ts';
import { isStoreThere } from './store-place.ts';

/** `hub feed webhooks`: the state of every webhook, without its path. */
export const runFeedWebhooks: Command = async (argv, io) => {
  parseArgs({ args: [...argv], options: {} });
  if (!isStoreThere({ dataDir: io.dataDir, storeUrl: io.env.HUB_STORE }))
    throw new CommandFault(`${io.dataDir} 中没有数据 / holds no store`);
  const hub = await openHub({ dataDir: io.dataDir, env: io.env, untouched: true });
  try {
    const webhooks = (await createWebhookBook({ ...hub, newId: hub.parts.newId }).list('all')).map(toldOf);
    if (io.json) io.stdout(JSON.stringify({ webhooks }));
    else if (webhooks.length === 0) io.stdout('没有登记变更回调 No webhook is registered');
    else for (const webhook of webhooks) io.stdout(lineOf(webhook));
    return 0;
  } finally {
    await hub.close();
  }
};

/** A path can be a secret between sender and receiver, a cursor is its receiver's. */
function toldOf({ url, where: _where, deadLetters, ...webhook }: WebhookState) {
  const { origin } = new URL(url);
  return { ...webhook, url: origin, deadLetters: deadLetters.map(({ replayFrom: _cursor, ...letter }) => letter) };
}

function lineOf({
  id,
  owner,
  url,
  state,
  endedBecause,
  lastSuccessAt,
  failures,
  lastFailure,
  waiting,
  dead,
}: ReturnType<typeof toldOf>): string {
  const facts = [
    `${id}  ${state}${endedBecause === null ? '' : ` ${endedBecause}`}  ${url}  ${owner}`,
    `  最近成功 last success ${lastSuccessAt ?? '–'}`,
    `  失败 failures ${failures}${lastFailure === null ? '' : ` (${lastFailure})`}, 待投递 waiting ${waiting}, 未能投递 dead letters ${dead}`,
  ];
  return facts.join('\n');
}
