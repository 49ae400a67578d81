import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type LoggedEntry, loggedEntries } from '../support/logged-entries.ts';

const NOW = new Date('2026-10-08T02:00:00Z');
let now = NOW;
const clock = { now: () => now };
const BANK = '91411502MA3TE5T03U';
const APP = '91411502MA3TE5T052';
const MATTER = 'QUALIFICATION-REVIEW';
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
  await load('TAX_CREDIT', { rating: rating() });
  await load('SERVICE_BODY', {
    bank: { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' },
    app: { orgUscc: APP, name: '信阳生活应用', status: 'ACTIVE' },
  });
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
beforeEach(() => {
  now = NOW;
});

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
/** Not public: its grade is not A. */
function rating(): Readonly<Record<string, unknown>> {
  return {
    taxpayerName: '茶韵食品有限公司',
    taxpayerId: COMPANY,
    uscc: COMPANY,
    ratingYear: '2025',
    level: 'B',
    score: '78.5',
    deductions: ['逾期申报'],
    ratedOn: '2026-04-01',
    ratingAuthority: '国家税务总局浉河区税务局',
    reviewStatus: 'UNDER_REVIEW',
    remark: '内部备注',
    sourceDeptName: '国家税务总局浉河区税务局',
    sourceDeptUscc: TAX,
  };
}

/** The answer to one question and what it added to the access log. */
async function loggedBy(query: string, asking?: Asking): Promise<Answer & { readonly logged: readonly LoggedEntry[] }> {
  const before = (await loggedEntries(hub)).length;
  const answer = await hub.ask(query, asking);
  return { ...answer, logged: (await loggedEntries(hub)).slice(before) };
}
const counted = async (line: string): Promise<number> => Number((await hub.metrics()).split(`${line} `)[1]?.split('\n')[0] ?? 0);
const withheldOf = ({ body }: Answer): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (body.extensions?.withheld ?? []).map((entry: { coordinate: string; reason: string }) => [entry.coordinate, entry.reason]),
  );

const agency = (orgUscc: string, purpose: string): Asking => ({ token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }), purpose });
const personHandle = { person: { idNumber: PERSON.idNumber, name: PERSON.name } };

const PERFORMANCE = 'AdministrativePenalty.performanceStatus';
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

describe('A-01: an enterprise’s published penalty', () => {
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

  it('is counted, and leaves one technical line without anything of a person, of the record or of who asked', async () => {
    const line = 'hub_requests_total{audience="PUBLIC",operation="query",code="OK"}';
    const before = await counted(line);
    const { status, headers, logged } = await loggedBy(
      `{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { ${ALL_OF_A_PENALTY} } } }`,
    );
    expect([status, logged]).toEqual([200, []]);
    expect(await counted(line)).toBe(before + 1);
    const written = hub.lines.filter(({ requestId }) => requestId === headers.get('hub-request-id'));
    expect(written).toEqual([
      {
        event: 'request',
        time: NOW.toISOString(),
        requestId: expect.any(String),
        clientRequestId: undefined,
        audience: 'PUBLIC',
        kind: 'query',
        operationName: undefined,
        operation: expect.stringMatching(/^[0-9a-f]{32}$/),
        status: 200,
        codes: [],
        durationMs: expect.any(Number),
        bytes: expect.any(Number),
      },
    ]);
  });
});

describe('A-02: an individual’s licence or penalty', () => {
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

describe('A-03: a judgment debtor', () => {
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

  it.each([
    ['a filter', 'where: { listCode: { eq: "B-COURT-DEBTOR" } }', 0],
    ['what a filter leaves out', 'where: { not: { listCode: { eq: "B-TAX" } } }', 0],
    ['an order', 'orderBy: [{ field: DECISION_DATE, direction: ASC }]', 1],
  ])('is not counted by %s either', async (_what, by, count) => {
    const { body } = await hub.ask(`{ listEntries(${by}) { totalCount nodes { id } } }`);
    expect(body.errors).toBeUndefined();
    expect(body.data.listEntries.totalCount).toBe(count);
    expect(JSON.stringify(body)).not.toContain(ids.debtor);
  });
});

describe('A-04: a subject and its own records', () => {
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

describe('A-05: a subject that asks for another one', () => {
  const withheld = { coordinate: 'Query.subject', effect: 'DENIED', class: 'BY_AUTHORIZATION', reason: 'NOT_YOUR_SUBJECT', objects: 1 };

  it('is told so where it named the other, and sees an organisation as the public does', async () => {
    const query = `{ other: subject(uscc: "${OTHER_COMPANY}") { name uscc idNumber penalties { nodes { documentNo legalRepIdNumber } } } }`;
    const [own, anybody] = [await hub.ask(query, { token: subjectToken() }), await hub.ask(query)];
    expect(own.body.data).toEqual(anybody.body.data);
    expect(own.body.data.other.penalties.nodes).toEqual([{ documentNo: '浉市监罚〔2026〕004号', legalRepIdNumber: null }]);
    expect(own.body.extensions.withheld).toContainEqual({ path: ['other'], ...withheld });
    expect(anybody.body.extensions.withheld).not.toContainEqual(expect.objectContaining({ reason: 'NOT_YOUR_SUBJECT' }));
  });

  it('is told so where it asked by the hub’s own id, and never of one that it only met in a list', async () => {
    const { body: known } = await hub.ask(`{ subject(uscc: "${OTHER_COMPANY}") { id } }`);
    const query = `{ other: subject(id: "${known.data.subject.id}") { name bizRegNo penalties { nodes { documentNo subject { id } } } } }`;
    const [own, anybody] = [await hub.ask(query, { token: subjectToken() }), await hub.ask(query)];
    expect(own.body.data).toEqual(anybody.body.data);
    expect(own.body.data.other).toMatchObject({ name: '康泰商贸有限公司', bizRegNo: null });
    expect(own.body.extensions.withheld).toContainEqual({ path: ['other'], ...withheld });
    const met = await hub.ask('{ penalties { nodes { legalRepIdNumber subject { id name bizRegNo } } } }', { token: subjectToken() });
    expect(Object.values(withheldOf(met))).not.toContain('NOT_YOUR_SUBJECT');
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

describe('A-06: a department that states no purpose', () => {
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

describe('A-07 and A-08: a department with a duty grant', () => {
  const granted = { granteeUscc: HOUSING, approverUscc: MARKET, recordTypes: ['PENALTY'], legalBasis: '依据', validFrom: '2026-01-01' };
  const THREE = ['documentNo', 'violationType', 'decisionDate'].map((name) => `AdministrativePenalty.${name}`);
  const REVIEW = { ...granted, grantNo: 'G-07', fields: THREE, purposes: ['QUALIFICATION'], matterCodes: [MATTER], validTo: '2027-12-31' };
  const EXPIRED = { ...granted, grantNo: 'G-08', fields: [...THREE, PERFORMANCE], purposes: ['LICENSING'], validTo: '2026-10-07' };
  const give = async (grant: object): Promise<string | undefined> =>
    (await hub.load('DUTY_GRANT', [{ ...grant, status: 'APPROVED' }]))[0]?.id;
  beforeAll(() =>
    hub.load('DEPARTMENT', [
      {
        uscc: HOUSING,
        name: '浉河区住房和城乡建设局',
        orgNature: 'STATE_ORGAN',
        mattersCatalogue: [{ matterCode: MATTER, name: '资质审核', allowFields: [...THREE, PERFORMANCE] }],
      },
      { uscc: MARKET, name: '浉河区市场监督管理局', orgNature: 'STATE_ORGAN' },
    ]),
  );
  afterEach(() =>
    hub.load(
      'DUTY_GRANT',
      [REVIEW, EXPIRED].map((grant) => ({ ...grant, status: 'SUSPENDED' })),
    ),
  );

  const asks = (fields: string) => `{ record(id: "${ids.personal}") { ... on AdministrativePenalty { ${fields} } } }`;
  const review = (): Asking => ({ ...agency(HOUSING, 'QUALIFICATION'), matter: MATTER });
  const OVER = 'hub_access_signals_total{signal="OVER_REQUEST"}';

  it('A-07: reads the three fields of its grant; the fourth is null for GRANT_FIELD, and the log says that too much was asked for', async () => {
    const grantId = await give(REVIEW);
    const before = await counted(OVER);
    const answer = await loggedBy(asks('documentNo violationType decisionDate performanceStatus'), review());
    expect(answer.body.data.record).toEqual({
      documentNo: '浉市监罚〔2026〕002号',
      violationType: '经营超过保质期的食品',
      decisionDate: '2026-09-01',
      performanceStatus: null,
    });
    expect(withheldOf(answer)).toEqual({ [PERFORMANCE]: 'GRANT_FIELD' });
    expect(answer.logged).toMatchObject([
      { decision: 'PARTIAL', organisation: HOUSING, purpose: 'QUALIFICATION', matter: MATTER, grants: [grantId], denied: [PERFORMANCE] },
    ]);
    expect(answer.logged[0]?.signals).toEqual(['OVER_REQUEST']);
    expect(await counted(OVER)).toBe(before + 1);
    expect(await hub.metrics()).not.toContain(HOUSING);
  });

  it('A-07: asks for no more than its grant opens, and the log says nothing of the kind', async () => {
    const grantId = await give(REVIEW);
    const { body, logged } = await loggedBy(asks('documentNo violationType decisionDate'), review());
    expect(body.extensions?.withheld).toBeUndefined();
    expect(logged).toMatchObject([{ decision: 'ALLOW', grants: [grantId] }]);
    expect(logged[0]).not.toHaveProperty('signals');
  });

  it('A-08: reads nothing under a grant that expired yesterday, while public fields are still answered', async () => {
    const query = `{ open: record(id: "${ids.penalty}") { ... on AdministrativePenalty { documentNo performanceStatus } } closed: record(id: "${ids.personal}") { id } }`;
    await give(EXPIRED);
    now = new Date('2026-10-07T15:59:00Z');
    const lastDay = await hub.ask(query, agency(HOUSING, 'LICENSING'));
    expect(lastDay.body.data).toEqual({
      open: { documentNo: '浉市监罚〔2026〕001号', performanceStatus: 'PERFORMED' },
      closed: { id: ids.personal },
    });
    now = NOW;
    const answer = await loggedBy(query, agency(HOUSING, 'LICENSING'));
    expect(answer.body.data).toEqual({ open: { documentNo: '浉市监罚〔2026〕001号', performanceStatus: null }, closed: null });
    expect(withheldOf(answer)).toEqual({ [PERFORMANCE]: 'GRANT_EXPIRED' });
    expect(answer.logged).toMatchObject([{ denied: [PERFORMANCE] }]);
    expect(answer.logged[0]).not.toHaveProperty('signals');
  });
});

describe('A-09: a tax bureau and its own tax record', () => {
  const TAX_RECORD = `id publicityStatus taxpayerName taxpayerId uscc ratingYear level score deductions ratedOn decisionDate ratingAuthority reviewStatus
    shareCategory submittedAt version contentHash secretMark remark`;
  it('reads every field, what it keeps for handling included', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${ids.rating}") { ... on TaxCreditRating { ${TAX_RECORD} } } }`,
      agency(TAX, 'RECORD_MANAGEMENT'),
    );
    expect(body.errors).toBeUndefined();
    expect(body.extensions).toBeUndefined();
    expect(body.data.record).toMatchObject({
      level: 'B',
      score: '78.500000',
      deductions: ['逾期申报'],
      reviewStatus: 'UNDER_REVIEW',
      secretMark: 'NONE',
      contentHash: expect.any(String),
      remark: '内部备注',
    });
  });

  it('finds it by counts and filters of its own', async () => {
    const { body } = await hub.ask(
      `{ taxCreditRatings(where: { level: { eq: B } }) { totalCount nodes { id remark } } }`,
      agency(TAX, 'RECORD_MANAGEMENT'),
    );
    expect(body.data.taxCreditRatings).toEqual({ totalCount: 1, nodes: [{ id: ids.rating, remark: '内部备注' }] });
  });
});

describe('A-09: a department and its own penalty', () => {
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

describe('A-10: a credit body without a voucher', () => {
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

describe('A-11 to A-15: a voucher', () => {
  const person = () => ({ token: subjectToken({ subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name }) });
  const company = () => ({ token: subjectToken() });
  const bank = (voucher?: string): Asking => ({
    token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 's-1' }),
    purpose: 'LOAN',
    ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
  });
  const app = (voucher?: string): Asking => ({
    token: hub.token('APP_ORG', { orgUscc: APP, certSerial: 'CERT-1' }),
    purpose: 'RATING',
    ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
  });
  const DRAFT = {
    type: 'E_SIGN',
    granteeUscc: BANK,
    granteeStaff: ['s-1'],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: '2026-12-01T00:00:00Z',
    maxUses: 20,
  };
  const OF_APP = { type: 'E_CERT', granteeUscc: APP, granteeStaff: undefined, purpose: 'RATING', opened: ['LICENSE'] };
  /** Drafted by its grantee, signed by its subject. */
  const signed = async (about: object, signer: Asking, changes: object = {}, by: Asking = bank()): Promise<string> => {
    const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
      ...by,
      variables: { input: { ...DRAFT, ...about, ...changes } },
    });
    const { id } = drafted.body.data.draftVoucher;
    const answer = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, signer);
    expect(answer.body.data.signVoucher.status).toBe('ACTIVE');
    return id;
  };
  const ofPerson = (changes: object = {}, by?: Asking) => signed({ person: PERSON }, person(), changes, by);
  const ofCompany = (changes: object = {}, by?: Asking) => signed({ subjectUscc: COMPANY }, company(), changes, by);
  const byPerson = (fields: string, asking: Asking) =>
    hub.ask(`query ($p: PersonHandle) { subject(person: $p) { ${fields} } }`, { ...asking, variables: { p: personHandle.person } });
  const codeOf = ({ body }: Answer) => body.errors?.[0]?.extensions.code;

  it('A-11: for BASIC and ADMINISTRATIVE opens administrative records, and no evaluation', async () => {
    const id = await ofPerson();
    const { body } = await byPerson(
      'penalties { totalCount nodes { documentNo personIdNumber } } licenses { nodes { documentNo } }',
      bank(id),
    );
    expect(body.data.subject).toEqual({
      penalties: { totalCount: 1, nodes: [{ documentNo: '浉市监罚〔2026〕002号', personIdNumber: PERSON.idNumber }] },
      licenses: { nodes: [{ documentNo: '浉市监许〔2026〕010号' }] },
    });
    const ofOther = await ofCompany();
    const query = `{ subject(uscc: "${COMPANY}") { taxCreditRatings { totalCount nodes { level score } } } record(id: "${ids.rating}") { id } }`;
    const evaluation = await hub.ask(query, bank(ofOther));
    expect(evaluation.body.data).toEqual((await hub.ask(query)).body.data);
    expect(evaluation.body.data).toEqual({ subject: { taxCreditRatings: { totalCount: 0, nodes: [] } }, record: null });
  });

  it('A-11: says VOUCHER_SCOPE of a field outside its sections that stands in an open row', async () => {
    const id = await ofCompany({ sections: ['BASIC'] });
    const answer = await hub.ask(`{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { documentNo personIdType } } }`, bank(id));
    expect(answer.body.data.record).toEqual({ documentNo: '浉市监罚〔2026〕001号', personIdType: null });
    expect(withheldOf(answer)).toEqual({ 'AdministrativePenalty.personIdType': 'VOUCHER_SCOPE' });
  });

  it('A-12: of one subject makes its holder the public for another one, says so, and the denial is logged', async () => {
    const id = await ofCompany();
    const query = `{ subject(uscc: "${OTHER_COMPANY}") { name idNumber penalties { nodes { documentNo personIdNumber } } } }`;
    const answer = await loggedBy(query, bank(id));
    expect(answer.body.data).toEqual((await hub.ask(query)).body.data);
    expect(withheldOf(answer)).toMatchObject({ 'Query.subject': 'VOUCHER_SUBJECT' });
    expect(answer.logged).toMatchObject([
      {
        audience: 'CREDIT_BODY',
        organisation: BANK,
        staff: 's-1',
        voucher: id,
        purpose: 'LOAN',
        decision: 'DENY',
        granted: [],
        denied: expect.arrayContaining(['Query.subject', 'AdministrativePenalty.personIdNumber']),
        disclosed: [],
      },
    ]);
  });

  it('A-12: is answered for another person like for one that nobody knows, and the denial is logged', async () => {
    const id = await ofCompany();
    const ask = (person: object) =>
      hub.ask('query ($p: PersonHandle) { subject(person: $p) { id } }', { ...bank(id), variables: { p: person } });
    const before = (await loggedEntries(hub)).length;
    const [known, unknown] = [await ask(personHandle.person), await ask({ idNumber: '411599199001019999', name: '王五' })];
    expect(known.body).toEqual(unknown.body);
    expect(known.body.data.subject).toBeNull();
    expect(withheldOf(known)).toEqual({ 'Query.subject': 'VOUCHER_SUBJECT' });
    expect((await loggedEntries(hub)).slice(before)).toMatchObject([
      { decision: 'DENY', voucher: id, disclosed: [] },
      { decision: 'DENY', voucher: id, disclosed: [] },
    ]);
  });

  it('A-13: that its subject revoked opens nothing one second later, and the denial is logged', async () => {
    const id = await ofPerson();
    const query = 'penalties { nodes { documentNo } }';
    expect((await byPerson(query, bank(id))).body.data.subject.penalties.nodes).toHaveLength(1);
    const revoked = await hub.ask(`mutation { revokeVoucher(id: "${id}") { status revokedAt } }`, person());
    expect(revoked.body.data.revokeVoucher).toEqual({ status: 'REVOKED', revokedAt: NOW.toISOString() });
    now = new Date(NOW.getTime() + 1000);
    const before = (await loggedEntries(hub)).length;
    const again = await byPerson(query, bank(id));
    expect([again.status, codeOf(again), again.body.data]).toEqual([403, 'VOUCHER_INVALID', undefined]);
    expect((await loggedEntries(hub)).slice(before)).toMatchObject([
      { decision: 'DENY', error: 'VOUCHER_INVALID', voucher: id, disclosed: [] },
    ]);
  });

  it('A-14: for one use serves exactly one of two requests at once', async () => {
    const id = await ofPerson({ maxUses: 1 });
    const both = await Promise.all([1, 2].map(() => byPerson('penalties { nodes { documentNo } }', bank(id))));
    expect(both.map(codeOf).sort()).toEqual(['VOUCHER_INVALID', undefined]);
    const [served] = both.filter(({ status }) => status === 200);
    expect(served?.body.data.subject.penalties.nodes).toEqual([{ documentNo: '浉市监罚〔2026〕002号' }]);
    const { body } = await hub.ask('{ vouchers(first: 200) { nodes { id usedCount status } } }', person());
    expect(body.data.vouchers.nodes).toContainEqual({ id, usedCount: 1, status: 'EXHAUSTED' });
  });

  it('A-15: that opens the record type LICENSE alone shows licences, and penalties only where they are public', async () => {
    const id = await ofPerson(OF_APP, app());
    const { body } = await byPerson('licenses { nodes { documentNo } } penalties { totalCount nodes { documentNo } }', app(id));
    expect(body.data.subject).toEqual({
      licenses: { nodes: [{ documentNo: '浉市监许〔2026〕010号' }] },
      penalties: { totalCount: 0, nodes: [] },
    });
    const query = `{ subject(uscc: "${COMPANY}") { penalties { totalCount nodes { documentNo legalRepIdNumber personIdType } } } }`;
    const ofOther = await hub.ask(query, app(await ofCompany(OF_APP, app())));
    expect(ofOther.body.data).toEqual((await hub.ask(query)).body.data);
    expect(ofOther.body.data.subject.penalties.nodes).toContainEqual(expect.objectContaining({ documentNo: '浉市监罚〔2026〕001号' }));
  });
});

describe('A-30: a unified code in a submission', () => {
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

describe('A-31: a penalty by the simple procedure', () => {
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

describe('A-32: a system administrator or auditor', () => {
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

describe('A-35, A-36: a subgraph asked at its own door', () => {
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

describe('A-35: the subgraph that resolves ids, asked at its own door', () => {
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

describe('A-35: every other subgraph, asked at its own door without a token', () => {
  it.each([
    ['subjects', `{ subjects { totalCount nodes { id name orgCode } } subject(uscc: "${COMPANY}") { name orgCode codeStatus } }`],
    ['lists', '{ listEntries { totalCount nodes { id subjectName idNumber noticeDocNo statement proposedBy } } }'],
    ['tax', '{ taxCreditRatings { totalCount nodes { level score } } }'],
    [
      'access',
      '{ departments { nodes { uscc name contact } } dutyGrants { totalCount } vouchers { totalCount } serviceBodies { totalCount } }',
    ],
    ['commitments', '{ commitments { totalCount nodes { id } } }'],
    ['repairs', '{ objections { totalCount nodes { id statement } } repairCases { totalCount } }'],
  ])(
    '%s answers what the gateway answers the public',
    async (subgraph, query) => {
      const alone = await startHub({ clock, dataDir: hub.dataDir, subgraph });
      try {
        const [here, there] = [await alone.ask(query), await hub.ask(query)];
        expect(there.body.errors).toBeUndefined();
        expect(here.body.errors).toBeUndefined();
        expect(here.body.data).toEqual(there.body.data);
        expect(withheldOf(here)).toEqual(withheldOf(there));
      } finally {
        await alone.close();
      }
    },
    30_000,
  );
});

describe('A-39: a plain look-up by code', () => {
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

describe('A-41: a filter by a field that is closed for others', () => {
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

describe('A-44: a record whose 36 months of publicity are over', () => {
  const granted = { granteeUscc: HOUSING, approverUscc: TAX, recordTypes: ['PENALTY'], legalBasis: '依据', validFrom: '2026-01-01' };
  const GRANT = {
    ...granted,
    grantNo: 'G-44',
    fields: ['documentNo', 'content', 'decisionDate'].map((name) => `AdministrativePenalty.${name}`),
    purposes: ['FUNDING'],
    validTo: '2027-12-31',
  };
  beforeAll(async () => {
    const old = (documentNo: string, regionCode: string) =>
      penalty({
        documentNo,
        regionCode,
        penaltyTypes: ['REVOKE_LICENSE'],
        decisionDate: '2023-10-07',
        validTo: '2023-10-07',
        sourceDeptName: '国家税务总局浉河区税务局',
        sourceDeptUscc: TAX,
      });
    await load('PENALTY', { inHenan: old('豫旧罚〔2023〕1号', '411502'), inShandong: old('鲁旧罚〔2023〕1号', '370306') });
    const [grant] = await hub.load('DUTY_GRANT', [{ ...GRANT, status: 'APPROVED' }]);
    expect(grant?.reasons).toEqual([]);
  });
  afterAll(() => hub.load('DUTY_GRANT', [{ ...GRANT, status: 'SUSPENDED' }]));

  /** What is found of both by id, by number, by list and count, and through the subject. */
  const found = async (asking: Asking) => {
    const both = '(where: { documentNo: { in: ["豫旧罚〔2023〕1号", "鲁旧罚〔2023〕1号"] } })';
    const { body } = await hub.ask(
      `{ henan: record(id: "${ids.inHenan}") { publicityStatus } shandong: record(id: "${ids.inShandong}") { publicityStatus }
         penalties${both} { totalCount nodes { id } } subject(uscc: "${COMPANY}") { penalties${both} { totalCount nodes { id } } } }`,
      asking,
    );
    expect(body.errors).toBeUndefined();
    const { henan, shandong, penalties, subject } = body.data;
    expect(subject.penalties).toEqual(penalties);
    expect(penalties.totalCount).toBe(penalties.nodes.length);
    return {
      henan: henan?.publicityStatus,
      shandong: shandong?.publicityStatus,
      listed: penalties.nodes.map(({ id }: { id: string }) => id).sort(),
    };
  };
  const NOTHING = { henan: undefined, shandong: undefined, listed: [] };

  it('was public up to its last day', async () => {
    const query = `{ henan: record(id: "${ids.inHenan}") { publicityStatus } shandong: record(id: "${ids.inShandong}") { publicityStatus } }`;
    now = new Date('2026-10-07T15:59:00Z');
    const published = { publicityStatus: 'PUBLISHED' };
    expect((await hub.ask(query)).body.data).toEqual({ henan: published, shandong: published });
    now = NOW;
    expect(await found({})).toEqual(NOTHING);
  });

  it.each([
    ['a department without a grant', () => agency(MARKET, 'LICENSING')],
    ['a department under another purpose than its grant’s', () => agency(HOUSING, 'LICENSING')],
    ['a supervision system', () => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) })],
    ['a credit body', () => ({ token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 's-1' }) })],
  ])('is found by %s in neither region', async (_who, asking) => {
    expect(await found(asking())).toEqual(NOTHING);
  });

  it('is in the archive of Henan for the holder of a grant, and not queryable in Shandong', async () => {
    expect(await found(agency(HOUSING, 'FUNDING'))).toEqual({ henan: 'STOPPED_EXPIRED', shandong: undefined, listed: [ids.inHenan] });
    const { body } = await hub.ask(
      `{ record(id: "${ids.inHenan}") { ... on AdministrativePenalty { documentNo content decisionDate fineAmountWan } } }`,
      agency(HOUSING, 'FUNDING'),
    );
    expect(body.data.record).toEqual({
      documentNo: '豫旧罚〔2023〕1号',
      content: expect.any(String),
      decisionDate: '2023-10-07',
      fineAmountWan: null,
    });
  });

  it.each([
    ['its subject', () => ({ token: subjectToken() })],
    ['its source', () => agency(TAX, 'RECORD_MANAGEMENT')],
  ])('is still there for %s', async (_who, asking) => {
    expect(await found(asking())).toEqual({
      henan: 'STOPPED_EXPIRED',
      shandong: 'STOPPED_EXPIRED',
      listed: [ids.inHenan, ids.inShandong].sort(),
    });
  });
});
