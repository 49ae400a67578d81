import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

const NOW = new Date('2026-10-08T02:00:00Z');
const BANK = '91411502MA3TE5T03U';
const APP = '91411502MA3TE5T052';
const STAFF = 'clerk-1';
const CLIENT = 'sup-1';
const VOUCHER_ENDS = '2026-11-30T00:00:00.000Z';
const OF_MARKET = '浉市监罚〔2026〕001号';
const BY_HOUSING = { sourceDeptUscc: HOUSING, sourceDeptName: '浉河区住房和城乡建设局', authorityUscc: HOUSING };
const OF_HOUSING = '浉住建罚〔2026〕009号';

let hub: TestHub;
let door: TestHub;
/** Ids of the grants by their number. */
let grants: Readonly<Record<'short' | 'long' | 'supervision', string>>;
let vouchers: Readonly<Record<'bank' | 'app', string>>;

beforeAll(async () => {
  hub = await startHub({ clock: { now: () => NOW } });
  const outcomes = [
    ...(await hub.load('SERVICE_BODY', [
      { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2027-12-31', status: 'ACTIVE' },
      { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' },
    ])),
    ...(await hub.load('PENALTY', [penalty(), personalPenalty(BY_HOUSING), penalty({ documentNo: OF_HOUSING, ...BY_HOUSING })])),
  ];
  const given = await hub.load('DUTY_GRANT', [
    grant('SHORT', { fields: ['performanceStatus'], validTo: '2026-12-31' }),
    grant('LONG', { fields: ['legalRepIdNumber', 'documentNo'], validTo: '2027-12-31' }),
    grant('SUPERVISION', { granteeUscc: undefined, granteeClientId: CLIENT, fields: ['performanceStatus'], purposes: ['SUPERVISION'] }),
  ]);
  for (const { outcome, reasons } of [...outcomes, ...given]) if (outcome !== 'accepted') throw new Error(JSON.stringify(reasons));
  const [short = '', long = '', supervision = ''] = given.map(({ id }) => id ?? '');
  grants = { short, long, supervision };
  vouchers = {
    bank: await signed({ type: 'E_SIGN', granteeUscc: BANK, granteeStaff: [STAFF], purpose: 'LOAN' }, bank()),
    app: await signed({ type: 'E_CERT', granteeUscc: APP, opened: ['PENALTY'], purpose: 'RATING' }, app()),
  };
  door = await startHub({ clock: { now: () => NOW }, subgraph: 'records', dataDir: hub.dataDir });
}, 60_000);
afterAll(async () => {
  await door.close();
  await hub.close();
});

function grant(grantNo: string, { fields, ...changes }: { fields: readonly string[]; [name: string]: unknown }) {
  return {
    grantNo,
    granteeUscc: TAX,
    approverUscc: MARKET,
    recordTypes: ['PENALTY'],
    fields: fields.map((name) => `AdministrativePenalty.${name}`),
    purposes: ['LICENSING'],
    legalBasis: '依据',
    validFrom: '2026-01-01',
    validTo: '2027-06-30',
    status: 'APPROVED',
    ...changes,
  };
}
async function signed(changes: object, as: Asking): Promise<string> {
  const input = {
    person: PERSON,
    sections: ['BASIC', 'ADMINISTRATIVE'],
    validTo: VOUCHER_ENDS,
    maxUses: 50,
    ...changes,
  };
  const { body } = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
    ...as,
    variables: { input },
  });
  const { id } = body.data.draftVoucher;
  const { body: done } = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, {
    token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
  });
  expect(done.data.signVoucher.status).toBe('ACTIVE');
  return id;
}
const agency = (orgUscc: string, purpose = 'LICENSING'): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose });
const bank = (voucher?: string): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: STAFF }),
  purpose: 'LOAN',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
});
const app = (voucher?: string): Asking => ({
  token: hub.token('APP_ORG', { orgUscc: APP, certSerial: 'CERT-1' }),
  purpose: 'RATING',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
});
const supervision = (): Asking => ({ token: hub.token('SUPERVISION', { clientId: CLIENT, regionCode: '411502' }) });
const obligations = ({ body }: Answer) => {
  expect(body.errors).toBeUndefined();
  return body.extensions?.obligations;
};
const ofOne = (fields: string, documentNo = OF_MARKET) =>
  `{ penalties(where: { documentNo: { eq: "${documentNo}" } }) { nodes { ${fields} } } }`;
const PURPOSE_ALONE = { purpose: 'LICENSING', onwardTransfer: false };

describe('an answer that holds more than everybody may read', () => {
  it.each([
    ['shared fields by its duty, the purpose', 'documentNo orgCode', () => PURPOSE_ALONE],
    [
      'a field of a grant, the grant and its end',
      'documentNo performanceStatus',
      () => ({ ...PURPOSE_ALONE, grants: [grants.short], retainUntil: '2026-12-31' }),
    ],
    [
      'fields of two grants, the end of the one that ends first',
      'orgCode legalRepIdNumber performanceStatus',
      () => ({ ...PURPOSE_ALONE, grants: expect.arrayContaining([grants.short, grants.long]), retainUntil: '2026-12-31' }),
    ],
    [
      'the field of another grant alone, that one',
      'more: legalRepIdNumber',
      () => ({ ...PURPOSE_ALONE, grants: [grants.long], retainUntil: '2027-12-31' }),
    ],
  ])('tells a department that reads %s', async (_what, fields, expected) => {
    expect(obligations(await hub.ask(ofOne(fields), agency(TAX)))).toEqual(expected());
    expect(obligations(await door.ask(ofOne(fields), agency(TAX)))).toEqual(expected());
  });

  it.each([
    ['credit body', () => bank(vouchers.bank), () => ({ purpose: 'LOAN', voucher: vouchers.bank })],
    ['application organisation', () => app(vouchers.app), () => ({ purpose: 'RATING', voucher: vouchers.app })],
  ])('tells the %s the voucher and its end', async (_who, asking, expected) => {
    const whole = { ...expected(), retainUntil: VOUCHER_ENDS, onwardTransfer: false };
    const variables = { person: PERSON };
    const query = 'query ($person: PersonHandle) { subject(person: $person) { penalties { nodes { documentNo } } } }';
    const answer = await hub.ask(query, { ...asking(), variables });
    expect(answer.body.data.subject.penalties.nodes).toHaveLength(1);
    expect(obligations(answer)).toEqual(whole);
    expect(obligations(await door.ask('{ penalties { nodes { personIdNumber } } }', asking()))).toEqual(whole);
  });

  it('tells supervision the grant, and nothing where its own rule is enough', async () => {
    expect(obligations(await hub.ask(ofOne('documentNo performanceStatus'), supervision()))).toEqual({
      purpose: 'SUPERVISION',
      grants: [grants.supervision],
      retainUntil: '2027-06-30',
      onwardTransfer: false,
    });
    expect(obligations(await hub.ask(ofOne('documentNo orgCode'), supervision()))).toBeUndefined();
  });

  it('says so where a closed field was looked at to find open ones', async () => {
    const query = '{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { nodes { documentNo } } }';
    const expected = { ...PURPOSE_ALONE, grants: [grants.short], retainUntil: '2026-12-31' };
    for (const place of [hub, door]) expect(obligations(await place.ask(query, agency(TAX)))).toEqual(expected);
    const nothing = '{ penalties(where: { performanceStatus: { eq: NOT_PERFORMED } }) { nodes { documentNo } } }';
    expect(obligations(await hub.ask(nothing, agency(TAX)))).toBeUndefined();
  });

  it('says so of what stands below a reference, and of rows that are looked up by their id', async () => {
    const expected = { ...PURPOSE_ALONE, grants: [grants.short], retainUntil: '2026-12-31' };
    const query = `{ subject(uscc: "${COMPANY}") { penalties { nodes { id documentNo performanceStatus } } } }`;
    const answer = await hub.ask(query, agency(TAX));
    expect(obligations(answer)).toEqual(expected);
    const { id } = answer.body.data.subject.penalties.nodes.find(({ documentNo }: { documentNo: string }) => documentNo === OF_MARKET);
    const entities = await door.ask(
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on AdministrativePenalty { performanceStatus } } }',
      { ...agency(TAX), variables: { r: [{ __typename: 'AdministrativePenalty', id }] } },
    );
    expect(entities.body.data._entities).toEqual([{ performanceStatus: 'PERFORMED' }]);
    expect(obligations(entities)).toEqual(expected);
  });

  it('says so beside closures that are told as errors', async () => {
    const { body } = await hub.ask(ofOne('performanceStatus remark'), { ...agency(TAX), headers: { 'hub-withheld': 'errors' } });
    expect(body.errors).toHaveLength(1);
    expect(body.extensions.withheld).toBeUndefined();
    expect(body.extensions.obligations).toEqual({ ...PURPOSE_ALONE, grants: [grants.short], retainUntil: '2026-12-31' });
  });
});

describe('an answer that obliges to nothing', () => {
  it.each([
    ['everybody about what is public', () => ({}), ofOne('documentNo content')],
    ['a department about what is public', () => agency(TAX), ofOne('documentNo content')],
    ['a department about its own records', () => agency(MARKET), ofOne('documentNo performanceStatus remark orgCode')],
    ['a department whose grants do not reach the row', () => agency(TAX), ofOne('documentNo performanceStatus', OF_HOUSING)],
    ['a credit body without a voucher', () => bank(), ofOne('documentNo content')],
    ['a credit body about what is public, though it presents a voucher', () => bank(vouchers.bank), ofOne('documentNo content')],
    ['the operator', () => ({ token: hub.token('OPERATOR', { regionCode: '411502' }) }), ofOne('documentNo remark orgCode')],
    ['a department that finds nothing', () => agency(TAX), ofOne('performanceStatus', '没有')],
    ['an explanation', () => ({ ...agency(TAX), headers: { 'hub-explain': 'true' } }), ofOne('performanceStatus')],
  ])('tells %s nothing of the kind', async (_who, asking, query) => {
    for (const place of [hub, door]) expect(obligations(await place.ask(query, asking()))).toBeUndefined();
  });

  it('tells the subject nothing about its own', async () => {
    const asking = { token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) };
    const answer = await hub.ask(ofOne('documentNo performanceStatus legalRepIdNumber'), asking);
    expect(answer.body.data.penalties.nodes[0].performanceStatus).toBe('PERFORMED');
    expect(obligations(answer)).toBeUndefined();
  });
});
