import type { Caller } from '../auth/caller.ts';

/** What wakes those who wait for changes; implemented where the change log is read. */
export interface ChangeSource {
  /**
   * Calls `wake` soon behind every change that may concern this receiver and filter; too often rather than too seldom, and it carries nothing.
   * Ends when what it returns is called.
   */
  watch(receiver: { readonly caller: Caller; readonly where: unknown }, wake: () => void): () => void;
}

/** For a gateway that is apart from the change log: looks every so often. */
export function lookEvery(milliseconds: number): ChangeSource {
  return {
    watch(_receiver, wake) {
      const timer = setInterval(wake, milliseconds).unref();
      return () => clearInterval(timer);
    },
  };
}
