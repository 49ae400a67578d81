import cluster, { type Worker } from 'node:cluster';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Listener } from '../gateway/http-listener.ts';
import { mergeMetrics } from '../gateway/metrics.ts';
import { listenForMetrics } from '../gateway/metrics-port.ts';

/** Where workers listen, all of them on one port. */
interface WorkPlace {
  readonly url: string;
  readonly port: number;
}
/** `stop` ends soon, `drain` answers first what comes on open connections; a number asks for the metrics. */
type ToWorker = 'stop' | 'drain' | { readonly metricsFor: number };
type FromWorker = { readonly ready: WorkPlace } | { readonly metrics: string; readonly metricsFor?: number };

/** What a worker process needs of the hub that it serves. */
interface Work extends WorkPlace {
  printMetrics(): string;
  close(): Promise<void>;
  drain(): Promise<void>;
}

interface Supervision {
  readonly count: number;
  /** Serves the metrics of all workers together on loopback; not served without it. */
  readonly metricsPort: number | undefined;
  readonly log: (line: Record<string, unknown>) => void;
  /** Called once, when every worker listens. */
  readonly announce: (place: WorkPlace & { readonly metricsPort?: number | undefined }) => Promise<void>;
}

/** In milliseconds. */
const PAUSE = { first: 250, longest: 30_000 };
/** Who lived so long was well, in milliseconds. */
const STEADY = 10_000;
/** What a worker gets to end, in milliseconds: more than its connections get. */
const END_PATIENCE = 25_000;
const METRICS_PATIENCE = 1_000;

/** Throws the error on, and lets a worker process end by itself: else the channel to its supervisor would keep it. */
export function failToWork(error: unknown): never {
  process.channel?.unref();
  throw error;
}

/** The part of a worker process: serves until its supervisor, or a signal, ends it. */
export async function workUntilTold(work: Work): Promise<number> {
  const send = (message: FromWorker) =>
    new Promise<void>((resolve) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => resolve());
      else resolve();
    });
  const told = new Promise<'stop' | 'drain'>((resolve) => {
    process.on('message', (message: ToWorker) => {
      if (typeof message === 'string') resolve(message);
      else void send({ metrics: work.printMetrics(), metricsFor: message.metricsFor });
    });
    process.once('SIGTERM', () => resolve('stop'));
  });
  // A terminal sends these to the supervisor as well, which then tells what to do.
  for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {});
  void send({ ready: { url: work.url, port: work.port } });
  await ((await told) === 'drain' ? work.drain() : work.close());
  await send({ metrics: work.printMetrics() });
  if (process.connected) process.disconnect();
  return 0;
}

/** Runs so many workers of this same command until a signal ends them: `SIGHUP` replaces one after the other, `SIGTERM` and `SIGINT` end all. Returns the exit code. */
export async function superviseWorkers({ count, metricsPort, log, announce }: Supervision): Promise<number> {
  // Else the system decides who accepts, and gives most connections to the same few workers.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  const crew = new Crew(log);
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(crew.end()));
  });
  process.on('SIGHUP', () => crew.replaceAll());
  let metrics: Listener | undefined;
  try {
    // The first one alone: it makes the keys and fills an empty store, which the others then find.
    const first = await crew.take();
    const others = first ? await Promise.all(Array.from({ length: count - 1 }, () => crew.take())) : [];
    if (!first || others.includes(undefined)) return crew.isEnding ? 0 : 2;
    if (metricsPort !== undefined) metrics = await listenForMetrics(metricsPort, () => crew.metrics());
    await announce({ ...first.place, metricsPort: metrics?.port });
    log({ level: 'info', event: 'workers-started', workers: count });
    await told;
    return 0;
  } finally {
    await crew.end();
    await metrics?.close();
  }
}

interface Member {
  readonly worker: Worker;
  readonly place: WorkPlace;
  readonly since: number;
  /** Resolves with what ended it: a signal or an exit code. */
  readonly ended: Promise<string>;
  /** As it printed them last. */
  metrics: string;
  isLeaving: boolean;
}

/** The workers that serve. */
class Crew {
  readonly #members = new Set<Member>();
  readonly #log: Supervision['log'];
  readonly #closing = new AbortController();
  /** Counters of those that are gone: a sum that fell would look like a restart of all. */
  #departed = '';
  #deaths = 0;
  #replacing: Promise<void> | undefined;
  #isAskedAgain = false;

  constructor(log: Supervision['log']) {
    this.#log = log;
  }

  get isEnding(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Starts one more; resolves when it listens, or with undefined when it ended before. */
  async take(): Promise<Member | undefined> {
    if (this.isEnding) return undefined;
    const worker = cluster.fork();
    // A message to one that has just died: its end is told by `exit`.
    worker.on('error', () => {});
    closeWhatItLeaves(worker);
    const ended = new Promise<string>((resolve) => worker.once('exit', (code, signal) => resolve(signal ?? `exit ${code}`)));
    const stopEarly = () => worker.process.kill('SIGTERM');
    this.#closing.signal.addEventListener('abort', stopEarly);
    const place = await Promise.race([readiness(worker), ended.then(() => undefined)]);
    this.#closing.signal.removeEventListener('abort', stopEarly);
    if (!place) return undefined;
    const member: Member = { worker, place, since: performance.now(), ended, metrics: '', isLeaving: false };
    worker.on('message', (message: FromWorker) => {
      if ('metrics' in message) member.metrics = message.metrics;
    });
    this.#members.add(member);
    void ended.then((how) => this.#lose(member, how));
    return member;
  }

  /** Puts a new worker in the place of each, one after the other; those that are replaced end their requests. */
  replaceAll(): void {
    this.#isAskedAgain = this.#replacing !== undefined;
    if (this.#replacing || this.isEnding) return;
    this.#replacing = this.#replaceEach().finally(() => {
      this.#replacing = undefined;
      if (this.#isAskedAgain) this.replaceAll();
    });
  }

  async #replaceEach(): Promise<void> {
    for (const member of [...this.#members]) {
      if (!this.#members.has(member)) continue;
      const successor = await this.take();
      if (this.isEnding) return;
      if (!successor) return this.#log({ level: 'error', event: 'restart-failed', kept: this.#members.size });
      await dismiss(member, 'drain');
      this.#log({ level: 'info', event: 'worker-replaced', worker: member.worker.process.pid, by: successor.worker.process.pid });
    }
    this.#log({ level: 'info', event: 'workers-replaced' });
  }

  /** Ends all. */
  async end(): Promise<void> {
    this.#closing.abort();
    await Promise.all([...this.#members].map((member) => dismiss(member, 'stop')));
    await this.#replacing;
  }

  /** Of all workers together, those included that are gone. */
  async metrics(): Promise<string> {
    await Promise.all([...this.#members].map(refreshMetrics));
    const own = [
      '# HELP hub_workers Worker processes that serve.',
      '# TYPE hub_workers gauge',
      `hub_workers ${this.#members.size}`,
      '# HELP hub_worker_deaths_total Worker processes that ended without being told to.',
      '# TYPE hub_worker_deaths_total counter',
      `hub_worker_deaths_total ${this.#deaths}`,
    ].join('\n');
    return mergeMetrics([...[...this.#members].map(({ metrics }) => metrics), this.#departed, own]);
  }

  #lose(member: Member, how: string): void {
    this.#members.delete(member);
    this.#departed = mergeMetrics([this.#departed, member.metrics], { countersOnly: true });
    if (member.isLeaving || this.isEnding) return;
    this.#deaths += 1;
    this.#log({ level: 'error', event: 'worker-died', worker: member.worker.process.pid, how });
    void this.#succeed(member);
  }

  /** Starts one in the place of one that died. Who dies young is not followed at once, nor who cannot start. */
  async #succeed(dead: Member): Promise<void> {
    let pause = performance.now() - dead.since < STEADY ? PAUSE.first : 0;
    for (;;) {
      const isOpen = await sleep(pause, true, { signal: this.#closing.signal }).catch(() => false);
      const successor = isOpen && (await this.take());
      if (successor) return this.#log({ level: 'info', event: 'worker-started', worker: successor.worker.process.pid });
      if (this.isEnding) return;
      pause = Math.min(PAUSE.longest, Math.max(PAUSE.first, pause * 2));
    }
  }
}

/** Node.js hands a worker one connection after the other, and forgets the last one when the worker dies before it has taken it: that client would wait for ever. */
function closeWhatItLeaves({ process: child }: Worker): void {
  const send = child.send.bind(child);
  let handed: { close(): void } | undefined;
  child.send = (...sent: readonly unknown[]) => {
    const [message, handle] = sent;
    if (isNewConnection(message) && isClosable(handle)) handed = handle;
    return Reflect.apply(send, child, sent);
  };
  // One that was taken is closed here already, and then stays as it is.
  child.once('exit', () => handed?.close());
}

function isNewConnection(message: unknown): boolean {
  return typeof message === 'object' && message !== null && 'act' in message && message.act === 'newconn';
}

function isClosable(handle: unknown): handle is { close(): void } {
  return typeof handle === 'object' && handle !== null && 'close' in handle;
}

function readiness(worker: Worker): Promise<WorkPlace> {
  return new Promise((resolve) => {
    worker.on('message', (message: FromWorker) => {
      if ('ready' in message) resolve(message.ready);
    });
  });
}

/** Tells a worker to end, and waits until it has. */
async function dismiss(member: Member, how: 'stop' | 'drain'): Promise<void> {
  member.isLeaving = true;
  tell(member.worker, how);
  const patience = setTimeout(() => member.worker.process.kill('SIGKILL'), END_PATIENCE);
  await member.ended;
  clearTimeout(patience);
}

/** Asks a worker for its metrics; of one that does not answer, those stay that it printed last. */
async function refreshMetrics({ worker }: Member): Promise<void> {
  const metricsFor = performance.now();
  const timeout = AbortSignal.timeout(METRICS_PATIENCE);
  await new Promise<void>((resolve) => {
    const done = () => {
      worker.off('message', take);
      worker.off('exit', done);
      resolve();
    };
    const take = (message: FromWorker) => {
      if ('metrics' in message && message.metricsFor === metricsFor) done();
    };
    worker.on('message', take);
    worker.once('exit', done);
    timeout.addEventListener('abort', done);
    tell(worker, { metricsFor });
  });
}

function tell(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
