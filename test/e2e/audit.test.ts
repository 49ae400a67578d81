import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Connection } from '../../store/sqlite/connection.ts';
import { runHub } from '../support/command.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type LoggedEntry, loggedEntries } from '../support/logged-entries.ts';
import { temporaryData } from '../support/temporary-hub.ts';
import { IS_ON_FILES } from '../support/test-store.ts';
import { testWhere } from '../support/test-where.ts';

const STAFF = 'clerk-7';
const DISCIPLINE = '11411502MA3TE5T07L';
const CLOSED = 'AdministrativePenalty.performanceStatus';
const UNKNOWN = '91411502MA3TE5T03U';

let dataDir: string;
let hub: TestHub;
let companyId: string;
let personId: string;
beforeAll(async () => {
  dataDir = await temporaryData();
  hub = await startHub({ dataDir });
  await hub.load('DEPARTMENT', [{ uscc: HOUSING, name: '浉河区住房和城乡建设局', orgNature: 'STATE_ORGAN', status: 'ACTIVE' }]);
  await hub.load('PENALTY', [
    penalty(),
    personalPenalty(),
    penalty({ documentNo: '浉市监罚〔2026〕009号', counterpartName: '康泰商贸有限公司', uscc: OTHER_COMPANY }),
  ]);
  companyId = (await hub.ask(`{ subject(uscc: "${COMPANY}") { id } }`)).body.data.subject.id;
  personId = (await hub.ask('{ me { subject } }', person())).body.data.me.subject;
}, 60_000);
afterAll(async () => {
  await hub.close();
  await rm(dataDir, { recursive: true });
});

const agency = (asking: Asking = {}, claims: object = {}): Asking => ({
  token: hub.token('AGENCY', { orgUscc: HOUSING, regionCode: '411502', level: 'COUNTY', staffId: STAFF, ...claims }),
  purpose: 'LICENSING',
  ...asking,
});
const source = (asking: Asking = {}): Asking => agency({ purpose: 'RECORD_MANAGEMENT', ...asking }, { orgUscc: MARKET });
const company = (claims: object = {}): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2, ...claims }) });
const person = (): Asking => ({
  token: hub.token('SUBJECT', { sub: PERSON.idNumber, subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
});
const creditBody = (asking: Asking = {}): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: UNKNOWN, staffId: STAFF }),
  purpose: 'LOAN',
  ...asking,
});
const auditor = (): Asking => ({ token: hub.token('AUDITOR', { staffId: 'auditor-1' }) });

const onFiles = testWhere(IS_ON_FILES, 'it opens the files of the store by itself');
const entries = () => loggedEntries(hub);
/** What one question adds to the log. */
async function loggedBy(query: string, asking?: Asking) {
  const before = (await entries()).length;
  const answer = await hub.ask(query, asking);
  return { answer, logged: (await entries()).slice(before) };
}

const open = (uscc: string) => `{ subject(uscc: "${uscc}") { name penalties { nodes { documentNo decisionDate } } } }`;
const closed = (uscc: string) => `{ subject(uscc: "${uscc}") { id penalties { nodes { documentNo performanceStatus } } } }`;
const BY_PERSON = 'query ($person: PersonHandle!) { subject(person: $person) { id } }';

describe('a request is logged', () => {
  it('when it selects what is not open: who, for what, by which rules, whose rows', async () => {
    const { answer, logged } = await loggedBy(closed(COMPANY), source());
    expect(answer.body.data.subject.penalties.nodes).toHaveLength(1);
    expect(logged).toEqual([
      {
        at: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
        requestId: answer.headers.get('hub-request-id'),
        channel: 'gateway',
        audience: 'AGENCY',
        organisation: MARKET,
        staff: STAFF,
        purpose: 'RECORD_MANAGEMENT',
        kind: 'QUERY',
        decision: 'ALLOW',
        granted: [CLOSED],
        masked: [],
        denied: [],
        disclosed: [
          {
            subject: companyId,
            section: 'ADMINISTRATIVE',
            source: MARKET,
            recordType: 'PENALTY',
            rules: ['E4'],
            rows: [expect.stringMatching(/^[\w-]{22}$/)],
          },
        ],
        policy: expect.stringMatching(/^[0-9a-f]{32}$/),
        operation: expect.stringMatching(/^[0-9a-f]{32}$/),
        keepUntil: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/),
      },
    ]);
  });

  it('found or not, seen or closed: the same question of three subjects leaves one entry each, under one operation', async () => {
    const all = [];
    for (const uscc of [COMPANY, OTHER_COMPANY, UNKNOWN]) all.push(...(await loggedBy(closed(uscc), agency())).logged);
    expect(all.map(({ decision, denied }) => [decision, denied])).toEqual([
      ['DENY', [CLOSED]],
      ['DENY', [CLOSED]],
      ['ALLOW', []],
    ]);
    expect(new Set(all.map(({ operation }) => operation)).size).toBe(1);
  });

  it('when it filters by what is not open', async () => {
    const { logged } = await loggedBy('{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount } }', source());
    expect(logged).toMatchObject([{ decision: 'ALLOW', granted: [CLOSED], disclosed: [] }]);
  });

  it('when it asks for a person, known or not', async () => {
    const known = await loggedBy(BY_PERSON, { ...company(), variables: { person: PERSON } });
    const other = await loggedBy(BY_PERSON, { ...company(), variables: { person: { name: '何许人', idNumber: '411599198001010011' } } });
    for (const { logged } of [known, other]) expect(logged).toMatchObject([{ audience: 'SUBJECT', asker: companyId, disclosed: [] }]);
  });

  it.each<[string, string, string, () => Asking]>([
    ['a purpose is missing', 'PURPOSE_REQUIRED', closed(COMPANY), () => agency({ purpose: undefined })],
    [
      'a filter is closed',
      'FORBIDDEN',
      '{ penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount } }',
      () => creditBody(),
    ],
    ['closures are rejected', 'FORBIDDEN', closed(COMPANY), () => creditBody({ headers: { 'hub-withheld': 'reject' } })],
    [
      'a voucher cannot be used',
      'VOUCHER_INVALID',
      open(COMPANY),
      () => creditBody({ headers: { 'hub-voucher': 'AAAAAAAAAAAAAAAAAAAAAA' } }),
    ],
    ['the operation is not for this audience', 'FORBIDDEN', '{ accessLog { nodes { at } } }', () => agency()],
  ])('when it is stopped because %s', async (_why, code, query, asking) => {
    const { answer, logged } = await loggedBy(query, asking());
    expect(answer.body.errors[0].extensions.code).toBe(code);
    expect(logged).toMatchObject([{ decision: 'DENY', error: code, granted: [], disclosed: [] }]);
  });

  it('when it changes something, and when the change fails', async () => {
    const withdraw = (id: string) => `mutation { withdrawRecord(recordId: "${id}", documentRef: "撤〔2026〕1号", reason: "试") { id } }`;
    const { answer, logged } = await loggedBy(withdraw('nothing'), source());
    expect(answer.body.errors[0].extensions.code).toBe('NOT_FOUND');
    expect(logged).toMatchObject([{ kind: 'MUTATION', decision: 'DENY', error: 'NOT_FOUND' }]);
  });

  it('at the door of a subgraph of its own too', async () => {
    const alone = await startHub({ dataDir, subgraph: 'records' });
    try {
      const before = (await entries()).length;
      await alone.ask('{ penalties { nodes { performanceStatus } } }', source());
      expect((await entries()).slice(before)).toMatchObject([{ channel: 'records', decision: 'ALLOW', granted: [CLOSED] }]);
    } finally {
      await alone.close();
    }
  }, 30_000);
});

describe('a request is not logged', () => {
  it.each<[string, string, () => Asking]>([
    ['of the public, whatever it asks', closed(COMPANY), () => ({})],
    ['that names open coordinates only', open(COMPANY), () => agency()],
    ['that asks who it is', '{ me { audience purposes } }', () => agency()],
    ['that is explained', closed(COMPANY), () => agency({ headers: { 'hub-explain': 'true' } })],
    ['whose token is not valid', closed(COMPANY), () => ({ token: 'a.b.c' })],
    ['that is not valid itself', '{ nothing }', () => agency()],
  ])('%s', async (_which, query, asking) => {
    expect((await loggedBy(query, asking())).logged).toEqual([]);
  });
});

describe('the log', () => {
  it('holds nothing of a person but the id, and no value of a record, an argument or a variable', async () => {
    const all = `{ penalties(first: 50) { nodes { documentNo personIdNumber counterpartName legalRepName performanceStatus remark } } }`;
    await hub.ask(all, source());
    await hub.ask('{ penalties(first: 50) { nodes { personIdNumber legalRepIdNumber } } }', person());
    await hub.ask(BY_PERSON, { ...person(), variables: { person: PERSON } });
    await hub.ask(closed(COMPANY), agency({}, { staffId: PERSON.idNumber }));
    await hub.ask(closed(COMPANY), { ...agency(), matter: PERSON.idNumber });
    const text = JSON.stringify(await entries());
    expect(text).toContain(personId);
    for (const value of [PERSON.name, PERSON.idNumber, '411599197710058716', '吴强', '内部备注', '浉市监罚', 'PERFORMED', COMPANY])
      expect(text).not.toContain(value);
  });

  onFiles(
    'A-34: is verified as it stands, and not any more once an entry was altered',
    async () => {
      const whole = await runHub(['audit', 'verify', '--data', dataDir, '--json'], { env: hub.env });
      expect([whole.code, JSON.parse(whole.stdout)]).toEqual([0, expect.objectContaining({ ok: true, entries: (await entries()).length })]);
      const database = new Connection(join(dataDir, 'access-log.sqlite'), { readOnly: false });
      const where = "log = 'access' AND json_extract(entry, '$.n') = 1";
      const [original = null, place = null] = database.row(`SELECT entry, place FROM log_entries WHERE ${where}`) ?? [];
      database.run("UPDATE log_entries SET entry = json_set(entry, '$.e.decision', 'ALLOW', '$.e.staff', 'another') WHERE place = ?", [
        place,
      ]);
      const altered = await runHub(['audit', 'verify', '--data', dataDir], { env: hub.env });
      database.run('UPDATE log_entries SET entry = ? WHERE place = ?', [original, place]);
      database.close();
      expect([altered.code, altered.stdout]).toEqual([
        1,
        expect.stringMatching(new RegExp(`ALTERED +链 chain [\\w-]{22}, .*1, .*place ${place}`)),
      ]);
    },
    30_000,
  );

  it('is searched by organisation, staff, subject, time and decision', async () => {
    const search = async (...args: readonly string[]) => {
      const { code, stdout } = await runHub(['audit', 'search', ...args, '--data', dataDir, '--json'], { env: hub.env });
      expect(code).toBe(0);
      return stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    };
    const all = await entries();
    expect(await search()).toEqual(all);
    const denied = await search('--org', HOUSING, '--staff', STAFF, '--decision', 'DENY');
    expect(denied).toEqual(all.filter((entry) => entry.organisation === HOUSING && entry.staff === STAFF && entry.decision === 'DENY'));
    expect(denied.length).toBeGreaterThan(1);
    expect((await search('--subject', companyId)).length).toBeGreaterThan(0);
    expect(await search('--to', '2020-01-01')).toEqual([]);
    expect(await search('--from', '2020-01-01')).toEqual(all);
  }, 60_000);

  it('marks a request for more than the caller’s grant opens, for the auditor and in the search, and no other', async () => {
    const grant = { grantNo: 'G-1', granteeUscc: HOUSING, approverUscc: MARKET, recordTypes: ['PENALTY'], legalBasis: '依据' };
    const opens = { fields: ['AdministrativePenalty.documentNo'], purposes: ['LICENSING'], validFrom: '2020-01-01', validTo: '2098-12-31' };
    const give = (status: string) => hub.load('DUTY_GRANT', [{ ...grant, ...opens, status }]);
    const OVER = 'hub_access_signals_total{signal="OVER_REQUEST"}';
    const counted = async () => Number((await hub.metrics()).split(`${OVER} `)[1]?.split('\n')[0]);
    await give('APPROVED');
    const before = await counted();
    const over = await loggedBy(closed(COMPANY), agency());
    const within = await loggedBy(open(COMPANY), agency());
    const elsewhere = await loggedBy(closed(COMPANY), agency({ purpose: 'BIDDING' }));
    await give('SUSPENDED');
    expect([over, within, elsewhere].map(({ logged }) => logged.map(({ signals }) => signals))).toEqual([
      [['OVER_REQUEST']],
      [undefined],
      [undefined],
    ]);
    expect(await counted()).toBe(before + 1);
    const { body } = await hub.ask('{ accessLog(first: 3) { nodes { requestId signals } } }', auditor());
    expect(body.data.accessLog.nodes).toEqual(
      [elsewhere, within, over].map(({ logged: [entry] }) => ({ requestId: entry?.requestId, signals: entry?.signals ?? [] })),
    );
    const found = await runHub(['audit', 'search', '--signal', 'OVER_REQUEST', '--data', dataDir], { env: hub.env });
    expect(found.stdout).toMatch(/^\S+ {2}DENY {5}QUERY.*超范围查询 OVER_REQUEST.*\n$/);
    expect((await runHub(['audit', 'search', '--signal', 'NOTHING', '--data', dataDir], { env: hub.env })).code).not.toBe(0);
  }, 30_000);

  it('lists to the auditor, page by page, and nobody else', async () => {
    const query = `query ($where: AccessLogFilter, $after: Cursor) { accessLog(where: $where, first: 3, after: $after) {
      nodes { requestId organisation decision denied disclosed { subject section } } pageInfo { hasNextPage endCursor } } }`;
    const where = { organisation: HOUSING, decision: 'DENY' };
    const expected = (await entries())
      .filter(({ organisation, decision }) => organisation === HOUSING && decision === 'DENY')
      .map(({ requestId }) => requestId);
    const found: string[] = [];
    for (let after: string | null = null; ; ) {
      const { body } = await hub.ask(query, { ...auditor(), variables: { where, after } });
      const { nodes, pageInfo } = body.data.accessLog;
      found.push(...nodes.map((node: LoggedEntry) => node.requestId));
      if (!pageInfo.hasNextPage) break;
      after = pageInfo.endCursor;
    }
    expect(found.toReversed()).toEqual(expected);
    const { body } = await hub.ask(query, { ...company(), variables: { where: {} } });
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
    const { body: bySubject } = await hub.ask(query, { ...auditor(), variables: { where: { subject: companyId } } });
    for (const { disclosed } of bySubject.data.accessLog.nodes)
      expect(disclosed).toContainEqual(expect.objectContaining({ subject: companyId }));
    expect((await entries()).at(-1)).toMatchObject({ audience: 'AUDITOR', staff: 'auditor-1', kind: 'QUERY', decision: 'ALLOW' });
  });
});

describe('a subject', () => {
  const ACCESSES =
    '{ subject(id: "ID") { accesses(first: 50) { nodes { at organisation organisationName staff purpose sections channel basis } pageInfo { hasNextPage } } } }';
  const accessesOf = async (id: string, asking: Asking) => (await hub.ask(ACCESSES.replace('ID', id), asking)).body;

  it('A-40: is told when, by which organisation, for what purpose, which sections, and no member of staff', async () => {
    await hub.ask('{ subjects(where: { uscc: { eq: "USCC" } }) { nodes { orgCode codeStatus } } }'.replace('USCC', COMPANY), agency());
    const { data } = await accessesOf(companyId, company());
    const { nodes } = data.subject.accesses;
    expect(nodes[0]).toEqual({
      at: expect.any(String),
      organisation: HOUSING,
      organisationName: '浉河区住房和城乡建设局',
      staff: null,
      purpose: 'LICENSING',
      sections: ['BASIC'],
      channel: 'gateway',
      basis: expect.arrayContaining(['DUTY']),
    });
    expect(nodes.at(-1)).toMatchObject({
      organisation: MARKET,
      purpose: 'RECORD_MANAGEMENT',
      sections: ['ADMINISTRATIVE'],
      basis: ['OWN_RECORDS'],
    });
    expect(JSON.stringify(nodes)).not.toContain(STAFF);
  });

  it('is told of nobody who was denied, of no reading of its own, and of nobody from whom it is kept', async () => {
    const before = (await accessesOf(companyId, company())).data.subject.accesses.nodes.length;
    await hub.ask(closed(COMPANY), agency({ purpose: undefined }));
    await hub.ask(closed(COMPANY), company());
    const inspector = agency({ purpose: 'PERSONNEL' }, { orgUscc: DISCIPLINE, orgNature: 'DISCIPLINE' });
    const { logged } = await loggedBy(`{ subject(uscc: "${COMPANY}") { orgCode codeStatus } }`, inspector);
    expect(logged).toMatchObject([{ decision: 'ALLOW', disclosed: [{ subject: companyId }], withheldFromSubject: true }]);
    expect((await accessesOf(companyId, company())).data.subject.accesses.nodes).toHaveLength(before);
  });

  onFiles('is told of no reading of rows that are not in its own view', async () => {
    const [outcome] = await hub.load('PENALTY', [
      penalty({ documentNo: '浉市监罚〔2026〕011号', uscc: UNKNOWN, counterpartName: '新设有限公司' }),
    ]);
    const asking: Asking = { token: hub.token('SUBJECT', { subjectUscc: UNKNOWN, authLevel: 2 }) };
    const { body } = await hub.ask('{ me { subject } }', asking);
    await hub.ask(closed(UNKNOWN), source());
    const seen = async () => (await accessesOf(body.data.me.subject, asking)).data.subject.accesses.nodes.length;
    expect(await seen()).toBe(1);
    const database = new Connection(join(dataDir, 'hub.sqlite'), { readOnly: false });
    const recordId = outcome?.id ?? '';
    database.run(`UPDATE doc_administrative_penalty SET g_draft = 'BEFORE_NOTICE' WHERE "key" = ?`, [recordId]);
    database.close();
    expect(await seen()).toBe(0);
  });

  it('is told of itself alone, under a strong proof of identity', async () => {
    const reasonOf = async (asking: Asking, id = companyId) => {
      const { data, extensions } = await accessesOf(id, asking);
      return [
        data.subject?.accesses,
        extensions.withheld.find(({ coordinate }: { coordinate: string }) => coordinate === 'Subject.accesses')?.reason,
      ];
    };
    const other = { token: hub.token('SUBJECT', { subjectUscc: OTHER_COMPANY, authLevel: 2 }) };
    expect(await reasonOf(other)).toEqual([null, 'NOT_YOUR_SUBJECT']);
    expect(await reasonOf(company({ authLevel: 1 }))).toEqual([null, 'NOT_FOR_THIS_AUDIENCE']);
    expect(await reasonOf({})).toEqual([null, 'NOT_FOR_THIS_AUDIENCE']);
  });

  it('is shown to a department with the inquiries of its own staff alone', async () => {
    const { nodes } = (await accessesOf(companyId, agency())).data.subject.accesses;
    expect(nodes.length).toBeGreaterThan(0);
    for (const node of nodes) expect(node).toMatchObject({ organisation: HOUSING, staff: STAFF });
  });
});

describe('a store that takes no entry', () => {
  onFiles(
    'answers STORE_UNAVAILABLE and discloses nothing, and open requests go on',
    async () => {
      const broken = await temporaryData();
      const served = await startHub({ dataDir: broken });
      try {
        await served.load('PENALTY', [penalty()]);
        const database = new Connection(join(broken, 'access-log.sqlite'), { readOnly: false });
        database.exec("CREATE TRIGGER full BEFORE INSERT ON log_entries BEGIN SELECT RAISE(ABORT, 'no room'); END");
        const token = served.token('AGENCY', { orgUscc: MARKET, regionCode: '411502', level: 'COUNTY', staffId: STAFF });
        const answer = await served.ask(closed(COMPANY), { token, purpose: 'RECORD_MANAGEMENT' });
        expect([answer.status, answer.body]).toEqual([
          503,
          { errors: [expect.objectContaining({ extensions: { code: 'STORE_UNAVAILABLE' } })] },
        ]);
        const refused = await served.ask(closed(COMPANY), { token });
        expect(refused.body.errors[0].extensions.code).toBe('STORE_UNAVAILABLE');
        expect((await served.ask(open(COMPANY), { token })).body.data.subject.penalties.nodes).toHaveLength(1);
        database.run('DROP TRIGGER full');
        database.close();
        expect((await served.ask(closed(COMPANY), { token, purpose: 'RECORD_MANAGEMENT' })).body.errors).toBeUndefined();
      } finally {
        await served.close();
        await rm(broken, { recursive: true });
      }
    },
    30_000,
  );
});
