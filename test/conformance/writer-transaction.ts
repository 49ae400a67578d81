import type { Store } from '../../store/port.ts';
import { account, penalty } from './documents.ts';

const PENALTIES = 5;

/** The keys that transaction `n` of a run creates. */
export function keysOfTransaction(run: string, n: number): readonly string[] {
  return Array.from({ length: PENALTIES }, (_, part) => `${run}-${n}-${part}`);
}

/** One transaction that creates, replaces and appends, so that a half of it would show. */
export async function writeTransaction(store: Store, run: string, n: number): Promise<void> {
  await store.write(
    async (tx) => {
      const [counter] = await tx.get('account', [`${run}-counter`]);
      await tx.putMany(
        'test-penalty',
        keysOfTransaction(run, n).map((key) => penalty(key, { gate: { subjectId: run }, columns: { amount: n } })),
      );
      await tx.put('account', `${run}-counter`, account(run, { body: { count: n }, expected: counter?.version ?? 0 }));
      await tx.append(run, [{ n }]);
    },
    { actor: run },
  );
}
