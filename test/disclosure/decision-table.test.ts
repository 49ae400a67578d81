import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { Grant, Profile, Voucher } from '../../auth/caller.ts';
import type { Effect, TypeAccess } from '../../auth/entitlements.ts';
import type { Audience } from '../../auth/principal.ts';
import { yearsAgoExclusive } from '../../schema/calendar-date.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { compileFilter, type Params } from '../../schema/filter.ts';
import {
  DRAFTS,
  EMPTY_GATE,
  EXCEPTIONS,
  GATE_COLUMNS,
  type Gate,
  type GateColumn,
  SECRECIES,
  SEVERITIES,
  STATUSES,
  STOPPED,
  SUBJECT_KINDS,
} from '../../schema/gate.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';
import { type Cell, type OracleCaller, type OracleRegion, type OracleRow, type OracleType, oracleFor, type World } from './oracle.ts';
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
const usual = { ...USUAL, simpleProcedure: 'ALL' };
jest.unstable_mockModule('../../schema/region-profiles.ts', () => ({
  DEFAULT_PROFILE: usual,
  REGION_PROFILES: Object.entries(REGIONS).map(([prefix, profile]) => ({ prefix, name: prefix, profile: { ...usual, ...profile } })),
}));
const { entitlements, listedRows, narrow, visibleRows } = await import('../../auth/entitlements.ts');
const { compileDisclosure } = await import('../../auth/disclose.ts');
const { disclosureYears, overAgeParam } = await import('../../auth/conditions.ts');

const SEED = 20_261_124;
const TODAY = '2026-11-24';
const WORLD: World = {
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
  { name: 'score', class: 'D6' },
] as const;
const SUBJECT_FIELDS = [
  { name: 'name', class: 'D1', mask: true },
  { name: 'uscc', class: 'D1' },
  { name: 'orgCode', class: 'D3' },
  { name: 'idNumber', class: 'D5', mask: true },
] as const;
const DOCUMENT_FIELDS = CLASSES.map((clazz) => ({ name: `plain${clazz}`, class: clazz }));
const plainFields = (fields: readonly { name: string; class: (typeof CLASSES)[number]; mask?: boolean }[]) =>
  fields
    .map(
      ({ name, class: clazz, mask }) =>
        `"${name}" ${name}: String @item @disclose(class: ${classNamed(clazz)}${mask ? ', mask: NAME' : ''})`,
    )
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
${probeSdl(PROBE)} ${probeSdl(ARCHIVE)}
${probeSdl({ ...RATING, more: plainFields(EVALUATION_FIELDS) })}
${probeSdl({ ...CASE, more: '"办理单位" handler: String @item(role: PARTY) @disclose(class: HANDLING)' })}
"文件" type Notice @catalogueType(code: "NOTICE", identity: ["plainD1"]) { ${plainFields(DOCUMENT_FIELDS)} }
"内部文件" type Memo @catalogueType(code: "MEMO", identity: ["plainD7"]) { ${plainFields([{ name: 'plainD7', class: 'D7' }])} }
"往来文件" type Letter @catalogueType(code: "LETTER", identity: ["plainD1"], parties: ["plainD7"]) { ${plainFields(DOCUMENT_FIELDS)} }
"主体文件" type Deed @catalogueType(code: "DEED", identity: ["plainD1"], subject: "plainD6", parties: ["plainD7"]) { ${plainFields(DOCUMENT_FIELDS)} }`;
const SUBJECT_SDL = `"主体" type Subject @recordType(code: "SUBJECT", field: "subjects", section: BASIC, share: BASIC, nature: BASIC, identity: ["uscc"], submit: false) { ${plainFields(SUBJECT_FIELDS)} }`;
const CATALOGUE = readCatalogue([
  { subgraph: 'test', path: 'test.graphql', text: SDL },
  { subgraph: 'subjects', path: 'subject.graphql', text: SUBJECT_SDL },
]);

const TYPES: Readonly<Record<string, OracleType>> = {
  Probe: probeFor(PROBE),
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
  Letter: { ...DOCUMENT, name: 'Letter', code: 'LETTER', hasParties: true },
  Deed: { ...DOCUMENT, name: 'Deed', code: 'DEED', hasParties: true, aboutSubject: true },
};
const TYPE_NAMES = Object.keys(TYPES);
const RECORD_NAMES = TYPE_NAMES.filter((name) => TYPES[name]?.kind === 'record');

const OWN = 'own';
const FORMER = 'former';
const SOURCE = 'source';
const ME = 'subject-1';

/** What the engine is handed for a caller of the oracle. */
function profileOf(caller: OracleCaller): Profile {
  return {
    audience: caller.audience as Audience,
    orgUscc: caller.orgUscc,
    clientId: caller.clientId,
    orgNature: caller.orgNature,
    regionCode: caller.regionCode,
    authLevel: caller.authLevel ?? 1,
    purpose: caller.purpose,
    matter: caller.matter,
    matterFields: caller.matterFields,
    ownSources: caller.ownSources ?? [],
    grants: caller.grants ?? [],
    voucher: caller.voucher,
    reveals: caller.revealed === undefined ? undefined : true,
  };
}

function paramsOf(caller: OracleCaller): Params {
  return {
    today: TODAY,
    subjectId: caller.subjectId,
    voucherSubject: caller.voucher?.subjectId,
    caseId: caller.caseId,
    partyId: caller.partyId,
    revealed: caller.revealed,
    ...Object.fromEntries(disclosureYears().map((years) => [overAgeParam(years), yearsAgoExclusive(TODAY, years)])),
  };
}

function typeNamed(name: string): { readonly type: RecordType; readonly known: OracleType } {
  const type = CATALOGUE.types.find((candidate) => candidate.name === name);
  const known = TYPES[name];
  if (!type || !known) throw new Error(`there is no type ${name}`);
  return { type, known };
}

/** What the engine decides for one caller about rows of one type. */
function engineFor(caller: OracleCaller, type: RecordType) {
  const access: TypeAccess = entitlements(profileOf(caller), type, TODAY);
  const params = paramsOf(caller);
  const disclose = compileDisclosure(access);
  const isListed = compileFilter(listedRows(access));
  const isVisible = compileFilter(visibleRows(access));
  const stored = ({ key, gate, state = null }: OracleRow) => ({ key, gate, columns: { state } });
  return {
    access,
    view: (row: OracleRow) => disclose(stored(row), params),
    isListed: (row: OracleRow) => isListed(stored(row), params),
    isVisible: (row: OracleRow) => isVisible(stored(row), params),
    narrowed(coordinates: readonly string[]) {
      const { rows, refused } = narrow(access, coordinates);
      const holds = compileFilter(rows);
      return { refused, holds: (row: OracleRow) => holds(stored(row), params) };
    },
  };
}

const EFFECTS: Readonly<Record<Cell, Effect | undefined>> = { V: 'VALUE', C: 'CLEAR', M: 'MASK', '–': undefined };

/** Compares engine and oracle over rows; the first differences, told so that they can be read. */
function differences(caller: OracleCaller, typeName: string, rows: Iterable<OracleRow>): readonly string[] {
  const { type, known } = typeNamed(typeName);
  const engine = engineFor(caller, type);
  const oracle = oracleFor(caller, known, WORLD);
  const found: string[] = [];
  const say = (row: OracleRow, text: string) => found.push(`${caller.audience} ${typeName} ${told(row)}: ${text}`);
  for (const row of rows) {
    const view = engine.view(row);
    const seen = oracle.seen(row);
    if (engine.isVisible(row) !== (view !== undefined)) say(row, 'the filter over rows and the view differ');
    if (!view !== !seen) say(row, `is held by ${view?.heldBy ?? 'nothing'}, should be by ${seen?.rules ?? 'nothing'}`);
    else if (view && seen) {
      for (const [coordinate, cell] of seen.cells) {
        const effect = view.effects.get(coordinate);
        if (effect !== EFFECTS[cell]) say(row, `${coordinate} is ${effect} through ${view.heldBy}, should be ${cell}`);
      }
    }
    if (engine.isListed(row) !== (seen?.listed ?? false))
      say(row, `is listed: ${engine.isListed(row)}, should be: ${seen?.listed ?? false}`);
    if (found.length > 3) break;
  }
  return found;
}

/** In what a row is not the usual one. */
function told({ key, state, gate }: OracleRow): string {
  return JSON.stringify({
    key,
    state,
    ...Object.fromEntries(GATE_COLUMNS.flatMap((column) => (gate[column] === OPEN_GATE[column] ? [] : [[column, gate[column]]]))),
  });
}

/** A row that is open to everybody. */
const OPEN_GATE: Gate = {
  ...EMPTY_GATE,
  subjectId: ME,
  subjectKind: 'ENTERPRISE',
  sourceOrg: SOURCE,
  region: '411502',
  share: 'ENFORCEMENT',
  section: 'ADMINISTRATIVE',
  nature: 'UNTRUSTWORTHY',
  status: 'PUBLISHED',
  draft: 'NO',
  publishedFrom: '2026-09-01',
  actEnd: '2026-09-01',
  heldByBlack: false,
  severity: 'GENERAL',
  secrecy: 'NONE',
  exception: 'NONE',
  valueOpen: true,
  objection: false,
};
const OLD = '2021-11-23';
const FIVE_YEARS = '2021-11-24';
const THREE_YEARS = '2023-11-23';
const PAST = '2026-11-23';
const FUTURE = '2026-11-25';

/** Every combination of what decides about publicity. */
function* coreRows(): Iterable<OracleRow> {
  let number = 0;
  const windows: readonly Partial<Gate>[] = [{}, { publishedFrom: FUTURE }, { publishedUntil: PAST }];
  for (const subjectKind of SUBJECT_KINDS)
    for (const exception of EXCEPTIONS)
      for (const status of STATUSES)
        for (const stopped of [null, ...STOPPED])
          for (const draft of DRAFTS)
            for (const window of windows)
              for (const heldByBlack of [false, true])
                for (const actEnd of [OLD, FIVE_YEARS])
                  for (const secrecy of ['NONE', 'TRADE_SECRET'] as const) {
                    number += 1;
                    yield {
                      key: `row-${number}`,
                      gate: { ...OPEN_GATE, subjectKind, exception, status, stopped, draft, ...window, heldByBlack, actEnd, secrecy },
                      state: number % 3 === 0 ? 'SPECIAL' : 'NORMAL',
                    };
                  }
}
const CORE_ROWS = [...coreRows()];

/** Rows of every kind of subject, of everybody in turn. */
const SPREAD_ROWS: readonly OracleRow[] = SUBJECT_KINDS.flatMap((subjectKind) =>
  EXCEPTIONS.flatMap((exception) =>
    (['PUBLISHED', 'NOT_PUBLIC'] as const).flatMap((status) =>
      [
        {},
        { subjectId: 'subject-2' },
        { sourceOrg: OWN },
        { region: '370100' },
        { parties: ['case-1', 'party-1'] },
        { section: 'TAX' as const },
      ].flatMap((whose) =>
        ['NORMAL', 'SPECIAL'].map((state) => ({
          key: 'row-1',
          gate: { ...OPEN_GATE, subjectKind, exception, status, ...whose },
          state,
        })),
      ),
    ),
  ),
);

const grant = (changes: Partial<Grant> = {}): Grant => ({
  id: 'grant-1',
  status: 'APPROVED',
  granteeUscc: OWN,
  approverUscc: SOURCE,
  sources: [SOURCE],
  recordTypes: ['PROBE'],
  fields: PROBE_FIELDS.map(({ name }) => `Probe.${name}`),
  purposes: ['LICENSING', 'SUPERVISION'],
  matterCodes: [],
  validTo: '2027-01-01',
  ...changes,
});
const voucher = (changes: Partial<Voucher> = {}): Voucher => ({
  id: 'voucher-1',
  type: 'E_SIGN',
  subjectId: ME,
  sections: ['ADMINISTRATIVE'],
  fieldsExcluded: [],
  opened: [],
  ...changes,
});
const department: OracleCaller = { audience: 'AGENCY', orgUscc: OWN, ownSources: [OWN, FORMER], purpose: 'LICENSING' };
const supervision: OracleCaller = { audience: 'SUPERVISION', clientId: OWN, regionCode: '411500' };
const creditBody: OracleCaller = { audience: 'CREDIT_BODY', orgUscc: OWN, purpose: 'LOAN' };
const appOrg: OracleCaller = { audience: 'APP_ORG', orgUscc: OWN, purpose: 'RATING' };
const someFields = ['plainD1', 'plainD2', 'maskedD2', 'plainD4', 'scrubbedD4', 'plainD6'].map((name) => `Probe.${name}`);

const CALLERS: Readonly<Record<string, OracleCaller>> = {
  'the public': { audience: 'PUBLIC' },
  'the subject': { audience: 'SUBJECT', subjectId: ME, authLevel: 2 },
  'the subject with a weak proof of identity': { audience: 'SUBJECT', subjectId: ME, authLevel: 1 },
  'another subject': { audience: 'SUBJECT', subjectId: 'subject-2', authLevel: 2 },
  'a subject that is not known here': { audience: 'SUBJECT', authLevel: 2 },
  'the source': { audience: 'AGENCY', orgUscc: SOURCE, ownSources: [SOURCE], purpose: 'RECORD_MANAGEMENT' },
  'the successor of the source': { audience: 'AGENCY', orgUscc: OWN, ownSources: [OWN, SOURCE] },
  'another department without a purpose': { ...department, purpose: undefined },
  'another department for its records': { ...department, purpose: 'RECORD_MANAGEMENT' },
  'another department with a purpose of another audience': { ...department, purpose: 'LOAN' },
  'another department with a purpose': department,
  'a department with a grant': { ...department, grants: [grant()] },
  'a department with a grant of some fields': { ...department, grants: [grant({ fields: someFields })] },
  'a department with an expired grant': { ...department, grants: [grant({ validTo: PAST })] },
  'a department with a grant for another purpose': { ...department, grants: [grant({ purposes: ['BIDDING'] })] },
  'a department with a grant for another region': { ...department, grants: [grant({ region: '370000' })] },
  'a department with a grant that it gave itself': { ...department, grants: [grant({ approverUscc: OWN })] },
  'a department with a grant to another': { ...department, grants: [grant({ granteeUscc: 'else' })] },
  'a department with a grant of a matter that it states': {
    ...department,
    matter: 'M1',
    matterFields: someFields.slice(0, 4),
    grants: [grant({ matterCodes: ['M1'] })],
  },
  'a department with a grant of a matter that is not in its catalogue': {
    ...department,
    matter: 'M1',
    grants: [grant({ matterCodes: ['M1'] })],
  },
  'a credit body without a voucher': creditBody,
  'a credit body with a voucher': { ...creditBody, voucher: voucher({ fieldsExcluded: ['Probe.plainD5'] }) },
  'a credit body with a voucher of another subject': { ...creditBody, voucher: voucher({ subjectId: 'subject-2' }) },
  'a credit body with a voucher for another section': { ...creditBody, voucher: voucher({ sections: ['TAX'] }) },
  'an application with a voucher': { ...appOrg, voucher: voucher({ type: 'E_CERT', opened: ['PROBE'] }) },
  'an application with a voucher for some fields': { ...appOrg, voucher: voucher({ type: 'E_CERT', opened: someFields }) },
  'an application with a voucher that opens nothing here': { ...appOrg, voucher: voucher({ type: 'E_CERT', opened: ['Rating'] }) },
  supervision,
  'supervision of another region': { ...supervision, regionCode: '370000' },
  'supervision without a region': { ...supervision, regionCode: undefined },
  'supervision with a grant': { ...supervision, grants: [grant({ fields: someFields })] },
  'a bank': { audience: 'FINANCE', orgUscc: OWN },
  'an association': { audience: 'INDUSTRY_ASSOC', orgUscc: OWN },
  'the operator': { audience: 'OPERATOR', regionCode: '410000' },
  'the operator to whom a row is revealed': { audience: 'OPERATOR', regionCode: '410000', revealed: 'row-1' },
  'an operator of another region': { audience: 'OPERATOR', regionCode: '370000' },
  'a party of another case': { audience: 'SPECIFIC_PARTY', caseId: 'case-1', partyId: 'party-1' },
  'the auditor': { audience: 'AUDITOR' },
  'the system administrator': { audience: 'SYSTEM_ADMIN' },
};
const named = Object.entries(CALLERS);

/** Mostly the value under which the rest matters. */
const pick = <T>(usualValue: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usualValue) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

const anyRow: fc.Arbitrary<OracleRow> = fc
  .record({
    key: fc.constantFrom('row-1', 'row-2'),
    state: fc.constantFrom('NORMAL', 'SPECIAL', null),
    empty: fc
      .tuple(fc.nat(4), fc.subarray<GateColumn>([...GATE_COLUMNS], { maxLength: 2 }))
      .map(([often, some]) => (often === 0 ? some : [])),
    gate: fc.record<Gate>({
      subjectId: pick<string | null>(ME, 'subject-2', null),
      subjectKind: fc.constantFrom(...SUBJECT_KINDS),
      sourceOrg: pick(SOURCE, OWN, FORMER, 'else'),
      parties: fc.constantFrom<readonly string[]>([], ['case-1'], ['case-1', 'party-1'], [OWN], [FORMER, 'party-1']),
      region: pick('411502', '410000', '370100', '370203', '900100', '910100', '920100', '921001', '110101'),
      share: pick<Gate['share']>('ENFORCEMENT', 'BASIC', 'JOINT', 'COMPLAINT', 'EVALUATION', 'REPAIR'),
      section: pick<Gate['section']>('ADMINISTRATIVE', 'TAX', 'BASIC'),
      nature: pick<Gate['nature']>('UNTRUSTWORTHY', 'BASIC', 'TRUSTWORTHY'),
      status: pick<Gate['status']>('PUBLISHED', ...STATUSES),
      stopped: pick<Gate['stopped']>(null, ...STOPPED),
      draft: pick<Gate['draft']>('NO', ...DRAFTS),
      publishedFrom: pick<string | null>('2026-09-01', TODAY, FUTURE),
      publishedUntil: pick<string | null>(null, PAST, TODAY, FUTURE),
      actEnd: pick<string | null>('2026-09-01', OLD, FIVE_YEARS, THREE_YEARS, null),
      heldByBlack: fc.boolean(),
      severity: pick<Gate['severity']>('GENERAL', ...SEVERITIES),
      secrecy: pick<Gate['secrecy']>('NONE', ...SECRECIES),
      exception: fc.constantFrom(...EXCEPTIONS),
      valueOpen: pick(true, false),
      objection: pick(false, true),
    }),
  })
  .map(({ empty, gate, ...row }) => ({
    ...row,
    gate: { ...gate, ...Object.fromEntries(empty.map((column) => [column, emptied(column)])) },
  }));

function emptied(column: GateColumn): Gate[GateColumn] {
  return EMPTY_GATE[column];
}

const coordinates = fc.constantFrom(...RECORD_NAMES, 'Subject').chain((name) => {
  const all = typeNamed(name).known.fields.map((field) => `${name}.${field.name}`);
  return fc.oneof(fc.constant(all), fc.subarray([...all, `${name}.decisionDate`]));
});
const anyGrant: fc.Arbitrary<Grant> = fc.record({
  id: fc.constantFrom('grant-1', 'grant-2'),
  status: pick<Grant['status']>('APPROVED', 'SUSPENDED', 'EXPIRED', 'REVOKED', 'REQUESTED'),
  granteeUscc: pick(OWN, FORMER, 'else'),
  approverUscc: pick(SOURCE, OWN),
  sources: pick<readonly string[]>([SOURCE], [SOURCE, 'else'], ['else'], []),
  recordTypes: pick<readonly string[]>(['PROBE', 'Archive', 'RATING', 'SUBJECT', 'CASE_FILE'], ['Probe'], ['RATING'], ['UNKNOWN'], []),
  fields: coordinates,
  purposes: pick<readonly string[]>(['LICENSING', 'SUPERVISION', 'RECORD_MANAGEMENT'], ['BIDDING'], []),
  matterCodes: pick<readonly string[]>([], ['M1'], ['M2', 'M1'], ['M2']),
  region: pick<string | undefined>(undefined, '410000', '411502', '370000', '920000'),
  validFrom: pick<string | undefined>(undefined, '2026-01-01', TODAY, FUTURE),
  validTo: pick('2027-01-01', TODAY, PAST),
});
const anyVoucher = (audience: string): fc.Arbitrary<Voucher> =>
  fc.record({
    id: fc.constant('voucher-1'),
    type: fc.constant(audience === 'APP_ORG' ? ('E_CERT' as const) : ('E_SIGN' as const)),
    subjectId: pick(ME, 'subject-2'),
    sections: pick<Voucher['sections']>(['ADMINISTRATIVE', 'BASIC', 'TAX'], ['TAX'], [], ['ADMINISTRATIVE']),
    fieldsExcluded: audience === 'APP_ORG' ? fc.constant([]) : fc.oneof(fc.constant([]), coordinates),
    opened: audience === 'APP_ORG' ? fc.oneof(fc.subarray(['PROBE', 'Rating', 'TAX', 'BASIC', 'ARCHIVE']), coordinates) : fc.constant([]),
  });
const anyCaller: fc.Arbitrary<OracleCaller> = fc
  .constantFrom(
    ...(['PUBLIC', 'SUBJECT', 'AGENCY', 'CREDIT_BODY', 'APP_ORG', 'SUPERVISION', 'FINANCE', 'INDUSTRY_ASSOC', 'OPERATOR'] as const),
    ...(['SPECIFIC_PARTY', 'AUDITOR', 'SYSTEM_ADMIN', 'AGENCY', 'AGENCY', 'CREDIT_BODY', 'SUPERVISION'] as const),
  )
  .chain((audience) => {
    const region = pick<string | undefined>('410000', '411502', '370000', '900000', undefined);
    const grants = fc.array(anyGrant, { maxLength: 2 });
    const callers: Readonly<Partial<Record<Audience, fc.Arbitrary<Partial<OracleCaller>>>>> = {
      SUBJECT: fc.record({
        subjectId: pick<string | undefined>(ME, 'subject-2', undefined),
        authLevel: fc.constantFrom(1, 2),
      }),
      AGENCY: fc.record({
        orgUscc: fc.constant(OWN),
        orgNature: fc.constantFrom(undefined, 'DISCIPLINE', 'ORG_PERSONNEL', 'MARKET'),
        ownSources: pick<readonly string[]>([OWN, FORMER], [OWN], [OWN, SOURCE]),
        purpose: pick<string | undefined>('LICENSING', 'BIDDING', 'RECORD_MANAGEMENT', 'LOAN', undefined),
        matter: pick<string | undefined>(undefined, 'M1', 'M2'),
        matterFields: fc.oneof(fc.constant(undefined), coordinates),
        grants,
      }),
      CREDIT_BODY: fc.record({ orgUscc: fc.constant(OWN), voucher: fc.option(anyVoucher('CREDIT_BODY'), { nil: undefined }) }),
      APP_ORG: fc.record({ orgUscc: fc.constant(OWN), voucher: fc.option(anyVoucher('APP_ORG'), { nil: undefined }) }),
      SUPERVISION: fc.record({ clientId: fc.constantFrom(OWN, undefined), regionCode: region, grants }),
      FINANCE: fc.record({ orgUscc: fc.constantFrom(OWN, undefined) }),
      INDUSTRY_ASSOC: fc.record({ orgUscc: fc.constant(OWN) }),
      OPERATOR: fc.record({ regionCode: region, revealed: fc.constantFrom(undefined, 'row-1') }),
      SPECIFIC_PARTY: fc.record({ caseId: fc.constantFrom('case-1', undefined), partyId: fc.constantFrom('party-1', 'party-2') }),
    };
    return (callers[audience] ?? fc.constant({})).map((facts): OracleCaller => ({ audience, ...facts }));
  })
  // A matter that the caller does not state has no fields.
  .map((caller) => (caller.matter === undefined ? { ...caller, matterFields: undefined } : caller));

const anyType = fc.constantFrom('Probe', 'Probe', 'Rating', ...TYPE_NAMES);
const rows = fc.array(anyRow, { minLength: 30, maxLength: 30 });
const runs = (usualRuns: number) => ({ seed: SEED, numRuns: process.env.HUB_TEST_LONG ? usualRuns * 30 : usualRuns });

describe('the decision table', () => {
  it.each(named)('shows to %s every row of the core of the state space as the page says', (_who, caller) => {
    expect(differences(caller, 'Probe', CORE_ROWS)).toEqual([]);
  });

  it('is followed by the engine for any caller, with any grants and vouchers, over any rows of any type', () => {
    const rules = new Map<string, number>();
    fc.assert(
      fc.property(anyCaller, anyType, rows, (caller, typeName, some) => {
        expect(differences(caller, typeName, some)).toEqual([]);
        const oracle = oracleFor(caller, typeNamed(typeName).known, WORLD);
        for (const row of some) for (const rule of oracle.seen(row)?.rules ?? []) rules.set(rule, (rules.get(rule) ?? 0) + 1);
      }),
      runs(3000),
    );
    // The samples are of no use where they hardly meet a rule.
    const met = ['E1', 'E2', 'E3', 'E4', 'E5', 'E6', 'E7', 'E8', 'E9', 'E10', 'E11', 'E12', 'E13', 'E14', 'E17', 'E18', 'E20'];
    expect(met.filter((rule) => (rules.get(rule) ?? 0) < 50)).toEqual([]);
  });

  it.each(GATE_COLUMNS)('opens through no rule whose condition reads %s a row in which it is empty', (column) => {
    const bases: readonly Partial<Gate>[] = [
      {},
      { subjectKind: 'INDIVIDUAL', exception: 'PUBLIC' },
      { subjectKind: 'INDIVIDUAL' },
      { subjectKind: 'INDIVIDUAL', exception: 'PAYMENT' },
      { status: 'NOT_PUBLIC' },
      { stopped: 'EXPIRED' },
      { stopped: 'WITHDRAWN' },
      { draft: 'AFTER_NOTICE', status: 'COLLECTED' },
      { secrecy: 'TRADE_SECRET' },
      { parties: ['case-1', 'party-1', OWN] },
      { region: '920100', share: 'EVALUATION', section: 'TAX' },
    ];
    const some = bases.map((base, index): OracleRow => {
      return { key: `row-${index}`, gate: { ...OPEN_GATE, ...base, [column]: emptied(column) }, state: 'NORMAL' };
    });
    for (const [, caller] of named) for (const typeName of TYPE_NAMES) expect(differences(caller, typeName, some)).toEqual([]);
  });

  it('lists by a filter or an order the rows of those rules that give each field clear, and refuses one that no rule gives', () => {
    const names = [...PROBE_FIELDS.map(({ name }) => name), 'decisionDate', 'sourceDeptName'];
    fc.assert(
      fc.property(
        anyCaller,
        fc.constantFrom('Probe', 'Probe', 'Archive', 'Rating', 'CaseFile'),
        fc.subarray(names, { minLength: 1, maxLength: 2 }),
        rows,
        (caller, typeName, asked, some) => {
          const { type, known } = typeNamed(typeName);
          const { refused, holds } = engineFor(caller, type).narrowed(asked.map((name) => `${typeName}.${name}`));
          const oracle = oracleFor(caller, known, WORLD);
          const wrong = some.flatMap((row) => [
            ...(holds(row) === oracle.isListedBy(row, asked) ? [] : [`${told(row)} is listed: ${holds(row)}`]),
            ...refused.flatMap((coordinate) =>
              oracle.isListedBy(row, [coordinate.slice(typeName.length + 1)]) ? [`${told(row)} gives ${coordinate}, which is refused`] : [],
            ),
          ]);
          expect(wrong).toEqual([]);
        },
      ),
      runs(2500),
    );
  });

  // Who speaks for an unknown subject has a rule like any other subject, and no row.
  it.each(named.filter(([who]) => who !== 'a subject that is not known here'))(
    'refuses to %s a filter or an order by a field exactly when no row gives it clear',
    (_who, caller) => {
      const { type, known } = typeNamed('Probe');
      const { narrowed } = engineFor(caller, type);
      const oracle = oracleFor(caller, known, WORLD);
      for (const { name } of PROBE_FIELDS) {
        const isGiven = SPREAD_ROWS.some((row) => oracle.isListedBy(row, [name]) || oracle.seen(row)?.cells.get(`Probe.${name}`) === 'V');
        expect([name, narrowed([`Probe.${name}`]).refused.length > 0]).toEqual([name, !isGiven]);
      }
    },
  );
});

const RANK: Readonly<Record<Effect, number>> = { VALUE: 3, CLEAR: 2, MASK: 1 };

/** What the greater caller sees less of than the lesser one. */
function lost(lesser: OracleCaller, greater: OracleCaller, typeName: string, some: Iterable<OracleRow>): readonly string[] {
  const { type } = typeNamed(typeName);
  const [less, more] = [engineFor(lesser, type), engineFor(greater, type)];
  const found: string[] = [];
  for (const row of some) {
    const [before, after] = [less.view(row), more.view(row)];
    if (before && !after) found.push(`${told(row)} is lost`);
    if (less.isListed(row) && !more.isListed(row)) found.push(`${told(row)} is no longer listed`);
    for (const [coordinate, effect] of before?.effects ?? [])
      if (RANK[effect] > (RANK[after?.effects.get(coordinate) ?? 'MASK'] ?? 0) || (after && !after.effects.has(coordinate)))
        found.push(`${coordinate} of ${told(row)} was ${effect}, is ${after?.effects.get(coordinate)}`);
  }
  return found;
}

/** Takes one right away from a caller. */
const lesserOf: fc.Arbitrary<(caller: OracleCaller) => OracleCaller> = fc.constantFrom(
  (caller) => ({ ...caller, purpose: undefined }),
  (caller) => ({ ...caller, purpose: caller.audience === 'AGENCY' && caller.purpose !== undefined ? 'RECORD_MANAGEMENT' : caller.purpose }),
  (caller) => ({ ...caller, grants: caller.grants?.slice(1) }),
  (caller) => ({ ...caller, grants: caller.grants?.map((one) => ({ ...one, fields: one.fields.slice(0, 3) })) }),
  (caller) => ({ ...caller, grants: caller.grants?.map((one) => ({ ...one, validTo: PAST })) }),
  (caller) => ({ ...caller, voucher: undefined }),
  (caller) => ({ ...caller, voucher: caller.voucher && { ...caller.voucher, sections: caller.voucher.sections.slice(1) } }),
  (caller) => ({
    ...caller,
    voucher: caller.voucher && { ...caller.voucher, fieldsExcluded: PROBE_FIELDS.map(({ name }) => `Probe.${name}`) },
  }),
  (caller) => ({ ...caller, authLevel: 1 }),
  (caller) => ({ ...caller, revealed: undefined }),
  (caller) => ({ ...caller, ownSources: caller.ownSources?.slice(0, 1) }),
  (caller) => ({ ...caller, regionCode: undefined }),
  (caller) => ({ ...caller, subjectId: undefined }),
);

describe('whatever the rights of a caller', () => {
  it('decides every row, and speaks of fields of its type alone', () => {
    fc.assert(
      fc.property(anyCaller, anyType, rows, (caller, typeName, some) => {
        const { type } = typeNamed(typeName);
        const { view, access } = engineFor(caller, type);
        expect(some.flatMap((row) => [...(view(row)?.effects.keys() ?? [])].filter((coordinate) => !access.best.has(coordinate)))).toEqual(
          [],
        );
      }),
      runs(500),
    );
  });

  it('shows nothing less to a caller with more rights', () => {
    fc.assert(
      fc.property(anyCaller, lesserOf, anyType, rows, (caller, lesser, typeName, some) => {
        expect(lost(lesser(caller), caller, typeName, some)).toEqual([]);
      }),
      runs(1500),
    );
  });

  it('shows to everybody but the system administrator and the auditor what the public sees', () => {
    const business = anyCaller.filter(({ audience }) => audience !== 'SYSTEM_ADMIN' && audience !== 'AUDITOR');
    fc.assert(
      fc.property(business, anyType, rows, (caller, typeName, some) => {
        expect(lost({ audience: 'PUBLIC' }, caller, typeName, some)).toEqual([]);
      }),
      runs(1000),
    );
  });

  it('shows nothing to the system administrator and no record to the auditor', () => {
    for (const audience of ['SYSTEM_ADMIN', 'AUDITOR'] as const)
      for (const typeName of TYPE_NAMES) expect(engineFor({ audience }, typeNamed(typeName).type).access.entitlements).toEqual([]);
  });

  it('shows no individual to the public outside the exceptions, and in no list at all', () => {
    const { view, isListed } = engineFor({ audience: 'PUBLIC' }, typeNamed('Probe').type);
    const individuals = CORE_ROWS.filter(({ gate }) => gate.subjectKind === 'INDIVIDUAL' || gate.subjectKind === 'UNKNOWN');
    const shown = individuals.filter(view);
    expect(new Set(shown.map(({ gate }) => `${gate.subjectKind} ${gate.exception}`))).toEqual(new Set(['INDIVIDUAL PUBLIC']));
    expect(individuals.filter(isListed)).toEqual([]);
  });

  it('shows a repaired, shielded, misattributed or withdrawn record to nobody but its subject, its source and the operator', () => {
    const gone = rows.map((some) =>
      some.map((row, index): OracleRow => {
        const stopped = (['REPAIRED', 'SHIELDED', 'WRONG_IDENTITY', 'WITHDRAWN'] as const)[index % 4] ?? 'WITHDRAWN';
        return { ...row, gate: { ...row.gate, stopped } };
      }),
    );
    fc.assert(
      fc.property(anyCaller, fc.constantFrom('Probe', 'Archive', 'Rating'), gone, (caller, typeName, some) => {
        const { view } = engineFor(caller, typeNamed(typeName).type);
        const isOwn = ({ gate }: OracleRow) =>
          caller.audience === 'OPERATOR' ||
          (caller.audience === 'SUBJECT' && gate.subjectId === caller.subjectId && gate.stopped !== 'WRONG_IDENTITY') ||
          (caller.audience === 'AGENCY' && caller.ownSources?.includes(gate.sourceOrg ?? '') === true);
        expect(some.filter((row) => view(row) && !isOwn(row))).toEqual([]);
      }),
      runs(1000),
    );
  });
});
