#!/usr/bin/env node
import { HubError } from '../schema/errors.ts';
import { CatalogueError } from '../schema/fault.ts';
import type { Command, CommandIo } from './command.ts';
import { CommandFault } from './command-fault.ts';
import { UnusableFile } from './import/unusable-file.ts';

// The gateway's vendor would be told about every start, and cloud metadata addresses be asked, unless this stands before the first import.
process.env.APOLLO_TELEMETRY_DISABLED = 'true';

/** Loaded when they are asked for: an import does not load the gateway. */
const COMMANDS: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  serve: { summary: '启动枢纽或其一部分 start the hub or a part of it', load: async () => (await import('./serve.ts')).runServe },
  import: { summary: '导入文件 import files', load: async () => (await import('./import-command.ts')).runImportCommand },
  token: {
    summary: '签发开发用令牌 make a token of the development key',
    load: async () => (await import('./token-command.ts')).runTokenCommand,
  },
  compose: { summary: '合成超图 compose the supergraph', load: async () => (await import('./compose.ts')).runCompose },
  policy: { summary: '权限一览 permissions', load: async () => (await import('./policy.ts')).runPolicy },
  audit: { summary: '核验、检索访问日志 verify and search the access log', load: async () => (await import('./audit.ts')).runAudit },
  feed: { summary: '变更推送的状态 state of the change feed', load: async () => (await import('./feed.ts')).runFeed },
  pull: { summary: '拉取变更到文件 pull changes into a file', load: async () => (await import('./pull.ts')).runPull },
  keys: { summary: '查看、轮换密钥 list and rotate keys', load: async () => (await import('./keys.ts')).runKeys },
  dump: { summary: '导出全部数据 take everything out, encrypted', load: async () => (await import('./dump.ts')).runDump },
  restore: { summary: '恢复到空存储 put a dump into an empty store', load: async () => (await import('./restore.ts')).runRestore },
  migrate: { summary: '更新存储布局 bring the store up to date', load: async () => (await import('./migrate.ts')).runMigrate },
  doctor: { summary: '自检 look for what is wrong', load: async () => (await import('./doctor.ts')).runDoctor },
};

const [name = 'help', ...rest] = process.argv.slice(2);
const { argv, io } = commonOptions(rest);
process.exitCode = await run(name, argv, io);

async function run(command: string, args: readonly string[], to: CommandIo): Promise<number> {
  const known = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!known) {
    const lines = Object.entries(COMMANDS).map(([key, { summary }]) => `  hub ${key.padEnd(8)} ${summary}`);
    to.stderr(['用法 usage: hub <command> [options] [--data DIR] [--json]', ...lines].join('\n'));
    return command === 'help' || command === '--help' ? 0 : 2;
  }
  try {
    return await (await known.load())(args, to);
  } catch (error) {
    if (!isExplained(error)) throw error;
    to.stderr(error.message);
    return 2;
  }
}

/** Faults that tell the person at the terminal what to do; anything else is a defect and shows its stack. */
function isExplained(error: unknown): error is Error {
  const byParser = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return (
    error instanceof HubError ||
    error instanceof CommandFault ||
    error instanceof CatalogueError ||
    error instanceof UnusableFile ||
    byParser
  );
}

function commonOptions(given: readonly string[]): { readonly argv: readonly string[]; readonly io: CommandIo } {
  const left: string[] = [];
  let dataDir = process.env.HUB_DATA ?? './data';
  let json = false;
  for (let index = 0; index < given.length; index += 1) {
    const argument = given[index] ?? '';
    if (argument === '--json') json = true;
    else if (argument === '--data') {
      index += 1;
      dataDir = given[index] ?? dataDir;
    } else if (argument.startsWith('--data=')) dataDir = argument.slice('--data='.length);
    else left.push(argument);
  }
  const write = (stream: NodeJS.WriteStream) => (line: string) => void stream.write(`${line}\n`);
  return { argv: left, io: { dataDir, env: process.env, json, stdout: write(process.stdout), stderr: write(process.stderr) } };
}
