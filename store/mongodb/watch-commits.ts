import { setTimeout as sleep } from 'node:timers/promises';
import type { ChangeStream, Db } from 'mongodb';
import type { Position } from '../port.ts';

export interface WatchParts {
  readonly db: Db;
  /** The position of the newest change. */
  readonly position: () => Promise<Position | null>;
  readonly wake: () => void;
}

/** Only that there is something, and not what. */
const COMMITS_WITH_CHANGES = [{ $match: { operationType: 'insert', 'fullDocument.changes': { $exists: true } } }, { $project: { _id: 1 } }];
/** How often it is looked up whether there is a change; a stream may be late where a shard has nothing to do. */
const LOOK_MS = { besideStream: 1000, withoutStream: 250 } as const;
const PAUSE_MS = { first: 250, longest: 30_000 } as const;

/** Calls `wake` when most members have a commit with changes: at once where the database lets its changes be streamed, and else a moment later. Ends when the returned function is called. */
export function watchCommits({ db, position, wake }: WatchParts): () => void {
  const over = new AbortController();
  const { signal } = over;
  let stream: ChangeStream | undefined;
  let isStreaming = false;

  const readStream = async () => {
    for (let pause: number = PAUSE_MS.first; !signal.aborted; pause = Math.min(2 * pause, PAUSE_MS.longest)) {
      stream = db.collection('commits').watch(COMMITS_WITH_CHANGES);
      stream.once('resumeTokenChanged', () => {
        isStreaming = true;
        pause = PAUSE_MS.first;
        // It tells nothing of what was committed before it stood.
        wake();
      });
      try {
        for await (const _commit of stream) wake();
      } catch {
        // The database is being elected or restarted, or does not allow it: without the stream, changes are looked up more often.
      }
      isStreaming = false;
      await pauseFor(pause, signal);
    }
  };
  const lookUp = async () => {
    let seen: Position | null | undefined;
    while (!signal.aborted) {
      const newest = await position().catch(() => seen);
      if (seen !== undefined && newest !== seen) wake();
      seen = newest;
      await pauseFor(isStreaming ? LOOK_MS.besideStream : LOOK_MS.withoutStream, signal);
    }
  };
  void readStream();
  void lookUp();
  return () => {
    over.abort();
    stream?.close().catch(() => {});
  };
}

function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  return sleep(milliseconds, undefined, { signal, ref: false }).catch(() => {});
}
