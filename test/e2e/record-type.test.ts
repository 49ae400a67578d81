import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyTree, runHub } from '../support/command.ts';
import { COMPANY, HOUSING, OTHER_COMPANY } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { dropStore, storeSettings } from '../support/test-store.ts';

/** The fire department, which this hub has never heard of. */
const FIRE = '11411502MB1TE5T21X';
/** Everything that a department hands in to have a record type of its own. */
const FIRE_SDL = `
"消防监督检查记录"
type FireCheck
  @recordType(code: "FIRE_CHECK", field: "fireChecks", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["checkNo", "subject"], openWhen: [{ field: "result", values: ["PASSED", "FAILED"] }]) {
  "单位名称"
  unitName: String @item(headings: ["单位名称"], role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN, mask: NAME)
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "检查记录编号"
  checkNo: String @item(headings: ["检查记录编号"], role: DOCUMENT_NUMBER, required: true, max: 64, filter: true) @disclose(class: OPEN)
  "检查日期"
  decisionDate: Date @item(headings: ["检查日期"], role: DECISION_DATE, required: true, filter: true, order: true) @disclose(class: OPEN)
  "检查结果"
  result: FireCheckResult @item(headings: ["检查结果"], required: true, filter: true) @disclose(class: OPEN)
  "得分"
  score: Int @item(headings: ["得分"], min: 0, filter: true, order: true) @disclose(class: OPEN)
  "火灾隐患"
  hazards: [String!] @item(headings: ["火灾隐患"], split: "；;") @disclose(class: SHARED)
  "隐患说明"
  description: String @item(headings: ["隐患说明"], max: 500) @disclose(class: OPEN, scrub: true)
  "整改情况"
  rectification: String @item(headings: ["整改情况"], max: 200) @disclose(class: SHARED_BY_DUTY)
  "单位联系电话"
  phone: String @item(headings: ["单位联系电话"], max: 20) @disclose(class: OPEN_MASKED, mask: PHONE)
  "检查人意见"
  opinion: String @item(headings: ["检查人意见"], max: 200) @disclose(class: HANDLING)
}
"检查结果"
enum FireCheckResult {
  "合格"
  PASSED @value(code: "1", labels: ["合格"])
  "不合格"
  FAILED @value(code: "2", labels: ["不合格"])
  "复查中"
  PENDING @value(code: "3", labels: ["复查中"])
}
`;
const HEADINGS = '单位名称,统一社会信用代码,检查记录编号,检查日期,检查结果,得分,火灾隐患,隐患说明,整改情况,单位联系电话,检查人意见';
const CSV = [
  HEADINGS,
  `茶韵食品有限公司,${COMPANY},消检001,2025-09-01,合格,95,,"无，联系13900000001",,13800000001,良好`,
  `茶韵食品有限公司,${COMPANY},消检002,2025/9/15,不合格,40,通道堵塞；灭火器过期,通道堵塞,限期整改,13800000001,"=重点"`,
  `康泰商贸有限公司,${OTHER_COMPANY},消检003,2025年09月20日,3,70,电线老化,电线老化,,,`,
  `康泰商贸有限公司,${OTHER_COMPANY},消检004,2025-09-31,合格,88,,,,,`,
  `康泰商贸有限公司,${OTHER_COMPANY},消检005,2025-09-21,优秀,-1,,,,,`,
].join('\r\n');
const LINES = [
  {
    unitName: '康泰商贸有限公司',
    uscc: OTHER_COMPANY,
    checkNo: '消检006',
    decisionDate: '2025-09-25',
    result: 'PASSED',
    score: 60,
    phone: '13800000002',
  },
  {
    单位名称: '康泰商贸有限公司',
    统一社会信用代码: OTHER_COMPANY,
    检查记录编号: '消检007',
    检查日期: '2025-09-26',
    检查结果: '合格',
    得分: '60',
  },
]
  .map((line) => JSON.stringify(line))
  .join('\n');

let folder: string;
let env: Readonly<Record<string, string>>;
let hub: TestHub;
let imports: readonly { readonly code: number | null; readonly report: Record<string, unknown> }[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-type-'));
  const departments = join(folder, 'departments');
  await mkdir(departments);
  await writeFile(join(departments, 'fire.graphql'), FIRE_SDL);
  const dataDir = join(folder, 'data');
  env = { HUB_DEPARTMENTS: departments, ...storeSettings(dataDir) };
  const [csv, lines] = [join(folder, '检查.csv'), join(folder, '检查.jsonl')];
  await writeFile(csv, CSV);
  await writeFile(lines, LINES);
  const run = async (...args: readonly string[]) => {
    const { code, stdout } = await runHub(['import', ...args, '--source', FIRE, '--data', dataDir, '--json'], { env });
    return { code, report: JSON.parse(stdout) };
  };
  imports = [await run(csv), await run(lines, '--type', 'FIRE_CHECK'), await run(csv)];
  hub = await startHub({ env, dataDir });
}, 90_000);
afterAll(async () => {
  await hub.close();
  await dropStore(hub.dataDir);
  await rm(folder, { recursive: true });
});

const agency = (orgUscc: string, purpose: string): Asking => ({ token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }), purpose });
const FIELDS = 'checkNo result score hazards description rectification phone opinion';

describe('a record type that a department brings', () => {
  it('is recognised by its Chinese headings, row by row', async () => {
    expect(imports[0]).toMatchObject({
      code: 1,
      report: {
        accepted: 3,
        rejected: 2,
        files: [
          {
            recordType: 'FIRE_CHECK',
            reasons: [
              { row: 5, column: '检查日期', code: 'IMPOSSIBLE_DATE' },
              { row: 6, column: '检查结果', code: 'UNKNOWN_VALUE' },
              { row: 6, column: '得分', code: 'NEGATIVE_AMOUNT' },
            ],
          },
        ],
      },
    });
  });

  it('is taken from JSON lines, by item names or headings', () => {
    expect(imports[1]).toMatchObject({ code: 0, report: { accepted: 2, updated: 0, unchanged: 0, rejected: 0 } });
  });

  it('is safe to import again', () => {
    expect(imports[2]).toMatchObject({ code: 1, report: { accepted: 0, updated: 0, unchanged: 3, rejected: 2 } });
  });

  it('is queried by a root connection, by its subject and by id', async () => {
    const { body } = await hub.ask(
      `{ fireChecks { totalCount nodes { id recordType ${FIELDS} subject { uscc } } }
         subject(uscc: "${COMPANY}") { name fireChecks(first: 1) { totalCount nodes { checkNo } } } }`,
    );
    expect(body.data.fireChecks.totalCount).toBe(4);
    expect(body.data.fireChecks.nodes.map(({ checkNo }: { checkNo: string }) => checkNo)).toEqual([
      '消检007',
      '消检006',
      '消检002',
      '消检001',
    ]);
    expect(body.data.subject).toEqual({ name: '茶韵食品有限公司', fireChecks: { totalCount: 2, nodes: [{ checkNo: '消检002' }] } });
    const first = body.data.fireChecks.nodes[3];
    expect(first).toEqual({
      id: expect.any(String),
      recordType: 'FIRE_CHECK',
      checkNo: '消检001',
      result: 'PASSED',
      score: 95,
      hazards: null,
      description: expect.stringMatching(/^无，联系13.*\*/),
      rectification: null,
      phone: '138****0001',
      opinion: null,
      subject: { uscc: COMPANY },
    });
    const byId = await hub.ask(`{ record(id: "${first.id}") { __typename decisionDate sourceDeptUscc ... on FireCheck { checkNo } } }`);
    expect(byId.body.data.record).toEqual({
      __typename: 'FireCheck',
      decisionDate: '2025-09-01',
      sourceDeptUscc: FIRE,
      checkNo: '消检001',
    });
  });

  it.each([
    ['{ result: { eq: FAILED } }', ['消检002']],
    ['{ score: { gt: 40, lte: 60 } }', ['消检007', '消检006']],
    ['{ decisionDate: { lt: "2025-09-15" } }', ['消检001']],
    ['{ or: [{ checkNo: { eq: "消检001" } }, { not: { score: { gt: 50 } } }] }', ['消检002', '消检001']],
    ['{ sourceDeptUscc: { eq: "11411502MA109Y0358" } }', []],
  ])('is filtered by %s', async (where, found) => {
    const { body } = await hub.ask(`{ fireChecks(where: ${where}) { totalCount nodes { checkNo } } }`);
    expect(body.data.fireChecks).toEqual({ totalCount: found.length, nodes: found.map((checkNo) => ({ checkNo })) });
  });

  it('is ordered and paged', async () => {
    const query =
      'query ($after: Cursor) { fireChecks(orderBy: [{ field: SCORE, direction: DESC }], first: 3, after: $after) { nodes { score } pageInfo { hasNextPage endCursor } } }';
    const first = (await hub.ask(query)).body.data.fireChecks;
    const second = (await hub.ask(query, { variables: { after: first.pageInfo.endCursor } })).body.data.fireChecks;
    expect([...first.nodes, ...second.nodes].map(({ score }) => score)).toEqual([95, 60, 60, 40]);
    expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
  });

  it('is closed for the public where its own value says so', async () => {
    const query = '{ fireChecks(where: { checkNo: { eq: "消检003" } }) { nodes { result } } }';
    expect((await hub.ask(query)).body.data.fireChecks.nodes).toEqual([]);
    expect((await hub.ask(query, agency(FIRE, 'RECORD_MANAGEMENT'))).body.data.fireChecks.nodes).toEqual([{ result: 'PENDING' }]);
  });

  const failed = { checkNo: '消检002', result: 'FAILED', score: 40, description: '通道堵塞' };
  it.each([
    ['the public', () => ({}), { ...failed, hazards: null, rectification: null, phone: '138****0001', opinion: null }],
    [
      'its own department',
      () => agency(FIRE, 'RECORD_MANAGEMENT'),
      { ...failed, hazards: ['通道堵塞', '灭火器过期'], rectification: '限期整改', phone: '13800000001', opinion: '=重点' },
    ],
    [
      'another department with a purpose',
      () => agency(HOUSING, 'LICENSING'),
      { ...failed, hazards: ['通道堵塞', '灭火器过期'], rectification: null, phone: '138****0001', opinion: null },
    ],
    [
      'the subject',
      () => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) }),
      { ...failed, hazards: ['通道堵塞', '灭火器过期'], rectification: '限期整改', phone: '13800000001', opinion: null },
    ],
    [
      'a credit body without a voucher',
      () => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY }) }),
      { ...failed, hazards: null, rectification: null, phone: '138****0001', opinion: null },
    ],
    [
      'an operator of the region',
      () => ({ token: hub.token('OPERATOR', { regionCode: '411502' }) }),
      { ...failed, hazards: ['通道堵塞', '灭火器过期'], rectification: '限期整改', phone: '138****0001', opinion: '=重点' },
    ],
  ] as readonly (readonly [string, () => Asking, object])[])('is disclosed to %s by its own marks', async (_who, asking, seen) => {
    const { body } = await hub.ask(`{ fireChecks(where: { checkNo: { eq: "消检002" } }) { nodes { ${FIELDS} } } }`, asking());
    expect(body.errors).toBeUndefined();
    expect(body.data.fireChecks.nodes).toEqual([seen]);
  });

  it('may not be asked about closed fields without a purpose, nor filtered by what is none of its filters', async () => {
    const purposeless = await hub.ask('{ fireChecks { nodes { opinion } } }', { token: hub.token('AGENCY', { orgUscc: FIRE }) });
    expect(purposeless.body.errors[0].extensions.code).toBe('PURPOSE_REQUIRED');
    const unknown = await hub.ask('{ fireChecks(where: { phone: { eq: "13800000001" } }) { totalCount } }');
    expect(unknown.body.errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
  });

  it('is submitted by its department, then withdrawn', async () => {
    const submit = (records: readonly object[], orgUscc = FIRE) =>
      hub.ask(
        'mutation ($records: [FireCheckInput!]!) { submitFireCheck(records: $records) { accepted updated unchanged rejected reasons { row column code } } }',
        { ...agency(orgUscc, 'RECORD_MANAGEMENT'), variables: { records } },
      );
    const row = {
      unitName: '茶韵食品有限公司',
      uscc: COMPANY,
      checkNo: '消检100',
      decisionDate: '2025-10-01',
      result: 'PASSED',
      score: 77,
    };
    const answer = await submit([row, { ...row, checkNo: '消检101', decisionDate: '2099-01-01' }]);
    expect(answer.body.data.submitFireCheck).toEqual({
      accepted: 1,
      updated: 0,
      unchanged: 0,
      rejected: 1,
      reasons: [{ row: 2, column: '检查日期', code: 'FUTURE_DECISION' }],
    });
    expect((await submit([row])).body.data.submitFireCheck).toMatchObject({ unchanged: 1 });
    expect((await submit([{ ...row, sourceDeptUscc: FIRE }], HOUSING)).body.data.submitFireCheck.reasons).toMatchObject([
      { code: 'SOURCE_DIFFERS' },
    ]);
    const found = async () =>
      (await hub.ask('{ fireChecks(where: { checkNo: { eq: "消检100" } }) { nodes { id score } } }')).body.data.fireChecks.nodes;
    const [published] = await found();
    expect(published.score).toBe(77);
    const withdrawn = await hub.ask(
      'mutation ($id: ID!) { withdrawRecord(recordId: $id, documentRef: "消撤1", reason: "误报") { __typename publicityStatus } }',
      { ...agency(FIRE, 'RECORD_MANAGEMENT'), variables: { id: published.id } },
    );
    expect(withdrawn.body.data.withdrawRecord).toEqual({ __typename: 'FireCheck', publicityStatus: 'WITHDRAWN' });
    expect(await found()).toEqual([]);
  });

  it('is described by introspection in Chinese', async () => {
    const { body } = await hub.ask('{ __type(name: "FireCheck") { description fields { name description } } }');
    expect(body.data.__type.description).toBe('消防监督检查记录');
    expect(body.data.__type.fields).toContainEqual({ name: 'score', description: '得分' });
  });
});

describe('the pages that are generated', () => {
  it('gain one for the new type, and no other record’s page changes', async () => {
    const copy = join(folder, 'tree');
    await copyTree(copy, ['auth', 'cli', 'docs', 'gateway', 'schema', 'store', 'subgraphs'], ['package.json']);
    const before = await readdir(join(copy, 'docs/records'));
    const { code, stdout } = await runHub(['compose', '--json'], { root: copy, env });
    expect(code).toBe(0);
    const { different } = JSON.parse(stdout);
    expect(different.filter((path: string) => path.startsWith('docs/'))).toEqual(['docs/records/FIRE_CHECK.md']);
    expect((await readdir(join(copy, 'docs/records'))).sort()).toEqual([...before, 'FIRE_CHECK.md'].sort());
    const page = await readFile(join(copy, 'docs/records/FIRE_CHECK.md'), 'utf8');
    expect(page).toMatch(/^# 消防监督检查记录 · FireCheck\n/);
    expect(page).toContain('`submitFireCheck`');
    expect(page).toContain('| 检查记录编号 | `checkNo` |  | 检查记录编号 | String，≤64 字 | 是 | OPEN |');
    expect(page).toContain('| `FAILED` | 不合格 | 2 | 不合格 |');
    const policy = await runHub(['policy', 'matrix'], { root: copy, env });
    expect(policy.code).toBe(0);
    expect(await readFile(join(copy, 'docs/permissions.md'), 'utf8')).toContain('FireCheck.opinion');
  }, 30_000);
});
