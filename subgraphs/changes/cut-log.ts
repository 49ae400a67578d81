import type { Position, Store } from '../../store/port.ts';

export interface CutOptions {
  /** What is older than this is to go. */
  readonly before: Date;
  /** Places from which the hub itself reads on. */
  readonly kept: readonly (Position | null)[];
  readonly isRehearsal?: boolean | undefined;
}

const READ_AT_ONCE = 5_000;

/** Takes away the beginning of the change log up to the first change that is young enough; gives back how many there were. */
export async function cutLog(store: Store, { before, ...options }: CutOptions): Promise<number> {
  const last = await lastBefore(store, before.getTime());
  return last === undefined ? 0 : store.cut(last, options);
}

/** The end of what lies before this time at the beginning of the log. */
async function lastBefore(store: Store, time: number): Promise<Position | undefined> {
  let last: Position | undefined;
  for (;;) {
    const page = await store.changes(last ?? null, READ_AT_ONCE);
    const young = page.findIndex(({ at }) => Date.parse(at) >= time);
    last = (young < 0 ? page : page.slice(0, young)).at(-1)?.position ?? last;
    if (young >= 0 || page.length === 0) return last;
  }
}
