import type { Sealer } from '../kit/sealer.ts';

/** The second keyed index: over a name and the last four characters of a number together, so that neither alone finds anybody. */
export function personTailOf(sealer: Sealer, name: string, idTail: string): string {
  return sealer.digest(`list-entry-tail|${name.normalize('NFKC').trim()}|${idTail.toUpperCase()}`);
}
