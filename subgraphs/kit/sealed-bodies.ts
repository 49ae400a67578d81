import type { Json, JsonObject } from '../../schema/json.ts';
import type { BodyPlace, Store, StoredBody } from '../../store/port.ts';
import { isSealed, keyIdOf, type Sealed, type Sealer } from './sealer.ts';

/** What was found in the whole store. */
export interface Resealed {
  /** Values that were encrypted under the current key now. */
  readonly values: number;
  /** Where values stand that cannot be opened: under a key that is lost, or altered. */
  readonly unreadable: readonly BodyPlace[];
}

export interface ResealParts {
  readonly store: Store;
  readonly sealer: Sealer;
  /** Under this key is sealed; whatever stands under another one is encrypted anew. */
  readonly current: string;
  /** Told after each batch that was written, with the values so far. */
  readonly onBatch: (values: number) => void;
}

const BODIES_AT_ONCE = 200;

/**
 * Encrypts every value of the store that stands under an old key anew, a batch at a time, beside whoever else writes. What another process writes meanwhile
 * behind the place that was reached is not seen: only a walk that found nothing says that nothing is left.
 */
export async function resealStore({ store, sealer, current, onBatch }: ResealParts): Promise<Resealed> {
  let values = 0;
  const unreadable: BodyPlace[] = [];
  const resealed = (stored: StoredBody): StoredBody => {
    const body = withSealed(stored.body, (sealed) => {
      if (keyIdOf(sealed) === current) return sealed;
      try {
        const made = sealer.seal(sealer.open(sealed));
        values += 1;
        return made;
      } catch {
        unreadable.push({ collection: stored.collection, key: stored.key, version: stored.version });
        return sealed;
      }
    });
    return body === stored.body ? stored : { ...stored, body };
  };
  for await (const page of pagesOf(store)) {
    const changed = page.map(resealed).filter((stored, index) => stored !== page[index]);
    if (changed.length === 0) continue;
    await store.write((tx) => tx.rewrite(changed), { actor: 'keys' });
    onBatch(values);
  }
  return { values, unreadable };
}

/** How many values of the store stand under each key. */
export async function countSealed(store: Store): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const count = (sealed: Sealed): Sealed => {
    const id = keyIdOf(sealed);
    counts.set(id, (counts.get(id) ?? 0) + 1);
    return sealed;
  };
  for await (const page of pagesOf(store)) for (const { body } of page) withSealed(body, count);
  return counts;
}

async function* pagesOf(store: Store): AsyncGenerator<readonly StoredBody[]> {
  for (let after: BodyPlace | null = null; ; ) {
    const page: readonly StoredBody[] = await store.read((tx) => tx.bodies(after, BODIES_AT_ONCE));
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last;
  }
}

/** The body with its sealed values replaced, at every depth; the very same one when none was. */
function withSealed(body: JsonObject, replace: (sealed: Sealed) => Sealed): JsonObject {
  const entries = Object.entries(body).map(([name, value]) => [name, value, replaced(value, replace)] as const);
  return entries.every(([, before, after]) => before === after)
    ? body
    : Object.fromEntries(entries.map(([name, , after]) => [name, after]));
}

function replaced(value: Json | undefined, replace: (sealed: Sealed) => Sealed): Json | undefined {
  if (isSealed(value)) return replace(value);
  if (Array.isArray(value)) {
    const items = value.map((item) => replaced(item, replace) ?? null);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  return typeof value === 'object' && value !== null ? withSealed(value as JsonObject, replace) : value;
}
