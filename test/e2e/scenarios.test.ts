import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';

const clock = { now: () => new Date('2026-10-08T02:00:00Z') };
/** A code whose check digit fails, as some were given out. */
const LEGACY_CODE = '91350100M0001TGQXM';
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

let hub: TestHub;
const ids: Record<string, string> = {};
const load = async (type: string, rows: Readonly<Record<string, Readonly<Record<string, unknown>>>>) => {
  const outcomes = await hub.load(type, Object.values(rows));
  for (const [index, name] of Object.keys(rows).entries()) {
    const { outcome, id, reasons } = outcomes[index] ?? {};
    if (outcome !== 'accepted' || !id) throw new Error(`${name}: ${JSON.stringify(reasons)}`);
    ids[name] = id;
  }
};

const taxEntry = (changes: Readonly<Record<string, unknown>>) =>
  debtorEntry({
    listCode: 'B-TAX',
    subjectName: '茶韵食品有限公司',
    subjectType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    idType: undefined,
    idNumber: undefined,
    behaviourType: 'TAX_EVASION_FRAUD',
    facts: '虚开发票',
    designatingOrg: '国家税务总局浉河区税务局',
    designatingOrgUscc: TAX,
    sourceDeptName: '国家税务总局浉河区税务局',
    sourceDeptUscc: TAX,
    ...changes,
  });

beforeAll(async () => {
  hub = await startHub({ clock });
  await load('PENALTY', {
    penalty: penalty({ repairNoticeServed: true, reviewOutcome: 'NONE', procedureType: 'ORDINARY' }),
    personal: personalPenalty(),
    // Nothing says how serious it is, so it waits unpublished.
    waiting: penalty({
      documentNo: '浉市监罚〔2026〕003号',
      penaltyTypes: ['OTHER'],
      penaltyTypesNote: '责令改正',
      repairNoticeServed: true,
    }),
    foreign: penalty({ documentNo: '浉市监罚〔2026〕004号', counterpartName: '康泰商贸有限公司', uscc: OTHER_COMPANY }),
    housing: penalty({
      documentNo: '浉住建罚〔2026〕001号',
      authority: '浉河区住房和城乡建设局',
      authorityUscc: HOUSING,
      sourceDeptName: '浉河区住房和城乡建设局',
      sourceDeptUscc: HOUSING,
    }),
  });
  await load('LICENSE', { personalLicense: license() });
  await load('LIST_ENTRY', {
    debtor: debtorEntry(),
    company: taxEntry({ decisionNo: '浉税黑〔2026〕1号' }),
    proposed: taxEntry({ entryNo: 'P-1', decisionNo: undefined, decisionDate: undefined, listedFrom: undefined, entryStatus: 'PROPOSED' }),
    noticed: taxEntry({
      entryNo: 'N-1',
      decisionNo: undefined,
      decisionDate: undefined,
      listedFrom: undefined,
      entryStatus: 'NOTICED',
      noticeDocNo: '浉税告〔2026〕1号',
      noticeServedOn: '2026-09-20',
      statement: '企业已补缴',
    }),
  });
}, 60_000);
afterAll(() => hub.close());

function license(): Readonly<Record<string, unknown>> {
  return {
    counterpartName: PERSON.name,
    counterpartType: 'INDIVIDUAL',
    personIdType: '身份证',
    personIdNumber: PERSON.idNumber,
    documentName: '食品经营许可决定书',
    documentNo: '浉市监许〔2026〕010号',
    licenseCategory: 'ORDINARY',
    content: '食品经营',
    licenseStatus: 'VALID',
    decisionDate: '2026-09-02',
    validFrom: '2026-09-02',
    validTo: '2031-09-01',
    authority: '浉河区市场监督管理局',
    authorityUscc: MARKET,
    sourceDeptName: '浉河区市场监督管理局',
    sourceDeptUscc: MARKET,
  };
}

const subjectToken = (claims: object = { subjectUscc: COMPANY }) => hub.token('SUBJECT', { authLevel: 2, ...claims });
const agency = (orgUscc: string, purpose: string): Asking => ({ token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }), purpose });
const personHandle = { person: { idNumber: PERSON.idNumber, name: PERSON.name } };

/** Every field of a penalty, whatever its class; of value types their fields. */
const ALL_OF_A_PENALTY = `
  id recordType subject { id kind name uscc }
  counterpartName counterpartType uscc bizRegNo orgCode taxRegNo institutionCertNo socialOrgRegNo legalRepName legalRepIdType legalRepIdNumber
  personIdType personIdNumber documentNo violationType violationFacts basis penaltyTypes penaltyTypesNote content fineAmountWan
  confiscationAmountWan licenseSuspendedOrRevoked decisionDate validTo publicityDeadline authority authorityUscc procedureType domain
  performanceStatus performedOn repairNoticeServed repairNoticeServedOn summaryForPublic reviewOutcome sourceDeptName sourceDeptUscc remark
  catalogItemCode catalogEdition shareCategory infoNature infoOrigin regionCode occurredOn submittedAt receivedAt submissionMode publishDueOn
  publishedAt publishChannels publicityStatus publicityMinEndOn publicityMaxEndOn severity dataStatus secretMark objectionFlag objectionNote
  version previousVersionId changeReason contentHash evidenceRefs { docType docNo docDate fileId }`;
const CLOSED_TO_THE_PUBLIC = [
  'bizRegNo',
  'orgCode',
  'taxRegNo',
  'institutionCertNo',
  'socialOrgRegNo',
  'legalRepIdType',
  'legalRepIdNumber',
  'personIdType',
  'personIdNumber',
  'procedureType',
  'performanceStatus',
  'performedOn',
  'repairNoticeServed',
  'repairNoticeServedOn',
  'reviewOutcome',
  'remark',
  'catalogItemCode',
  'catalogEdition',
  'shareCategory',
  'infoOrigin',
  'submittedAt',
  'receivedAt',
  'submissionMode',
  'publishDueOn',
  'secretMark',
  'version',
  'previousVersionId',
  'changeReason',
  'contentHash',
];
const OPEN_VALUES = {
  recordType: 'PENALTY',
  counterpartName: '茶韵食品有限公司',
  counterpartType: 'LEGAL_AND_UNINCORPORATED',
  uscc: COMPANY,
  legalRepName: '吴强',
  documentNo: '浉市监罚〔2026〕001号',
  violationType: '经营超过保质期的食品',
  penaltyTypes: ['FINE'],
  content: '罚款2.5万元',
  fineAmountWan: '2.500000',
  decisionDate: '2026-09-01',
  validTo: '2027-09-01',
  authority: '浉河区市场监督管理局',
  authorityUscc: MARKET,
  sourceDeptName: '浉河区市场监督管理局',
  infoNature: 'UNTRUSTWORTHY',
  regionCode: '411502',
  publicityStatus: 'PUBLISHED',
  publicityMinEndOn: '2026-12-01',
  publicityMaxEndOn: '2027-09-01',
  severity: 'GENERAL',
  dataStatus: 'VALID',
  objectionFlag: false,
};

describe('an enterprise’s published penalty (A-01)', () => {
  it('shows the public every open field and null for every other', async () => {
    const { status, body } = await hub.ask(`{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { ${ALL_OF_A_PENALTY} } } }`);
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    expect(body.data.record).toMatchObject({ ...OPEN_VALUES, id: ids.penalty, subject: { kind: 'ENTERPRISE', uscc: COMPANY } });
    expect(CLOSED_TO_THE_PUBLIC.filter((name) => body.data.record[name] !== null)).toEqual([]);
    expect(JSON.stringify(body)).not.toContain('13900000000');
    expect(body.data.record.violationFacts).toMatch(/^货架上有超过保质期的糕点，联系电话.*\*/);
  });

  it('says of each closed field why it is null, and of scrubbed text that it is masked', async () => {
    const { body } = await hub.ask(`{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { ${ALL_OF_A_PENALTY} } } }`);
    const { withheld } = body.extensions;
    const said = (effect: string) =>
      withheld.flatMap((entry: { effect: string; coordinate: string }) => (entry.effect === effect ? [entry.coordinate] : []));
    expect(said('DENIED').sort()).toEqual(CLOSED_TO_THE_PUBLIC.map((name) => `AdministrativePenalty.${name}`).sort());
    expect(said('MASKED').sort()).toEqual(['content', 'summaryForPublic', 'violationFacts'].map((name) => `AdministrativePenalty.${name}`));
    expect(withheld).toContainEqual({
      path: ['record', 'legalRepIdNumber'],
      coordinate: 'AdministrativePenalty.legalRepIdNumber',
      effect: 'DENIED',
      class: 'SHARED_BY_DUTY',
      reason: 'NOT_FOR_THIS_AUDIENCE',
      objects: 1,
    });
  });
});

describe('an individual’s licence or penalty (A-02)', () => {
  it.each(['personal', 'personalLicense'])('(%s) is answered to the public like an unknown id', async (which) => {
    const asked = (id: string | undefined) =>
      hub.ask(
        'query ($id: ID!) { record(id: $id) { id recordType decisionDate ... on AdministrativePenalty { documentNo } ... on AdministrativeLicense { documentNo } } }',
        { variables: { id } },
      );
    const [known, unknown] = [await asked(ids[which]), await asked(UNKNOWN_ID)];
    expect(known.body).toEqual({ data: { record: null } });
    expect(known.body).toEqual(unknown.body);
    expect(known.status).toBe(unknown.status);
  });

  it('is in no list and in no count', async () => {
    const { body } = await hub.ask('{ penalties { totalCount nodes { id } } licenses { totalCount nodes { id } } }');
    expect(body.data.penalties.totalCount).toBe(3);
    expect(body.data.penalties.nodes.map(({ id }: { id: string }) => id)).not.toContain(ids.personal);
    expect(body.data.licenses).toEqual({ totalCount: 0, nodes: [] });
  });

  it('cannot be found through its subject', async () => {
    const me = await hub.ask('{ me { subject } }', { token: subjectToken({ subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name }) });
    const id = me.body.data.me.subject;
    expect(id).toEqual(expect.any(String));
    const asked = await hub.ask(
      'query ($id: ID, $p: PersonHandle) { id: subject(id: $id) { id kind } person: subject(person: $p) { id } }',
      {
        variables: { id, p: personHandle.person },
      },
    );
    expect(asked.body).toEqual({ data: { id: null, person: null } });
  });
});

describe('a judgment debtor (A-03)', () => {
  const ask = (name: string, idTail: string) =>
    hub.ask(
      'query ($name: String!, $idTail: String!) { listEntriesOfPerson(name: $name, idTail: $idTail) { id subjectName idNumber designatingOrg decisionNo facts subject { id } } }',
      { variables: { name, idTail } },
    );

  it('is found by name and the last four characters, the number masked', async () => {
    const { body } = await ask(PERSON.name, '5684');
    expect(body.data.listEntriesOfPerson).toEqual([
      {
        id: ids.debtor,
        subjectName: PERSON.name,
        idNumber: '411599********5684',
        designatingOrg: '浉河区人民法院',
        decisionNo: '（2026）豫1502执001号',
        facts: '有履行能力而拒不履行生效法律文书确定的义务',
        subject: null,
      },
    ]);
    expect(JSON.stringify(body)).not.toContain(PERSON.idNumber);
  });

  it.each([
    ['another tail', PERSON.name, '5685'],
    ['another name', '陈英', '5684'],
    ['a part of the name', '陈', '5684'],
  ])('is not found by %s', async (_what, name, tail) => {
    expect((await ask(name, tail)).body).toEqual({ data: { listEntriesOfPerson: [] } });
  });

  it.each(['', '684', '65684', '56%4', PERSON.idNumber])('is not asked for by a tail that is not four characters (%s)', async (tail) => {
    const { body } = await ask(PERSON.name, tail);
    expect(body.data?.listEntriesOfPerson ?? null).toBeNull();
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('is answered by id, and stands in no list and no count', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.debtor}") { ... on ListEntry { subjectName idNumber } } listEntries { totalCount nodes { id } } }`,
    );
    expect(body.data).toEqual({
      record: { subjectName: PERSON.name, idNumber: '411599********5684' },
      listEntries: { totalCount: 1, nodes: [{ id: ids.company }] },
    });
  });
});

describe('a subject and its own records (A-04)', () => {
  it('sees a record before it is published, in full', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.waiting}") { publicityStatus ... on AdministrativePenalty { documentNo legalRepIdNumber violationFacts repairNoticeServed version remark } } }`,
      { token: subjectToken() },
    );
    expect(body.data.record).toEqual({
      publicityStatus: 'VALIDATED',
      documentNo: '浉市监罚〔2026〕003号',
      legalRepIdNumber: '411599197710058716',
      violationFacts: '货架上有超过保质期的糕点，联系电话13900000000。',
      repairNoticeServed: true,
      version: 1,
      remark: null,
    });
    expect((await hub.ask(`{ record(id: "${ids.waiting}") { id } }`)).body).toEqual({ data: { record: null } });
  });

  it('sees with a weak proof of identity only what is open', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.waiting}") { publicityStatus ... on AdministrativePenalty { documentNo legalRepIdNumber repairNoticeServed } } }`,
      { token: subjectToken({ subjectUscc: COMPANY, authLevel: 1 }) },
    );
    expect(body.data.record).toEqual({
      publicityStatus: 'VALIDATED',
      documentNo: '浉市监罚〔2026〕003号',
      legalRepIdNumber: null,
      repairNoticeServed: null,
    });
  });

  it('sees a list entry once it was given notice, and no proposal', async () => {
    const query = `{ subject(uscc: "${COMPANY}") { listEntries { totalCount nodes { id entryStatus noticeDocNo statement proposedBy } } } noticed: record(id: "${ids.noticed}") { id } proposed: record(id: "${ids.proposed}") { id } }`;
    const { body } = await hub.ask(query, { token: subjectToken() });
    expect(body.data.subject.listEntries.totalCount).toBe(2);
    expect(body.data.subject.listEntries.nodes).toEqual(
      expect.arrayContaining([
        { id: ids.noticed, entryStatus: 'NOTICED', noticeDocNo: '浉税告〔2026〕1号', statement: '企业已补缴', proposedBy: null },
        { id: ids.company, entryStatus: 'PUBLISHED', noticeDocNo: null, statement: null, proposedBy: null },
      ]),
    );
    expect(body.data.noticed).toEqual({ id: ids.noticed });
    expect(body.data.proposed).toBeNull();
  });

  it.each([
    ['the public', () => ({})],
    ['another subject', () => ({ token: subjectToken({ subjectUscc: OTHER_COMPANY }) })],
    ['another department', () => agency(HOUSING, 'SUPERVISION')],
    ['a supervision system', () => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) })],
  ])('keeps both from %s', async (_who, asking) => {
    const { body } = await hub.ask(
      `{ listEntries { nodes { id } } noticed: record(id: "${ids.noticed}") { id } proposed: record(id: "${ids.proposed}") { id } }`,
      asking(),
    );
    const listed = body.data.listEntries.nodes.map(({ id }: { id: string }) => id);
    expect(listed).toContain(ids.company);
    expect(listed).not.toContain(ids.noticed);
    expect(listed).not.toContain(ids.proposed);
    expect([body.data.noticed, body.data.proposed]).toEqual([null, null]);
  });

  it('shows the department that proposes its own proposal', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.proposed}") { ... on ListEntry { entryStatus } } }`,
      agency(TAX, 'RECORD_MANAGEMENT'),
    );
    expect(body.data.record).toEqual({ entryStatus: 'PROPOSED' });
  });
});

describe('a subject that asks for another one (A-05)', () => {
  const withheld = { coordinate: 'Query.subject', effect: 'DENIED', class: 'BY_AUTHORIZATION', reason: 'NOT_YOUR_SUBJECT', objects: 1 };

  it('is told so where it named the other, and sees an organisation as the public does', async () => {
    const query = `{ other: subject(uscc: "${OTHER_COMPANY}") { name uscc idNumber penalties { nodes { documentNo legalRepIdNumber } } } }`;
    const [own, anybody] = [await hub.ask(query, { token: subjectToken() }), await hub.ask(query)];
    expect(own.body.data).toEqual(anybody.body.data);
    expect(own.body.data.other.penalties.nodes).toEqual([{ documentNo: '浉市监罚〔2026〕004号', legalRepIdNumber: null }]);
    expect(own.body.extensions.withheld).toContainEqual({ path: ['other'], ...withheld });
    expect(anybody.body.extensions.withheld).not.toContainEqual(expect.objectContaining({ reason: 'NOT_YOUR_SUBJECT' }));
  });

  it('learns of a person no more than of an unknown one', async () => {
    const asked = (variables: object) =>
      hub.ask('query ($id: ID, $p: PersonHandle) { subject(id: $id, person: $p) { id idNumber } }', {
        token: subjectToken(),
        variables: { ...variables },
      });
    const person = await hub.ask('{ me { subject } }', {
      token: subjectToken({ subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name }),
    });
    const answers = await Promise.all(
      [
        { id: person.body.data.me.subject },
        { id: UNKNOWN_ID },
        { p: personHandle.person },
        { p: { idNumber: '411599199001019999', name: '王五' } },
      ].map(asked),
    );
    for (const { body } of answers)
      expect(body).toEqual({ data: { subject: null }, extensions: { withheld: [{ path: ['subject'], ...withheld }] } });
  });

  it('is not told so of its own', async () => {
    const { body } = await hub.ask(`{ subject(uscc: "${COMPANY}") { name } }`, { token: subjectToken() });
    expect(body).toEqual({ data: { subject: { name: '茶韵食品有限公司' } } });
  });
});

describe('a department that states no purpose (A-06)', () => {
  it.each([
    ['none', undefined],
    ['one that does not exist', 'CURIOSITY'],
    ['one of a voucher’s holder', 'LOAN'],
  ])('(%s) gets nothing for an operation that names a closed field', async (_what, purpose) => {
    const { status, body } = await hub.ask('{ penalties { nodes { documentNo legalRepIdNumber } } }', {
      token: hub.token('AGENCY', { orgUscc: MARKET }),
      purpose,
    });
    expect(status).toBe(403);
    expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'PURPOSE_REQUIRED' } }] });
  });

  it.each([
    ['filters by one', '{ penalties(where: { performanceStatus: null }) { totalCount } }'],
    ['excludes by an empty condition on one', '{ penalties(where: { not: { procedureType: {} } }) { totalCount } }'],
  ])('gets nothing when it %s', async (_what, query) => {
    const { body } = await hub.ask(query, { token: hub.token('AGENCY', { orgUscc: MARKET }) });
    expect(body.errors[0].extensions.code).toBe('PURPOSE_REQUIRED');
    expect(body.data).toBeUndefined();
  });

  it('changes nothing by a mutation that answers a closed field', async () => {
    const { body } = await hub.ask(
      `mutation { withdrawRecord(recordId: "${ids.penalty}", documentRef: "浉市监撤〔2026〕1号", reason: "撤销") { ... on AdministrativePenalty { remark } } }`,
      { token: hub.token('AGENCY', { orgUscc: MARKET }) },
    );
    expect(body.errors[0].extensions.code).toBe('PURPOSE_REQUIRED');
    expect((await hub.ask(`{ record(id: "${ids.penalty}") { publicityStatus } }`)).body.data.record.publicityStatus).toBe('PUBLISHED');
  });

  it('needs none for open fields, nor for a closed one that is not included', async () => {
    const { body } = await hub.ask('query ($no: Boolean!) { penalties { totalCount nodes { documentNo remark @include(if: $no) } } }', {
      token: hub.token('AGENCY', { orgUscc: MARKET }),
      variables: { no: false },
    });
    expect(body.errors).toBeUndefined();
    // Its own records are there without a purpose too.
    expect(body.data.penalties.totalCount).toBe(5);
  });
});

describe('a department and its own penalty (A-09)', () => {
  it('reads every field, what it keeps for handling included, and text as it was written', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { ${ALL_OF_A_PENALTY} } } }`,
      agency(MARKET, 'RECORD_MANAGEMENT'),
    );
    expect(body.errors).toBeUndefined();
    expect(body.extensions).toBeUndefined();
    expect(body.data.record).toMatchObject({
      ...OPEN_VALUES,
      legalRepIdNumber: '411599197710058716',
      violationFacts: '货架上有超过保质期的糕点，联系电话13900000000。',
      performanceStatus: 'PERFORMED',
      repairNoticeServed: true,
      remark: '内部备注',
      secretMark: 'NONE',
      shareCategory: 'ENFORCEMENT',
      version: 1,
      contentHash: expect.any(String),
    });
  });

  it('reads a person’s number in its own record', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.personal}") { subject { id } ... on AdministrativePenalty { counterpartName personIdNumber } } }`,
      agency(MARKET, 'RECORD_MANAGEMENT'),
    );
    expect(body.data.record).toMatchObject({ counterpartName: PERSON.name, personIdNumber: PERSON.idNumber });
  });

  it('does not read another department’s by stating the same purpose', async () => {
    const { body } = await hub.ask(
      `{ own: record(id: "${ids.housing}") { ... on AdministrativePenalty { remark } } other: record(id: "${ids.penalty}") { ... on AdministrativePenalty { documentNo remark procedureType } } }`,
      agency(HOUSING, 'RECORD_MANAGEMENT'),
    );
    expect(body.data).toEqual({
      own: { remark: '内部备注' },
      other: { documentNo: '浉市监罚〔2026〕001号', remark: null, procedureType: null },
    });
  });
});

describe('a credit body without a voucher (A-10)', () => {
  it('sees what the public sees', async () => {
    const query = `{ penalties { totalCount nodes { ${ALL_OF_A_PENALTY} } } listEntries { totalCount nodes { id idNumber } } record(id: "${ids.personal}") { id } }`;
    const body = await hub.ask(query, { token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY, staffId: 's-1' }) });
    const anybody = await hub.ask(query);
    expect(body.body.errors).toBeUndefined();
    expect(body.body.data).toEqual(anybody.body.data);
    expect(body.body.extensions.withheld).toContainEqual(
      expect.objectContaining({ coordinate: 'AdministrativePenalty.personIdNumber', reason: 'VOUCHER_REQUIRED' }),
    );
  });

  it('gets nothing with a voucher that does not exist', async () => {
    const { status, body } = await hub.ask('{ penalties { totalCount } }', {
      token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY, staffId: 's-1' }),
      purpose: 'LOAN',
      headers: { 'hub-voucher': 'v-unknown' },
    });
    expect(status).toBe(403);
    expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'VOUCHER_INVALID' } }] });
  });
});

describe('a unified code in a submission (A-30)', () => {
  const submit = (uscc: string) =>
    hub.ask(
      'mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) { accepted rejected reasons { row column code } notices { row column code } } }',
      {
        ...agency(MARKET, 'RECORD_MANAGEMENT'),
        variables: { records: [penalty({ uscc, documentNo: `浉市监罚〔2026〕${uscc}号`, counterpartName: '福州旧码有限公司' })] },
      },
    );
  const column = '行政相对人代码_1(统一社会信用代码)';

  it('is taken with a failing check digit, noted, and marked at its subject', async () => {
    const { body } = await submit(LEGACY_CODE);
    expect(body.data.submitAdministrativePenalty).toEqual({
      accepted: 1,
      rejected: 0,
      reasons: [],
      notices: [{ row: 1, column, code: 'CODE_CHECK_FAILED' }],
    });
    const seen = await hub.ask(`{ subject(uscc: "${LEGACY_CODE}") { name codeStatus } }`, agency(HOUSING, 'LICENSING'));
    expect(seen.body.data.subject).toEqual({ name: '福州旧码有限公司', codeStatus: 'CHECK_FAILED' });
  });

  it('is refused when it is malformed', async () => {
    const { body } = await submit('91350100M0001TGQX');
    expect(body.data.submitAdministrativePenalty).toEqual({
      accepted: 0,
      rejected: 1,
      reasons: [{ row: 1, column, code: 'MALFORMED' }],
      notices: [],
    });
  });
});

describe('a penalty by the simple procedure (A-31)', () => {
  it.each([
    ['about an individual in Henan', 'rejected', personalPenalty, '411502'],
    ['about an organisation in Henan', 'accepted', penalty, '411502'],
    ['about an organisation in Shandong', 'rejected', penalty, '370306'],
    ['about an individual in Liaoning', 'accepted', personalPenalty, '210500'],
  ] as const)('%s is %s', async (_what, outcome, make, regionCode) => {
    const documentNo = `浉市监简〔2026〕${regionCode}号`;
    const [row] = await hub.load('PENALTY', [make({ documentNo, regionCode, procedureType: 'SIMPLE' })]);
    expect(row?.outcome).toBe(outcome);
    expect(row?.reasons.map(({ code }) => code)).toEqual(outcome === 'rejected' ? ['SIMPLE_PROCEDURE'] : []);
  });
});

describe('a system administrator or auditor (A-32)', () => {
  const QUERIES = [
    '{ penalties { totalCount } }',
    '{ licenses { nodes { id } } }',
    '{ listEntries { nodes { id } } }',
    '{ taxCreditRatings { totalCount } }',
    '{ departments { nodes { name } } }',
    '{ listCatalogItems { nodes { listCode } } }',
    '{ subjects { nodes { id } } }',
    `{ subject(uscc: "${COMPANY}") { id } }`,
    '{ record(id: "x") { id } }',
    '{ listEntriesOfPerson(name: "陈英伟", idTail: "5684") { id } }',
    'mutation { withdrawRecord(recordId: "x", documentRef: "x", reason: "x") { id } }',
    'mutation { submitAdministrativePenalty(records: []) { accepted } }',
    '{ me { audience } penalties { totalCount } }',
  ];
  it.each(QUERIES)('may not ask %s', async (query) => {
    for (const audience of ['SYSTEM_ADMIN', 'AUDITOR'] as const) {
      const { status, body } = await hub.ask(query, { token: hub.token(audience), purpose: 'SUPERVISION' });
      expect(status).toBe(403);
      expect(body).toEqual({ errors: [{ message: expect.any(String), extensions: { code: 'FORBIDDEN' } }] });
    }
  });

  it('may ask who it is', async () => {
    expect((await hub.ask('{ me { audience } }', { token: hub.token('SYSTEM_ADMIN') })).body).toEqual({
      data: { me: { audience: 'SYSTEM_ADMIN' } },
    });
  });
});

describe('a subgraph asked at its own door (A-35, A-36)', () => {
  let alone: TestHub;
  beforeAll(async () => {
    alone = await startHub({ clock, dataDir: hub.dataDir, subgraph: 'records' });
  }, 60_000);
  afterAll(() => alone.close());

  const ENTITIES =
    'query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on AdministrativePenalty { id documentNo legalRepIdNumber remark repairNoticeServed } } }';
  const entities = (representations: readonly unknown[], asking: Asking = {}) =>
    alone.ask(ENTITIES, { ...asking, variables: { r: representations } });
  const representation = (id: string | undefined, more: object = {}) => ({ __typename: 'AdministrativePenalty', id, ...more });

  it('takes whoever has no token for the public', async () => {
    const query = `{ penalties { totalCount nodes { ${ALL_OF_A_PENALTY.replace('subject { id kind name uscc }', 'subject { id }')} } } }`;
    const [here, there] = [await alone.ask(query), await hub.ask(query)];
    expect(here.body.data).toEqual(there.body.data);
    expect(here.body.extensions.withheld).toHaveLength(there.body.extensions.withheld.length);
    expect(here.body.extensions.withheld).toEqual(expect.arrayContaining(there.body.extensions.withheld));
  });

  it.each([
    ['a filter by a closed field', '{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount } }', {}, 'FORBIDDEN'],
    ['a closed field without a purpose', '{ penalties { nodes { remark } } }', { audience: 'AGENCY', orgUscc: MARKET }, 'PURPOSE_REQUIRED'],
    ['a submission without a token', 'mutation { submitAdministrativePenalty(records: []) { accepted } }', {}, 'FORBIDDEN'],
    ['business data for an administrator', '{ penalties { totalCount } }', { audience: 'SYSTEM_ADMIN' }, 'FORBIDDEN'],
    ['the service’s own SDL', '{ _service { sdl } }', {}, 'FORBIDDEN'],
    ['the service’s own SDL for an operator', '{ _service { sdl } }', { audience: 'OPERATOR' }, 'FORBIDDEN'],
  ] as const)('refuses %s', async (_what, query, who, code) => {
    const token = 'audience' in who ? alone.token(who.audience, who) : undefined;
    const { body } = await alone.ask(query, { token });
    expect(body.data).toBeUndefined();
    expect(body.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toEqual([code]);
  });

  it('gates entities row by row, like any other read', async () => {
    const { body } = await entities([ids.penalty, ids.personal, ids.waiting, UNKNOWN_ID].map((id) => representation(id)));
    const open = { __typename: 'AdministrativePenalty', id: ids.penalty, documentNo: '浉市监罚〔2026〕001号' };
    expect(body.data._entities).toEqual([{ ...open, legalRepIdNumber: null, remark: null, repairNoticeServed: null }, null, null, null]);
  });

  it('gates entities for a subject: its own in full, another’s as for the public', async () => {
    const { body } = await entities(
      [ids.waiting, ids.foreign, ids.personal].map((id) => representation(id)),
      { token: subjectToken() },
    );
    expect(body.data._entities).toEqual([
      expect.objectContaining({ id: ids.waiting, legalRepIdNumber: '411599197710058716', repairNoticeServed: true, remark: null }),
      expect.objectContaining({ id: ids.foreign, legalRepIdNumber: null, repairNoticeServed: null }),
      null,
    ]);
  });

  it.each([
    ['says what kind its subject is', representation('x', { subjectKind: 'ENTERPRISE' })],
    ['carries a field of the row', representation('x', { remark: '', sourceDeptUscc: HOUSING })],
    ['names its subject', representation('x', { subject: { __typename: 'Subject', id: 'x' } })],
    ['is of a type that the subgraph does not hold', { __typename: 'ListEntry', id: 'x' }],
    ['is of a root type', { __typename: 'Query', id: 'x' }],
    ['is of a value type', { __typename: 'EvidenceRef', id: 'x' }],
    ['is of a property of every object', { __typename: 'constructor', id: 'x' }],
    ['has no id', { __typename: 'AdministrativePenalty' }],
    ['has an id that is no text', { __typename: 'AdministrativePenalty', id: { eq: 'x' } }],
    ['is no object', 'AdministrativePenalty'],
    ['is nothing', null],
  ])('refuses a representation that %s', async (_what, forged) => {
    for (const token of [undefined, hub.token('OPERATOR', { regionCode: '411502' })]) {
      const { body } = await entities([forged], { token });
      expect(body.data?._entities ?? null).toBeNull();
      expect(body.errors.map(({ extensions }: { extensions: { code: string } }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
    }
  });

  it('refuses representations that are written into the document', async () => {
    const { body } = await alone.ask(
      `{ _entities(representations: [{ __typename: "AdministrativePenalty", id: "${ids.penalty}" }]) { __typename } }`,
    );
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('lists nothing below another’s subject that the public may not see', async () => {
    const me = await hub.ask('{ me { subject } }', { token: subjectToken({ subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name }) });
    const query =
      'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Subject { id penalties { totalCount nodes { id } } licenses { totalCount } } } }';
    const variables = { r: [{ __typename: 'Subject', id: me.body.data.me.subject }] };
    const nothing = { penalties: { totalCount: 0, nodes: [] }, licenses: { totalCount: 0 } };
    for (const token of [undefined, subjectToken(), alone.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY })])
      expect((await alone.ask(query, { variables, token })).body.data._entities).toEqual([{ id: me.body.data.me.subject, ...nothing }]);
    const own = await alone.ask(query, {
      variables,
      token: subjectToken({ subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name }),
    });
    expect(own.body.data._entities[0].penalties.nodes).toContainEqual({ id: ids.personal });
    expect(own.body.data._entities[0].licenses.totalCount).toBe(1);
  });
});

describe('the subgraph that resolves ids, asked at its own door (A-35)', () => {
  let alone: TestHub;
  beforeAll(async () => {
    alone = await startHub({ clock, dataDir: hub.dataDir, subgraph: 'changes' });
  }, 60_000);
  afterAll(() => alone.close());

  it('knows a record by id where the caller may see it, and no other', async () => {
    const { body } = await alone.ask(
      `{ open: record(id: "${ids.penalty}") { __typename id recordType } person: record(id: "${ids.personal}") { id } waiting: record(id: "${ids.waiting}") { id } unknown: record(id: "${UNKNOWN_ID}") { id } }`,
    );
    expect(body).toEqual({
      data: {
        open: { __typename: 'AdministrativePenalty', id: ids.penalty, recordType: 'PENALTY' },
        person: null,
        waiting: null,
        unknown: null,
      },
    });
  });

  it('lets nobody but a source or an operator change a record', async () => {
    const withdraw = `mutation ($id: ID!) { withdrawRecord(recordId: $id, documentRef: "x", reason: "x") { id } }`;
    const attempt = (asking: Asking) => alone.ask(withdraw, { ...asking, variables: { id: ids.penalty } });
    expect((await attempt({})).body.errors[0].extensions.code).toBe('FORBIDDEN');
    expect((await attempt(agency(HOUSING, 'ENFORCEMENT'))).body.errors[0].extensions.code).toBe('NOT_FOUND');
    expect((await hub.ask(`{ record(id: "${ids.penalty}") { publicityStatus } }`)).body.data.record.publicityStatus).toBe('PUBLISHED');
  });
});

describe('a plain look-up by code (A-39)', () => {
  it('answers the public what is open about the organisation', async () => {
    const { status, body } = await hub.ask(
      `{ subject(uscc: "${COMPANY}") { kind name uscc legalRepName regionCode orgCode penalties { nodes { documentNo } } listEntries { nodes { listCode decisionNo } } taxCreditRatings { totalCount } } }`,
    );
    expect(status).toBe(200);
    expect(body.data.subject).toMatchObject({
      kind: 'ENTERPRISE',
      name: '茶韵食品有限公司',
      uscc: COMPANY,
      orgCode: null,
      listEntries: { nodes: [{ listCode: 'B-TAX', decisionNo: '浉税黑〔2026〕1号' }] },
      taxCreditRatings: { totalCount: 0 },
    });
    expect(body.data.subject.penalties.nodes).toContainEqual({ documentNo: '浉市监罚〔2026〕001号' });
  });

  it('answers nothing for a code that nobody named', async () => {
    expect((await hub.ask('{ subject(uscc: "91411500MA9K0TE5XT") { id } }')).body.data).toEqual({ subject: null });
  });

  it.each([
    ['no handle', '{ subject { id } }'],
    ['two handles', `{ subject(uscc: "${COMPANY}", id: "x") { id } }`],
  ])('takes exactly one handle, not %s', async (_what, query) => {
    const { body } = await hub.ask(query);
    expect(body.data).toEqual({ subject: null });
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});

describe('a filter by a field that is closed for others (A-41)', () => {
  const FILTER = '{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount nodes { id performanceStatus } } }';

  it('answers a department without a grant over its own records, and says so', async () => {
    const { body } = await hub.ask(FILTER, agency(HOUSING, 'QUALIFICATION'));
    expect(body.data.penalties).toEqual({ totalCount: 1, nodes: [{ id: ids.housing, performanceStatus: 'PERFORMED' }] });
    expect(body.extensions.narrowed).toEqual([{ path: ['penalties'], coordinate: 'AdministrativePenalty.performanceStatus' }]);
  });

  it('leaves out no row where it is not asked for', async () => {
    const { body } = await hub.ask('{ penalties { nodes { id } } }', agency(HOUSING, 'QUALIFICATION'));
    expect(body.data.penalties.nodes.length).toBeGreaterThan(1);
    expect(body.extensions).toBeUndefined();
  });

  it.each([
    ['a credit body without a voucher', () => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY }) })],
    ['the public', () => ({})],
    ['a supervision system', () => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) })],
  ])('is refused to %s, naming the coordinate, and nothing is run', async (_who, asking) => {
    for (const query of [FILTER, `{ open: penalties { totalCount } ${FILTER.slice(1)}`, FILTER.replace('{ eq: PERFORMED }', 'null')]) {
      const { status, body } = await hub.ask(query, asking());
      expect(status).toBe(403);
      expect(body).toEqual({
        errors: [{ message: expect.stringContaining('AdministrativePenalty.performanceStatus'), extensions: { code: 'FORBIDDEN' } }],
      });
    }
  });
});
