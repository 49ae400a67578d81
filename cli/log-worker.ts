import { randomBytes } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import type { AccessEntry } from '../auth/access-entry.ts';
import { createAccessLog } from '../subgraphs/access/access-log.ts';
import { accessLogFolders, openLogStore } from './log-store.ts';
import type { StorePlace } from './store-place.ts';

/** What the thread is told: entries as JSON with a number each, or that no more will come. */
export type ToLog = readonly (readonly [number: number, entry: string])[] | 'close';
/** What it answers. */
export type FromLog = { readonly kept: readonly number[]; readonly failed: readonly number[] } | { readonly problem: string } | 'closed';
export interface LogWorkerData extends StorePlace {
  readonly years: number;
}

// The thread that writes the access log: to wait for the disk here keeps nobody else waiting.
const { dataDir, storeUrl, years }: LogWorkerData = workerData;
const tell = (message: FromLog) => parentPort?.postMessage(message);
const store = await openLogStore({ dataDir, storeUrl });
const log = createAccessLog({
  store,
  clock: { now: () => new Date() },
  newId: () => randomBytes(16).toString('base64url'),
  ...accessLogFolders(dataDir),
  years,
  onError: (error) => tell({ problem: String(error) }),
});

let kept: number[] = [];
let failed: number[] = [];
let isTelling = false;
/** A group ends at one moment and is told in one message. */
const tellSoon = () => {
  if (isTelling) return;
  isTelling = true;
  queueMicrotask(() =>
    queueMicrotask(() => {
      isTelling = false;
      tell({ kept, failed });
      kept = [];
      failed = [];
    }),
  );
};

parentPort?.on('message', async (message: ToLog) => {
  if (message !== 'close') {
    for (const [number, text] of message) {
      const entry: AccessEntry = JSON.parse(text);
      log
        .record(entry)
        .then(
          () => void kept.push(number),
          (error) => {
            failed.push(number);
            tell({ problem: String(error instanceof Error ? (error.cause ?? error) : error) });
          },
        )
        .finally(tellSoon);
    }
    return;
  }
  await log.close().catch((error) => tell({ problem: String(error) }));
  await store.close();
  tell('closed');
  parentPort?.close();
});
