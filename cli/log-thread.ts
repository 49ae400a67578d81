import { Worker } from 'node:worker_threads';
import { HubError } from '../schema/errors.ts';
import type { WrittenLog } from '../subgraphs/access/access-log.ts';
import type { FromLog, LogWorkerData, ToLog } from './log-worker.ts';

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
interface Thread {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting>;
  readonly ended: Promise<void>;
}

/** The access log, written by a thread of its own, which is started with the first entry. `onProblem` is told of what the operator has to look at. */
export function startLogThread(data: LogWorkerData, onProblem: (problem: string) => void): WrittenLog {
  let thread: Thread | undefined;
  let numbers = 0;
  let outgoing: (readonly [number, string])[] = [];

  const start = (): Thread => {
    const worker = new Worker(new URL('./log-worker.ts', import.meta.url), { workerData: data });
    worker.unref();
    const waiting = new Map<number, Waiting>();
    const ended = new Promise<void>((resolve) => {
      const end = () => {
        if (thread?.worker === worker) thread = undefined;
        for (const { reject } of waiting.values()) reject(unavailable());
        waiting.clear();
        resolve();
      };
      worker.once('exit', end);
    });
    worker.on('error', (error) => onProblem(String(error)));
    worker.on('message', (message: FromLog) => {
      if (message === 'closed') return;
      if ('problem' in message) return onProblem(message.problem);
      for (const number of message.kept) settle(waiting, number)?.resolve();
      for (const number of message.failed) settle(waiting, number)?.reject(unavailable());
    });
    return { worker, waiting, ended };
  };
  /** What one turn of the event loop has brought is one message. */
  const send = () => {
    const message: ToLog = outgoing;
    outgoing = [];
    thread?.worker.postMessage(message);
  };

  return {
    record: (entry) =>
      new Promise<void>((resolve, reject) => {
        thread ??= start();
        numbers += 1;
        thread.waiting.set(numbers, { resolve, reject });
        outgoing.push([numbers, JSON.stringify(entry)]);
        if (outgoing.length === 1) setImmediate(send);
      }),
    async close() {
      if (!thread) return;
      const { worker, ended } = thread;
      if (outgoing.length > 0) send();
      worker.ref();
      worker.postMessage('close' satisfies ToLog);
      await ended;
    },
  };
}

function settle(waiting: Map<number, Waiting>, number: number): Waiting | undefined {
  const found = waiting.get(number);
  waiting.delete(number);
  return found;
}

function unavailable(): HubError {
  return new HubError('STORE_UNAVAILABLE', 'the access log cannot be written');
}
