/** How long calls lie apart while commits follow each other; whoever listens looks for all of them at once. */
const APART_MS = 20;

/** Those who want to know that something may have been committed. Where other processes commit is watched as long as anybody listens. */
export class CommitListeners {
  readonly #watch: (wake: () => void) => () => void;
  readonly #listeners = new Set<() => void>();
  #stopWatching: (() => void) | undefined;
  #call: NodeJS.Timeout | undefined;
  #calledAt = 0;

  /** `watch` begins to look for commits of others, and gives back how to end that. */
  constructor(watch: (wake: () => void) => () => void) {
    this.#watch = watch;
  }

  /** Gives back how to end it, which may be called again. */
  add(listener: () => void): () => void {
    // The same function may listen twice.
    const own = () => listener();
    this.#listeners.add(own);
    this.#stopWatching ??= this.#watch(this.tell);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#end();
    };
  }

  /** Calls everybody soon, and once for all that is told until then. */
  readonly tell = (): void => {
    if (this.#listeners.size === 0) return;
    this.#call ??= setTimeout(() => this.#callAll(), Math.max(0, this.#calledAt + APART_MS - performance.now())).unref();
  };

  /** Nobody listens from here on. */
  close(): void {
    this.#listeners.clear();
    this.#end();
  }

  #callAll(): void {
    this.#call = undefined;
    this.#calledAt = performance.now();
    for (const listener of [...this.#listeners]) listener();
  }

  #end(): void {
    clearTimeout(this.#call);
    this.#call = undefined;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
  }
}
