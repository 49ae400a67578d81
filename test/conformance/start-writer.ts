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
}

/** Another process that writes to the same place. */
interface WriterProcess {
  /** Transactions it was told are kept, so far. */
  readonly acknowledgements: () => readonly number[];
  /** Settles when so many are kept. */
  acknowledged(count: number): Promise<void>;
  /** Settles when it has ended and all that it said was heard; fails when it ended with an error. */
  readonly ended: Promise<void>;
  kill(): void;
}

const WRITER = fileURLToPath(new URL('./writer-process.ts', import.meta.url));

export function startWriter(
  { module, exported }: Pick<StoreFactory, 'module' | 'exported'>,
  place: string,
  { run, transactions }: WriterOptions,
): WriterProcess {
  const order = JSON.stringify({ module, exported, place, run, transactions: transactions ?? null });
  const child = spawn(process.execPath, [WRITER, order], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kept: number[] = [];
  const waiting: { readonly count: number; readonly tell: () => void }[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    kept.push(Number(line));
    for (const { tell } of waiting.filter(({ count }) => kept.length >= count)) tell();
  });
  const ended = Promise.all([once(child, 'exit'), once(lines, 'close')]).then(([[code, signal]]) => {
    if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the writer ended with ${String(code ?? signal)}`);
  });
  return {
    acknowledgements: () => kept,
    acknowledged: (count) => Promise.race([new Promise<void>((tell) => waiting.push({ count, tell })), ended]),
    ended,
    kill: () => child.kill('SIGKILL'),
  };
}
