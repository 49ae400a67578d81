import type { Command } from './command.ts';
import { runImport } from './import.ts';

/** `hub import`. */
export const runImportCommand: Command = (argv, { dataDir, json, env, stdout }) =>
  runImport([...argv, '--data', dataDir, ...(json ? ['--json'] : [])], {
    stdout,
    stderr: (text) => void process.stderr.write(text),
    isTerminal: process.stderr.isTTY === true,
    env,
  });
