import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The tree whose hub is run; its own otherwise. */
  readonly root?: string | undefined;
  /** Options of Node.js, before the script. */
  readonly node?: readonly string[] | undefined;
}
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `hub …` in a process of its own, as a person at a terminal would. */
export async function runHub(args: readonly string[], { root = ROOT, ...options }: CommandOptions = {}): Promise<Finished> {
  return run([...(options.node ?? []), join(root, 'cli/hub.ts'), ...args], { ...options, root });
}

/** Runs a script of Node.js to its end. */
export async function run(args: readonly string[], { env, root = ROOT }: CommandOptions = {}): Promise<Finished> {
  const child = spawn(process.execPath, args, { cwd: root, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
  return { code, stdout, stderr };
}

export interface ServedHub {
  readonly url: string;
  readonly metricsPort: number | undefined;
  readonly pid: number;
  /** What the process wrote to standard error so far: its log. */
  readonly log: () => string;
  /** Resolves when it has written more. */
  written(): Promise<unknown>;
  /** Ends the process by a signal; returns its exit code, null where the signal itself ended it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

/** Starts `hub serve …` on a free port; resolves when it says that it listens. */
export async function serveHub(args: readonly string[], { env, node = [] }: CommandOptions = {}): Promise<ServedHub> {
  const argv = [...node, join(ROOT, 'cli/hub.ts'), 'serve', '--port', '0', '--json', ...args];
  const child = spawn(process.execPath, argv, { cwd: ROOT, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let written = '';
  child.stderr.on('data', (chunk: Buffer) => {
    written += chunk.toString('utf8');
  });
  const ended = exitOf(child);
  const line = (await firstLine(child.stdout)) || (await ended.then((code) => `exit ${code}: ${written}`));
  child.stdout.resume();
  if (!line.startsWith('{')) throw new Error(line);
  const { url, metricsPort } = JSON.parse(line);
  return {
    url,
    metricsPort,
    pid: Number(child.pid),
    log: () => written,
    written: () => Promise.race([once(child.stderr, 'data'), ended]),
    stop(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

/** A copy of the tree with the same layout, whose files a test may change. Packages are those of the tree itself. */
export async function copyTree(folder: string, folders: readonly string[], files: readonly string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of [...folders, ...files]) await cp(join(ROOT, name), join(folder, name), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
}

/** Settings of the hub that the tests themselves run under do not reach a process. */
function environment(env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(HUB|APOLLO)_/.test(name) && name !== 'NODE_OPTIONS' && name !== 'PORT');
  return { ...Object.fromEntries(own), ...env };
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  const [code] = await once(child, 'close');
  return typeof code === 'number' ? code : null;
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line;
  return '';
}
