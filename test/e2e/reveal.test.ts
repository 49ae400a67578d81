import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type LoggedEntry, loggedEntries } from '../support/logged-entries.ts';

const NOW = new Date('2026-11-24T04:00:00Z');
const MINUTE = 60_000;
const STAFF = 'operator-7';
const CREDIT_OFFICE = '11411500MB1TE5T05C';
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const REASON = '核对法定代表人证件号码';
const NUMBER = '411599197710058716';
const MASKED = '411599********8716';
const PERSONAL_DOCUMENT = '浉市监罚〔2026〕002号';
/** A type that nobody but its source and holders of a grant ever sees. */
const ARCHIVE_SDL = `
"内部档案"
type ServiceFile @recordType(code: "SERVICE_FILE", field: "serviceFiles", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["documentNo", "subject"], sourceOnly: true) {
  "档案编号"
  documentNo: String @item(headings: ["档案编号"], role: DOCUMENT_NUMBER, required: true, filter: true) @disclose(class: SHARED)
  "单位名称"
  unitName: String @item(headings: ["单位名称"], role: SUBJECT_NAME, required: true) @disclose(class: SHARED)
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: SHARED)
  "归档日期"
  decisionDate: Date @item(headings: ["归档日期"], role: DECISION_DATE, required: true) @disclose(class: OPEN)
}`;

let now = NOW;
let departments: string;
let dataDir: string;
let hub: TestHub;
let companyId: string;
const ids: Record<'penalty' | 'other' | 'personal' | 'elsewhere' | 'archived', string> = {
  penalty: '',
  other: '',
  personal: '',
  elsewhere: '',
  archived: '',
};
const clock = { now: () => now };

beforeAll(async () => {
  departments = await mkdtemp(join(tmpdir(), 'hub-departments-'));
  dataDir = await mkdtemp(join(tmpdir(), 'hub-'));
  await writeFile(join(departments, 'archive.graphql'), ARCHIVE_SDL);
  hub = await startHub({ dataDir, clock, env: { HUB_DEPARTMENTS: departments } });
  const [first, other, personal, elsewhere] = await accepted('PENALTY', [
    penalty(),
    penalty({ documentNo: '浉市监罚〔2026〕003号' }),
    personalPenalty(),
    penalty({ documentNo: '周村市监罚〔2026〕001号', regionCode: '370306' }),
  ]);
  const [archived] = await accepted('SERVICE_FILE', [
    {
      documentNo: '档001',
      unitName: '茶韵食品有限公司',
      uscc: COMPANY,
      decisionDate: '2026-09-01',
      sourceDeptUscc: MARKET,
      sourceDeptName: '浉河区市场监督管理局',
      regionCode: '411502',
    },
  ]);
  Object.assign(ids, { penalty: first, other, personal, elsewhere, archived });
  companyId = (await hub.ask(`{ subject(uscc: "${COMPANY}") { id } }`)).body.data.subject.id;
}, 60_000);
afterAll(async () => {
  await hub.close();
  await rm(dataDir, { recursive: true });
  await rm(departments, { recursive: true });
});
/** Each test begins an hour after the one before: what was revealed there has ended. */
beforeEach(() => {
  now = new Date(now.getTime() + 60 * MINUTE);
});

async function accepted(type: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<readonly string[]> {
  const outcomes = await hub.load(type, rows);
  return outcomes.map(({ outcome, id, reasons }) => {
    if (outcome !== 'accepted' || id === undefined) throw new Error(JSON.stringify(reasons));
    return id;
  });
}
const later = (ms: number) => {
  now = new Date(now.getTime() + ms);
};

const operator = (claims: object = {}): Asking => ({
  token: hub.token('OPERATOR', { regionCode: '411502', orgUscc: CREDIT_OFFICE, staffId: STAFF, ...claims }),
});
const auditor = (): Asking => ({ token: hub.token('AUDITOR', { staffId: 'auditor-1' }) });

const FIELDS = `id recordType ... on AdministrativePenalty { documentNo legalRepIdNumber performanceStatus repairNoticeServed personIdNumber remark }`;
const REVEAL = `mutation ($id: ID!, $reason: String!) { reveal(recordId: $id, reason: $reason) { ${FIELDS} } }`;
const reveal = (id: string, reason = REASON, asking: Asking = operator()): Promise<Answer> =>
  hub.ask(REVEAL, { ...asking, variables: { id, reason } });
const look = (id: string, asking: Asking = operator(), at: TestHub = hub): Promise<Answer> =>
  at.ask(`query ($id: ID!) { record(id: $id) { ${FIELDS} } }`, { ...asking, variables: { id } });
const number = async (id: string, asking?: Asking) => (await look(id, asking)).body.data.record.legalRepIdNumber;
const code = ({ body }: Answer) => body.errors?.[0]?.extensions.code;
const withheld = ({ body }: Answer) =>
  Object.fromEntries(
    (body.extensions?.withheld ?? []).map(({ coordinate, effect, reason }: Record<string, string>) => [
      coordinate?.split('.')[1],
      `${effect} ${reason}`,
    ]),
  );
async function loggedBy(act: () => Promise<Answer>): Promise<readonly LoggedEntry[]> {
  const before = (await loggedEntries(hub)).length;
  await act();
  return (await loggedEntries(hub)).slice(before);
}
const REVEALS = `query ($where: RevealFilter, $first: Int, $after: Cursor) {
  reveals(where: $where, first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } nodes { id at until organisation staff recordType recordId reason } } }`;
const reveals = async (variables: Readonly<Record<string, unknown>> = {}) =>
  (await hub.ask(REVEALS, { ...auditor(), variables })).body.data.reveals;

describe('an operator that reveals a number (A-33)', () => {
  it('reads it in the answer, leaves an entry of its own kind in the log, and the auditor sees who, when, which row and why', async () => {
    expect(await number(ids.penalty)).toBe(MASKED);
    let answer: Answer | undefined;
    const logged = await loggedBy(async () => {
      answer = await reveal(ids.penalty);
      return answer;
    });
    expect(answer?.body).toEqual({
      data: {
        reveal: {
          id: ids.penalty,
          recordType: 'PENALTY',
          documentNo: '浉市监罚〔2026〕001号',
          legalRepIdNumber: NUMBER,
          performanceStatus: 'PERFORMED',
          repairNoticeServed: null,
          personIdNumber: null,
          remark: '内部备注',
        },
      },
    });
    expect(logged).toMatchObject([
      {
        kind: 'REVEAL',
        audience: 'OPERATOR',
        organisation: CREDIT_OFFICE,
        staff: STAFF,
        decision: 'ALLOW',
        granted: expect.arrayContaining(['AdministrativePenalty.legalRepIdNumber']),
        masked: [],
        disclosed: [{ subject: companyId, section: 'ADMINISTRATIVE', recordType: 'PENALTY', rows: [ids.penalty] }],
      },
    ]);
    expect(logged[0]?.disclosed).toEqual([expect.objectContaining({ rules: expect.arrayContaining(['E12', 'E13']) })]);
    expect(JSON.stringify(logged)).not.toContain(NUMBER);
    const { nodes } = await reveals({ where: { record: ids.penalty, from: now.toISOString() } });
    expect(nodes).toEqual([
      {
        id: expect.any(String),
        at: now.toISOString(),
        until: new Date(now.getTime() + 15 * MINUTE).toISOString(),
        organisation: CREDIT_OFFICE,
        staff: STAFF,
        recordType: 'PENALTY',
        recordId: ids.penalty,
        reason: REASON,
      },
    ]);
  });

  it('is logged with the row even when nothing but its id is read of the answer', async () => {
    const [entry] = await loggedBy(() => hub.ask(`mutation { reveal(recordId: "${ids.other}", reason: "${REASON}") { id } }`, operator()));
    expect(entry).toMatchObject({ kind: 'REVEAL', decision: 'ALLOW', disclosed: [{ subject: companyId, rows: [ids.other] }] });
  });

  it('reads it by the row’s id for fifteen minutes, and not a moment longer', async () => {
    await reveal(ids.penalty);
    later(15 * MINUTE - 1);
    const within = await look(ids.penalty);
    expect(within.body.data.record.legalRepIdNumber).toBe(NUMBER);
    expect(within.body.extensions?.withheld).toBeUndefined();
    later(1);
    const after = await look(ids.penalty);
    expect(after.body.data.record.legalRepIdNumber).toBe(MASKED);
    expect(withheld(after)).toMatchObject({ legalRepIdNumber: 'MASKED MASKED' });
  });

  it('has each reading after it logged as a query by that rule', async () => {
    await reveal(ids.penalty);
    const [entry] = await loggedBy(() => look(ids.penalty));
    expect(entry).toMatchObject({ kind: 'QUERY', decision: 'ALLOW', disclosed: [{ rows: [ids.penalty] }] });
    expect(JSON.stringify(entry?.disclosed)).toContain('E13');
  });

  it('may reveal the same row again, and the time begins anew', async () => {
    await reveal(ids.penalty);
    later(10 * MINUTE);
    await reveal(ids.penalty);
    later(10 * MINUTE);
    expect(await number(ids.penalty)).toBe(NUMBER);
    later(5 * MINUTE);
    expect(await number(ids.penalty)).toBe(MASKED);
  });

  it('may reveal several rows, each by a reason of its own', async () => {
    const { body } = await hub.ask(
      `mutation { a: reveal(recordId: "${ids.penalty}", reason: "${REASON}") { ${FIELDS} } b: reveal(recordId: "${ids.other}", reason: "复核同一主体的另一份决定") { ${FIELDS} } }`,
      operator(),
    );
    expect([body.data.a.legalRepIdNumber, body.data.b.legalRepIdNumber]).toEqual([NUMBER, NUMBER]);
    const { nodes } = await reveals({ where: { from: now.toISOString() } });
    expect(nodes.map(({ recordId, reason }: Record<string, string>) => [recordId, reason])).toEqual(
      expect.arrayContaining([
        [ids.penalty, REASON],
        [ids.other, '复核同一主体的另一份决定'],
      ]),
    );
    expect(nodes).toHaveLength(2);
  });

  it('reads of a person’s row what was hidden or closed there', async () => {
    const before = await look(ids.personal);
    expect(before.body.data.record).toMatchObject({
      documentNo: null,
      personIdNumber: '411599********5684',
      performanceStatus: null,
      repairNoticeServed: null,
    });
    expect(withheld(before)).toMatchObject({ performanceStatus: 'DENIED REVEAL_REQUIRED', personIdNumber: 'MASKED MASKED' });
    const answer = await reveal(ids.personal, '核对当事人的证件号码');
    expect(answer.body.data.reveal).toMatchObject({
      documentNo: PERSONAL_DOCUMENT,
      personIdNumber: PERSON.idNumber,
      performanceStatus: 'PERFORMED',
    });
    expect(answer.body.extensions?.withheld).toBeUndefined();
  });
});

describe('a reveal is of one row for one member of staff', () => {
  it.each([
    ['another member of staff', { staffId: 'operator-8' }],
    ['a namesake of another organisation', { orgUscc: HOUSING }],
    ['a token that names no staff', { staffId: undefined }],
  ])('shows %s nothing', async (_who, claims) => {
    await reveal(ids.penalty);
    const answer = await look(ids.penalty, operator(claims));
    expect(answer.body.data.record.legalRepIdNumber).toBe(MASKED);
    expect(answer.body.extensions.withheld).toContainEqual(expect.objectContaining({ effect: 'MASKED', reason: 'MASKED' }));
    expect(await number(ids.penalty)).toBe(NUMBER);
  });

  it('shows nothing to the same id under another audience', async () => {
    await reveal(ids.penalty);
    const asking = { token: hub.token('AGENCY', { orgUscc: HOUSING, regionCode: '411502', staffId: STAFF }), purpose: 'LICENSING' };
    expect(await number(ids.penalty, asking)).toBeNull();
  });

  it('shows nothing of another row, in the same request neither', async () => {
    await reveal(ids.penalty);
    const { body } = await hub.ask(
      `{ revealed: record(id: "${ids.penalty}") { ${FIELDS} } other: record(id: "${ids.other}") { ${FIELDS} } }`,
      operator(),
    );
    expect([body.data.revealed.legalRepIdNumber, body.data.other.legalRepIdNumber]).toEqual([NUMBER, MASKED]);
    const places: readonly string[] = body.extensions.withheld.map(({ path }: { path: readonly string[] }) => path[0]);
    expect(new Set(places)).toEqual(new Set(['other']));
  });

  it('shows nothing in lists, below the row itself neither', async () => {
    await reveal(ids.penalty);
    const { body } = await hub.ask(
      `{ record(id: "${ids.penalty}") { ${FIELDS} subject { penalties { nodes { id legalRepIdNumber } edges { node { legalRepIdNumber } } } } }
         penalties { nodes { id legalRepIdNumber } }
         subject(id: "${companyId}") { penalties { nodes { id legalRepIdNumber } } } }`,
      operator(),
    );
    expect(body.data.record.legalRepIdNumber).toBe(NUMBER);
    const lists = [body.data.record.subject.penalties, body.data.penalties, body.data.subject.penalties];
    for (const { nodes } of lists) expect(nodes).toContainEqual({ id: ids.penalty, legalRepIdNumber: MASKED });
    expect(JSON.stringify(lists)).not.toContain(NUMBER);
  });

  it('opens no filter and no order', async () => {
    await reveal(ids.penalty);
    const query = `{ record(id: "${ids.penalty}") { id } penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount } }`;
    expect(code(await hub.ask(query, operator()))).toBe('FORBIDDEN');
  });

  it('shows nothing in the answer of another mutation', async () => {
    await reveal(ids.penalty);
    const { body } = await hub.ask(
      `mutation { correctRecord(recordId: "${ids.penalty}", fields: { remark: "已核对" }, reason: "核对") { ${FIELDS} } }`,
      operator(),
    );
    expect(body.data.correctRecord).toMatchObject({ id: ids.penalty, remark: '已核对', legalRepIdNumber: MASKED });
  });
});

describe('a reveal is refused', () => {
  const message = ({ body }: Answer) => body.errors[0].message;
  it.each([
    ['a reason of nine characters', '核对法人证件号码一', 'BAD_USER_INPUT'],
    ['a reason that is long by its white space alone', `  核对证件号码\n${' '.repeat(20)}`, 'BAD_USER_INPUT'],
    ['a reason without end', '核'.repeat(501), 'BAD_USER_INPUT'],
  ])('with %s, and nothing is revealed', async (_what, reason, expected) => {
    const [entry] = await loggedBy(async () => {
      const answer = await reveal(ids.penalty, reason);
      expect([answer.body.data.reveal, code(answer)]).toEqual([null, expected]);
      return answer;
    });
    expect(entry).toMatchObject({ kind: 'REVEAL', decision: 'DENY', error: expected, disclosed: [] });
    expect(await number(ids.penalty)).toBe(MASKED);
  });

  it('to a token that names no member of staff', async () => {
    const answer = await reveal(ids.penalty, REASON, operator({ staffId: undefined }));
    expect(code(answer)).toBe('FORBIDDEN');
    expect(await number(ids.penalty)).toBe(MASKED);
  });

  it.each([
    ['of a type that is its source’s alone', () => ids.archived],
    ['of another region, though everybody reads it', () => ids.elsewhere],
  ])('for a row %s, as for one that is not there', async (_which, id) => {
    const [unknown, hidden] = [await reveal(UNKNOWN_ID), await reveal(id())];
    expect(hidden.body).toEqual(unknown.body);
    expect([code(hidden), message(hidden)]).toEqual(['NOT_FOUND', message(unknown)]);
    expect((await reveals({ where: { record: id() } })).totalCount).toBe(0);
  });

  it('to an operator of another region or of none', async () => {
    for (const regionCode of ['370306', undefined])
      expect(code(await reveal(ids.penalty, REASON, operator({ regionCode })))).toBe('NOT_FOUND');
    expect(await number(ids.penalty)).toBe(MASKED);
  });

  it.each(['SYSTEM_ADMIN', 'AUDITOR', 'SUBJECT', 'AGENCY', 'SUPERVISION'] as const)('to %s', async (audience) => {
    const claims = { regionCode: '411502', orgUscc: MARKET, staffId: STAFF, clientId: 'c1', subjectUscc: COMPANY };
    const answer = await reveal(ids.penalty, REASON, { token: hub.token(audience, claims), purpose: 'SUPERVISION' });
    expect([answer.status, code(answer)]).toEqual([403, 'FORBIDDEN']);
  });

  it('to the public', async () => {
    expect(code(await reveal(ids.penalty, REASON, {}))).toBe('FORBIDDEN');
  });
});

describe('a subgraph at its own door', () => {
  let alone: TestHub;
  beforeAll(async () => {
    alone = await startHub({ clock, dataDir, subgraph: 'records', env: { HUB_DEPARTMENTS: departments } });
  }, 60_000);
  afterAll(() => alone.close());

  const entity = async (id: string, asking: Asking = operator()) => {
    const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on AdministrativePenalty { id legalRepIdNumber } } penalties { nodes { id legalRepIdNumber } } }`;
    const { body } = await alone.ask(query, { ...asking, variables: { r: [{ __typename: 'AdministrativePenalty', id }] } });
    return { entity: body.data._entities[0].legalRepIdNumber, listed: body.data.penalties.nodes };
  };

  it('shows the row by its id to that member of staff while the reveal lasts, and in no list', async () => {
    expect((await entity(ids.penalty)).entity).toBe(MASKED);
    await reveal(ids.penalty);
    const { entity: shown, listed } = await entity(ids.penalty);
    expect(shown).toBe(NUMBER);
    expect(listed).toContainEqual({ id: ids.penalty, legalRepIdNumber: MASKED });
    expect((await entity(ids.other)).entity).toBe(MASKED);
    expect((await entity(ids.penalty, operator({ staffId: 'operator-8' }))).entity).toBe(MASKED);
    later(15 * MINUTE);
    expect((await entity(ids.penalty)).entity).toBe(MASKED);
  });
});

describe('the auditor', () => {
  it('pages through every reveal, newest first, by staff, row and time, and the reading is logged', async () => {
    const from = now.toISOString();
    await reveal(ids.penalty);
    later(MINUTE);
    const middle = now.toISOString();
    await reveal(ids.other, REASON, operator({ staffId: 'operator-8' }));
    later(MINUTE);
    await reveal(ids.other);
    const first = await reveals({ where: { from }, first: 2 });
    expect([first.totalCount, first.pageInfo.hasNextPage]).toEqual([3, true]);
    const rest = await reveals({ where: { from }, first: 2, after: first.pageInfo.endCursor });
    expect([...first.nodes, ...rest.nodes].map(({ staff, recordId }) => [staff, recordId])).toEqual([
      [STAFF, ids.other],
      ['operator-8', ids.other],
      [STAFF, ids.penalty],
    ]);
    expect(rest.pageInfo.hasNextPage).toBe(false);
    expect((await reveals({ where: { from, staff: 'operator-8' } })).totalCount).toBe(1);
    expect((await reveals({ where: { from, record: ids.other } })).totalCount).toBe(2);
    expect((await reveals({ where: { from, to: middle } })).totalCount).toBe(1);
    expect((await loggedEntries(hub)).at(-1)).toMatchObject({ audience: 'AUDITOR', staff: 'auditor-1', kind: 'QUERY' });
  });

  it('is refused a cursor of another list, and pages that are too large', async () => {
    const asked = async (variables: object) => code(await hub.ask(REVEALS, { ...auditor(), variables: { ...variables } }));
    await reveal(ids.penalty);
    const { pageInfo } = await reveals({ first: 1 });
    expect(await asked({ where: { staff: STAFF }, after: pageInfo.endCursor })).toBe('BAD_USER_INPUT');
    expect(await asked({ first: 0 })).toBe('BAD_USER_INPUT');
    expect(await asked({ first: 201 })).toBe('LIMIT_EXCEEDED');
  });

  it('reads no person’s number in a reason or in the name of the staff', async () => {
    const from = now.toISOString();
    await reveal(ids.penalty, `当事人称证件号码为${PERSON.idNumber}，核对`, operator({ staffId: PERSON.idNumber }));
    const { nodes } = await reveals({ where: { from } });
    expect(nodes).toMatchObject([{ reason: expect.stringContaining('当事人称证件号码为'), recordId: ids.penalty }]);
    expect(JSON.stringify(nodes)).not.toContain(PERSON.idNumber);
  });

  it('reads the log’s entries of that kind', async () => {
    await reveal(ids.penalty);
    const query = `query ($where: AccessLogFilter) { accessLog(where: $where, first: 50) { nodes { kind staff disclosed { rows rules } } } }`;
    const find = async () => {
      const { body } = await hub.ask(query, { ...auditor(), variables: { where: { from: now.toISOString() } } });
      return body.data.accessLog.nodes.find(({ kind }: { kind: string }) => kind === 'REVEAL');
    };
    // The index by which entries are found follows the log within seconds.
    const deadline = Date.now() + 10_000;
    let entry = await find();
    while (!entry && Date.now() < deadline) entry = await find();
    expect(entry).toMatchObject({ staff: STAFF, disclosed: [{ rows: [ids.penalty] }] });
  });

  it('reads every duty grant, and nothing of business documents', async () => {
    await accepted('DUTY_GRANT', [
      {
        grantNo: 'G-1',
        granteeUscc: HOUSING,
        approverUscc: MARKET,
        recordTypes: ['PENALTY'],
        fields: ['AdministrativePenalty.documentNo'],
        purposes: ['LICENSING'],
        legalBasis: '依据',
        status: 'APPROVED',
        validFrom: '2026-01-01',
        validTo: '2026-12-31',
      },
    ]);
    const { body } = await hub.ask(
      '{ dutyGrants(where: { granteeUscc: { eq: "G" } }) { totalCount } all: dutyGrants { totalCount nodes { grantNo granteeUscc approverUscc fields purposes legalBasis status validTo } } }'.replace(
        '"G"',
        `"${HOUSING}"`,
      ),
      auditor(),
    );
    expect(body).toEqual({
      data: {
        dutyGrants: { totalCount: 1 },
        all: {
          totalCount: 1,
          nodes: [
            {
              grantNo: 'G-1',
              granteeUscc: HOUSING,
              approverUscc: MARKET,
              fields: ['AdministrativePenalty.documentNo'],
              purposes: ['LICENSING'],
              legalBasis: '依据',
              status: 'APPROVED',
              validTo: '2026-12-31',
            },
          ],
        },
      },
    });
    for (const query of [
      `{ record(id: "${ids.penalty}") { id } }`,
      '{ penalties { totalCount } }',
      '{ clients { totalCount } }',
      '{ departments { totalCount } }',
    ])
      expect(code(await hub.ask(query, auditor()))).toBe('FORBIDDEN');
  });

  it.each(['SYSTEM_ADMIN', 'OPERATOR', 'AGENCY', 'SUBJECT'] as const)('alone reads reveals, not %s', async (audience) => {
    const token = hub.token(audience, { regionCode: '411502', orgUscc: MARKET, staffId: STAFF, subjectUscc: COMPANY });
    const answer = await hub.ask('{ reveals { totalCount } }', { token, purpose: 'SUPERVISION' });
    expect([answer.status, code(answer)]).toEqual([403, 'FORBIDDEN']);
  });

  it('shares the duty grants with no system administrator', async () => {
    expect(code(await hub.ask('{ dutyGrants { totalCount } }', { token: hub.token('SYSTEM_ADMIN') }))).toBe('FORBIDDEN');
  });
});

describe('an explanation', () => {
  const explained = async (fields: string, asking: Asking) => {
    const query = `{ record(id: "${ids.penalty}") { ... on AdministrativePenalty { ${fields} } } }`;
    const { body } = await hub.ask(query, { ...asking, headers: { 'Hub-Explain': 'true' } });
    return Object.fromEntries(
      body.extensions.explain.coordinates.map(({ coordinate, opensWith }: { coordinate: string; opensWith: readonly string[] }) => [
        coordinate.split('.')[1],
        opensWith,
      ]),
    );
  };

  it('names a reveal to an operator for what is masked to it or closed in persons’ rows, and to nobody else', async () => {
    const fields = 'legalRepIdNumber performanceStatus personIdNumber documentNo violationFacts remark';
    expect(await explained(fields, operator())).toEqual({
      legalRepIdNumber: ['REVEAL'],
      performanceStatus: ['REVEAL'],
      personIdNumber: ['REVEAL'],
      documentNo: [],
      violationFacts: [],
      remark: [],
    });
    const agency = { token: hub.token('AGENCY', { orgUscc: HOUSING, regionCode: '411502' }), purpose: 'LICENSING' };
    expect(JSON.stringify(await explained(fields, agency))).not.toContain('REVEAL');
  });
});
