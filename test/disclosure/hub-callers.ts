import type { Grant, Voucher } from '../../auth/caller.ts';
import { usccCheckDigit } from '../../schema/uscc.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON } from '../support/fixtures.ts';
import type { Asking, TestHub } from '../support/hub.ts';
import type { OracleCaller } from './oracle.ts';

// Callers of a hub in every state of purpose, grant and voucher, as the hub meets them and as the oracle knows them.

export const OTHER_PERSON = { name: '吴强', idNumber: '411599197710058716' } as const;
/** Departments beside the fixtures': the one above the source, one that exists no more and its successor. */
export const CITY_MARKET = usccOf(1);
export const FORMER = usccOf(2);
const SUCCESSOR = usccOf(3);
const BANK = '91411502MA3TE5T03U';
const APP = '91411502MA3TE5T052';
export const CLIENT = 'supervising-client';
export const CASE = ['case-1', 'party-1'] as const;
const STAFF = 'clerk-1';
const CERT = 'CERT-1';
const MATTER = 'M1';
const OTHER_MATTER = 'M2';

/** A code of a department that nobody else uses. */
function usccOf(number: number): string {
  const code = `11411502MA9TE5T${String(number).padStart(2, '0')}`;
  return `${code}${usccCheckDigit(code)}`;
}

type Subject = 'company' | 'otherCompany' | 'person' | 'otherPerson';
export type Subjects = Readonly<Record<Subject, string>>;

export interface HubCaller {
  readonly name: string;
  readonly oracle: OracleCaller;
  /** With a token of its own each time. */
  readonly asking: () => Asking;
  /** It may ask for open coordinates alone (Q3). */
  readonly openOnly?: boolean;
  /** It differs from another caller in its purpose alone, for which nothing should differ. */
  readonly likeAnother?: boolean;
}

export interface Scope {
  /** Coordinates of which grants and vouchers open a part. */
  readonly coordinates: readonly string[];
  readonly recordTypes: readonly string[];
}

interface GrantState {
  readonly terms: readonly Readonly<Record<string, unknown>>[];
  readonly asks?: { readonly purpose?: string | undefined; readonly matter?: string; readonly orgNature?: string };
}

const AGENCY_PURPOSES = [
  'LICENSING',
  'BIDDING',
  'PROCUREMENT',
  'FUNDING',
  'QUALIFICATION',
  'SUPERVISION',
  'ENFORCEMENT',
  'AWARDS',
  'PERSONNEL',
  'RECORD_MANAGEMENT',
];
const VOUCHER_PURPOSES = ['LOAN', 'BIDDING', 'COOPERATION', 'RECRUITMENT', 'RATING', 'REPAIR_SUPPORT', 'OTHER'];

function grantStates({ coordinates }: Scope): Readonly<Record<string, GrantState>> {
  const some = coordinates.filter((_coordinate, index) => index % 3 !== 0);
  const others = coordinates.filter((_coordinate, index) => index % 3 !== 1);
  return {
    'without a grant': { terms: [] },
    'with a grant of everything': { terms: [{}] },
    'with a grant of some fields': { terms: [{ fields: some }] },
    'with two grants': { terms: [{ fields: some.slice(0, 20) }, { fields: others.slice(5) }] },
    'with a grant that has expired': { terms: [{ validTo: '2026-11-23' }] },
    'with a grant that ends today': { terms: [{ validTo: '2026-11-24' }] },
    'with a grant that begins tomorrow': { terms: [{ validFrom: '2026-11-25' }] },
    'with a grant that is asked for': { terms: [{ status: 'REQUESTED' }] },
    'with a grant that is suspended': { terms: [{ status: 'SUSPENDED' }] },
    'with a grant that is revoked': { terms: [{ status: 'REVOKED' }] },
    'with a grant that was refused': { terms: [{ status: 'REFUSED' }] },
    'with a grant that is marked expired': { terms: [{ status: 'EXPIRED' }] },
    'with a grant for another purpose': { terms: [{ purposes: ['AWARDS'] }], asks: { purpose: 'BIDDING' } },
    'with a grant that it gave itself': { terms: [{ approverUscc: 'SELF' }] },
    'with a grant of another source': { terms: [{ approverUscc: FORMER }] },
    'with a grant of the department above the source': { terms: [{ approverUscc: CITY_MARKET }] },
    'with a grant for another region': { terms: [{ region: '370000' }] },
    'with a grant for the region': { terms: [{ region: '411500' }] },
    'with a grant for other types': { terms: [{ recordTypes: ['PENALTY'] }] },
    'with a grant of a matter that it does not state': { terms: [{ matterCodes: [MATTER] }] },
    'with a grant of a matter that it states': { terms: [{ matterCodes: [MATTER] }], asks: { matter: MATTER } },
    'with a grant of another matter than it states': { terms: [{ matterCodes: [MATTER] }], asks: { matter: OTHER_MATTER } },
    'with a grant of a matter that is not in its catalogue': { terms: [{ matterCodes: ['M9'] }], asks: { matter: 'M9' } },
    'with a grant of no matter and a matter that it states': { terms: [{}], asks: { matter: MATTER } },
    'with a grant, of discipline inspection': { terms: [{}], asks: { orgNature: 'DISCIPLINE' } },
  };
}

const FIRST_OF_GRANTEES = 10;

/** What has to stand in the store before these callers ask. */
export function registryOf(scope: Scope) {
  const states = Object.values(grantStates(scope));
  const matters = (allowed: number) => [
    { matterCode: MATTER, name: '资质审核', allowFields: scope.coordinates.filter((_coordinate, index) => index % 4 !== allowed) },
    { matterCode: OTHER_MATTER, name: '招标', allowFields: scope.coordinates.slice(0, 8) },
  ];
  const departments = states.map(({ asks }, index) => ({
    uscc: usccOf(FIRST_OF_GRANTEES + index),
    name: `第${index}部门`,
    ...(asks?.orgNature ? { orgNature: asks.orgNature } : {}),
    mattersCatalogue: matters(index % 2),
  }));
  return {
    departments: [
      { uscc: CITY_MARKET, name: '信阳市市场监督管理局', level: 'CITY', regionCode: '411500' },
      { uscc: MARKET, name: '浉河区市场监督管理局', parentDept: CITY_MARKET },
      { uscc: FORMER, name: '浉河区质量技术监督局', successor: SUCCESSOR },
      { uscc: SUCCESSOR, name: '浉河区质量发展局' },
      ...departments,
    ],
    bodies: [
      { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' },
      { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' },
    ],
    grants: [
      ...states.flatMap(({ terms }, index) =>
        terms.map((some) => grantRow(scope, { granteeUscc: usccOf(FIRST_OF_GRANTEES + index) }, some)),
      ),
      ...supervisionGrants(scope).map((some) => grantRow(scope, { granteeClientId: CLIENT }, some)),
    ].map((row, index) => ({ ...row, grantNo: `G-${index}` })),
  };
}

function supervisionGrants({ coordinates }: Scope) {
  return [{ purposes: ['SUPERVISION'], fields: coordinates.filter((_coordinate, index) => index % 3 !== 0) }];
}

function grantRow(scope: Scope, grantee: { readonly granteeUscc?: string; readonly granteeClientId?: string }, terms: object) {
  const row = {
    ...grantee,
    approverUscc: MARKET,
    recordTypes: scope.recordTypes,
    fields: scope.coordinates,
    purposes: AGENCY_PURPOSES,
    legalBasis: '依据',
    status: 'APPROVED',
    validFrom: '2026-01-01',
    validTo: '2027-12-31',
    ...terms,
  };
  return row.approverUscc === 'SELF' ? { ...row, approverUscc: grantee.granteeUscc ?? '' } : row;
}

/** The grant as the oracle knows it. */
function grantOf(row: ReturnType<typeof grantRow>): Grant {
  const { granteeUscc, granteeClientId = '', approverUscc } = row;
  const terms = row as Partial<Grant>;
  return {
    id: 'grant',
    status: row.status as Grant['status'],
    granteeUscc: granteeUscc ?? granteeClientId,
    approverUscc,
    sources: approverUscc === CITY_MARKET ? [CITY_MARKET, MARKET] : [approverUscc],
    recordTypes: row.recordTypes,
    fields: row.fields,
    purposes: row.purposes,
    matterCodes: terms.matterCodes ?? [],
    region: terms.region,
    validFrom: row.validFrom,
    validTo: row.validTo,
  };
}

/** Terms of a voucher beside its purpose and grantee. */
interface VoucherState {
  readonly of: Subject;
  readonly terms: { readonly [Term in 'type' | 'sections' | 'fieldsExcluded' | 'opened']?: Voucher[Term] };
}

function bankVouchers({ coordinates }: Scope): Readonly<Record<string, VoucherState>> {
  const excluded = coordinates.filter((coordinate, index) => index % 4 === 0 || coordinate.endsWith('.decisionDate'));
  return {
    'with a voucher of everything': { of: 'company', terms: {} },
    'with a voucher that keeps fields back': { of: 'company', terms: { fieldsExcluded: excluded } },
    'with a voucher on paper': { of: 'company', terms: { type: 'PAPER' } },
    'with a voucher for another section': { of: 'company', terms: { sections: ['TAX'] } },
    'with a voucher of another subject': { of: 'otherCompany', terms: {} },
    'with a voucher of a person': { of: 'person', terms: { sections: ['ADMINISTRATIVE', 'TAX'] } },
    'with a voucher of a person that keeps fields back': { of: 'person', terms: { fieldsExcluded: excluded } },
  };
}

function appVouchers({ coordinates, recordTypes }: Scope): Readonly<Record<string, VoucherState>> {
  const type = 'E_CERT';
  const some = coordinates.filter((_coordinate, index) => index % 3 === 0);
  return {
    'with a voucher that opens fields': { of: 'company', terms: { type, opened: some } },
    'with a voucher that opens types': { of: 'company', terms: { type, opened: recordTypes.slice(0, 1) } },
    'with a voucher that opens a section': { of: 'company', terms: { type, opened: ['ADMINISTRATIVE'] } },
    'with a voucher that opens nothing of this': { of: 'company', terms: { type, opened: ['LICENSE'] } },
    'with a voucher that opens fields of a person': { of: 'person', terms: { type, opened: some } },
  };
}

/** Signs every voucher that these callers present; answers with their ids by the name of the caller. */
export async function signVouchers(hub: TestHub, scope: Scope): Promise<ReadonlyMap<string, string>> {
  const ids = new Map<string, string>();
  const sign = async (audience: 'CREDIT_BODY' | 'APP_ORG', name: string, { of, terms }: VoucherState, number: number) => {
    const by = bodyOf(hub, audience, VOUCHER_PURPOSES[number % VOUCHER_PURPOSES.length]);
    const input = {
      type: 'E_SIGN',
      granteeUscc: audience === 'APP_ORG' ? APP : BANK,
      granteeStaff: audience === 'APP_ORG' ? undefined : [STAFF],
      sections: ['ADMINISTRATIVE'],
      purpose: by.purpose,
      ...(by.purpose === 'OTHER' ? { purposeText: '其他用途' } : {}),
      validTo: '2026-12-20T00:00:00Z',
      maxUses: 1_000_000,
      ...handleOf(of),
      ...terms,
    };
    const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
      ...by,
      variables: { input },
    });
    const id: string | undefined = drafted.body.data?.draftVoucher?.id;
    const signed = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, subjectAsking(hub, of));
    if (id === undefined || signed.body.data?.signVoucher?.status !== 'ACTIVE')
      throw new Error(`the voucher of ${name} could not be signed: ${JSON.stringify([drafted.body, signed.body])}`);
    ids.set(`${audience} ${name}`, id);
  };
  for (const [number, [name, state]] of Object.entries(bankVouchers(scope)).entries()) await sign('CREDIT_BODY', name, state, number);
  for (const [number, [name, state]] of Object.entries(appVouchers(scope)).entries()) await sign('APP_ORG', name, state, number + 2);
  return ids;
}

function handleOf(subject: Subject): object {
  if (subject === 'person') return { person: PERSON };
  if (subject === 'otherPerson') return { person: OTHER_PERSON };
  return { subjectUscc: subject === 'company' ? COMPANY : OTHER_COMPANY };
}

function subjectAsking(hub: TestHub, subject: Subject, authLevel = 2): Asking {
  const who = subject === 'person' ? PERSON : subject === 'otherPerson' ? OTHER_PERSON : undefined;
  const claims = who
    ? { subjectIdNumber: who.idNumber, subjectName: who.name }
    : { subjectUscc: subject === 'company' ? COMPANY : OTHER_COMPANY };
  return { token: hub.token('SUBJECT', { ...claims, authLevel, sub: newSub() }) };
}

function bodyOf(hub: TestHub, audience: 'CREDIT_BODY' | 'APP_ORG', purpose: string | undefined): Asking {
  const claims = audience === 'APP_ORG' ? { orgUscc: APP, certSerial: CERT } : { orgUscc: BANK, staffId: STAFF };
  return { token: hub.token(audience, { ...claims, sub: newSub() }), purpose };
}

/** Each token is a client of its own, so that no rate limit is met. */
let subs = 0;
function newSub(): string {
  subs += 1;
  return `asks-${subs}`;
}

/** Callers of every audience, in every state of purpose, grant and voucher. */
export function callersOf(hub: TestHub, scope: Scope, subjects: Subjects, vouchers: ReadonlyMap<string, string>): readonly HubCaller[] {
  const found: HubCaller[] = [{ name: 'PUBLIC', oracle: { audience: 'PUBLIC' }, asking: () => ({}) }];
  for (const subject of ['company', 'otherCompany', 'person'] as const)
    for (const authLevel of [1, 2])
      found.push({
        name: `SUBJECT ${subject} level ${authLevel}`,
        oracle: { audience: 'SUBJECT', subjectId: subjects[subject], authLevel },
        asking: () => subjectAsking(hub, subject, authLevel),
      });
  const agency = (name: string, orgUscc: string, more: Partial<OracleCaller> = {}): HubCaller => ({
    name: `AGENCY ${name} for ${more.purpose ?? 'nothing'}`,
    oracle: { audience: 'AGENCY', orgUscc, ownSources: [orgUscc], ...more },
    asking: () => ({
      token: hub.token('AGENCY', { orgUscc, sub: newSub(), ...(more.orgNature ? { orgNature: more.orgNature } : {}) }),
      purpose: more.purpose,
      matter: more.matter,
    }),
    ...(AGENCY_PURPOSES.includes(more.purpose ?? '') ? {} : { openOnly: true }),
  });
  for (const purpose of [undefined, 'RECORD_MANAGEMENT', 'ENFORCEMENT']) {
    found.push(agency('source', MARKET, { purpose }));
    found.push(agency('successor', SUCCESSOR, { purpose, ownSources: [SUCCESSOR, FORMER] }));
    found.push(agency('party', HOUSING, { purpose }));
  }
  found.push(agency('without a grant', HOUSING, { purpose: 'LOAN' }));
  for (const [index, [name, { terms, asks = {} }]] of Object.entries(grantStates(scope)).entries()) {
    const orgUscc = usccOf(FIRST_OF_GRANTEES + index);
    const { mattersCatalogue } = registryOf(scope).departments.find(({ uscc }) => uscc === orgUscc) as {
      readonly mattersCatalogue: readonly { readonly matterCode: string; readonly allowFields: readonly string[] }[];
    };
    const purposes = [
      asks.purpose ?? AGENCY_PURPOSES[index % (AGENCY_PURPOSES.length - 1)],
      ...(terms.length === 0 ? [] : ['RECORD_MANAGEMENT']),
    ];
    for (const purpose of purposes.slice(0, index % 6 === 1 ? 2 : 1))
      found.push(
        agency(name, orgUscc, {
          ...asks,
          purpose,
          matterFields: asks.matter && mattersCatalogue.find(({ matterCode }) => matterCode === asks.matter)?.allowFields,
          grants: terms.map((some) => grantOf(grantRow(scope, { granteeUscc: orgUscc }, some))),
        } as Partial<OracleCaller>),
      );
  }
  const granted = usccOf(FIRST_OF_GRANTEES + 1);
  for (const purpose of AGENCY_PURPOSES.slice(0, -1))
    found.push({
      ...agency('with a grant of everything', granted, { purpose, grants: [grantOf(grantRow(scope, { granteeUscc: granted }, {}))] }),
      likeAnother: true,
    });
  const body = (
    audience: 'CREDIT_BODY' | 'APP_ORG',
    name: string,
    state: VoucherState | undefined,
    purpose: string | undefined,
  ): HubCaller => {
    const id = vouchers.get(`${audience} ${name}`);
    const voucher: Voucher | undefined = state && {
      id: 'voucher',
      type: 'E_SIGN',
      subjectId: subjects[state.of],
      sections: ['ADMINISTRATIVE'],
      fieldsExcluded: [],
      opened: [],
      validTo: '2026-12-20T00:00:00.000Z',
      ...state.terms,
    };
    return {
      name: `${audience} ${name}`,
      oracle: { audience, orgUscc: audience === 'APP_ORG' ? APP : BANK, purpose, voucher },
      asking: () => ({ ...bodyOf(hub, audience, purpose), ...(id ? { headers: { 'hub-voucher': id } } : {}) }),
    };
  };
  const purposeOf = (number: number) => VOUCHER_PURPOSES[number % VOUCHER_PURPOSES.length];
  found.push(body('CREDIT_BODY', 'without a voucher', undefined, 'LOAN'), body('APP_ORG', 'without a voucher', undefined, undefined));
  for (const [number, [name, state]] of Object.entries(bankVouchers(scope)).entries())
    found.push(body('CREDIT_BODY', name, state, purposeOf(number)));
  for (const [number, [name, state]] of Object.entries(appVouchers(scope)).entries())
    found.push(body('APP_ORG', name, state, purposeOf(number + 2)));
  const supervision = (name: string, clientId: string, regionCode: string | undefined, grants: readonly Grant[] = []): HubCaller => ({
    name: `SUPERVISION ${name}`,
    oracle: { audience: 'SUPERVISION', clientId, regionCode, grants },
    asking: () => ({ token: hub.token('SUPERVISION', { clientId, regionCode, sub: newSub() }), purpose: 'SUPERVISION' }),
  });
  found.push(
    supervision('of the region', 'c1', '411500'),
    supervision('of another region', 'c2', '370000'),
    supervision('of none', 'c3', undefined),
  );
  const given = supervisionGrants(scope).map((some) => grantOf(grantRow(scope, { granteeClientId: CLIENT }, some)));
  found.push(supervision('with a grant', CLIENT, '410000', given));
  for (const audience of ['FINANCE', 'INDUSTRY_ASSOC'] as const)
    found.push({
      name: audience,
      oracle: { audience, orgUscc: BANK },
      asking: () => ({ token: hub.token(audience, { orgUscc: BANK, sub: newSub() }) }),
    });
  for (const regionCode of ['410000', '370200', undefined])
    found.push({
      name: `OPERATOR of ${regionCode ?? 'no region'}`,
      oracle: { audience: 'OPERATOR', regionCode },
      asking: () => ({ token: hub.token('OPERATOR', { regionCode, staffId: `staff-${regionCode}`, sub: newSub() }) }),
    });
  for (const partyId of [CASE[1], 'party-2'])
    found.push({
      name: `SPECIFIC_PARTY ${partyId}`,
      oracle: { audience: 'SPECIFIC_PARTY', caseId: CASE[0], partyId },
      asking: () => ({ token: hub.token('SPECIFIC_PARTY', { caseId: CASE[0], partyId, sub: newSub() }) }),
    });
  return found;
}
export const PARTIES: readonly (readonly string[])[] = [[...CASE], [CASE[0]], [], [HOUSING], [BANK, 'other'], [CLIENT]];
