import type { Store } from '../../store/port.ts';

/** Runs lie apart while commits follow each other, so that each has more to do. */
const APART_MS = 250;
/** All processes hear of a commit at once: whoever looks first leaves nothing for the others. */
const SPREAD_MS = 100;

export interface Follower {
  start(): void;
  stop(): void;
}

/** Runs `run` when it starts and after commits, one run behind the other, and again when one has failed, without keeping the process alive. */
export function followCommits(store: Store, { run, onError }: { run: () => Promise<void>; onError: (error: unknown) => void }): Follower {
  let stopListening: (() => void) | undefined;
  let due: NodeJS.Timeout | undefined;
  let isDueAgain = false;

  const runIn = (milliseconds: number) => {
    due = setTimeout(runNow, milliseconds).unref();
  };
  const runNow = async () => {
    isDueAgain = false;
    try {
      await run();
    } catch (error) {
      onError(error);
      isDueAgain = true;
    }
    due = undefined;
    if (isDueAgain && stopListening) runIn(APART_MS);
  };
  const look = () => {
    if (due) isDueAgain = true;
    else runIn(Math.random() * SPREAD_MS);
  };
  return {
    start() {
      if (stopListening) return;
      stopListening = store.onCommit(look);
      look();
    },
    stop() {
      stopListening?.();
      stopListening = undefined;
      clearTimeout(due);
      due = undefined;
    },
  };
}
