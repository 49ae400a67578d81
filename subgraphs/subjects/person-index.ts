import { normaliseCitizenId } from '../../schema/citizen-id.ts';
import { isCitizenIdType } from '../kit/record-engine/judge.ts';
import type { Sealer } from '../kit/sealer.ts';

/** The blind index of a person's certificate: of an identity card its number alone, of any other its type as well. */
export function personIndexOf(sealer: Sealer, idType: string, idNumber: string): string {
  if (isCitizenIdType(idType)) return sealer.blindIndex(normaliseCitizenId(idNumber));
  return sealer.blindIndex(`${normalised(idType)}|${normalised(idNumber)}`);
}

function normalised(text: string): string {
  return text.normalize('NFKC').replace(/\s+/g, '').toUpperCase();
}
