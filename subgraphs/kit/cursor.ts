import { HubError } from '../../schema/errors.ts';
import type { Sealer } from './sealer.ts';

/** The place behind which the next page begins. */
export interface PlaceInList {
  readonly values: readonly (string | number | null)[];
  readonly key: string;
}

/** To what a list cursor is bound: by what the list was asked (audience, filter, order), and under which use of a voucher. */
export interface CursorBinding {
  readonly list: string;
  readonly use?: string | undefined;
}

/** Writes a list cursor: encrypted, and bound to its list. */
export function writeCursor(sealer: Sealer, { list, use }: CursorBinding, { values, key }: PlaceInList): string {
  return sealer.seal(JSON.stringify({ list: sealer.digest(list), key, values, use })).$sealed;
}

/** @throws BAD_USER_INPUT for a cursor that was made for another list, or not by this hub */
export function readCursor(sealer: Sealer, { list }: Pick<CursorBinding, 'list'>, cursor: string): PlaceInList {
  const { list: bound, key, values } = opened(sealer, cursor);
  if (bound !== sealer.digest(list) || typeof key !== 'string' || !Array.isArray(values)) throw foreign();
  return { key, values: values.map((value: unknown) => (typeof value === 'string' || typeof value === 'number' ? value : null)) };
}

/** The use of a voucher under which a cursor was made; undefined for any other text. */
export function useInCursor(sealer: Sealer, cursor: string): string | undefined {
  try {
    const { use } = opened(sealer, cursor);
    return typeof use === 'string' ? use : undefined;
  } catch {
    // What is no cursor of this hub continues nothing; its list says so when it is asked.
    return undefined;
  }
}

function opened(sealer: Sealer, cursor: string): { readonly [name in 'list' | 'key' | 'values' | 'use']?: unknown } {
  try {
    const parts: unknown = JSON.parse(sealer.open({ $sealed: cursor }));
    if (typeof parts === 'object' && parts !== null) return parts;
  } catch {
    // Whatever is wrong with it, the caller learns the same.
  }
  throw foreign();
}

function foreign(): HubError {
  return new HubError('BAD_USER_INPUT', 'the cursor does not belong to this list');
}
