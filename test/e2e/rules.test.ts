import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';
import { loggedEntries } from '../support/logged-entries.ts';

const NOW = new Date('2026-10-08T02:00:00Z');
const DISCIPLINE = '11411502MA3TE5T07L';
const UNREGISTERED = '11411502MA3TE5T08K';
const PERSONNEL = '11411502MA1TE5T01L';
const BANK = '91411502MA3TE5T03U';
const OTHER_BANK = '91411502MA3TE5T04Y';
const SDL = `
"公务员诚信档案"
type ServantFile
  @recordType(code: "SERVANT_FILE", field: "servantFiles", section: OCCUPATION, share: BASIC, nature: OTHER, identity: ["fileNo", "subject"], sourceOnly: true) {
  "姓名" personName: String @item(role: SUBJECT_NAME, required: true, max: 50) @disclose(class: OPEN)
  "证件号码" idNumber: String @item(role: SUBJECT_ID_NUMBER, required: true, encrypted: true) @disclose(class: BY_AUTHORIZATION, mask: ID)
  "档案编号" fileNo: String @item(role: DOCUMENT_NUMBER, required: true, max: 32, filter: true) @disclose(class: OPEN)
  "记载日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "记载事项" matter: String @item(max: 200) @disclose(class: SHARED)
}
"抽查计划"
type PlannedCheck
  @recordType(code: "PLANNED_CHECK", field: "plannedChecks", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["planNo", "subject"]) {
  "单位名称" unitName: String @item(role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN)
  "统一社会信用代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "计划编号" planNo: String @item(role: DOCUMENT_NUMBER, required: true, max: 32, filter: true) @disclose(class: OPEN)
  "计划日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "状态" planState: PlannedCheckState @item(role: STATE, required: true) @disclose(class: OPEN)
}
"抽查状态"
enum PlannedCheckState {
  "已计划" PLANNED @value(labels: ["已计划"]) @state(status: COLLECTED, draft: BEFORE_NOTICE)
  "已通知" NOTIFIED @value(labels: ["已通知"]) @state(status: COLLECTED, draft: AFTER_NOTICE)
  "已公布" PUBLISHED @value(labels: ["已公布"]) @state(status: PUBLISHED)
}`;

let folder: string;
let hub: TestHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-rules-'));
  await mkdir(join(folder, 'departments'));
  await writeFile(join(folder, 'departments/rules.graphql'), SDL);
  hub = await startHub({ env: { HUB_DEPARTMENTS: join(folder, 'departments') }, clock: { now: () => NOW } });
  await load('DEPARTMENT', [
    {
      uscc: HOUSING,
      name: '浉河区住房和城乡建设局',
      orgNature: 'STATE_ORGAN',
      mattersCatalogue: [{ matterCode: 'BIDDING', name: '招标', allowFields: ['AdministrativePenalty.documentNo'] }],
    },
    { uscc: DISCIPLINE, name: '浉河区纪律检查委员会', orgNature: 'DISCIPLINE' },
    { uscc: PERSONNEL, name: '浉河区委组织部', orgNature: 'ORG_PERSONNEL' },
    { uscc: MARKET, name: '浉河区市场监督管理局', orgNature: 'STATE_ORGAN' },
  ]);
}, 60_000);
afterAll(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function load(type: string, rows: readonly Readonly<Record<string, unknown>>[], into: TestHub = hub): Promise<readonly string[]> {
  return (await into.load(type, rows)).map(({ id, outcome, reasons }) => {
    if (!id || outcome === 'rejected') throw new Error(JSON.stringify(reasons));
    return id;
  });
}
const agency = (orgUscc: string, purpose: string, claims: object = {}): Asking => ({
  token: hub.token('AGENCY', { orgUscc, regionCode: '411502', ...claims }),
  purpose,
});
const company = (): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) });
const person = (): Asking => ({
  token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
});
const operator = (): Asking => ({ token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'o-1' }) });
const supervision = (): Asking => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) });
const bank = (voucher?: string, orgUscc = BANK): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc, staffId: 's-1' }),
  purpose: 'LOAN',
  ...(voucher && { headers: { 'hub-voucher': voucher } }),
});
const codeOf = ({ body }: Answer) => body.errors?.[0]?.extensions.code;
const reasonsOf = ({ body }: Answer) => (body.extensions?.withheld ?? []).map(({ reason }: { reason: string }) => reason);

const objection = (status: string, source: string): Readonly<Record<string, unknown>> => ({
  objectionNo: 'YY-1',
  subjectName: '茶韵食品有限公司',
  subjectType: 'LEGAL_AND_UNINCORPORATED',
  uscc: COMPANY,
  origin: 'SUBJECT_APPLICATION',
  targets: [{ recordType: 'PENALTY', docNo: '浉市监罚〔2026〕801号', sourceUscc: source }],
  ground: 'WRONG',
  statement: '金额有误',
  status,
  sourceDeptUscc: source,
});

describe('R8: a record under objection', () => {
  const NOTE = '信息主体已提出异议，正在核查处理';
  let id = '';
  beforeAll(async () => {
    [id = ''] = await load('PENALTY', [penalty({ documentNo: '浉市监罚〔2026〕801号' })]);
    await load('OBJECTION', [objection('ANNOTATED', MARKET)]);
  });

  it.each<[string, () => Asking]>([
    ['the public', () => ({})],
    ['its subject', company],
    ['its source', () => agency(MARKET, 'RECORD_MANAGEMENT')],
    ['another department', () => agency(HOUSING, 'LICENSING')],
    ['a supervision system', supervision],
    ['an operator', operator],
  ])('is shown to %s with its values and, whatever was selected, with the note', async (_who, asking) => {
    const { body } = await hub.ask(`{ record(id: "${id}") { ... on AdministrativePenalty { content } } }`, asking());
    expect(body.data.record.content).toMatch(/^罚款/);
    expect(body.extensions.annotations).toEqual([{ path: ['record'], recordId: id, kind: 'OBJECTION', note: NOTE }]);
    const fields = await hub.ask(`{ record(id: "${id}") { objectionFlag objectionNote } }`, asking());
    expect(fields.body.data.record).toEqual({ objectionFlag: true, objectionNote: NOTE });
  });

  it('is annotated at each place where it stands, and no other record is', async () => {
    await load('PENALTY', [penalty({ documentNo: '浉市监罚〔2026〕802号' })]);
    const { body } = await hub.ask(
      '{ penalties { nodes { id documentNo } } again: penalties(first: 50) { edges { node { documentNo } } } }',
    );
    expect(body.data.penalties.nodes).toHaveLength(2);
    expect(body.extensions.annotations.map(({ recordId, path }: { recordId: string; path: unknown }) => [recordId, path])).toEqual([
      [id, ['penalties', 'nodes', '@']],
      [id, ['again', 'edges', '@', 'node']],
    ]);
  });

  it('loses the note when the objection is decided, and keeps its values', async () => {
    await load('OBJECTION', [objection('CLOSED', MARKET)]);
    const { body } = await hub.ask(`{ record(id: "${id}") { objectionFlag objectionNote } }`);
    expect(body).toEqual({ data: { record: { objectionFlag: false, objectionNote: null } } });
  });
});

describe('R8: a record under objection, in a region that hides it from the public until the decision', () => {
  let hiding: TestHub;
  let inHenan = '';
  let inLiaoning = '';
  beforeAll(async () => {
    const file = join(folder, 'regions.json');
    await writeFile(file, JSON.stringify({ regions: [{ prefix: '41', name: '河南', hideDuringObjection: true }] }));
    hiding = await startHub({ env: { HUB_REGION_PROFILES: file }, clock: { now: () => NOW } });
    const act = { documentNo: '浉市监罚〔2026〕801号' };
    const elsewhere = { regionCode: '210500', authorityUscc: TAX, sourceDeptUscc: TAX, sourceDeptName: '税务局' };
    const acts = [penalty({ ...act, regionCode: '411502' }), penalty({ ...act, ...elsewhere })];
    [inHenan = '', inLiaoning = ''] = await load('PENALTY', acts, hiding);
    await load('OBJECTION', [objection('ANNOTATED', MARKET), { ...objection('ANNOTATED', TAX), objectionNo: 'YY-2' }], hiding);
  }, 60_000);
  afterAll(() => hiding.close());

  /** Whether it is there by id, in the list and in the count. */
  const found = async (id: string, { purpose, who, ...claims }: { purpose?: string; who?: Parameters<TestHub['token']>[0] } & object) => {
    const query = `{ penalties { totalCount nodes { id } } record(id: "${id}") { objectionFlag } }`;
    const { body } = await hiding.ask(query, { token: who && hiding.token(who, { ...claims }), purpose });
    const { penalties, record } = body.data;
    expect(penalties.totalCount).toBe(penalties.nodes.length);
    expect(penalties.nodes.some((node: { id: string }) => node.id === id)).toBe(record !== null);
    return record !== null;
  };

  it.each([
    ['the public', {}],
    ['a credit body', { who: 'CREDIT_BODY', orgUscc: BANK, staffId: 's-1' }],
    ['another subject', { who: 'SUBJECT', subjectUscc: OTHER_COMPANY, authLevel: 2 }],
    ['a department that states no purpose', { who: 'AGENCY', orgUscc: HOUSING }],
  ] as const)('is hidden from %s there, and nowhere else', async (_who, caller) => {
    expect([await found(inHenan, caller), await found(inLiaoning, caller)]).toEqual([false, true]);
  });

  it.each([
    ['a department with a purpose', { who: 'AGENCY', orgUscc: HOUSING, purpose: 'LICENSING' }],
    ['its source', { who: 'AGENCY', orgUscc: MARKET, purpose: 'RECORD_MANAGEMENT' }],
    ['its subject', { who: 'SUBJECT', subjectUscc: COMPANY, authLevel: 2 }],
    ['an operator', { who: 'OPERATOR', regionCode: '411502', staffId: 'o-1' }],
  ] as const)('is there for %s', async (_who, caller) => {
    expect(await found(inHenan, caller)).toBe(true);
  });

  it('is public again when the objection is decided', async () => {
    await load('OBJECTION', [objection('CLOSED', MARKET)], hiding);
    expect(await found(inHenan, {})).toBe(true);
  });
});

describe('R9 and R11: a duty grant', () => {
  const PERFORMANCE = 'AdministrativePenalty.performanceStatus';
  const GRANT = {
    grantNo: 'G-9',
    granteeUscc: HOUSING,
    approverUscc: MARKET,
    recordTypes: ['PENALTY'],
    fields: ['AdministrativePenalty.documentNo', PERFORMANCE],
    purposes: ['QUALIFICATION', 'FUNDING'],
    legalBasis: '依据',
    validFrom: '2026-01-01',
    validTo: '2027-12-31',
  };
  let id = '';
  beforeAll(async () => {
    [id = ''] = await load('PENALTY', [personalPenalty({ documentNo: '浉市监罚〔2026〕901号' })]);
    await load('DUTY_GRANT', [{ ...GRANT, status: 'APPROVED' }]);
  });
  afterAll(() => load('DUTY_GRANT', [{ ...GRANT, status: 'SUSPENDED' }]));

  const ask = async (asking: Asking) => {
    const before = (await loggedEntries(hub)).length;
    const query = '{ penalties { nodes { documentNo performanceStatus } } }';
    const answer = await hub.ask(query.replace('penalties', `record(id: "${id}") { id } penalties`), asking);
    return { answer, row: answer.body.data?.record, logged: (await loggedEntries(hub)).slice(before) };
  };
  const seen = ({ body }: Answer): readonly Record<string, unknown>[] =>
    body.data.penalties.nodes.filter(({ documentNo }: { documentNo: string }) => documentNo === '浉市监罚〔2026〕901号');

  it('R9: opens nothing under a purpose that it does not name, and the reason says so', async () => {
    for (const purpose of ['QUALIFICATION', 'FUNDING']) {
      const { answer } = await ask(agency(HOUSING, purpose));
      expect(seen(answer)).toEqual([{ documentNo: '浉市监罚〔2026〕901号', performanceStatus: 'PERFORMED' }]);
    }
    for (const purpose of ['LICENSING', 'BIDDING', 'ENFORCEMENT']) {
      const { answer, row } = await ask(agency(HOUSING, purpose));
      expect([row, seen(answer)]).toEqual([null, []]);
      expect(new Set(reasonsOf(answer))).toEqual(new Set(['GRANT_PURPOSE']));
    }
  });

  it('R9: opens nothing under a purpose of voucher holders or none', async () => {
    for (const purpose of ['LOAN', '']) expect(codeOf((await ask(agency(HOUSING, purpose))).answer)).toBe('PURPOSE_REQUIRED');
  });

  it('R11: opens only what the matter stated allows; the rest is null, and the log says that too much was asked for', async () => {
    const whole = await ask(agency(HOUSING, 'QUALIFICATION'));
    expect(whole.logged).toMatchObject([{ granted: expect.arrayContaining([PERFORMANCE]) }]);
    expect(whole.logged[0]).not.toHaveProperty('signals');
    const { answer, logged } = await ask({ ...agency(HOUSING, 'QUALIFICATION'), matter: 'BIDDING' });
    expect(seen(answer)).toEqual([{ documentNo: '浉市监罚〔2026〕901号', performanceStatus: null }]);
    expect(reasonsOf(answer)).toEqual(['GRANT_FIELD']);
    expect(logged).toMatchObject([{ matter: 'BIDDING', denied: [PERFORMANCE], signals: ['OVER_REQUEST'] }]);
  });

  it('R11: opens nothing for a matter that is not in the department’s catalogue', async () => {
    const { answer, row, logged } = await ask({ ...agency(HOUSING, 'QUALIFICATION'), matter: 'ELSEWHERE' });
    // The grant holds the row, and opens none of its fields.
    expect(row).toEqual({ id });
    expect(seen(answer)).toEqual([]);
    expect(new Set(reasonsOf(answer))).toEqual(new Set(['GRANT_FIELD', 'NOT_FOR_THIS_AUDIENCE']));
    expect(logged).toMatchObject([{ denied: expect.arrayContaining([PERFORMANCE]), signals: ['OVER_REQUEST'] }]);
  });
});

describe('R10: a voucher', () => {
  const bodies = (status: string) => [
    { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status },
    { orgUscc: OTHER_BANK, name: '浉河评级公司', qualificationNo: 'Q-2', status: 'ACTIVE' },
  ];
  beforeAll(async () => {
    await load('SERVICE_BODY', bodies('ACTIVE'));
    await load('PENALTY', [personalPenalty({ documentNo: '浉市监罚〔2026〕110号' })]);
  });
  afterEach(() => load('SERVICE_BODY', bodies('ACTIVE')));

  const signed = async (changes: object = {}): Promise<string> => {
    const input = {
      type: 'E_SIGN',
      person: PERSON,
      granteeUscc: BANK,
      granteeStaff: ['s-1'],
      sections: ['ADMINISTRATIVE'],
      purpose: 'LOAN',
      validTo: '2026-12-01T00:00:00Z',
      maxUses: 5,
      ...changes,
    };
    const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
      ...bank(),
      variables: { input },
    });
    const { id } = drafted.body.data.draftVoucher;
    expect((await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, person())).body.data.signVoucher.status).toBe('ACTIVE');
    return id;
  };
  const ask = (asking: Asking) =>
    hub.ask('query ($p: PersonHandle) { subject(person: $p) { penalties { nodes { documentNo } } } }', {
      ...asking,
      variables: { p: PERSON },
    });
  const uses = async (id: string) => {
    const { body } = await hub.ask('{ vouchers(first: 200) { nodes { id usedCount } } }', person());
    return body.data.vouchers.nodes.find((node: { id: string }) => node.id === id).usedCount;
  };

  it('is usable as it stands', async () => {
    const id = await signed();
    const { body } = await ask(bank(id));
    expect(body.data.subject.penalties.nodes).toContainEqual({ documentNo: '浉市监罚〔2026〕110号' });
    expect(await uses(id)).toBe(1);
  });

  it.each(['SUSPENDED', 'REVOKED', 'EXPIRED'])(
    'opens nothing while the registry has its grantee as %s, and counts no use',
    async (status) => {
      const id = await signed();
      await load('SERVICE_BODY', bodies(status));
      const answer = await ask(bank(id));
      expect([answer.status, codeOf(answer), answer.body.data]).toEqual([403, 'FORBIDDEN', undefined]);
      expect(await uses(id)).toBe(0);
    },
  );

  it('opens nothing to a member of staff whose account is suspended', async () => {
    const id = await signed();
    await load('STAFF', [{ staffId: 's-1', orgUscc: BANK, status: 'SUSPENDED' }]);
    const answer = await ask(bank(id));
    await load('STAFF', [{ staffId: 's-1', orgUscc: BANK, status: 'ACTIVE' }]);
    expect([answer.status, codeOf(answer)]).toEqual([403, 'FORBIDDEN']);
    expect(await uses(id)).toBe(0);
  });

  it('opens nothing to the right body under another kind of token', async () => {
    const id = await signed();
    const headers = { 'hub-voucher': id };
    const answer = await ask({ token: hub.token('APP_ORG', { orgUscc: BANK, certSerial: 'C-1' }), purpose: 'LOAN', headers });
    expect([answer.status, answer.body.data]).toEqual([403, undefined]);
    const department = await ask({ ...agency(HOUSING, 'LICENSING'), headers });
    expect(department.body.data?.subject ?? null).toBeNull();
    expect((await ask({ headers })).body.data?.subject ?? null).toBeNull();
    expect(await uses(id)).toBe(0);
  });

  it('opens nothing without a purpose', async () => {
    const id = await signed();
    const answer = await hub.ask('{ penalties { nodes { personIdNumber } } }', { ...bank(id), purpose: undefined });
    expect([answer.status, codeOf(answer), answer.body.data]).toEqual([403, 'PURPOSE_REQUIRED', undefined]);
    expect(await uses(id)).toBe(0);
  });

  it('opens no record of another section', async () => {
    const id = await signed({ sections: ['TAX'] });
    const { body } = await ask(bank(id));
    expect(body.data.subject?.penalties.nodes ?? []).toEqual([]);
  });
});

describe('R12: a field of a prohibited category', () => {
  const typeWith = (field: string) => `
"登记"
type Register @recordType(code: "REGISTER", field: "registers", section: BASIC, share: BASIC, nature: BASIC, identity: ["no", "subject"]) {
  "名称" unitName: String @item(role: SUBJECT_NAME, required: true) @disclose(class: OPEN)
  "代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "编号" no: String @item(role: DOCUMENT_NUMBER, required: true) @disclose(class: OPEN)
  "日期" decisionDate: Date @item(role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "另一项" ${field}: String @item @disclose(class: SOURCE_ONLY)
}`;
  const start = async (field: string): Promise<string> => {
    const departments = await mkdtemp(join(folder, 'prohibited-'));
    await writeFile(join(departments, 'register.graphql'), typeWith(field));
    try {
      const started = await startHub({ env: { HUB_DEPARTMENTS: departments }, dataDir: departments });
      await started.close();
      return 'started';
    } catch (error) {
      return String((error as { message: unknown }).message);
    }
  };

  it.each(['religion', 'religiousBelief', 'genes', 'geneticData', 'fingerprints', 'bloodType', 'medicalHistory', 'diseases'])(
    'is refused when the hub starts, even for the source alone (%s)',
    async (field) => {
      expect(await start(field)).toContain(`Register.${field} names a category that may not be collected`);
    },
    20_000,
  );

  it('is told by its name, not by words in texts', async () => {
    const [id] = await load('PENALTY', [
      penalty({ documentNo: '浉市监罚〔2026〕120号', violationType: '虚假宣传治疗疾病、检测血型和基因' }),
    ]);
    const { body } = await hub.ask(`{ record(id: "${id}") { ... on AdministrativePenalty { violationType } } }`);
    expect(body.data.record.violationType).toBe('虚假宣传治疗疾病、检测血型和基因');
  });
});

describe('R14: the archive of civil servants', () => {
  const ROW = {
    personName: PERSON.name,
    idNumber: PERSON.idNumber,
    fileNo: 'GWY-1',
    decisionDate: '2026-09-01',
    matter: '年度诚信考核',
    regionCode: '411502',
    sourceDeptUscc: TAX,
    sourceDeptName: '税务局',
  };
  const FIELDS = ['personName', 'idNumber', 'fileNo', 'matter'];
  let id = '';
  beforeAll(async () => {
    [id = ''] = await load('SERVANT_FILE', [ROW]);
    const grant = {
      approverUscc: TAX,
      recordTypes: ['SERVANT_FILE'],
      fields: FIELDS.map((name) => `ServantFile.${name}`),
      purposes: ['PERSONNEL'],
      legalBasis: '依据',
      validFrom: '2026-01-01',
      validTo: '2027-12-31',
      status: 'APPROVED',
    };
    await load('DUTY_GRANT', [
      { ...grant, grantNo: 'G-141', granteeUscc: DISCIPLINE },
      { ...grant, grantNo: 'G-142', granteeUscc: PERSONNEL },
      { ...grant, grantNo: 'G-143', granteeUscc: HOUSING },
      { ...grant, grantNo: 'G-145', granteeUscc: UNREGISTERED },
      { ...grant, grantNo: 'G-144', granteeClientId: 'sup-1', purposes: ['SUPERVISION'] },
    ]);
  });
  const ask = (asking: Asking) =>
    hub.ask(
      `{ record(id: "${id}") { ... on ServantFile { ${FIELDS.join(' ')} } } servantFiles(where: { fileNo: { eq: "GWY-1" } }) { totalCount nodes { fileNo } } all: servantFiles { totalCount } }`,
      asking,
    );
  const found = { personName: PERSON.name, idNumber: PERSON.idNumber, fileNo: 'GWY-1', matter: '年度诚信考核' };

  it.each<[string, () => Asking]>([
    ['its source', () => agency(TAX, 'RECORD_MANAGEMENT')],
    ['a discipline inspection with a grant', () => agency(DISCIPLINE, 'PERSONNEL')],
    ['a personnel department with a grant', () => agency(PERSONNEL, 'PERSONNEL')],
  ])('is read by %s', async (_who, asking) => {
    const { body } = await ask(asking());
    expect(body.errors).toBeUndefined();
    expect(body.data).toEqual({ record: found, servantFiles: { totalCount: 1, nodes: [{ fileNo: 'GWY-1' }] }, all: { totalCount: 1 } });
  });

  it.each<[string, () => Asking]>([
    ['the public', () => ({})],
    ['the civil servant', person],
    ['another department with a grant', () => agency(HOUSING, 'PERSONNEL')],
    [
      'one that the registry does not know, whatever nature its token claims',
      () => agency(UNREGISTERED, 'PERSONNEL', { orgNature: 'DISCIPLINE' }),
    ],
    ['a discipline inspection under another purpose', () => agency(DISCIPLINE, 'ENFORCEMENT')],
    ['a discipline inspection without a grant', () => agency(MARKET, 'PERSONNEL')],
    ['a supervision system with a grant', supervision],
    ['a credit body', () => bank()],
    ['an operator', operator],
  ])('does not exist for %s', async (_who, asking) => {
    const { status, body } = await ask(asking());
    // A field by which this caller can never ask is refused before anything is run.
    if (body.data) expect(body.data).toEqual({ record: null, servantFiles: { totalCount: 0, nodes: [] }, all: { totalCount: 0 } });
    else expect([status, body.errors[0].extensions.code]).toEqual([403, 'FORBIDDEN']);
    const plain = await hub.ask(`{ record(id: "${id}") { id } servantFiles { totalCount nodes { id } } }`, asking());
    expect(plain.body.data).toEqual({ record: null, servantFiles: { totalCount: 0, nodes: [] } });
  });

  it('is not opened by a nature that the token claims against the registry', async () => {
    const answer = await ask(agency(HOUSING, 'PERSONNEL', { orgNature: 'DISCIPLINE' }));
    expect([answer.status, answer.body.data]).toEqual([401, undefined]);
  });

  it('is opened to no operator by a reveal, which answers as for an unknown record', async () => {
    const reveal = (recordId: string) =>
      hub.ask(`mutation { reveal(recordId: "${recordId}", reason: "核对个人档案信息所需") { id } }`, operator());
    const [known, unknown] = [await reveal(id), await reveal('AAAAAAAAAAAAAAAAAAAAAA')];
    expect(codeOf(known)).toBe('NOT_FOUND');
    expect(known.body).toEqual(unknown.body);
  });
});

describe('R15: what its subject may not know yet', () => {
  const company_ = {
    subjectName: '茶韵食品有限公司',
    subjectType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    idType: undefined,
    idNumber: undefined,
  };
  const proposal = (entryStatus: string, entryNo = 'R15-1') =>
    debtorEntry({
      ...company_,
      listCode: 'B-TAX',
      behaviourType: 'TAX_EVASION_FRAUD',
      entryNo,
      decisionNo: undefined,
      decisionDate: undefined,
      listedFrom: undefined,
      entryStatus,
      proposedBy: '税务局',
      sourceDeptUscc: TAX,
      sourceDeptName: '税务局',
    });
  const plan = (planState: string, planNo = 'R15-1') => ({
    unitName: '茶韵食品有限公司',
    uscc: COMPANY,
    planNo,
    decisionDate: '2026-09-01',
    planState,
    regionCode: '411502',
    sourceDeptUscc: TAX,
    sourceDeptName: '税务局',
  });
  /** By id, in lists and counts, through the subject, and as the target of a mutation. */
  const seenBy = async (id: string, field: string, asking: Asking): Promise<readonly unknown[]> => {
    const query = `{ record(id: "${id}") { id } ${field} { totalCount nodes { id } } me { subject } subject(uscc: "${COMPANY}") { ${field} { totalCount nodes { id } } } }`;
    const { body } = await hub.ask(query, asking);
    const holds = ({ totalCount, nodes }: { totalCount: number; nodes: { id: string }[] }) => {
      expect(totalCount).toBe(nodes.length);
      return nodes.some((node) => node.id === id);
    };
    return [body.data.record?.id === id, holds(body.data[field]), holds(body.data.subject[field])];
  };
  const NOWHERE = [false, false, false];
  const EVERYWHERE = [true, true, true];

  it.each<[string, string, string, (state: string, no?: string) => Readonly<Record<string, unknown>>, readonly [string, string]]>([
    ['a list proposal', 'LIST_ENTRY', 'listEntries', proposal, ['PROPOSED', 'NOTICED']],
    ['a planned check', 'PLANNED_CHECK', 'plannedChecks', plan, ['PLANNED', 'NOTIFIED']],
  ])(
    '%s is its source’s and the operator’s alone before notice, and its subject’s too behind it',
    async (_what, type, field, row, [before, after]) => {
      const [id = ''] = await load(type, [row(before)]);
      expect(await seenBy(id, field, company())).toEqual(NOWHERE);
      for (const asking of [{}, agency(HOUSING, 'LICENSING'), supervision(), bank()])
        expect(await seenBy(id, field, asking)).toEqual(NOWHERE);
      for (const asking of [agency(TAX, 'RECORD_MANAGEMENT'), operator()]) expect(await seenBy(id, field, asking)).toEqual(EVERYWHERE);
      // No import gives the notice: a draft that comes again stays one.
      expect(await load(type, [row(after)])).toEqual([id]);
      expect(await seenBy(id, field, company())).toEqual(NOWHERE);
      const [noticed = ''] = await load(type, [row(after, 'R15-2')]);
      expect(await seenBy(noticed, field, company())).toEqual(EVERYWHERE);
      for (const asking of [{}, agency(HOUSING, 'LICENSING'), supervision(), bank()])
        expect(await seenBy(noticed, field, asking)).toEqual(NOWHERE);
    },
  );

  it('a draft that its subject asks for by id is answered like an unknown record, by a weak and by a strong proof of identity', async () => {
    const [id = ''] = await load('PLANNED_CHECK', [plan('PLANNED', 'R15-3')]);
    for (const authLevel of [1, 2]) {
      const asking: Asking = { token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel }) };
      const ask = (recordId: string) => hub.ask(`{ record(id: "${recordId}") { id recordType decisionDate } }`, asking);
      expect((await ask(id)).body).toEqual((await ask('AAAAAAAAAAAAAAAAAAAAAA')).body);
    }
  });
});
