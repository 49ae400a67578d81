import type { Command } from './command.ts';
import { CommandFault } from './command-fault.ts';

/** Loaded when they are asked for. */
const ACTIONS: Readonly<Record<string, () => Promise<Command>>> = {
  status: async () => (await import('./feed-status.ts')).runFeedStatus,
  cut: async () => (await import('./feed-cut.ts')).runFeedCut,
  webhooks: async () => (await import('./feed-webhooks.ts')).runFeedWebhooks,
};

/** `hub feed …`: what becomes of changes on their way to those who receive them. */
export const runFeed: Command = async ([action = '', ...argv], io) => {
  const load = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
  if (!load)
    throw new CommandFault(
      Object.keys(ACTIONS)
        .map((known) => `hub feed ${known} [--json]`)
        .join(' | '),
    );
  return (await load())(argv, io);
};
