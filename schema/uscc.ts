/** GB 32100-2015: digits and letters without I, O, S, V, Z; the value of a character is its place in the set. */
const CHARACTERS = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const WELL_FORMED = /^[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}$/;
const WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28] as const;
const VALUE_OF = new Map([...CHARACTERS].map((character, value) => [character.charCodeAt(0), value]));

/** GB 11714-1997 counts in all 36 digits and letters, other than GB 32100. */
const ORG_CODE = /^[0-9A-Z]{8}-?[0-9X]$/;
const ORG_CODE_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2] as const;
const PLAIN_CODE = /^[0-9A-Z]*$/;

export const SUBJECT_SUB_TYPES = [
  'COMPANY',
  'INDIVIDUAL_BUSINESS',
  'COOPERATIVE',
  'STATE_ORGAN',
  'PUBLIC_INSTITUTION',
  'SOCIAL_GROUP',
  'PRIVATE_NON_ENTERPRISE',
  'FOUNDATION',
  'LAW_FIRM',
  'OTHER',
] as const;
export type SubjectSubType = (typeof SUBJECT_SUB_TYPES)[number];

/** What registering department and category (the first two characters) say of an organisation. */
const SUB_TYPE_OF_PREFIX: Readonly<Record<string, SubjectSubType>> = {
  '11': 'STATE_ORGAN',
  '12': 'PUBLIC_INSTITUTION',
  '13': 'SOCIAL_GROUP',
  '31': 'LAW_FIRM',
  '51': 'SOCIAL_GROUP',
  '52': 'PRIVATE_NON_ENTERPRISE',
  '53': 'FOUNDATION',
  '91': 'COMPANY',
  '92': 'INDIVIDUAL_BUSINESS',
  '93': 'COOPERATIVE',
};
const ENTERPRISE_PREFIXES: ReadonlySet<string> = new Set(['91', '92', '93']);

/** A code as it is compared and stored: NFKC, upper case, without white space around it. */
export function normaliseCode(text: string): string {
  return PLAIN_CODE.test(text) ? text : text.normalize('NFKC').trim().toUpperCase();
}

/** True for 18 characters of the right sets; the check character may be wrong, as it is in some legal codes of the pilot years. */
export function isWellFormedUscc(code: string): boolean {
  return WELL_FORMED.test(code);
}

/** The check character that belongs to the first 17 characters, or undefined where they are not of the set. */
export function usccCheckDigit(code: string): string | undefined {
  let sum = 0;
  for (let place = 0; place < WEIGHTS.length; place++) {
    const value = VALUE_OF.get(code.charCodeAt(place));
    if (value === undefined) return undefined;
    sum += value * (WEIGHTS[place] ?? 0);
  }
  return CHARACTERS[(31 - (sum % 31)) % 31];
}

/** True for a well-formed code whose last character is the check character of the others. */
export function hasValidUsccCheck(code: string): boolean {
  return isWellFormedUscc(code) && usccCheckDigit(code) === code[17];
}

/** Which of the two stores of organisations a code belongs to. */
export function kindOfUscc(code: string): 'ENTERPRISE' | 'NON_ENTERPRISE_ORG' {
  return ENTERPRISE_PREFIXES.has(code.slice(0, 2)) ? 'ENTERPRISE' : 'NON_ENTERPRISE_ORG';
}

/** True for the code of an individual business (个体工商户), which counts as an enterprise. */
export function isIndividualBusinessCode(code: string): boolean {
  return code.startsWith('92');
}

/** The sub-type that the first two characters stand for. */
export function subTypeOfUscc(code: string): SubjectSubType {
  return SUB_TYPE_OF_PREFIX[code.slice(0, 2)] ?? 'OTHER';
}

/** True for an organisation code (GB 11714-1997; nine characters, a hyphen before the last allowed) with the right check character. */
export function hasValidOrgCodeCheck(code: string): boolean {
  if (!ORG_CODE.test(code)) return false;
  let sum = 0;
  for (let place = 0; place < ORG_CODE_WEIGHTS.length; place++) {
    sum += orgCodeValue(code.charCodeAt(place)) * (ORG_CODE_WEIGHTS[place] ?? 0);
  }
  const check = 11 - (sum % 11);
  return code.endsWith(check === 10 ? 'X' : String(check % 11));
}

function orgCodeValue(character: number): number {
  return character < 65 ? character - 48 : character - 55;
}
