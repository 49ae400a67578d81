import type { RecordType } from '../../schema/catalogue.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';
import { regionProfiles, SHIPPED_REGIONS } from '../../schema/region-profiles.ts';
import type { OracleRegion, OracleType, World } from './oracle.ts';
import { CLASSES, classNamed, PROBE_FIELDS, probeFor, probeSdl } from './probe-type.ts';

// Regions in which every switch of a region's profile is set somewhere: no region sets all of them today.
const USUAL: OracleRegion = { publishMinor: false, hideDuringObjection: false, afterExpiry: 'ARCHIVE', maxDisclosureYears: 5 };
const REGIONS: Readonly<Record<string, OracleRegion>> = {
  '41': USUAL,
  '37': { ...USUAL, afterExpiry: 'REMOVE' },
  '3702': USUAL,
  '90': { ...USUAL, publishMinor: true },
  '91': { ...USUAL, hideDuringObjection: true },
  '92': { ...USUAL, maxDisclosureYears: 3 },
  '9210': USUAL,
};
export const PROFILES = regionProfiles(
  { ...SHIPPED_REGIONS.fallback, ...USUAL },
  Object.entries(REGIONS).map(([prefix, settings]) => ({ prefix, name: prefix, settings })),
);

export const TODAY = '2026-11-24';
export const WORLD: World = {
  today: TODAY,
  regionOf: (region) => {
    const prefixes = Object.keys(REGIONS).filter((prefix) => region?.startsWith(prefix));
    return REGIONS[prefixes.toSorted((a, b) => b.length - a.length)[0] ?? ''] ?? USUAL;
  },
};

const EVALUATION_FIELDS = [
  { name: 'schemeCode', class: 'D3' },
  { name: 'grade', class: 'D6' },
  { name: 'evaluatedOn', class: 'D1' },
  { name: 'period', class: 'D6' },
  { name: 'validTo', class: 'D6' },
  { name: 'score', class: 'D6' },
] as const;
const SUBJECT_FIELDS = [
  { name: 'name', class: 'D1', mask: true },
  { name: 'uscc', class: 'D1' },
  { name: 'orgCode', class: 'D3' },
  { name: 'idNumber', class: 'D5', mask: true },
] as const;
const PROSE_FIELDS = CLASSES.map((clazz) => ({ name: `prose${clazz}`, class: clazz, scrub: true }));
const DOCUMENT_FIELDS = [...CLASSES.map((clazz) => ({ name: `plain${clazz}`, class: clazz })), ...PROSE_FIELDS];
const SOURCES_ALONE = [{ name: 'plainD8', class: 'D8' }] as const;
interface PlainField {
  readonly name: string;
  readonly class: (typeof CLASSES)[number];
  readonly mask?: boolean;
  readonly scrub?: boolean;
}
const plainFields = (fields: readonly PlainField[]) =>
  fields
    .map(({ name, class: clazz, mask, scrub }) => {
      const marks = `class: ${classNamed(clazz)}${mask ? ', mask: NAME' : ''}${scrub ? ', scrub: true' : ''}`;
      return `"${name}" ${name}: String @item @disclose(${marks})`;
    })
    .join(' ');

const PROBE = { name: 'Probe', code: 'PROBE', field: 'probes' };
const ARCHIVE = { name: 'Archive', code: 'ARCHIVE', field: 'archives', sourceOnly: true };
const RATING = { name: 'Rating', code: 'RATING', field: 'ratings', section: 'TAX', share: 'EVALUATION' };
const CASE = { name: 'CaseFile', code: 'CASE_FILE', field: 'caseFiles' };
const DOCUMENT: OracleType = {
  ...probeFor({ name: 'Notice', code: 'NOTICE', field: 'notices' }),
  kind: 'catalogue',
  fields: DOCUMENT_FIELDS,
};
const SDL = `
${probeSdl({ ...PROBE, more: plainFields(PROSE_FIELDS) })} ${probeSdl(ARCHIVE)}
${probeSdl({ ...RATING, more: plainFields(EVALUATION_FIELDS) })}
${probeSdl({ ...CASE, more: '"办理单位" handler: String @item(role: PARTY) @disclose(class: HANDLING)' })}
"文件" type Notice @catalogueType(code: "NOTICE", identity: ["plainD1"]) { ${plainFields(DOCUMENT_FIELDS)} }
"内部文件" type Memo @catalogueType(code: "MEMO", identity: ["plainD7"]) { ${plainFields([{ name: 'plainD7', class: 'D7' }])} }
"封存文件" type Docket @catalogueType(code: "DOCKET", identity: ["plainD8"], parties: ["plainD8"], audit: true) { ${plainFields(SOURCES_ALONE)} }
"寄存文件" type Deposit @catalogueType(code: "DEPOSIT", identity: ["plainD8"], subject: "plainD8", parties: ["plainD8"]) { ${plainFields(SOURCES_ALONE)} }
"个人文件" type Pledge @catalogueType(code: "PLEDGE", identity: ["plainD1"], subject: "plainD6") { ${plainFields(DOCUMENT_FIELDS)} }
"授权文件" type Ledger @catalogueType(code: "LEDGER", identity: ["plainD1"], audit: true) { ${plainFields(DOCUMENT_FIELDS)} }
"往来文件" type Letter @catalogueType(code: "LETTER", identity: ["plainD1"], parties: ["plainD7"]) { ${plainFields(DOCUMENT_FIELDS)} }
"主体文件" type Deed @catalogueType(code: "DEED", identity: ["plainD1"], subject: "plainD6", parties: ["plainD7"]) { ${plainFields(DOCUMENT_FIELDS)} }`;
const SUBJECT_SDL = `"主体" type Subject @recordType(code: "SUBJECT", field: "subjects", section: BASIC, share: BASIC, nature: BASIC, identity: ["uscc"], submit: false) { ${plainFields(SUBJECT_FIELDS)} }`;
const CATALOGUE = readCatalogue(
  [
    { subgraph: 'test', path: 'test.graphql', text: SDL },
    { subgraph: 'subjects', path: 'subject.graphql', text: SUBJECT_SDL },
  ],
  PROFILES,
);

export const TYPES: Readonly<Record<string, OracleType>> = {
  Probe: { ...probeFor(PROBE), fields: [...PROBE_FIELDS, ...PROSE_FIELDS] },
  Archive: probeFor(ARCHIVE),
  Rating: { ...probeFor(RATING), fields: [...PROBE_FIELDS, ...EVALUATION_FIELDS] },
  CaseFile: { ...probeFor(CASE), hasParties: true },
  Subject: {
    ...probeFor({ name: 'Subject', code: 'SUBJECT', field: 'subjects', section: 'BASIC', share: 'BASIC' }),
    kind: 'subject',
    fields: SUBJECT_FIELDS,
  },
  Notice: DOCUMENT,
  Memo: { ...DOCUMENT, name: 'Memo', code: 'MEMO', fields: [{ name: 'plainD7', class: 'D7' }] },
  Docket: { ...DOCUMENT, name: 'Docket', code: 'DOCKET', hasParties: true, audit: true, fields: SOURCES_ALONE },
  Deposit: { ...DOCUMENT, name: 'Deposit', code: 'DEPOSIT', hasParties: true, aboutSubject: true, fields: SOURCES_ALONE },
  Pledge: { ...DOCUMENT, name: 'Pledge', code: 'PLEDGE', aboutSubject: true },
  Ledger: { ...DOCUMENT, name: 'Ledger', code: 'LEDGER', audit: true },
  Letter: { ...DOCUMENT, name: 'Letter', code: 'LETTER', hasParties: true },
  Deed: { ...DOCUMENT, name: 'Deed', code: 'DEED', hasParties: true, aboutSubject: true },
};
export const TYPE_NAMES = Object.keys(TYPES);
export const RECORD_NAMES = TYPE_NAMES.filter((name) => TYPES[name]?.kind === 'record');

/** The type as the engine and as the oracle know it. */
export function typeNamed(name: string): { readonly type: RecordType; readonly known: OracleType } {
  const type = CATALOGUE.types.find((candidate) => candidate.name === name);
  const known = TYPES[name];
  if (!type || !known) throw new Error(`there is no type ${name}`);
  return { type, known };
}
