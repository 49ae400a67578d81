import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Grant, Voucher } from '../../auth/caller.ts';
import { openHub } from '../../cli/open-hub.ts';
import type { Gate } from '../../schema/gate.ts';
import { type Cell, type OracleCaller, type OracleField, type OracleType, oracleFor, type Seen, type World } from '../disclosure/oracle.ts';
import { classNamed, FILTERED, PROBE_FIELDS, probeFor, probeSdl } from '../disclosure/probe-type.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON, TAX } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';

const NOW = new Date('2026-11-24T04:00:00Z');
const WORLD: World = {
  today: '2026-11-24',
  regionOf: (region) => ({
    publishMinor: false,
    hideDuringObjection: false,
    afterExpiry: region?.startsWith('37') ? 'REMOVE' : 'ARCHIVE',
    maxDisclosureYears: 5,
  }),
};
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const BANK = '91411502MA3TE5T03U';
const APP = '91411502MA3TE5T052';
/** A department whose grants open nothing: one begins tomorrow, one is bound to a matter, one it gave itself. */
const STATION = '11411502MA2TE5T02T';
const ID_NUMBER = '411599197710058716';
const MASKED_ID = '411599********8716';

/** What the type has beside a field for each class. */
const MORE = `
  "证件" sealed: String @item(encrypted: true) @disclose(class: SHARED_BY_DUTY, mask: ID)
  "证照编号" licenceNo: String @item(filter: true) @disclose(class: OPEN)
  "经过" prose: String @item @disclose(class: OPEN)
  "等级" rank: Int @item(order: true) @disclose(class: SHARED_BY_DUTY)
  "明细" details: [ProbeDetail!] @item @disclose(class: SHARED)`;
const DETAIL = `
"明细项" type ProbeDetail { "说明" note: String @item @disclose(class: OPEN) "内部说明" inner: String @item @disclose(class: SUBJECT_AND_SOURCE) }`;
const MARKS = { name: 'Probe', code: 'PROBE', field: 'probes' };
const OWN_FIELDS: readonly OracleField[] = [
  ...PROBE_FIELDS,
  { name: 'sealed', class: 'D4', mask: true },
  { name: 'licenceNo', class: 'D1' },
  { name: 'prose', class: 'D1' },
  { name: 'rank', class: 'D4' },
  { name: 'details', class: 'D3' },
  { name: 'subject', class: 'D1', individual: 'D3' },
];
const PROBE: OracleType = { ...probeFor(MARKS), fields: OWN_FIELDS };
const NESTED: OracleType = {
  ...PROBE,
  name: 'ProbeDetail',
  fields: [
    { name: 'note', class: 'D1' },
    { name: 'inner', class: 'D6' },
  ],
};
/** How a value in a code column is decided that is a person's number (M4). */
const ID_IN_CODE: OracleType = { ...PROBE, fields: [{ name: 'licenceNo', class: 'D4', mask: true }] };

const STATES: Readonly<Record<string, Partial<Gate> & { readonly answered: string }>> = {
  published: { answered: 'PUBLISHED' },
  underObjection: { objection: true, answered: 'PUBLISHED' },
  validated: { status: 'VALIDATED', answered: 'VALIDATED' },
  notPublic: { status: 'NOT_PUBLIC', answered: 'NOT_PUBLIC' },
  returned: { status: 'RETURNED', answered: 'RETURNED' },
  beforeNotice: { status: 'COLLECTED', draft: 'BEFORE_NOTICE', answered: 'COLLECTED' },
  afterNotice: { status: 'COLLECTED', draft: 'AFTER_NOTICE', answered: 'COLLECTED' },
  windowEnded: { publishedUntil: '2026-11-23', answered: 'STOPPED_EXPIRED' },
  windowEndsToday: { publishedUntil: '2026-11-24', answered: 'PUBLISHED' },
  windowEndedHeld: { publishedUntil: '2026-11-23', heldByBlack: true, answered: 'PUBLISHED' },
  windowEndedElsewhere: { publishedUntil: '2026-11-23', region: '370203', answered: 'STOPPED_EXPIRED' },
  notStarted: { publishedFrom: '2026-11-25', answered: 'PUBLISHED' },
  tooOld: { actEnd: '2021-11-23', answered: 'STOPPED_EXPIRED' },
  oldEnough: { actEnd: '2021-11-24', answered: 'PUBLISHED' },
  closedByValue: { valueOpen: false, answered: 'PUBLISHED' },
  expired: { stopped: 'EXPIRED', answered: 'STOPPED_EXPIRED' },
  repaired: { stopped: 'REPAIRED', answered: 'STOPPED_REPAIRED' },
  shielded: { stopped: 'SHIELDED', answered: 'STOPPED_SHIELDED' },
  wrongIdentity: { stopped: 'WRONG_IDENTITY', answered: 'WITHDRAWN' },
  withdrawn: { stopped: 'WITHDRAWN', answered: 'WITHDRAWN' },
};
const SUBJECTS: readonly Pick<Gate, 'subjectKind' | 'exception'>[] = [
  { subjectKind: 'ENTERPRISE', exception: 'NONE' },
  { subjectKind: 'NON_ENTERPRISE_ORG', exception: 'NONE' },
  { subjectKind: 'INDIVIDUAL', exception: 'NONE' },
  { subjectKind: 'INDIVIDUAL', exception: 'PUBLIC' },
  { subjectKind: 'INDIVIDUAL', exception: 'PAYMENT' },
  { subjectKind: 'UNKNOWN', exception: 'NONE' },
];
interface Row {
  readonly key: string;
  readonly gate: Gate;
  readonly state: 'NORMAL' | 'SPECIAL';
  readonly stage: string;
}
const isOfPerson = ({ gate }: Row) => gate.subjectKind === 'INDIVIDUAL' || gate.subjectKind === 'UNKNOWN';

const GRANTED = OWN_FIELDS.filter(({ name }, index) => index % 3 !== 0 && name !== 'licenceNo').map(({ name }) => `Probe.${name}`);
const grant = (granteeUscc: string, purpose: string): Grant => ({
  id: 'grant',
  status: 'APPROVED',
  granteeUscc,
  approverUscc: MARKET,
  sources: [MARKET],
  recordTypes: ['PROBE'],
  fields: GRANTED,
  purposes: [purpose],
  matterCodes: [],
  validTo: '2027-12-31',
});
const EXCLUDED = ['Probe.plainD5', 'Probe.plainD1', 'Probe.decisionDate'];
const OPENED = ['Probe.plainD1', 'Probe.plainD5', 'Probe.maskedD2', 'Probe.plainDP'];
const voucher = (subjectId: string, scope: Partial<Voucher>): Voucher => ({
  id: 'voucher',
  type: 'E_SIGN',
  subjectId,
  sections: ['ADMINISTRATIVE'],
  fieldsExcluded: [],
  opened: [],
  validTo: '2026-12-31T00:00:00Z',
  ...scope,
});

interface Subjects {
  readonly company: string;
  readonly person: string;
}
interface Who {
  readonly oracle: (of: Subjects) => OracleCaller;
  readonly asking: (hub: TestHub, vouchers: Vouchers) => Asking;
}
interface Vouchers {
  readonly company: string;
  readonly person: string;
  readonly app: string;
}
const agency = (orgUscc: string, purpose: string, grants: readonly Grant[] = []): Who => ({
  oracle: () => ({ audience: 'AGENCY', orgUscc, ownSources: [orgUscc], purpose, grants }),
  asking: (hub) => ({ token: hub.token('AGENCY', { orgUscc }), purpose }),
});
const supervision = (clientId: string, regionCode: string, grants: readonly Grant[] = []): Who => ({
  oracle: () => ({ audience: 'SUPERVISION', clientId, regionCode, grants }),
  asking: (hub) => ({ token: hub.token('SUPERVISION', { clientId, regionCode }), purpose: 'SUPERVISION' }),
});
const operator = (regionCode: string | undefined): Who => ({
  oracle: () => ({ audience: 'OPERATOR', regionCode }),
  asking: (hub) => ({ token: hub.token('OPERATOR', { regionCode }) }),
});
const person = (authLevel: number): Who => ({
  oracle: (of) => ({ audience: 'SUBJECT', subjectId: of.person, authLevel }),
  asking: (hub) => ({
    token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel }),
  }),
});
const creditBody = (of: 'company' | 'person'): Who => ({
  oracle: (subjects) => ({
    audience: 'CREDIT_BODY',
    orgUscc: BANK,
    purpose: 'LOAN',
    voucher: voucher(subjects[of], { fieldsExcluded: of === 'company' ? EXCLUDED : [] }),
  }),
  asking: (hub, vouchers) => ({
    token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 'clerk-1' }),
    purpose: 'LOAN',
    headers: { 'hub-voucher': vouchers[of] },
  }),
});

const WHO: Readonly<Record<string, Who>> = {
  PUBLIC: { oracle: () => ({ audience: 'PUBLIC' }), asking: () => ({}) },
  COMPANY: {
    oracle: ({ company }) => ({ audience: 'SUBJECT', subjectId: company, authLevel: 2 }),
    asking: (hub) => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) }),
  },
  PERSON: person(2),
  WEAK_PERSON: person(1),
  SOURCE: agency(MARKET, 'RECORD_MANAGEMENT'),
  OTHER: agency(HOUSING, 'LICENSING'),
  OTHER_RECORD_KEEPING: agency(HOUSING, 'RECORD_MANAGEMENT'),
  GRANTED: agency(TAX, 'LICENSING', [grant(TAX, 'LICENSING')]),
  GRANTED_OTHER_PURPOSE: agency(TAX, 'BIDDING', [grant(TAX, 'LICENSING')]),
  CREDIT_BODY: {
    oracle: () => ({ audience: 'CREDIT_BODY', orgUscc: OTHER_COMPANY }),
    asking: (hub) => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY, staffId: 's' }) }),
  },
  CREDIT_BODY_FOR_COMPANY: creditBody('company'),
  CREDIT_BODY_FOR_PERSON: creditBody('person'),
  APP_ORG: {
    oracle: ({ company }) => ({ audience: 'APP_ORG', orgUscc: APP, purpose: 'RATING', voucher: voucher(company, { opened: OPENED }) }),
    asking: (hub, { app }) => ({
      token: hub.token('APP_ORG', { orgUscc: APP, certSerial: 'CERT-1' }),
      purpose: 'RATING',
      headers: { 'hub-voucher': app },
    }),
  },
  SUPERVISION: supervision('c1', '411500'),
  SUPERVISION_ELSEWHERE: supervision('c2', '370000'),
  SUPERVISION_GRANTED: supervision('c3', '411500', [grant('c3', 'SUPERVISION')]),
  OPERATOR: operator('410000'),
  OPERATOR_ELSEWHERE: operator(undefined),
  FINANCE: {
    oracle: () => ({ audience: 'FINANCE', orgUscc: COMPANY }),
    asking: (hub) => ({ token: hub.token('FINANCE', { orgUscc: COMPANY }) }),
  },
  STRANGER: {
    oracle: () => ({ audience: 'SPECIFIC_PARTY', caseId: 'k', partyId: 'p' }),
    asking: (hub) => ({ token: hub.token('SPECIFIC_PARTY', { caseId: 'k', partyId: 'p' }) }),
  },
  CASE_PARTY: {
    oracle: () => ({ audience: 'SPECIFIC_PARTY', caseId: 'case-1', partyId: 'party-1' }),
    asking: (hub) => ({ token: hub.token('SPECIFIC_PARTY', { caseId: 'case-1', partyId: 'party-1' }) }),
  },
};
const NAMES = Object.keys(WHO);

let hub: TestHub;
let departments: string;
let rows: readonly Row[];
let subjects: Subjects;
let vouchers: Vouchers;

beforeAll(async () => {
  departments = await mkdtemp(join(tmpdir(), 'hub-departments-'));
  await writeFile(join(departments, 'probe.graphql'), `${probeSdl({ ...MARKS, more: MORE })}${DETAIL}`);
  const env = { HUB_DEPARTMENTS: departments };
  hub = await startHub({ env, clock: { now: () => NOW } });
  const values = Object.fromEntries(PROBE_FIELDS.map(({ name, scrub }) => [name, scrub ? PROSE : CLEAR]));
  const base = {
    ...values,
    sealed: ID_NUMBER,
    licenceNo: ID_NUMBER,
    prose: `经办人证件号码${ID_NUMBER}`,
    rank: 7,
    details: [
      { note: '一', inner: '甲' },
      { note: '二', inner: '乙' },
    ],
    probeState: 'NORMAL',
    sourceDeptUscc: MARKET,
    sourceDeptName: '浉河区市场监督管理局',
    regionCode: '411502',
    decisionDate: '2026-09-01',
    severity: 'GENERAL',
  };
  await accepted('PROBE', [
    { ...base, subjectName: '甲公司', uscc: COMPANY, probeNo: 'P-1' },
    { ...base, subjectName: PERSON.name, idNumber: PERSON.idNumber, probeNo: 'P-2' },
  ]);
  const given = { approverUscc: MARKET, recordTypes: ['PROBE'], fields: GRANTED, legalBasis: '依据', status: 'APPROVED' };
  const during = { validFrom: '2026-01-01', validTo: '2027-12-31' };
  await accepted('DUTY_GRANT', [
    { ...given, ...during, grantNo: 'G-1', granteeUscc: TAX, purposes: ['LICENSING'] },
    { ...given, ...during, grantNo: 'G-2', granteeClientId: 'c3', purposes: ['SUPERVISION'] },
    { ...given, ...during, grantNo: 'G-3', granteeUscc: STATION, purposes: ['LICENSING'], validFrom: '2026-11-25' },
    { ...given, ...during, grantNo: 'G-4', granteeUscc: STATION, purposes: ['BIDDING'], matterCodes: ['M1'] },
    { ...given, ...during, grantNo: 'G-5', granteeUscc: STATION, purposes: ['FUNDING'], approverUscc: STATION },
  ]);
  await accepted('SERVICE_BODY', [
    { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' },
    { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' },
  ]);
  const models = (
    await hub.ask('{ probes { nodes { id } } }', {
      token: hub.token('AGENCY', { orgUscc: MARKET }),
      purpose: 'RECORD_MANAGEMENT',
    })
  ).body.data.probes.nodes.map(({ id }: { id: string }) => id);
  [rows, subjects] = await writeRows(models);
  vouchers = await signVouchers();
}, 120_000);
afterAll(async () => {
  await hub.close();
  await rm(departments, { recursive: true, force: true });
});

async function accepted(typeCode: string, given: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const outcomes = await hub.load(typeCode, given);
  expect(outcomes.map(({ outcome, reasons }) => [outcome, reasons])).toEqual(given.map(() => ['accepted', []]));
}

async function signVouchers(): Promise<Vouchers> {
  const signed = async (by: Asking, ofSubject: object, input: object, signer: Asking): Promise<string> => {
    const all = {
      granteeUscc: BANK,
      granteeStaff: ['clerk-1'],
      sections: ['ADMINISTRATIVE'],
      purpose: 'LOAN',
      type: 'E_SIGN',
      validTo: '2026-12-20T00:00:00Z',
      maxUses: 5000,
    };
    const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
      ...by,
      variables: { input: { ...all, ...ofSubject, ...input } },
    });
    const id = drafted.body.data.draftVoucher.id;
    const answer = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, signer);
    expect(answer.body.data.signVoucher.status).toBe('ACTIVE');
    return id;
  };
  const company: Asking = { token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) };
  const individual: Asking = {
    token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
  };
  const bank: Asking = { token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 'clerk-1' }), purpose: 'LOAN' };
  const app: Asking = { token: hub.token('APP_ORG', { orgUscc: APP, certSerial: 'CERT-1' }), purpose: 'RATING' };
  return {
    company: await signed(bank, { subjectUscc: COMPANY }, { fieldsExcluded: EXCLUDED }, company),
    person: await signed(bank, { person: PERSON }, {}, individual),
    app: await signed(
      app,
      { subjectUscc: COMPANY },
      { type: 'E_CERT', granteeUscc: APP, granteeStaff: undefined, purpose: 'RATING', opened: OPENED },
      company,
    ),
  };
}

/** One row for each combination, written with its gate as an import or a state machine would leave it. */
async function writeRows(models: readonly string[]): Promise<[readonly Row[], Subjects]> {
  const direct = await openHub({ dataDir: hub.dataDir, env: hub.env, clock: { now: () => NOW }, untouched: true });
  try {
    const stored = await direct.store.read((tx) => tx.get('probe', models));
    const organisation = stored.find((model) => model?.gate?.subjectKind === 'ENTERPRISE');
    const individual = stored.find((model) => model?.gate?.subjectKind === 'INDIVIDUAL');
    if (!organisation?.gate || !individual?.gate) throw new Error('a model row is missing');
    const made: Row[] = [];
    await direct.store.write(
      async (tx) => {
        made.length = 0;
        for (const who of SUBJECTS) {
          for (const [stage, { answered: _answered, ...facts }] of Object.entries(STATES)) {
            for (const secrecy of ['NONE', 'TRADE_SECRET'] as const) {
              for (const severity of ['MINOR', 'GENERAL'] as const) {
                const model = who.subjectKind === 'INDIVIDUAL' || who.subjectKind === 'UNKNOWN' ? individual : organisation;
                const key = randomBytes(16).toString('base64url');
                const state = made.length % 5 < 2 ? ('SPECIAL' as const) : ('NORMAL' as const);
                const gate = { ...OPEN, subjectId: model.gate?.subjectId ?? null, ...facts, ...who, secrecy, severity };
                const body = { ...model.body, probeState: state };
                const columns = { ...model.columns, identity: key, triple: key, document: key, state };
                await tx.put('probe', key, { expected: 0, body, gate, columns });
                await tx.put('record-index', key, { expected: 0, body: { recordType: 'PROBE' }, gate, columns: { recordType: 'PROBE' } });
                made.push({ key, gate, state, stage });
              }
            }
          }
        }
        for (const id of models) {
          const [[document], [entry]] = [await tx.get('probe', [id]), await tx.get('record-index', [id])];
          await tx.remove('probe', id, { expected: document?.version ?? 0 });
          await tx.remove('record-index', id, { expected: entry?.version ?? 0 });
        }
      },
      { actor: 'test' },
    );
    return [made, { company: organisation.gate.subjectId ?? '', person: individual.gate.subjectId ?? '' }];
  } finally {
    await direct.close();
  }
}

const OPEN: Gate = {
  subjectId: null,
  subjectKind: 'ENTERPRISE',
  sourceOrg: MARKET,
  parties: ['case-1', 'party-1'],
  region: '411502',
  share: 'ENFORCEMENT',
  section: 'ADMINISTRATIVE',
  nature: 'UNTRUSTWORTHY',
  status: 'PUBLISHED',
  stopped: null,
  draft: 'NO',
  publishedFrom: '2026-09-01',
  publishedUntil: null,
  actEnd: '2026-09-01',
  heldByBlack: false,
  severity: 'GENERAL',
  secrecy: 'NONE',
  exception: 'NONE',
  valueOpen: true,
  objection: false,
};

const CLEAR = '13812345678';
const UNDER_MASK = '138****5678';
const PROSE = '联系电话13812345678。';
const SCRUBBED = '联系电话138****5678。';

const SELECTION = `id recordType publicityStatus objectionFlag decisionDate sourceDeptName ${OWN_FIELDS.map(({ name }) =>
  name === 'subject' ? 'subject { id }' : name === 'details' ? 'details { note inner }' : name,
).join(' ')}`;

/** One caller as the oracle knows it. */
function judgeOf(who: string) {
  const caller = WHO[who]?.oracle(subjects) ?? { audience: 'PUBLIC' };
  const oracle = oracleFor(caller, PROBE, WORLD);
  const nested = oracleFor(caller, NESTED, WORLD);
  const idInCode = oracleFor(caller, ID_IN_CODE, WORLD);
  return { caller, seen: oracle.seen, isListedBy: oracle.isListedBy, nested: nested.seen, idInCode: idInCode.seen };
}
type Judge = ReturnType<typeof judgeOf>;

const asks = (who: string): Asking => WHO[who]?.asking(hub, vouchers) ?? {};
const cellOf = (seen: Seen | undefined, name: string, type = 'Probe'): Cell => seen?.cells.get(`${type}.${name}`) ?? '–';
const isRaw = ({ rules }: Seen) => rules.includes('E4') || rules.includes('E5');

/** The whole answer for a row, undefined where the row is not there. */
function expectedRow(judge: Judge, row: Row): Readonly<Record<string, unknown>> | undefined {
  const seen = judge.seen(row);
  if (!seen) return undefined;
  const values = OWN_FIELDS.map(({ name, scrub }): [string, unknown] => {
    const cell = cellOf(seen, name);
    if (cell === '–') return [name, null];
    if (name === 'sealed') return [name, cell === 'M' ? MASKED_ID : ID_NUMBER];
    if (name === 'licenceNo') {
      const decided = cellOf(judge.idInCode(row), name);
      return [name, decided === '–' ? null : decided === 'M' ? MASKED_ID : ID_NUMBER];
    }
    if (name === 'prose') return [name, `经办人证件号码${isRaw(seen) ? ID_NUMBER : MASKED_ID}`];
    if (name === 'rank') return [name, 7];
    if (name === 'subject') return [name, expectedSubject(judge, row)];
    if (name === 'details') return [name, expectedDetails(judge, row)];
    if (scrub) return [name, cell === 'M' ? SCRUBBED : PROSE];
    return [name, cell === 'M' ? UNDER_MASK : CLEAR];
  });
  return {
    id: row.key,
    recordType: 'PROBE',
    publicityStatus: STATES[row.stage]?.answered,
    objectionFlag: row.gate.objection,
    decisionDate: cellOf(seen, 'decisionDate') === '–' ? null : '2026-09-01',
    sourceDeptName: cellOf(seen, 'sourceDeptName') === '–' ? null : '浉河区市场监督管理局',
    ...Object.fromEntries(values),
  };
}

/** E18: the organisation is public; the person, whom no department has registered, is there for itself and for its region's operator and supervision. */
function expectedSubject({ caller }: Judge, row: Row): { readonly id: string } | null {
  const { subjectId } = row.gate;
  if (subjectId === null) return null;
  if (!isOfPerson(row)) return { id: subjectId };
  const isThere = caller.subjectId === subjectId || isIn('411502', caller.regionCode);
  return isThere ? { id: subjectId } : null;
}

function isIn(region: string, code: string | undefined): boolean {
  return code !== undefined && region.startsWith(code.replace(/(00)+$/, ''));
}

function expectedDetails({ nested }: Judge, row: Row): readonly Readonly<Record<string, unknown>>[] {
  const seen = nested(row);
  const value = (name: string, text: string) => (cellOf(seen, name, 'ProbeDetail') === '–' ? null : text);
  return [
    { note: value('note', '一'), inner: value('inner', '甲') },
    { note: value('note', '二'), inner: value('inner', '乙') },
  ];
}

interface Entry {
  readonly path: readonly string[];
  readonly coordinate: string;
  readonly effect: 'DENIED' | 'MASKED';
  readonly class: string;
  readonly reason: string;
  readonly objects: number;
}

/** W1 for rows that stand at one place of the answer. */
function expectedWithheld(judge: Judge, at: readonly string[], there: readonly Row[]): readonly Entry[] {
  const entries: Entry[] = [];
  const say = (path: readonly string[], type: string, field: OracleField, cells: readonly Cell[]) => {
    const coordinate = `${type}.${field.name}`;
    const of = { path: [...at, ...path], coordinate, class: classNamed(field.class), objects: cells.length };
    if (cells.includes('–')) entries.push({ ...of, effect: 'DENIED', reason: reasonOf(judge, coordinate, field) });
    if (cells.includes('M')) entries.push({ ...of, effect: 'MASKED', reason: 'MASKED' });
  };
  const dates: readonly OracleField[] = [
    { name: 'decisionDate', class: 'D1' },
    { name: 'sourceDeptName', class: 'D1' },
  ];
  const seen = there.map((row) => judge.seen(row));
  for (const field of [...OWN_FIELDS, ...dates])
    say(
      [field.name],
      'Probe',
      field,
      seen.map((one) => cellOf(one, field.name)),
    );
  const inside = there.filter((_row, index) => cellOf(seen[index], 'details') !== '–').map((row) => judge.nested(row));
  for (const field of NESTED.fields)
    say(
      ['details', '@', field.name],
      'ProbeDetail',
      field,
      inside.flatMap((one) => [cellOf(one, field.name, 'ProbeDetail'), cellOf(one, field.name, 'ProbeDetail')]),
    );
  return entries.sort(byPlace);
}

function byPlace(a: Entry, b: Entry): number {
  const [left, right] = [a, b].map(({ path, effect }) => `${path.join('.')} ${effect}`);
  return (left ?? '') < (right ?? '') ? -1 : 1;
}

/** Why a coordinate is closed follows from audience, declared class and profile. */
function reasonOf({ caller }: Judge, coordinate: string, { class: clazz }: OracleField): string {
  const opensByGrant = { AGENCY: ['D2', 'D4', 'D5'], SUPERVISION: ['D2', 'D4'] }[caller.audience];
  if (opensByGrant?.includes(clazz)) {
    const [given] = caller.grants ?? [];
    if (!given) return 'GRANT_REQUIRED';
    if (caller.audience === 'AGENCY' && !given.purposes.includes(caller.purpose ?? '')) return 'GRANT_PURPOSE';
    expect([caller.audience, coordinate, given.fields.includes(coordinate) && caller.audience === 'AGENCY']).toEqual([
      caller.audience,
      coordinate,
      false,
    ]);
    return 'GRANT_FIELD';
  }
  if ((caller.audience === 'CREDIT_BODY' || caller.audience === 'APP_ORG') && ['D2', 'D5', 'DP'].includes(clazz))
    return caller.voucher ? 'VOUCHER_SCOPE' : 'VOUCHER_REQUIRED';
  return caller.audience === 'OPERATOR' && ['D2', 'D4', 'D5', 'D6'].includes(clazz) ? 'REVEAL_REQUIRED' : 'NOT_FOR_THIS_AUDIENCE';
}

/** What differs, told by the row's facts instead of its random id. */
function mismatches(found: ReadonlyMap<string, unknown>, wanted: ReadonlyMap<string, unknown>): readonly string[] {
  return rows
    .flatMap(({ key, stage, state, gate: { subjectKind, exception, secrecy, severity } }) => {
      const [is, should] = [found.get(key) ?? null, wanted.get(key) ?? null];
      const facts = [subjectKind, exception, stage, secrecy, severity, state].join(' ');
      if (!is || !should) return is === should ? [] : [`${facts} is ${is ? 'there' : 'not there'}`];
      const [a, b] = [is, should] as Record<string, unknown>[];
      return Object.keys({ ...a, ...b }).flatMap((name) => {
        const [one, other] = [JSON.stringify(a?.[name]), JSON.stringify(b?.[name])];
        return one === other ? [] : [`${facts} ${name}: is ${one}, should be ${other}`];
      });
    })
    .slice(0, 10);
}

/** All pages of a list of probes. */
async function allPages(who: string, pageOf: (args: string) => string, read: (data: Answered['data']) => Page, first = 200) {
  const nodes: { readonly id: string }[] = [];
  const bodies: (Pick<Answered, 'extensions'> & Pick<Page, 'nodes'>)[] = [];
  let total = 0;
  for (let after: string | null = null; ; ) {
    const { body } = await hub.ask(pageOf(`first: ${first}, after: $after`), { ...asks(who), variables: { after } });
    expect(body.errors).toBeUndefined();
    const page = read(body.data);
    nodes.push(...page.nodes);
    bodies.push({ nodes: page.nodes, extensions: body.extensions ?? {} });
    total = page.totalCount;
    if (!page.pageInfo.hasNextPage) return { nodes, total, bodies };
    after = page.pageInfo.endCursor;
  }
}
interface Page {
  readonly nodes: readonly { readonly id: string }[];
  readonly totalCount: number;
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string };
}
interface Answered {
  readonly data: { readonly probes: Page; readonly subject: { readonly probes: Page } };
  readonly extensions: {
    readonly withheld?: readonly Entry[];
    readonly annotations?: readonly { readonly path: readonly string[]; readonly recordId: string }[];
  };
}

const LIST = `totalCount nodes { ${SELECTION} } pageInfo { hasNextPage endCursor }`;
const rowsNamed = (keys: readonly { readonly id: string }[]) => rows.filter(({ key }) => keys.some(({ id }) => id === key));

describe('the disclosure matrix', () => {
  it('has rows of every kind, state, secrecy and severity', () => {
    expect(rows).toHaveLength(SUBJECTS.length * Object.keys(STATES).length * 2 * 2);
  });

  it.each(NAMES)('lists to %s exactly the rows and values of the decision table, and says what is withheld', async (who) => {
    const judge = judgeOf(who);
    const { nodes, total, bodies } = await allPages(
      who,
      (args) => `query ($after: Cursor) { probes(${args}) { ${LIST} } }`,
      ({ probes }) => probes,
    );
    const wanted = rows.filter((row) => judge.seen(row)?.listed);
    expect(
      mismatches(new Map(nodes.map((node) => [node.id, node])), new Map(wanted.map((row) => [row.key, expectedRow(judge, row)]))),
    ).toEqual([]);
    expect(total).toBe(wanted.length);
    for (const body of bodies) {
      const there = rowsNamed(body.nodes);
      expect([...(body.extensions.withheld ?? [])].sort(byPlace)).toEqual(expectedWithheld(judge, ['probes', 'nodes', '@'], there));
      const disputed = there.filter(({ gate }) => gate.objection).map(({ key }) => key);
      expect((body.extensions.annotations ?? []).map(({ recordId }) => recordId).sort()).toEqual(disputed.sort());
    }
  });

  it.each(NAMES)('answers %s by id exactly the rows and values of the decision table', async (who) => {
    const judge = judgeOf(who);
    const found = new Map<string, unknown>();
    const some = rows.filter((_row, index) => index % 3 === NAMES.indexOf(who) % 3);
    const places = Array.from({ length: 15 }, (_, index) => index);
    const query = `query (${places.map((index) => `$id${index}: ID!`).join(' ')}) {
      ${places.map((index) => `r${index}: record(id: $id${index}) { ... on Probe { ${SELECTION} } }`).join(' ')}
      unknown: record(id: "${UNKNOWN_ID}") { id }
    }`;
    for (let from = 0; from < some.length; from += places.length) {
      const asked = some.slice(from, from + places.length);
      const variables = Object.fromEntries(places.map((index) => [`id${index}`, asked[index]?.key ?? UNKNOWN_ID]));
      const { body } = await hub.ask(query, { ...asks(who), variables });
      expect(body.errors).toBeUndefined();
      expect(body.data.unknown).toBeNull();
      for (const [index, { key }] of asked.entries()) found.set(key, body.data[`r${index}`]);
      const withheld = asked.flatMap((row, index) => (judge.seen(row) ? expectedWithheld(judge, [`r${index}`], [row]) : []));
      expect([...(body.extensions?.withheld ?? [])].sort(byPlace)).toEqual([...withheld].sort(byPlace));
    }
    expect(mismatches(found, new Map(some.map((row) => [row.key, expectedRow(judge, row)])))).toEqual([]);
  });

  it.each(NAMES)('answers %s for a row that is not there as for an unknown id', async (who) => {
    const judge = judgeOf(who);
    const closed = rows.filter((row) => !judge.seen(row));
    const query = 'query ($id: ID!) { record(id: $id) { __typename id ... on Probe { plainD1 subject { name } } } }';
    const ask = (id: string) => hub.ask(query, { ...asks(who), variables: { id } });
    const unknown = await ask(UNKNOWN_ID);
    expect(unknown.body.data).toEqual({ record: null });
    for (const { key } of closed.filter((_row, index) => index % 29 === 0)) {
      const answer = await ask(key);
      expect([answer.status, answer.body]).toEqual([unknown.status, unknown.body]);
    }
  });

  it.each(NAMES)('lists to %s below the subject the same rows as at the root', async (who) => {
    const judge = judgeOf(who);
    const { nodes, total } = await allPages(
      who,
      (args) => `query ($after: Cursor) { subject(uscc: "${COMPANY}") { probes(${args}) { ${LIST} } } }`,
      ({ subject }) => subject.probes,
      150,
    );
    const wanted = rows.filter((row) => !isOfPerson(row) && judge.seen(row)?.listed);
    expect(
      mismatches(new Map(nodes.map((node) => [node.id, node])), new Map(wanted.map((row) => [row.key, expectedRow(judge, row)]))),
    ).toEqual([]);
    expect(total).toBe(wanted.length);
  });

  it.each(NAMES)('counts for %s by each filter and order exactly the rows of which it reads the field clear', async (who) => {
    const { isListedBy } = judgeOf(who);
    const asked = [
      ...FILTERED.map((name) => [name, `where: { ${name}: { eq: "${CLEAR}" } }`]),
      ['plainD1', `where: { or: [{ not: { plainD1: { eq: "没有" } } }, { plainD1: null }] }`],
      ['rank', 'orderBy: [{ field: RANK, direction: ASC }]'],
      ['decisionDate', 'orderBy: [{ field: DECISION_DATE, direction: ASC }]'],
      ['decisionDate', 'where: { decisionDate: { lte: "2026-09-01" } }'],
    ] as const;
    for (const [name = '', args] of asked) {
      const { status, body } = await hub.ask(`{ probes(${args}) { totalCount } }`, asks(who));
      const readable = rows.filter((row) => isListedBy(row, [name]));
      if (readable.length === 0) expect([name, status === 403 || body.data.probes.totalCount]).toEqual([name, status === 403 || 0]);
      else expect([name, body.errors, body.data?.probes?.totalCount]).toEqual([name, undefined, readable.length]);
    }
  });

  it.each(NAMES)('finds for %s nothing by a person’s number that stands in a code column', async (who) => {
    const { status, body } = await hub.ask(`{ probes(where: { licenceNo: { eq: "${ID_NUMBER}" } }) { totalCount } }`, asks(who));
    if (status !== 403) expect(body.data.probes.totalCount).toBe(0);
  });

  it.each<readonly [string, string | Who, boolean]>([
    ['itself', 'PERSON', true],
    ['itself with a weak proof of identity', 'WEAK_PERSON', true],
    ['another subject', 'COMPANY', false],
    ['the holder of a voucher for it', 'CREDIT_BODY_FOR_PERSON', true],
    ['the holder of a voucher for another', 'CREDIT_BODY_FOR_COMPANY', false],
    ['a department with a valid grant', 'GRANTED', true],
    ['a department whose grant is for another purpose', 'GRANTED_OTHER_PURPOSE', false],
    ['a department whose grant has not begun', agency(STATION, 'LICENSING'), false],
    ['a department whose grant is bound to a matter that it does not state', agency(STATION, 'BIDDING'), false],
    ['a department that gave itself a grant', agency(STATION, 'FUNDING'), false],
    ['a department without a grant', 'OTHER', false],
    ['the source of a record about it', 'SOURCE', false],
    ['supervision', 'SUPERVISION_GRANTED', false],
    ['the operator', 'OPERATOR', true],
    ['the public', 'PUBLIC', false],
  ])('decides whether %s finds a person by its exact handle', async (_who, who, isFound) => {
    const asking = typeof who === 'string' ? asks(who) : who.asking(hub, vouchers);
    const query = 'query ($person: PersonHandle) { subject(person: $person) { id kind } }';
    const { body } = await hub.ask(query, { ...asking, variables: { person: PERSON } });
    expect(body.errors).toBeUndefined();
    expect(body.data.subject).toEqual(isFound ? { id: subjects.person, kind: 'INDIVIDUAL' } : null);
  });

  it.each(['AUDITOR', 'SYSTEM_ADMIN'] as const)('runs nothing for %s', async (audience) => {
    const { status, body } = await hub.ask(`{ probes { totalCount } record(id: "${UNKNOWN_ID}") { id } }`, { token: hub.token(audience) });
    expect([status, body.errors[0].extensions.code, body.data]).toEqual([403, 'FORBIDDEN', undefined]);
  });
});
