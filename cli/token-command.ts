import type { Command } from './command.ts';
import { runToken } from './token.ts';

/** `hub token`. */
export const runTokenCommand: Command = async (argv, io) => {
  runToken(argv, io);
  return 0;
};
