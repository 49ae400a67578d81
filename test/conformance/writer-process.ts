// Writes transactions to the place it is told and prints the number of each one as soon as it is kept; with a minus when the store did not answer.
import { writeSync } from 'node:fs';
import { HubError } from '../../schema/errors.ts';
import { COLLECTIONS } from './documents.ts';
import type { StoreFactory } from './place.ts';
import { writeTransaction } from './writer-transaction.ts';

const { module, exported, place, run, transactions, patienceMs } = JSON.parse(String(process.argv[2]));
const open: StoreFactory['open'] = (await import(module))[exported];

const options = { collections: COLLECTIONS, clock: { now: () => new Date() }, ...(patienceMs && { patienceMs }) };
const store = await open(place, options);
for (let n = 1; n <= (transactions ?? Number.POSITIVE_INFINITY); n += 1) {
  try {
    await writeTransaction(store, run, n);
    writeSync(1, `${n}\n`);
  } catch (error) {
    if (!patienceMs || !(error instanceof HubError && error.code === 'STORE_UNAVAILABLE')) throw error;
    writeSync(1, `-${n}\n`);
  }
}
await store.close();
