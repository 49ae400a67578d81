// Writes transactions to the place it is told and prints the number of each one as soon as it is kept.
import { writeSync } from 'node:fs';
import { COLLECTIONS } from './documents.ts';
import type { StoreFactory } from './place.ts';
import { writeTransaction } from './writer-transaction.ts';

const { module, exported, place, run, transactions } = JSON.parse(String(process.argv[2]));
const open: StoreFactory['open'] = (await import(module))[exported];

const store = await open(place, { collections: COLLECTIONS, clock: { now: () => new Date() } });
for (let n = 1; n <= (transactions ?? Number.POSITIVE_INFINITY); n += 1) {
  await writeTransaction(store, run, n);
  writeSync(1, `${n}\n`);
}
await store.close();
