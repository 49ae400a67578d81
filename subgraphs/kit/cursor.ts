import { HubError } from '../../schema/errors.ts';
import type { Sealer } from './sealer.ts';

/** The place behind which the next page begins. */
export interface PlaceInList {
  readonly values: readonly (string | number | null)[];
  readonly key: string;
}

/** Writes a list cursor: encrypted, and bound to what the list was asked by (audience, filter, order). */
export function writeCursor(sealer: Sealer, binding: string, { values, key }: PlaceInList): string {
  return sealer.seal(JSON.stringify([sealer.digest(binding), key, ...values])).$sealed;
}

/** @throws BAD_USER_INPUT for a cursor that was made for another list, or not by this hub */
export function readCursor(sealer: Sealer, binding: string, cursor: string): PlaceInList {
  const [bound, key, ...values] = opened(sealer, cursor);
  if (bound !== sealer.digest(binding) || typeof key !== 'string') throw foreign();
  return { key, values: values.map((value) => (typeof value === 'string' || typeof value === 'number' ? value : null)) };
}

function opened(sealer: Sealer, cursor: string): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(sealer.open({ $sealed: cursor }));
    if (Array.isArray(parts)) return parts;
  } catch {
    // Whatever is wrong with it, the caller learns the same.
  }
  throw foreign();
}

function foreign(): HubError {
  return new HubError('BAD_USER_INPUT', 'the cursor does not belong to this list');
}
