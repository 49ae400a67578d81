import type { Clock } from '../auth/issuers.ts';

/** Ends what may go on as long as a token does. */
export interface ExpiryWatch {
  /** Calls `end` once `exp` (seconds since 1970) has come, by the clock; never without one. Gives back how to forget it. */
  watch(exp: number | undefined, end: () => void): () => void;
}

const LOOK_MS = 1_000;

/** One timer for all, which runs while anything is watched: a clock is asked, never counted on from what it said. */
export function watchExpiries(clock: Clock): ExpiryWatch {
  const watched = new Set<{ readonly exp: number; readonly end: () => void }>();
  let timer: NodeJS.Timeout | undefined;
  const forget = (entry: { readonly exp: number; readonly end: () => void }) => {
    watched.delete(entry);
    if (watched.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
  const look = () => {
    const now = clock.now().getTime() / 1000;
    for (const entry of [...watched]) {
      if (entry.exp > now) continue;
      forget(entry);
      entry.end();
    }
  };
  return {
    watch(exp, end) {
      if (exp === undefined) return () => {};
      const entry = { exp, end };
      watched.add(entry);
      timer ??= setInterval(look, LOOK_MS).unref();
      return () => forget(entry);
    },
  };
}
