import type { Item, RecordType } from '../../schema/catalogue.ts';
import { itemWithRole } from '../../schema/catalogue.ts';
import type { Json } from '../../schema/json.ts';
import type { Sealer } from './sealer.ts';

/** The second keyed index over a person's name and the last four characters of the number together; neither alone finds anybody. */
export const TAIL_COLUMN = 'personTail';

/** Of types that show the number to the public in its masked form (published judgment debtors …): there name and tail together are known to the one who asks. */
export function tailItems(type: RecordType): { readonly name: Item; readonly number: Item } | undefined {
  const name = itemWithRole(type, 'SUBJECT_NAME');
  const number = itemWithRole(type, 'SUBJECT_ID_NUMBER');
  return name && number?.disclosure.class === 'OPEN_MASKED' ? { name, number } : undefined;
}

/** The tail index of a row's values, null for a row that names no person. */
export function tailColumn(type: RecordType, sealer: Sealer, values: Readonly<Record<string, Json>>): string | null {
  const items = tailItems(type);
  const name = items && values[items.name.name];
  const number = items && values[items.number.name];
  return typeof name === 'string' && typeof number === 'string' ? personTailOf(sealer, name, number.slice(-4)) : null;
}

export function personTailOf(sealer: Sealer, name: string, idTail: string): string {
  return sealer.digest(`person-tail|${name.normalize('NFKC').trim()}|${idTail.toUpperCase()}`);
}
