import { openHub } from '../../../cli/open-hub.ts';
import type { Gate } from '../../../schema/gate.ts';
import type { Writer } from '../../../store/port.ts';
import { type AskedHub, clock } from './place.ts';

/** Changes what stands in the store of a hub, as another process would. */
export async function writing(
  { dataDir, env }: Pick<AskedHub, 'dataDir' | 'env'>,
  change: (tx: Writer) => Promise<unknown>,
): Promise<void> {
  const direct = await openHub({ dataDir, clock, env, untouched: true });
  try {
    await direct.store.write(change, { actor: 'test' });
  } finally {
    await direct.close();
  }
}

/** Gives one document another gate. */
export async function regate(tx: Writer, collection: string, id: string, changes: Partial<Gate>): Promise<void> {
  const [document] = await tx.get(collection, [id]);
  if (!document?.gate) throw new Error(`${collection} has no ${id}`);
  const { version: expected, body, columns, gate } = document;
  await tx.put(collection, id, { expected, body, columns, gate: { ...gate, ...changes } });
}
