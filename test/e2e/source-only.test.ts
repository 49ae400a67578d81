import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

const NOW = new Date('2026-10-08T02:00:00Z');
const LABOUR = '11411502MA2TE5T02T';
const BANK = '91411502MA3TE5T03U';
const APP = '91411502MA3TE5T052';
const MATTER = 'MEDIATION';

/** What a market regulator hands in about complaints, and a labour department about unpaid wages: the complainant and the workers are for the source alone. */
const SDL = `
"投诉调解记录"
type MediationCase
  @recordType(code: "MEDIATION_CASE", field: "mediationCases", section: COMPLAINT_SUMMARY, share: COMPLAINT, nature: OTHER, identity: ["caseNo", "subject"]) {
  "被投诉人" respondentName: String @item(role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN)
  "统一社会信用代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "编号" caseNo: String @item(role: DOCUMENT_NUMBER, required: true, max: 32, filter: true) @disclose(class: OPEN)
  "登记日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "投诉人姓名" complainantName: String @item(max: 50, filter: true, order: true) @disclose(class: SOURCE_ONLY)
  "投诉人电话" complainantPhone: String @item(max: 32, filter: true, order: true) @disclose(class: SOURCE_ONLY)
  "投诉人住址" complainantAddress: String @item(max: 200, encrypted: true) @disclose(class: SOURCE_ONLY, mask: ADDR)
  "诉求" claim: String @item(max: 4000) @disclose(class: HANDLING)
  "结果" result: String @item(max: 50) @disclose(class: OPEN)
  "协办单位" assistingUscc: UnifiedSocialCreditCode @item(role: PARTY) @disclose(class: SHARED)
}
"欠薪记录"
type UnpaidWages
  @recordType(code: "UNPAID_WAGES", field: "unpaidWages", section: LABOR_SOCIAL, share: ENFORCEMENT, nature: OTHER, identity: ["orderNo", "subject"]) {
  "用人单位" employerName: String @item(role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN)
  "统一社会信用代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "责令文书号" orderNo: String @item(role: DOCUMENT_NUMBER, required: true, max: 64, filter: true) @disclose(class: OPEN)
  "责令日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "劳动者人数" workerCount: Int @item(min: 0) @disclose(class: OPEN)
  "劳动者名单" workers: [UnpaidWorker!] @item @disclose(class: SOURCE_ONLY)
}
"劳动者"
type UnpaidWorker {
  "姓名" name: String @item(max: 50) @disclose(class: SOURCE_ONLY)
  "证件号码" idNumber: String @item(encrypted: true) @disclose(class: SOURCE_ONLY)
  "联系电话" phone: String @item(max: 32) @disclose(class: SOURCE_ONLY)
  "工种" trade: String @item(max: 50) @disclose(class: OPEN)
}`;

const COMPLAINANT = { complainantName: '赵小满', complainantPhone: '13811112222', complainantAddress: '浉河区民权路99号' };
const WORKER = { name: '钱大有', idNumber: '411599197710058716', phone: '13833334444', trade: '架子工' };
const SECRETS = [...Object.values(COMPLAINANT), ...Object.values(WORKER)];
const CLOSED = {
  MediationCase: Object.keys(COMPLAINANT).map((name) => `MediationCase.${name}`),
  UnpaidWages: ['UnpaidWages.workers', ...Object.keys(WORKER).map((name) => `UnpaidWorker.${name}`)],
};

let folder: string;
let hub: TestHub;
let env: Readonly<Record<string, string>>;
let caseId = '';
let wagesId = '';
let complaintVoucher = '';
let wagesVoucher = '';
let appVoucher = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-source-only-'));
  await writeFile(join(folder, 'closed.graphql'), SDL);
  env = { HUB_DEPARTMENTS: folder };
  hub = await startHub({ env, clock: { now: () => NOW } });
  const accepted = async (type: string, row: Readonly<Record<string, unknown>>): Promise<string> => {
    const [outcome] = await hub.load(type, [row]);
    if (!outcome?.id || outcome.outcome !== 'accepted') throw new Error(JSON.stringify(outcome));
    return outcome.id;
  };
  const about = { uscc: COMPANY, decisionDate: '2026-09-01', regionCode: '411502' };
  caseId = await accepted('MEDIATION_CASE', {
    ...about,
    ...COMPLAINANT,
    respondentName: '茶韵食品有限公司',
    caseNo: '调2026-1',
    claim: '退款',
    result: '调解成功',
    assistingUscc: TAX,
    sourceDeptUscc: MARKET,
    sourceDeptName: '浉河区市场监督管理局',
  });
  wagesId = await accepted('UNPAID_WAGES', {
    ...about,
    employerName: '茶韵食品有限公司',
    orderNo: '责2026-1',
    workerCount: 1,
    workers: [WORKER],
    sourceDeptUscc: LABOUR,
    sourceDeptName: '浉河区人力资源和社会保障局',
  });
  await accepted('DEPARTMENT', {
    uscc: HOUSING,
    name: '浉河区住房和城乡建设局',
    orgNature: 'DISCIPLINE',
    mattersCatalogue: [{ matterCode: MATTER, name: '调解', allowFields: [...CLOSED.MediationCase, ...CLOSED.UnpaidWages] }],
  });
  await accepted('CLIENT', { clientId: 'sup-2', audience: 'SUPERVISION', regionCode: '411502', status: 'ACTIVE' });
  await accepted('SERVICE_BODY', { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' });
  await accepted('SERVICE_BODY', { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' });
  const during = { validFrom: '2026-01-01', validTo: '2027-12-31', legalBasis: '依据', status: 'APPROVED' };
  const ofCases = { ...during, approverUscc: MARKET, recordTypes: ['MEDIATION_CASE'], fields: CLOSED.MediationCase };
  const ofWages = { ...during, approverUscc: LABOUR, recordTypes: ['UNPAID_WAGES'], fields: CLOSED.UnpaidWages };
  await accepted('DUTY_GRANT', { ...ofCases, grantNo: 'G-1', granteeUscc: HOUSING, purposes: ['ENFORCEMENT'] });
  await accepted('DUTY_GRANT', { ...ofWages, grantNo: 'G-2', granteeUscc: HOUSING, purposes: ['ENFORCEMENT'] });
  await accepted('DUTY_GRANT', { ...ofCases, grantNo: 'G-3', granteeClientId: 'sup-2', purposes: ['SUPERVISION'] });
  await accepted('DUTY_GRANT', { ...ofWages, grantNo: 'G-4', granteeClientId: 'sup-2', purposes: ['SUPERVISION'] });
  const sections = ['COMPLAINT_SUMMARY', 'LABOR_SOCIAL'];
  const ofBank = { type: 'E_SIGN', granteeUscc: BANK, granteeStaff: ['s-1'], purpose: 'LOAN', sections };
  complaintVoucher = await signed(bank(), ofBank);
  wagesVoucher = await signed(bank(), ofBank);
  const opened = [...sections, 'MEDIATION_CASE', 'UNPAID_WAGES', ...CLOSED.MediationCase, ...CLOSED.UnpaidWages];
  appVoucher = await signed(app(), { type: 'E_CERT', granteeUscc: APP, purpose: 'RATING', sections, opened });
}, 60_000);
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function signed(by: Asking, changes: object): Promise<string> {
  const input = { subjectUscc: COMPANY, validTo: '2026-12-01T00:00:00Z', maxUses: 100, ...changes };
  const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', { ...by, variables: { input } });
  expect(drafted.body.errors).toBeUndefined();
  const { id } = drafted.body.data.draftVoucher;
  expect((await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, company())).body.data.signVoucher.status).toBe('ACTIVE');
  return id;
}
const agency = (orgUscc: string, purpose: string): Asking => ({ token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }), purpose });
const company = (claims: object = {}): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2, ...claims }) });
const bank = (voucher?: string): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 's-1' }),
  purpose: 'LOAN',
  ...(voucher && { headers: { 'hub-voucher': voucher } }),
});
const app = (voucher?: string): Asking => ({
  token: hub.token('APP_ORG', { orgUscc: APP, certSerial: 'CERT-1' }),
  purpose: 'RATING',
  ...(voucher && { headers: { 'hub-voucher': voucher } }),
});

const EVERYBODY: readonly (readonly [string, (voucher: string) => Asking])[] = [
  ['the public', () => ({})],
  ['the subject itself', () => company()],
  ['another subject', () => company({ subjectUscc: OTHER_COMPANY })],
  ['another department', () => agency(HOUSING, 'LICENSING')],
  ['a department whose grant names the fields', () => agency(HOUSING, 'ENFORCEMENT')],
  ['a department whose grant and matter name the fields', () => ({ ...agency(HOUSING, 'ENFORCEMENT'), matter: MATTER })],
  ['a department that is a party of the record', () => agency(TAX, 'ENFORCEMENT')],
  ['a credit body with the subject’s voucher', (voucher) => bank(voucher)],
  ['an application to which the subject opened the fields', () => app(appVoucher)],
  ['a supervision system', () => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) })],
  [
    'a supervision system whose grant names the fields',
    () => ({ token: hub.token('SUPERVISION', { clientId: 'sup-2', regionCode: '411502' }) }),
  ],
  ['a bank that receives evaluations', () => ({ token: hub.token('FINANCE', { orgUscc: BANK, staffId: 's-1' }) })],
  ['an operator', () => ({ token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'o-1' }) })],
];

const CASE = `caseNo result ${Object.keys(COMPLAINANT).join(' ')}`;
const WAGES = 'orderNo workerCount workers { name idNumber phone trade }';
const ALL = (): string => `{
  case: record(id: "${caseId}") { ... on MediationCase { ${CASE} } } wages: record(id: "${wagesId}") { ... on UnpaidWages { ${WAGES} } }
  mediationCases { totalCount nodes { ${CASE} } } unpaidWages { totalCount nodes { ${WAGES} } }
  subject(uscc: "${COMPANY}") { mediationCases { nodes { ${CASE} } } unpaidWages { nodes { ${WAGES} } } }
}`;
const NO_CASE = { caseNo: '调2026-1', result: '调解成功', complainantName: null, complainantPhone: null, complainantAddress: null };
const NO_WORKERS = { orderNo: '责2026-1', workerCount: 1, workers: null };

function expectNoSecret(answer: Answer): void {
  const text = JSON.stringify(answer.body);
  for (const secret of SECRETS) expect(text).not.toContain(secret);
}

describe('A-29, R13: who complained', () => {
  it.each(EVERYBODY)('is null for %s, by id, in the list and below the subject', async (_who, asking) => {
    const answer = await hub.ask(ALL(), asking(complaintVoucher));
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data).toMatchObject({
      case: NO_CASE,
      mediationCases: { totalCount: 1, nodes: [NO_CASE] },
      subject: { mediationCases: { nodes: [NO_CASE] } },
    });
    expectNoSecret(answer);
    const said = answer.body.extensions.withheld.filter(({ coordinate }: { coordinate: string }) =>
      CLOSED.MediationCase.includes(coordinate),
    );
    expect(said).toHaveLength(3 * CLOSED.MediationCase.length);
    for (const entry of said)
      expect(entry).toMatchObject({ effect: 'DENIED', class: 'SOURCE_ONLY', reason: 'NOT_FOR_THIS_AUDIENCE', objects: 1 });
  });

  it('is read by the department that took the complaint', async () => {
    const { body } = await hub.ask(ALL(), agency(MARKET, 'RECORD_MANAGEMENT'));
    expect(body.data.case).toEqual({ ...NO_CASE, ...COMPLAINANT });
    expect(body.data.mediationCases).toEqual({ totalCount: 1, nodes: [{ ...NO_CASE, ...COMPLAINANT }] });
  });

  it('is read by no operator, whatever reason for a reveal is given', async () => {
    const operator: Asking = { token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'o-1' }) };
    const reason = '核对投诉记录，电话回访需要';
    const revealed = await hub.ask(
      `mutation { reveal(recordId: "${caseId}", reason: "${reason}") { ... on MediationCase { ${CASE} } } }`,
      operator,
    );
    expect(revealed.body.errors).toBeUndefined();
    expect(revealed.body.data.reveal).toEqual(NO_CASE);
    expectNoSecret(revealed);
    expectNoSecret(await hub.ask(ALL(), operator));
  });

  it.each(
    EVERYBODY.flatMap(([who, asking]) =>
      [
        'where: { complainantPhone: { eq: "13811112222" } }',
        'where: { not: { complainantName: { eq: "甲" } } }',
        'orderBy: [{ field: COMPLAINANT_PHONE, direction: ASC }]',
      ].map((by) => [who, by, asking] as const),
    ),
  )('is told to %s by no filter, order or count (%s)', async (_who, by, asking) => {
    const { token, ...rest } = asking(complaintVoucher);
    const answer = await hub.ask(`{ mediationCases(${by}) { totalCount nodes { id } } }`, { token, ...rest });
    const coordinate = by.includes('Name') ? 'MediationCase.complainantName' : 'MediationCase.complainantPhone';
    // A department may ask by it over its own records, of which it has none.
    if (answer.body.data) {
      expect(answer.body.data.mediationCases).toEqual({ totalCount: 0, nodes: [] });
      expect(answer.body.extensions.narrowed).toEqual([{ path: ['mediationCases'], coordinate }]);
      expect(_who).toMatch(/department/);
    } else {
      expect(answer.status).toBe(403);
      expect(answer.body.errors).toEqual([{ message: expect.stringContaining(coordinate), extensions: { code: 'FORBIDDEN' } }]);
    }
  });

  it('is read through no subgraph’s own door and no representation', async () => {
    const alone = await startHub({ env, clock: { now: () => NOW }, dataDir: hub.dataDir, subgraph: 'closed' });
    try {
      for (const asking of [{}, company(), agency(HOUSING, 'ENFORCEMENT')]) {
        const answer = await alone.ask(
          `query ($r: [_Any!]!) { _entities(representations: $r) { ... on MediationCase { ${CASE} } ... on UnpaidWages { ${WAGES} } } }`,
          {
            ...asking,
            variables: {
              r: [
                { __typename: 'MediationCase', id: caseId },
                { __typename: 'UnpaidWages', id: wagesId },
              ],
            },
          },
        );
        expect(answer.body.data._entities).toEqual([NO_CASE, NO_WORKERS]);
        expectNoSecret(answer);
      }
    } finally {
      await alone.close();
    }
  }, 30_000);

  it.each([
    'MediationCase.complainantName',
    'MediationCase.complainantPhone',
    'Objection.complainant',
    'ObjectionComplainant.name',
    'ObjectionComplainant.subjectId',
    'ObjectionComplainant.phone',
  ])('may be seen (%s) by departments in their own records alone', async (coordinate) => {
    const { body } = await hub.ask(`{ whoMaySee(coordinate: "${coordinate}") { audience effect rule } }`, {
      token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'o-1' }),
    });
    expect(body.errors).toBeUndefined();
    const open = body.data.whoMaySee.filter(({ effect }: { effect: string }) => effect !== 'DENIED');
    expect(open).toEqual([{ audience: 'AGENCY', effect: 'VALUE', rule: 'E4' }]);
  });
});

describe('R13: who complained in an objection', () => {
  it.each<[string, () => Asking, object | null]>([
    ['the department that handles it', () => agency(MARKET, 'ENFORCEMENT'), null],
    ['the department that raised it', () => agency(HOUSING, 'ENFORCEMENT'), null],
    ['its subject', () => company(), null],
    ['an operator', () => ({ token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'o-1' }) }), null],
    ['its source', () => agency(TAX, 'RECORD_MANAGEMENT'), { name: COMPLAINANT.complainantName, phone: COMPLAINANT.complainantPhone }],
  ])('is for %s what the class SOURCE_ONLY says', async (_who, asking, complainant) => {
    await hub.load('OBJECTION', [
      {
        objectionNo: 'YY-1',
        subjectName: '茶韵食品有限公司',
        subjectType: 'LEGAL_AND_UNINCORPORATED',
        uscc: COMPANY,
        origin: 'SUBJECT_APPLICATION',
        complainant: { name: COMPLAINANT.complainantName, phone: COMPLAINANT.complainantPhone },
        raisedByOrgUscc: HOUSING,
        decidingOrgUscc: MARKET,
        targets: [{ recordType: 'MEDIATION_CASE', docNo: '调2026-1', sourceUscc: MARKET }],
        ground: 'WRONG',
        statement: '结果有误',
        status: 'CLOSED',
        regionCode: '411502',
        sourceDeptUscc: TAX,
        sourceDeptName: '国家税务总局浉河区税务局',
      },
    ]);
    const { body } = await hub.ask('{ objections { nodes { objectionNo complainant { name phone } } } }', asking());
    expect(body.errors).toBeUndefined();
    expect(body.data.objections.nodes).toEqual([{ objectionNo: expect.anything(), complainant }]);
  });
});

describe('A-43: the list of unpaid workers', () => {
  it.each(EVERYBODY)('is never returned to %s, by id, in the list and below the subject', async (_who, asking) => {
    const answer = await hub.ask(ALL(), asking(wagesVoucher));
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data).toMatchObject({
      wages: NO_WORKERS,
      unpaidWages: { totalCount: 1, nodes: [NO_WORKERS] },
      subject: { unpaidWages: { nodes: [NO_WORKERS] } },
    });
    expectNoSecret(answer);
  });

  it('is read by the labour department, an open field of it through no other door', async () => {
    const { body } = await hub.ask(ALL(), agency(LABOUR, 'RECORD_MANAGEMENT'));
    expect(body.data.wages).toEqual({ ...NO_WORKERS, workers: [WORKER] });
    const open = await hub.ask(`{ record(id: "${wagesId}") { ... on UnpaidWages { workers { trade } } } }`);
    expect(open.body.data.record).toEqual({ workers: null });
  });

  it('is no filter and no order for anybody', async () => {
    for (const by of ['where: { workers: { eq: "钱大有" } }', 'orderBy: [{ field: WORKERS, direction: ASC }]'])
      expect(
        (await hub.ask(`{ unpaidWages(${by}) { totalCount } }`, agency(LABOUR, 'RECORD_MANAGEMENT'))).body.errors[0].extensions.code,
      ).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('is not promised by a grant: the request for its fields changes nothing that is seen', async () => {
    const input = {
      providerUscc: LABOUR,
      recordTypes: ['UNPAID_WAGES'],
      fields: ['UnpaidWages.workers'],
      purposes: ['LICENSING'],
      legalBasis: '依据',
      validTo: '2027-06-01',
    };
    await hub.load('DEPARTMENT', [{ uscc: LABOUR, name: '浉河区人力资源和社会保障局' }]);
    const request = await hub.ask('mutation ($input: GrantRequest!) { requestGrant(input: $input) { id } }', {
      ...agency(HOUSING, 'RECORD_MANAGEMENT'),
      variables: { input },
    });
    if (request.body.data?.requestGrant) {
      const approve = `mutation { approveGrant(id: "${request.body.data.requestGrant.id}") { status } }`;
      expect((await hub.ask(approve, agency(LABOUR, 'RECORD_MANAGEMENT'))).body.data.approveGrant.status).toBe('APPROVED');
    }
    const { body } = await hub.ask('{ unpaidWages { nodes { orderNo workers { name } } } }', agency(HOUSING, 'LICENSING'));
    expect(body.data.unpaidWages.nodes).toEqual([{ orderNo: '责2026-1', workers: null }]);
  });
});
