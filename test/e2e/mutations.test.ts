import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ clock: { now: () => new Date('2026-10-08T02:00:00Z') } });
}, 60_000);
afterAll(() => hub.close());

const agency = (orgUscc: string, purpose: string | undefined = 'RECORD_MANAGEMENT'): Asking => ({
  token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }),
  purpose,
});
const operator = (regionCode = '411502'): Asking => ({ token: hub.token('OPERATOR', { regionCode }) });
const own = (): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) });
const codesOf = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code);

let documents = 0;
/** A document number that no test has used. */
const newNumber = () => {
  documents += 1;
  return `浉市监罚〔2026〕${100 + documents}号`;
};

type Row = Readonly<Record<string, unknown>>;
const SUBMIT = `mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) {
  accepted updated unchanged rejected reasons { row column code } notices { row column code } } }`;
async function submit(records: readonly Row[], asking: Asking = agency(MARKET)) {
  const answer = await hub.ask(SUBMIT, { ...asking, variables: { records } });
  return answer.body.data?.submitAdministrativePenalty ?? codesOf(answer);
}
const taken = (counts: object) => ({ accepted: 0, updated: 0, unchanged: 0, rejected: 0, reasons: [], notices: [], ...counts });

/** Ids of the records with a document number, as an asker sees them. */
async function idsOf(documentNo: unknown, asking: Asking = agency(MARKET)): Promise<readonly string[]> {
  const { body } = await hub.ask('query ($no: String) { penalties(where: { documentNo: { eq: $no } }) { nodes { id } } }', {
    ...asking,
    variables: { no: documentNo },
  });
  return body.data.penalties.nodes.map(({ id }: { id: string }) => id);
}
async function submitted(changes: Row = {}, make: (changes: Row) => Row = penalty): Promise<{ readonly id: string; readonly row: Row }> {
  const row = make({ documentNo: newNumber(), ...changes });
  expect(await submit([row])).toMatchObject({ accepted: 1 });
  const [id] = await idsOf(row.documentNo);
  if (!id) throw new Error('the record that was submitted is not there');
  return { id, row };
}

const WITHDRAW = `mutation ($id: ID!, $ref: String!, $reason: String!, $version: Int) {
  withdrawRecord(recordId: $id, documentRef: $ref, reason: $reason, expectedVersion: $version) { id publicityStatus dataStatus } }`;
const withdraw = (id: string, variables: Row = {}, asking: Asking = agency(MARKET)) =>
  hub.ask(WITHDRAW, { ...asking, variables: { id, ref: '浉市监撤〔2026〕1号', reason: '复议撤销', ...variables } });

const CORRECT = `mutation ($id: ID!, $fields: JSON!, $reason: String!, $version: Int) {
  correctRecord(recordId: $id, fields: $fields, reason: $reason, expectedVersion: $version) {
    id dataStatus ... on AdministrativePenalty { violationType performanceStatus version changeReason } } }`;
const correct = (id: string, variables: Row = {}, asking: Asking = agency(MARKET)) =>
  hub.ask(CORRECT, { ...asking, variables: { id, fields: { violationType: '更正后的类型' }, reason: '录入错误', ...variables } });

async function seen(id: string, asking: Asking = {}): Promise<unknown> {
  const { body } = await hub.ask(
    'query ($id: ID!) { record(id: $id) { publicityStatus ... on AdministrativePenalty { violationType } } }',
    { ...asking, variables: { id } },
  );
  return body.data.record;
}

describe('submitting', () => {
  it('takes a department’s own rows, each judged by itself', async () => {
    const [first, second] = [newNumber(), newNumber()];
    const rows = [
      penalty({ documentNo: first }),
      penalty({ documentNo: newNumber(), decisionDate: '2026-02-30' }),
      penalty({ documentNo: second, violationType: '' }),
      penalty({ documentNo: second }),
      penalty({ documentNo: second }),
    ];
    expect(await submit(rows)).toEqual(
      taken({
        accepted: 2,
        unchanged: 1,
        rejected: 2,
        reasons: [
          { row: 2, column: '处罚决定日期', code: 'IMPOSSIBLE_DATE' },
          { row: 3, column: '违法行为类型', code: 'REQUIRED' },
        ],
      }),
    );
    expect(await idsOf(first)).toHaveLength(1);
    expect(await idsOf(second)).toHaveLength(1);
  });

  it('says what changed and what did not', async () => {
    const { id, row } = await submitted();
    expect(await submit([row])).toEqual(taken({ unchanged: 1 }));
    expect(await submit([{ ...row, violationType: '其他违法行为' }])).toEqual(taken({ updated: 1 }));
    expect(await seen(id)).toEqual({ publicityStatus: 'PUBLISHED', violationType: '其他违法行为' });
    expect(await idsOf(row.documentNo)).toEqual([id]);
  });

  it('leaves a row alone that equals an earlier version, and says so', async () => {
    const { id, row } = await submitted();
    await submit([{ ...row, violationType: '其他违法行为' }]);
    expect(await submit([row])).toEqual(
      taken({ unchanged: 1, notices: [{ row: 1, column: '行政处罚决定书文号', code: 'OLDER_VERSION' }] }),
    );
    expect(await seen(id)).toMatchObject({ violationType: '其他违法行为' });
  });

  it('refuses a row that names another source', async () => {
    const documentNo = newNumber();
    expect(await submit([penalty({ documentNo, sourceDeptUscc: HOUSING })])).toEqual(
      taken({ rejected: 1, reasons: [{ row: 1, column: '数据来源单位统一社会信用代码', code: 'SOURCE_DIFFERS' }] }),
    );
    expect(await idsOf(documentNo)).toEqual([]);
    expect(await idsOf(documentNo, agency(HOUSING))).toEqual([]);
  });

  it('takes the department of the token for the source of a row that names none', async () => {
    const documentNo = newNumber();
    expect(await submit([penalty({ documentNo, sourceDeptUscc: undefined, sourceDeptName: undefined })])).toMatchObject({ accepted: 1 });
    const { body } = await hub.ask('query ($no: String) { penalties(where: { documentNo: { eq: $no } }) { nodes { sourceDeptUscc } } }', {
      variables: { no: documentNo },
    });
    expect(body.data.penalties.nodes).toEqual([{ sourceDeptUscc: MARKET }]);
  });

  it('tells a second department nothing of the first one’s document, and changes nothing of it', async () => {
    const { id, row } = await submitted();
    const rowOfOther = { ...row, sourceDeptUscc: HOUSING, sourceDeptName: '浉河区住房和城乡建设局', violationType: '冒充' };
    const fresh = { ...rowOfOther, documentNo: newNumber() };
    const answer = await submit([rowOfOther], agency(HOUSING));
    expect(answer).toEqual(await submit([fresh], agency(HOUSING)));
    expect(answer).toEqual(taken({ accepted: 1 }));
    expect(await submit([rowOfOther], agency(HOUSING))).toEqual(taken({ unchanged: 1 }));
    // The first one's stays the only one that the public sees; the second waits for the operator.
    expect(await idsOf(row.documentNo, {})).toEqual([id]);
    expect(await seen(id)).toEqual({ publicityStatus: 'PUBLISHED', violationType: '经营超过保质期的食品' });
    const [second] = (await idsOf(row.documentNo, agency(HOUSING))).filter((other) => other !== id);
    expect(await seen(String(second), agency(HOUSING))).toEqual({ publicityStatus: 'VALIDATED', violationType: '冒充' });
    expect(await submit([row])).toEqual(taken({ unchanged: 1 }));
  });

  it.each([
    ['the public', (): Asking => ({})],
    ['the subject', own],
    ['an operator', () => operator()],
    ['a credit body', (): Asking => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY }) })],
    ['a supervision system', (): Asking => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1' }) })],
  ])('is not for %s', async (_who, asking) => {
    expect(await submit([penalty({ documentNo: newNumber() })], asking())).toEqual(['FORBIDDEN']);
  });

  it('is not offered for types with a workflow', async () => {
    const { status, body } = await hub.ask('mutation { submitListEntry(records: []) { accepted } }', agency(MARKET));
    expect(status).toBe(400);
    expect(body.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('takes at most a thousand rows at once', async () => {
    expect(await submit(Array.from({ length: 1001 }, () => ({})))).toEqual(['LIMIT_EXCEEDED']);
  });
});

describe('withdrawing a record', () => {
  it('is the source department’s to do', async () => {
    const { id } = await submitted();
    expect((await withdraw(id)).body).toEqual({
      data: { withdrawRecord: { id, publicityStatus: 'WITHDRAWN', dataStatus: 'WITHDRAWN' } },
    });
  });

  it('is an operator’s to do in its region', async () => {
    const { id } = await submitted();
    expect(codesOf(await withdraw(id, {}, operator('370300')))).toEqual(['NOT_FOUND']);
    expect((await withdraw(id, {}, operator('410000'))).body.data.withdrawRecord).toMatchObject({ id, publicityStatus: 'WITHDRAWN' });
  });

  it.each([
    ['another department', () => agency(HOUSING, 'ENFORCEMENT')],
    ['an operator elsewhere', () => operator('370300')],
    ['an operator of no region', () => ({ token: hub.token('OPERATOR') })],
  ])('answers %s like an unknown id', async (_who, asking) => {
    const { id } = await submitted();
    const [known, unknown] = [await withdraw(id, {}, asking()), await withdraw(UNKNOWN_ID, {}, asking())];
    expect(known.body).toEqual(unknown.body);
    expect(known.status).toBe(unknown.status);
    expect(codesOf(known)).toEqual(['NOT_FOUND']);
    expect(await seen(id)).toMatchObject({ publicityStatus: 'PUBLISHED' });
  });

  it.each([
    ['the public', (): Asking => ({})],
    ['the subject itself', own],
    ['a supervision system', (): Asking => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) })],
  ])('is not for %s', async (_who, asking) => {
    const { id } = await submitted();
    const answer = await withdraw(id, {}, asking());
    expect(answer.status).toBe(403);
    expect(codesOf(answer)).toEqual(['FORBIDDEN']);
    expect(await seen(id)).toMatchObject({ publicityStatus: 'PUBLISHED' });
  });

  it('is refused on top of another version', async () => {
    const { id } = await submitted();
    for (const version of [0, 2, -1]) expect(codesOf(await withdraw(id, { version }))).toEqual(['CONFLICT']);
    expect(await seen(id)).toMatchObject({ publicityStatus: 'PUBLISHED' });
    expect(codesOf(await withdraw(id, { version: 1 }))).toEqual([]);
  });

  it('takes no expected version from an operator who may not read it', async () => {
    const { id } = await submitted({}, personalPenalty);
    expect(codesOf(await withdraw(id, { version: 7 }, operator()))).toEqual(codesOf(await withdraw(id, { version: 1 }, operator())));
    expect(codesOf(await withdraw(id, {}, operator()))).toEqual([]);
  });

  it('is refused a second time', async () => {
    const { id } = await submitted();
    await withdraw(id);
    for (const asking of [agency(MARKET), operator()]) expect(codesOf(await withdraw(id, {}, asking))).toEqual(['INVALID_TRANSITION']);
    expect(codesOf(await correct(id))).toEqual(['INVALID_TRANSITION']);
  });

  it('checks audience, input, visibility, version and state in this order', async () => {
    const { id } = await submitted();
    await withdraw(id);
    const blank = { reason: ' ' };
    expect(codesOf(await withdraw(id, { ...blank, version: 9 }, {}))).toEqual(['FORBIDDEN']);
    expect(codesOf(await withdraw(UNKNOWN_ID, { ...blank, version: 9 }))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await withdraw(id, { ref: '' }, agency(HOUSING)))).toEqual(['BAD_USER_INPUT']);
    expect(codesOf(await withdraw(id, { version: 9 }, agency(HOUSING)))).toEqual(['NOT_FOUND']);
    expect(codesOf(await withdraw(id, { version: 9 }))).toEqual(['CONFLICT']);
    expect(codesOf(await withdraw(id, { version: 2 }))).toEqual(['INVALID_TRANSITION']);
  });

  it('takes the record from everybody’s view but the subject’s, the source’s and the operator’s', async () => {
    const { id, row } = await submitted({ uscc: COMPANY });
    const everybody: readonly (readonly [string, Asking])[] = [
      ['public', {}],
      ['other department', agency(HOUSING, 'ENFORCEMENT')],
      ['other subject', { token: hub.token('SUBJECT', { subjectUscc: OTHER_COMPANY, authLevel: 2 }) }],
      ['credit body', { token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY }) }],
      ['supervision', { token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) }],
      ['operator elsewhere', operator('370300')],
      ['subject', own()],
      ['source', agency(MARKET)],
      ['operator', operator()],
    ];
    const views = async () =>
      Object.fromEntries(
        await Promise.all(
          everybody.map(async ([name, asking]) => {
            const { body } = await hub.ask(
              `query ($id: ID!, $no: String) { record(id: $id) { publicityStatus } penalties(where: { documentNo: { eq: $no } }) { totalCount nodes { id } }
                subject(uscc: "${COMPANY}") { penalties(where: { documentNo: { eq: $no } }) { totalCount } } }`,
              { ...asking, variables: { id, no: row.documentNo } },
            );
            const { record, penalties, subject } = body.data;
            return [name, [record?.publicityStatus, penalties.totalCount, penalties.nodes.length, subject?.penalties.totalCount]] as const;
          }),
        ),
      );
    const there = ['PUBLISHED', 1, 1, 1];
    expect(await views()).toEqual(Object.fromEntries(everybody.map(([name]) => [name, there])));
    await withdraw(id);
    const gone = [undefined, 0, 0, 0];
    const kept = ['WITHDRAWN', 1, 1, 1];
    expect(await views()).toEqual({
      public: gone,
      'other department': gone,
      'other subject': gone,
      'credit body': gone,
      supervision: gone,
      'operator elsewhere': gone,
      subject: kept,
      source: kept,
      operator: kept,
    });
  });

  it('stays in force when the row is submitted again', async () => {
    const { id, row } = await submitted();
    await withdraw(id);
    const notice = { row: 1, column: '行政处罚决定书文号', code: 'STOPPED_RECORD' };
    expect(await submit([row])).toEqual(taken({ unchanged: 1, notices: [notice] }));
    expect(await submit([{ ...row, violationType: '其他违法行为' }])).toEqual(taken({ updated: 1, notices: [notice] }));
    expect(await seen(id)).toBeNull();
    expect(await seen(id, agency(MARKET))).toMatchObject({ publicityStatus: 'WITHDRAWN' });
  });

  it('takes the records of every source about the same act', async () => {
    const { id, row } = await submitted();
    const documentNo = row.documentNo;
    await submit([{ ...row, sourceDeptUscc: HOUSING }], agency(HOUSING));
    const [second] = (await idsOf(documentNo, agency(HOUSING))).filter((other) => other !== id);
    await withdraw(id);
    expect(await seen(String(second), agency(HOUSING))).toMatchObject({ publicityStatus: 'WITHDRAWN' });
  });
});

describe('correcting a record', () => {
  it('answers the corrected record, marked and with its reason', async () => {
    const { id } = await submitted();
    expect((await correct(id, { version: 1 })).body).toEqual({
      data: {
        correctRecord: {
          id,
          dataStatus: 'CORRECTED',
          violationType: '更正后的类型',
          performanceStatus: 'PERFORMED',
          version: 2,
          changeReason: '录入错误',
        },
      },
    });
    expect(await seen(id)).toMatchObject({ violationType: '更正后的类型' });
  });

  it('is not undone by the file that was imported before', async () => {
    const { id, row } = await submitted();
    await correct(id);
    const notices = [{ row: 1, column: '行政处罚决定书文号', code: 'OLDER_VERSION' }];
    expect(await submit([row])).toEqual(taken({ unchanged: 1, notices }));
    const [imported] = await hub.load('PENALTY', [row]);
    expect(imported).toMatchObject({ outcome: 'unchanged', id, notices: [{ code: 'OLDER_VERSION' }] });
    expect(await seen(id)).toMatchObject({ violationType: '更正后的类型' });
    expect(await submit([{ ...row, violationType: '更正后的类型' }])).toEqual(taken({ unchanged: 1 }));
  });

  it('shows an operator no more of the record than a query does', async () => {
    const { id } = await submitted({}, personalPenalty);
    const { body } = await hub.ask(
      `mutation ($id: ID!) { correctRecord(recordId: $id, fields: { violationType: "更正" }, reason: "录入错误") {
        ... on AdministrativePenalty { violationType personIdNumber counterpartName performanceStatus remark } } }`,
      { ...operator(), variables: { id } },
    );
    expect(body.data.correctRecord).toEqual({
      violationType: null,
      personIdNumber: '411599********5684',
      counterpartName: '陈**',
      performanceStatus: null,
      remark: '内部备注',
    });
    expect(JSON.stringify(body)).not.toContain(PERSON.idNumber);
  });

  it.each([
    ['another department', () => agency(HOUSING, 'ENFORCEMENT')],
    ['an operator elsewhere', () => operator('370300')],
  ])('answers %s like an unknown id', async (_who, asking) => {
    const { id } = await submitted();
    const [known, unknown] = [await correct(id, { version: 9 }, asking()), await correct(UNKNOWN_ID, { version: 9 }, asking())];
    expect(known.body).toEqual(unknown.body);
    expect(codesOf(known)).toEqual(['NOT_FOUND']);
    expect(await seen(id)).toMatchObject({ violationType: '经营超过保质期的食品' });
  });

  it.each([
    ['no field', {}],
    ['a list', [{ violationType: 'x' }]],
    ['a text', 'violationType'],
    ['a field that does not exist', { colour: 'red' }],
    ['a field of the gate', { publicityStatus: 'NOT_PUBLIC' }],
    ['a property of every object', { constructor: 'x' }],
    ['part of the identity', { documentNo: '浉市监罚〔2026〕999号' }],
    ['the name of the subject', { counterpartName: '别的公司' }],
    ['the code of the subject', { uscc: OTHER_COMPANY }],
    ['the kind of the subject', { counterpartType: 'INDIVIDUAL' }],
    ['the source', { sourceDeptUscc: HOUSING }],
    ['an impossible date', { decisionDate: '2026-02-30' }],
    ['a value outside the catalogue', { performanceStatus: 'MAYBE' }],
    ['nothing where something is required', { violationFacts: null }],
  ])('takes no fields that are %s', async (_what, fields) => {
    const { id } = await submitted();
    expect(codesOf(await correct(id, { fields }))).toEqual(['BAD_USER_INPUT']);
    expect(await seen(id)).toEqual({ publicityStatus: 'PUBLISHED', violationType: '经营超过保质期的食品' });
  });

  it('needs a reason', async () => {
    const { id } = await submitted();
    expect(codesOf(await correct(id, { reason: '' }))).toEqual(['BAD_USER_INPUT']);
  });

  it('is refused on top of another version, before its state is looked at', async () => {
    const { id } = await submitted();
    expect(codesOf(await correct(id, { version: 2 }))).toEqual(['CONFLICT']);
    await withdraw(id);
    expect(codesOf(await correct(id, { version: 1 }))).toEqual(['CONFLICT']);
    expect(codesOf(await correct(id, { version: 2 }))).toEqual(['INVALID_TRANSITION']);
  });

  it('alone loosens a secrecy mark', async () => {
    const { id, row } = await submitted();
    await submit([{ ...row, secretMark: 'TRADE_SECRET' }]);
    expect(await seen(id)).toBeNull();
    await submit([{ ...row, secretMark: 'NONE', violationType: '其他' }]);
    expect(await seen(id)).toBeNull();
    await correct(id, { fields: { secretMark: 'NONE' } });
    expect(await seen(id)).toMatchObject({ publicityStatus: 'PUBLISHED' });
  });
});

describe('mutations at the same time', () => {
  const atOnce = <T>(count: number, make: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, index) => make(index)));

  it('make one record of one row, however often it is submitted', async () => {
    const documentNo = newNumber();
    const answers = await atOnce(10, () => submit([penalty({ documentNo })]));
    expect(answers.filter(({ accepted }) => accepted === 1)).toHaveLength(1);
    expect(answers.filter(({ unchanged }) => unchanged === 1)).toHaveLength(9);
    expect(await idsOf(documentNo)).toHaveLength(1);
  });

  it('let one of several corrections of the same version through', async () => {
    const { id } = await submitted();
    const answers = await atOnce(8, (index) => correct(id, { version: 1, fields: { violationType: `更正${index}` } }));
    const codes = answers.flatMap(codesOf);
    expect(codes).toEqual(Array.from({ length: 7 }, () => 'CONFLICT'));
    const kept = answers.find((answer) => codesOf(answer).length === 0)?.body.data.correctRecord;
    expect(kept.version).toBe(2);
    expect(await seen(id)).toMatchObject({ violationType: kept.violationType });
  });

  it('lose none of several corrections that expect no version', async () => {
    const { id } = await submitted();
    const fields = [{ violationType: '甲' }, { violationFacts: '乙' }, { content: '丙' }, { basis: '丁' }];
    const answers = await atOnce(4, (index) => correct(id, { fields: fields[index] }));
    expect(answers.flatMap(codesOf)).toEqual([]);
    const { body } = await hub.ask(
      'query ($id: ID!) { record(id: $id) { ... on AdministrativePenalty { violationType violationFacts content basis version } } }',
      { ...agency(MARKET), variables: { id } },
    );
    expect(body.data.record).toEqual({ violationType: '甲', violationFacts: '乙', content: '丙', basis: '丁', version: 5 });
  });

  it('withdraw a record once', async () => {
    const { id } = await submitted();
    const codes = (await atOnce(6, () => withdraw(id))).flatMap(codesOf);
    expect(codes).toEqual(Array.from({ length: 5 }, () => 'INVALID_TRANSITION'));
  });
});

describe('purposes of a department', () => {
  const CLOSED = '{ me { purpose } penalties(first: 1) { nodes { remark } } }';

  it.each([
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
  ])('include %s', async (purpose) => {
    const { status, body } = await hub.ask(CLOSED, agency(MARKET, purpose));
    expect(status).toBe(200);
    expect(body.data.me.purpose).toBe(purpose);
  });

  it.each(['LOAN', 'COOPERATION', 'RECRUITMENT', 'RATING', 'REPAIR_SUPPORT', 'OTHER', 'licensing', 'ALL'])(
    'do not include %s',
    async (purpose) => {
      const answer = await hub.ask(CLOSED, agency(MARKET, purpose));
      expect(answer.status).toBe(403);
      expect(answer.body.data).toBeUndefined();
      expect(codesOf(answer)).toEqual(['PURPOSE_REQUIRED']);
    },
  );

  it('open what departments share with each other, unless the purpose is the keeping of its own records', async () => {
    const { id } = await submitted({ procedureType: 'ORDINARY', uscc: OTHER_COMPANY });
    const shared = async (purpose: string) => {
      const { body } = await hub.ask(
        'query ($id: ID!) { record(id: $id) { ... on AdministrativePenalty { procedureType performanceStatus remark } } }',
        { ...agency(HOUSING, purpose), variables: { id } },
      );
      return body.data.record;
    };
    expect(await shared('LICENSING')).toEqual({ procedureType: 'ORDINARY', performanceStatus: null, remark: null });
    expect(await shared('RECORD_MANAGEMENT')).toEqual({ procedureType: null, performanceStatus: null, remark: null });
  });

  it('are not needed to submit, nor to withdraw when the answer is open', async () => {
    const documentNo = newNumber();
    expect(await submit([penalty({ documentNo })], agency(MARKET, undefined))).toMatchObject({ accepted: 1 });
    const [id] = await idsOf(documentNo);
    expect(codesOf(await withdraw(String(id), {}, agency(MARKET, undefined)))).toEqual([]);
  });
});
