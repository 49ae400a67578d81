// Makes the claims that it is told, all at once, and prints which of them nobody had made before.
import type { StoreFactory } from './place.ts';

const { module, exported, place, ids, until } = JSON.parse(String(process.argv[2]));
const open: StoreFactory['open'] = (await import(module))[exported];
const store = await open(place, { collections: [], clock: { now: () => new Date() } });
const made = await Promise.all(ids.map((id: string) => store.claim([{ id, until: new Date(until) }])));
process.stdout.write(JSON.stringify(ids.filter((_id: string, index: number) => made[index]?.[0])));
await store.close();
