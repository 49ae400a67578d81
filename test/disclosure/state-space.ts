import fc from 'fast-check';
import type { Grant, Profile, Voucher } from '../../auth/caller.ts';
import { disclosureYears, overAgeParam } from '../../auth/conditions.ts';
import type { Audience } from '../../auth/principal.ts';
import { yearsAgoExclusive } from '../../schema/calendar-date.ts';
import type { Params } from '../../schema/filter.ts';
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
import type { OracleCaller, OracleRow } from './oracle.ts';
import { PROFILES, RECORD_NAMES, TODAY, typeNamed } from './probe-catalogue.ts';
import { PROBE_FIELDS } from './probe-type.ts';

// Callers and rows of the decision table's state space: those that are named, and any.

export const OWN = 'own';
export const FORMER = 'former';
export const SOURCE = 'source';
export const ME = 'subject-1';

/** What the engine is handed for a caller of the oracle. */
export function profileOf(caller: OracleCaller): Profile {
  return {
    audience: caller.audience as Audience,
    orgUscc: caller.orgUscc,
    clientId: caller.clientId,
    orgNature: caller.orgNature,
    registryNature: caller.orgNature,
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

export function paramsOf(caller: OracleCaller): Params {
  return {
    today: TODAY,
    subjectId: caller.subjectId,
    voucherSubject: caller.voucher?.subjectId,
    caseId: caller.caseId,
    partyId: caller.partyId,
    revealed: caller.revealed,
    ...Object.fromEntries(disclosureYears(PROFILES).map((years) => [overAgeParam(years), yearsAgoExclusive(TODAY, years)])),
  };
}

/** A row that is open to everybody. */
export const OPEN_GATE: Gate = {
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
export const PAST = '2026-11-23';
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
export const CORE_ROWS = [...coreRows()];

/** Rows of every kind of subject, of everybody in turn. */
export const SPREAD_ROWS: readonly OracleRow[] = SUBJECT_KINDS.flatMap((subjectKind) =>
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
  validTo: '2026-12-31T00:00:00Z',
  ...changes,
});
const department: OracleCaller = { audience: 'AGENCY', orgUscc: OWN, ownSources: [OWN, FORMER], purpose: 'LICENSING' };
const supervision: OracleCaller = { audience: 'SUPERVISION', clientId: OWN, regionCode: '411500' };
const creditBody: OracleCaller = { audience: 'CREDIT_BODY', orgUscc: OWN, purpose: 'LOAN' };
const appOrg: OracleCaller = { audience: 'APP_ORG', orgUscc: OWN, purpose: 'RATING' };
const archiveFields = PROBE_FIELDS.map(({ name }) => `Archive.${name}`);
const someFields = ['plainD1', 'plainD2', 'maskedD2', 'plainD4', 'scrubbedD4', 'plainD6'].map((name) => `Probe.${name}`);

export const CALLERS: Readonly<Record<string, OracleCaller>> = {
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
  'a department with a suspended grant': { ...department, grants: [grant({ status: 'SUSPENDED' })] },
  'a department with a grant that has begun': { ...department, grants: [grant({ validFrom: '2026-01-01' })] },
  'a department with a grant that begins tomorrow': { ...department, grants: [grant({ validFrom: FUTURE })] },
  'a department with a grant, for its records': {
    ...department,
    purpose: 'RECORD_MANAGEMENT',
    grants: [grant({ purposes: ['RECORD_MANAGEMENT'] })],
  },
  'a department with a grant of a type by its name': { ...department, grants: [grant({ recordTypes: ['Probe'] })] },
  'a department with a grant of the archive': { ...department, grants: [grant({ recordTypes: ['ARCHIVE'], fields: archiveFields })] },
  'discipline inspection with a grant of the archive': {
    ...department,
    orgNature: 'DISCIPLINE',
    grants: [grant({ recordTypes: ['ARCHIVE'], fields: archiveFields })],
  },
  'a department with a grant of another matter than it states': {
    ...department,
    matter: 'M2',
    matterFields: someFields,
    grants: [grant({ matterCodes: ['M1'] })],
  },
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
  'a credit body with a voucher that keeps the date back': { ...creditBody, voucher: voucher({ fieldsExcluded: ['Probe.decisionDate'] }) },
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
/** Mostly the value under which the rest matters. */
const pick = <T>(usualValue: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usualValue) }, { weight: 1, arbitrary: fc.constantFrom(...others) });

export const anyRow: fc.Arbitrary<OracleRow> = fc
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

export function emptied(column: GateColumn): Gate[GateColumn] {
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
    validTo: fc.constant('2026-12-31T00:00:00Z'),
  });
export const anyCaller: fc.Arbitrary<OracleCaller> = fc
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
