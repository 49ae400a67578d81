import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { StoreFactory } from './place.ts';

interface WriterOptions {
  /** Begins the keys of what it writes. */
  readonly run: string;
  /** How many; without end when not told. */
  readonly transactions?: number;
  /** Goes on with the next transaction when the store does not answer; it answers for each of them within this time. */
  readonly patienceMs?: number;
  /** The largest file it may write. */
  readonly fileKilobytes?: number;
}

/** Another process that writes to the same place. */
interface WriterProcess {
  /** Transactions it was told are kept, so far. */
  readonly acknowledgements: () => readonly number[];
  /** Transactions that failed because the store did not answer; each may be kept as a whole or not at all. */
  readonly failures: () => readonly number[];
  /** Settles when so many are kept. */
  acknowledged(count: number): Promise<void>;
  /** Settles when so many have failed. */
  failed(count: number): Promise<void>;
  /** Settles when it has ended and all that it said was heard; fails when it ended with an error. */
  readonly ended: Promise<void>;
  kill(): void;
}

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

export function startWriter(
  { module, exported }: Pick<StoreFactory, 'module' | 'exported'>,
  place: string,
  { run, transactions, patienceMs, fileKilobytes }: WriterOptions,
): WriterProcess {
  const order = JSON.stringify({ module, exported, place, run, transactions: transactions ?? null, patienceMs });
  const limit = fileKilobytes === undefined ? [] : ['bash', '-c', `ulimit -f ${fileKilobytes}; exec "$@"`, 'bash'];
  const [program = process.execPath, ...rest] = [...limit, process.execPath, WRITER, order];
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
  const kept: number[] = [];
  const lost: number[] = [];
  const waiting: { readonly of: readonly number[]; readonly count: number; readonly tell: () => void }[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    if (line.startsWith('-')) lost.push(-Number(line));
    else kept.push(Number(line));
    for (const { tell } of waiting.filter(({ of, count }) => of.length >= count)) tell();
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code, signal]]) => {
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the writer ended with ${String(code ?? signal)}`);
  });
  const reaching = (of: readonly number[], count: number) =>
    Promise.race([new Promise<void>((tell) => (of.length >= count ? tell() : waiting.push({ of, count, tell }))), ended]);
  return {
    acknowledgements: () => kept,
    failures: () => lost,
    acknowledged: (count) => reaching(kept, count),
    failed: (count) => reaching(lost, count),
    ended,
    kill: () => child.kill('SIGKILL'),
  };
}
