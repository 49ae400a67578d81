import type { Class, OracleField, OracleType } from './oracle.ts';

const NAMES: Readonly<Record<Class, string>> = {
  D1: 'OPEN',
  D2: 'OPEN_MASKED',
  D3: 'SHARED',
  D4: 'SHARED_BY_DUTY',
  D5: 'BY_AUTHORIZATION',
  D6: 'SUBJECT_AND_SOURCE',
  D7: 'HANDLING',
  D8: 'SOURCE_ONLY',
  D9: 'AUDIT',
  DX: 'CASE_PARTIES',
  DP: 'VOUCHER_PARTIES',
};
export const CLASSES = Object.keys(NAMES) as readonly Class[];

export const classNamed = (clazz: Class): string => NAMES[clazz];

/** A field for each class without and with a mask, and what else bears on the class of a field. */
export const PROBE_FIELDS: readonly OracleField[] = [
  ...CLASSES.flatMap((clazz): OracleField[] => [
    { name: `plain${clazz}`, class: clazz },
    { name: `masked${clazz}`, class: clazz, mask: true },
  ]),
  { name: 'scrubbedD1', class: 'D1', scrub: true },
  { name: 'scrubbedD4', class: 'D4', scrub: true },
  { name: 'openButOfPersons', class: 'D1', individual: 'D3' },
  { name: 'openerOfPersons', class: 'D6', individual: 'D1' },
  { name: 'closedInState', class: 'D1', individual: 'D5', inState: { state: 'SPECIAL', class: 'D6' } },
  { name: 'openInState', class: 'D7', inState: { state: 'SPECIAL', class: 'D1' } },
];

interface ProbeMarks {
  readonly name: string;
  readonly code: string;
  readonly field: string;
  readonly section?: string;
  readonly share?: string;
  readonly sourceOnly?: boolean;
  /** Further fields of its own. */
  readonly more?: string;
}

/** Fields that may be filtered and ordered by: those that are neither masked nor scrubbed. */
export const FILTERED = PROBE_FIELDS.filter(({ mask, scrub }) => !mask && !scrub).map(({ name }) => name);

/** A department's file with one record type that has all these fields. */
export function probeSdl({
  name,
  code,
  field,
  section = 'ADMINISTRATIVE',
  share = 'ENFORCEMENT',
  sourceOnly = false,
  more = '',
}: ProbeMarks) {
  const fields = PROBE_FIELDS.map(
    (probe) => `"${probe.name}" ${probe.name}: String @item(${FILTERED.includes(probe.name) ? 'filter: true' : ''}) ${disclosure(probe)}`,
  );
  return `
"${code}"
type ${name} @recordType(code: "${code}", field: "${field}", section: ${section}, share: ${share}, nature: UNTRUSTWORTHY, identity: ["probeNo", "subject"], sourceOnly: ${sourceOnly}) {
  "名称" subjectName: String @item(role: SUBJECT_NAME, required: true) @disclose(class: OPEN)
  "代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE) @disclose(class: OPEN)
  "证件号码" idNumber: String @item(role: SUBJECT_ID_NUMBER, encrypted: true) @disclose(class: BY_AUTHORIZATION, mask: ID)
  "编号" probeNo: String @item(role: DOCUMENT_NUMBER, required: true, filter: true) @disclose(class: OPEN)
  "状态" probeState: ${name}State @item(role: STATE, required: true) @disclose(class: OPEN)
  ${more}
  ${fields.join('\n  ').replaceAll('@item() ', '@item ')}
}
"${code}状态"
enum ${name}State { "通常" NORMAL @state(keep: true) @value(labels: ["通常"]) "特别" SPECIAL @state(keep: true) @value(labels: ["特别"]) }`;
}

function disclosure({ class: clazz, individual, inState, mask, scrub }: OracleField): string {
  const marks = [
    `class: ${NAMES[clazz]}`,
    individual && `individual: ${NAMES[individual]}`,
    inState && `inState: [{ state: "${inState.state}", class: ${NAMES[inState.class]} }]`,
    mask && 'mask: PHONE',
    scrub && 'scrub: true',
  ];
  return `@disclose(${marks.filter(Boolean).join(', ')})`;
}

/** The same type as the oracle knows it. */
export function probeFor({ name, code, section = 'ADMINISTRATIVE', share = 'ENFORCEMENT', sourceOnly = false }: ProbeMarks): OracleType {
  return { kind: 'record', name, code, section, share, sourceOnly, hasParties: false, aboutSubject: false, fields: PROBE_FIELDS };
}
