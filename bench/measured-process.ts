import { fork } from 'node:child_process';
import { once } from 'node:events';

/** CPU time of a whole process so far, and what it holds. */
export interface Usage {
  /** User and system, in milliseconds. */
  readonly cpuMs: number;
  readonly rssMb: number;
}

export interface MeasuredProcess {
  readonly url: string;
  /** From the start of the process until it listened. */
  readonly startMs: number;
  usage(): Promise<Usage>;
  stop(): Promise<void>;
}

type Told = { readonly url: string } | { readonly usage: Usage };

/** Starts a script that calls `serveMeasured`; resolves when it listens. */
export async function startMeasured(script: URL, args: readonly string[], node: readonly string[] = []): Promise<MeasuredProcess> {
  const started = performance.now();
  const env = { ...process.env, NODE_ENV: 'production', APOLLO_TELEMETRY_DISABLED: 'true' };
  const child = fork(script, [...args], { env, execArgv: [...node], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the process ended with ${code}`)));
  ended.catch(() => undefined);
  const heard = async (): Promise<Told> => {
    const [told] = await Promise.race([once(child, 'message'), ended]);
    return told;
  };
  const ready = await heard();
  if (!('url' in ready)) throw new Error('the process measured itself before it listened');
  return {
    url: ready.url,
    startMs: performance.now() - started,
    async usage() {
      child.send('usage');
      const told = await heard();
      if (!('usage' in told)) throw new Error('the process did not measure itself');
      return told.usage;
    },
    async stop() {
      const exit = once(child, 'exit');
      if (child.connected) child.send('stop');
      if (child.exitCode === null) await exit;
    },
  };
}

/** The other side: starts a server and tells its parent where it listens, and how much it has used whenever it is asked. */
export async function serveMeasured(start: () => Promise<string>): Promise<void> {
  process.on('message', (asked) => {
    if (asked === 'stop') process.exit(0);
    const { user, system } = process.cpuUsage();
    tell({ usage: { cpuMs: (user + system) / 1000, rssMb: process.memoryUsage().rss / 1e6 } });
  });
  process.on('disconnect', () => process.exit(0));
  tell({ url: await start() });
}

function tell(told: Told): void {
  process.send?.(told);
}
