import type { OnceBook } from '../../auth/ports.ts';
import type { Claim, Store } from '../../store/port.ts';

interface Waiting extends Claim {
  readonly resolve: (isFirst: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Claims in the store; those of one turn of the event loop, and those that come while others are written, are one write. */
export function createOnceBook(store: Pick<Store, 'claim'>): OnceBook {
  let waiting: Waiting[] = [];
  let writing = false;
  const write = async () => {
    const group = waiting;
    waiting = [];
    try {
      const made = await store.claim(group);
      for (const [index, { resolve }] of group.entries()) resolve(made[index] === true);
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
    writing = waiting.length > 0;
    if (writing) setImmediate(write);
  };
  return {
    claim: (id, until) =>
      new Promise((resolve, reject) => {
        waiting.push({ id, until, resolve, reject });
        if (!writing) setImmediate(write);
        writing = true;
      }),
  };
}
