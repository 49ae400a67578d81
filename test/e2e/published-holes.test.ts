import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, Source } from 'graphql';
import type { Audience } from '../../auth/principal.ts';
import { readCatalogueFiles } from '../../cli/catalogue-files.ts';
import { composeSubgraphs } from '../../gateway/compose.ts';
import { CatalogueError } from '../../schema/fault.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';
import { expand } from '../../subgraphs/kit/expand.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

// Holes that were published of other gateways, each kept shut here. GHSA and CVE numbers are of Apollo Federation and its gateway.

const NUMBER = '浉市监罚〔2026〕001号';
const REMARK = '内部备注';
const ID_NUMBER = '411599197710058716';
let hub: TestHub;
let penaltyId: string;
let entryId: string;
beforeAll(async () => {
  hub = await startHub({ clock: { now: () => new Date('2026-10-08T02:00:00Z') } });
  const evidenceRefs = [{ docType: '处罚决定书', docNo: NUMBER, fileId: 'file-1' }];
  const [row] = await hub.load('PENALTY', [penalty({ evidenceRefs })]);
  const [entry] = await hub.load('LIST_ENTRY', [debtorEntry()]);
  penaltyId = String(row?.id);
  entryId = String(entry?.id);
}, 60_000);
afterAll(() => hub.close());

const CLAIMS: Partial<Record<Audience, object>> = {
  SUBJECT: { subjectUscc: OTHER_COMPANY, authLevel: 2 },
  AGENCY: { orgUscc: HOUSING, regionCode: '411502' },
  CREDIT_BODY: { orgUscc: OTHER_COMPANY },
  SUPERVISION: { clientId: 'sup-1', regionCode: '411502' },
  OPERATOR: { regionCode: '411502' },
};
const as = (audience: Audience, more: Omit<Asking, 'token'> = {}): Asking => ({
  ...more,
  token: audience === 'PUBLIC' ? undefined : hub.token(audience, { ...CLAIMS[audience] }),
});
const source = (): Asking => ({ token: hub.token('AGENCY', { orgUscc: MARKET, regionCode: '411502' }), purpose: 'RECORD_MANAGEMENT' });
const codesOf = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code);
const withheldOf = ({ body }: Answer): readonly string[] =>
  (body.extensions?.withheld ?? []).map(
    ({ path, coordinate }: { path: string[]; coordinate: string }) => `${path.join('.')} ${coordinate}`,
  );
const refusedWith = (answer: Answer, status: number, code: string) => {
  expect([answer.status, answer.body.data, [...new Set(codesOf(answer))]]).toEqual([status, undefined, [code]]);
};
const tellsNothing = ({ body }: Answer) => {
  const text = JSON.stringify(body);
  for (const closed of [REMARK, ID_NUMBER, 'PERFORMED', 'file-1']) expect(text).not.toContain(closed);
};

// --- What a hostile department's SDL could do to the composed graph ---

const HEAD =
  '"噪声等级" type NoiseGrade @recordType(code: "NOISE", field: "noiseGrades", section: EVALUATION, share: EVALUATION, nature: OTHER, identity: ["gradeNo"])';
const GRADE = `${HEAD} { "等级编号" gradeNo: String @item(headings: ["等级编号"], required: true) @disclose(class: OPEN) "分值" score: Int @item @disclose(class: SHARED_BY_DUTY) }`;
const SUBJECT = readCatalogueFiles({}).filter(({ subgraph }) => subgraph === 'subjects');

/** Compiles and composes a department's file beside the hub's own Subject, and what else a subgraph brings; answers the faults that stop it. */
function faultsOf(file: string, more: Readonly<Record<string, string>> = {}): string {
  try {
    const files = [...SUBJECT, { subgraph: 'noise', path: 'departments/noise.graphql', text: file }];
    const catalogue = readCatalogue(files);
    const subgraphs = ['subjects', 'noise'].map((name) => ({
      name,
      typeDefs: expand(
        name,
        files.filter(({ subgraph }) => subgraph === name),
        catalogue,
        name in more ? { path: `${name}.ts`, text: more[name] ?? '' } : undefined,
      ),
    }));
    const others = Object.entries(more)
      .filter(([name]) => !['subjects', 'noise'].includes(name))
      .map(([name, text]) => ({ name, typeDefs: parse(new Source(text, `${name}.graphql`)) }));
    composeSubgraphs([...subgraphs, ...others], catalogue);
    return '';
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    return error.message;
  }
}

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9"';

describe('composition', () => {
  it('takes an honest department', () => {
    expect(faultsOf(GRADE)).toBe('');
  });

  // Federation up to 2.12.0 overlooked access control directives that were imported under another name.
  it.each([
    [
      'imports a directive under another name',
      `${LINK}, import: [{ name: "@disclose", as: "@x" }]) ${GRADE}`,
      'holds object types and enums only',
    ],
    ['links a specification under another name', `${LINK}, as: "f") ${GRADE}`, 'holds object types and enums only'],
    ['marks a field with the other name', GRADE.replace('@disclose(class: SHARED_BY_DUTY)', '@x(class: OPEN)'), 'there is no directive @x'],
    [
      'marks a field with the name of a specification',
      GRADE.replace('@disclose(class: SHARED_BY_DUTY)', '@hub__disclose(class: OPEN)'),
      'there is no directive @hub__disclose',
    ],
    ['defines the mark anew', `directive @disclose(class: String) on FIELD_DEFINITION ${GRADE}`, 'holds object types and enums only'],
    [
      'marks a field twice',
      GRADE.replace('@disclose(class: SHARED_BY_DUTY)', '@disclose(class: SHARED_BY_DUTY) @disclose(class: OPEN)'),
      '@disclose stands twice',
    ],
  ])('renamed directives: refuses a file that %s', (_what, file, fault) => {
    expect(faultsOf(file)).toContain(fault);
  });

  it.each([
    ['of one directive', `${LINK}, import: ["@key", { name: "@requires", as: "@near" }])`],
    ['that takes the name of a harmless one', `${LINK}, import: ["@key", { name: "@override", as: "@shareable" }])`],
    ['of the whole specification', `${LINK}, as: "f", import: ["@key"])`],
  ])('renamed directives: refuses a subgraph with an import %s', (_what, link) => {
    expect(faultsOf(GRADE, { smoke: `${link} type Query { smoke: String }` })).toContain('may not be linked under another name');
  });

  // GHSA-m8jr-fxqx-8xx6: what a field reads through @requires and @fromContext was fetched whoever asked.
  it.each([
    ['@requires', 'level: String @federation__requires(fields: "subject { name }")'],
    ['@requires of what requires in turn', 'a: String @requires(fields: "score") b: String @requires(fields: "a")'],
    ['@requires with arguments', 'level: String @requires(fields: "subject { penalties(first: 1) { totalCount } }")'],
    ['@fromContext', 'level(of: Int @fromContext(field: "$noise { score }")): String'],
    ['@provides', 'level: String @provides(fields: "score")'],
    ['@override', 'level: String @override(from: "subjects")'],
  ])('transitive reads: refuses %s in a subgraph', (_what, fields) => {
    const smoke = `type Smoke @key(fields: "id") { id: ID! ${fields} } type Query { smoke: Smoke }`;
    expect(faultsOf(GRADE, { smoke })).toContain('may not read or take over fields of other subgraphs');
    expect(
      faultsOf(
        GRADE.replace('score: Int', fields.replace(/: String.*/, ': String')).replace(
          '@disclose(class: SHARED_BY_DUTY)',
          '@requires(fields: "gradeNo") @disclose(class: OPEN)',
        ),
      ),
    ).toContain('there is no directive @requires');
  });

  // Federation up to 2.11 took contradicting requirements of two subgraphs as alternatives: whoever met one of them was let in.
  it.each([
    ['another class', 'type NoiseGrade @key(fields: "id") { id: ID! score: Int @disclose(class: OPEN) }'],
    ['no class', 'type NoiseGrade @key(fields: "id") { id: ID! score: Int @shareable }'],
    ['a field more', 'type NoiseGrade @key(fields: "id") { id: ID! secret: Int }'],
  ])('merge by majority: refuses a second subgraph that gives a record type %s', (_what, smoke) => {
    expect(faultsOf(GRADE, { smoke })).toContain('NoiseGrade is defined by several subgraphs; a type belongs to one');
  });

  it('merge by majority: refuses a class of its own for a field of Subject', () => {
    const smoke =
      'type Subject @key(fields: "id") { id: ID! idNumber: String @shareable @disclose(class: OPEN) } type Query { smoke: String }';
    expect(faultsOf(GRADE, { smoke })).toContain("the stub Subject answers idNumber, which is the owner's to answer");
  });

  it('merge by majority: refuses a value type of the record envelope that is written anew, more open', () => {
    const file = GRADE.replace('"分值"', '"文书" refs: [EvidenceRef!] @item @disclose(class: OPEN) "分值"');
    expect(faultsOf(`${file} type EvidenceRef { "文件标识" fileId: ID @item @disclose(class: OPEN) }`)).toContain(
      "EvidenceRef is a name of the hub's own",
    );
  });

  // GHSA-mx7m-j9xf-62hw: what an interface said of a field was not asked for where the object type was selected, and the reverse.
  it.each([
    [
      'an interface with classes of its own',
      { smoke: 'interface Record { id: ID! remark: String @disclose(class: OPEN) } type Query { smoke: Record }' },
      'the type of the row decides, not the interface',
    ],
    [
      'another interface over records',
      { smoke: 'interface Graded { id: ID! } type Query { smoke: Graded }' },
      'Graded: Record is the only interface',
    ],
    [
      'a union of records',
      { smoke: 'union Any = NoiseGrade type NoiseGrade @key(fields: "id") { id: ID! } type Query { smoke: Any }' },
      'Any holds NoiseGrade',
    ],
  ])('polymorphic types: refuses %s', (_what, more, fault) => {
    expect(faultsOf(GRADE, more)).toContain(fault);
  });

  it('polymorphic types: refuses a field of another type than the interface says', () => {
    const file = GRADE.replace('"分值"', '"信息性质" infoNature: String @disclose(class: OPEN) "分值"');
    expect(faultsOf(file)).toContain('NoiseGrade.infoNature has to be InfoNature, as in every record');
  });

  it('polymorphic types: refuses a value type that calls itself a record', () => {
    const file = `${GRADE.replace('"分值"', '"点位" point: Point @item @disclose(class: OPEN) "分值"')} type Point implements Record { "点" name: String @disclose(class: OPEN) }`;
    expect(faultsOf(file)).toContain('Point may not implement Record');
  });

  it.each([
    ['extended', 'extend type Query { smoke: String }'],
    ['renamed', 'schema { query: Smoke } type Smoke { all: String }'],
  ])('refuses a root type that is %s past the list of who may ask', (_what, smoke) => {
    expect(faultsOf(GRADE, { smoke })).toMatch(/Query is extended|the root types may not go by another name/);
  });

  it.each([
    [
      'a directive of which two subgraphs say different things',
      'smoke: String @shareable @deprecated(reason: "a")',
      'smoke: String @shareable @deprecated(reason: "b")',
      '@deprecated',
    ],
    ['an argument that one of them alone knows', 'smoke: String @shareable', 'smoke(at: Int): String @shareable', 'smoke(at:)'],
    ['a field that is never null in one of them alone', 'smoke: String! @shareable', 'smoke: String @shareable', 'Query.smoke'],
  ])('merge by majority: refuses %s, which composition settles with a hint', (_what, one, two, fault) => {
    const link = `${LINK}, import: ["@shareable"])`;
    const more = { smoke: `${link} type Query { ${one} }`, soot: `${link} type Query { ${two} }` };
    expect(faultsOf(GRADE, more)).toContain(fault);
  });
});

// --- What an operation could do to the answer ---

describe('an interface', () => {
  const CALLERS: readonly (readonly [string, () => Asking])[] = [
    ['the public', () => as('PUBLIC')],
    ['another subject', () => as('SUBJECT')],
    ['another department', () => as('AGENCY', { purpose: 'SUPERVISION' })],
    ['a credit service body', () => as('CREDIT_BODY')],
    ['a supervision client', () => as('SUPERVISION')],
    ['an operator', () => as('OPERATOR')],
    ['the source', source],
  ];

  // GHSA-mx7m-j9xf-62hw: an object's field was open where the interface's was closed.
  it.each(CALLERS)(
    'interface fields: %s is answered the same of every one, through the interface, an inline and a named fragment',
    async (_who, asking) => {
      const { body } = await hub.ask('{ __type(name: "Record") { fields { name type { kind ofType { kind } } } } }');
      const leaf = (type: { kind: string; ofType?: { kind: string } }): boolean =>
        !['OBJECT', 'INTERFACE'].includes((type.ofType ?? type).kind);
      const names: string[] = body.data.__type.fields.flatMap(({ name, type }: { name: string; type: { kind: string } }) =>
        leaf(type) ? [name] : [],
      );
      expect(names).toEqual(expect.arrayContaining(['id', 'remark', 'secretMark', 'version', 'contentHash', 'regionCode']));
      const all = names.join(' ');
      const query = `{
      interface: record(id: "${penaltyId}") { ${all} }
      inline: record(id: "${penaltyId}") { ... on AdministrativePenalty { ${all} } }
      conditioned: record(id: "${penaltyId}") { ... on Record { ... on AdministrativePenalty { ... on Record { ${all} } } } }
      named: record(id: "${penaltyId}") { ...Whole }
      listed: penalties { nodes { ${all} } edges { node { ... on Record { ${all} } } } }
      about: subject(uscc: "${COMPANY}") { penalties { nodes { ...Whole } } }
    } fragment Whole on AdministrativePenalty { ${all} }`;
      const answer = await hub.ask(query, asking());
      expect(answer.body.errors).toBeUndefined();
      const { interface: expected, inline, conditioned, named, listed, about } = answer.body.data;
      expect(expected.id).toBe(penaltyId);
      for (const other of [inline, conditioned, named, listed.nodes[0], listed.edges[0].node, about.penalties.nodes[0]])
        expect(other).toEqual(expected);
      const closed = (path: string) =>
        withheldOf(answer).flatMap((entry) => (entry.startsWith(`${path}.`) ? [entry.slice(path.length)] : []));
      for (const path of ['inline', 'conditioned', 'named', 'listed.nodes.@', 'listed.edges.@.node', 'about.penalties.nodes.@'])
        expect([path, closed(path)]).toEqual([path, closed('interface')]);
      const hidden = withheldOf(answer)
        .filter((entry) => entry.startsWith('interface.'))
        .map((entry) => entry.split('.').at(-1));
      for (const name of names) if (hidden.includes(name)) expect([name, expected[name]]).toEqual([name, null]);
    },
  );

  it('polymorphic types: a closed field stays closed in fragments on the interface, on the type, and on both in one another', async () => {
    const answer = await hub.ask(
      `query ($id: ID!) { record(id: $id) {
        ... on AdministrativePenalty { a: legalRepIdNumber ... on Record { b: remark ... on AdministrativePenalty { c: legalRepIdNumber ...Deep } } }
        ... on Record { d: remark ...Deep } ... { e: remark }
      } } fragment Deep on AdministrativePenalty { f: remark evidenceRefs { fileId } ... on Record { g: secretMark } }`,
      { variables: { id: penaltyId } },
    );
    expect(answer.body.data.record).toEqual({
      a: null,
      b: null,
      c: null,
      d: null,
      e: null,
      f: null,
      g: null,
      evidenceRefs: [{ fileId: null }],
    });
    expect(withheldOf(answer)).toHaveLength(8);
    tellsNothing(answer);
  });

  it('polymorphic types: a fragment on one type opens nothing in a row of another', async () => {
    const query =
      'query ($id: ID!) { record(id: $id) { ... on ListEntry { documentNo: decisionNo remark } ... on AdministrativePenalty { documentNo remark } } }';
    const of = async (id: string) => (await hub.ask(query, { variables: { id } })).body.data.record;
    expect(await of(penaltyId)).toEqual({ documentNo: NUMBER, remark: null });
    expect(await of(entryId)).toEqual({ documentNo: '（2026）豫1502执001号', remark: null });
  });

  it('named fragments on the concrete type keep the rules of the row under an interface field', async () => {
    const answer = await hub.ask(
      `{ record(id: "${penaltyId}") { ...General ...Penalty ...Entry } }
      fragment General on Record { recordType remark } fragment Penalty on AdministrativePenalty { documentNo legalRepIdNumber subject { ...Subject } }
      fragment Entry on ListEntry { proposedBy } fragment Subject on Subject { name orgCode idNumber }`,
    );
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data.record).toEqual({
      recordType: 'PENALTY',
      remark: null,
      documentNo: NUMBER,
      legalRepIdNumber: null,
      subject: { name: '茶韵食品有限公司', orgCode: null, idNumber: null },
    });
    tellsNothing(answer);
  });
});

describe('a type that closes what other types open', () => {
  const FILE = `"噪声等级" type NoiseGrade @recordType(code: "NOISE", field: "noiseGrades", section: EVALUATION, share: EVALUATION, nature: OTHER, identity: ["gradeNo", "subject"]) {
    "等级编号" gradeNo: String @item(headings: ["等级编号"], role: DOCUMENT_NUMBER, required: true) @disclose(class: OPEN)
    "单位名称" unitName: String @item(headings: ["单位名称"], role: SUBJECT_NAME, required: true) @disclose(class: OPEN)
    "统一社会信用代码" uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
    "行政区划" regionCode: RegionCode @item(headings: ["行政区划"], role: REGION) @disclose(class: SOURCE_ONLY)
    "公示渠道" publishChannels: [String!] @item(headings: ["公示渠道"], split: "；") @disclose(class: SHARED_BY_DUTY)
  }`;
  const CHANNEL = '部门网站';
  let folder: string;
  let mixed: TestHub;
  let gradeId: string;
  let otherId: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-noise-'));
    await writeFile(join(folder, 'noise.graphql'), FILE);
    mixed = await startHub({ clock: { now: () => new Date('2026-10-08T02:00:00Z') }, env: { HUB_DEPARTMENTS: folder } });
    const given = { regionCode: '411502', publishChannels: [CHANNEL] };
    const about = { gradeNo: '噪001', unitName: '茶韵食品有限公司', uscc: COMPANY, decisionDate: '2026-09-02', sourceDeptUscc: MARKET };
    const [grade] = await mixed.load('NOISE', [{ ...about, ...given }]);
    const [other] = await mixed.load('PENALTY', [penalty(given)]);
    gradeId = String(grade?.id);
    otherId = String(other?.id);
  }, 60_000);
  afterAll(async () => {
    await mixed.close();
    await rm(folder, { recursive: true });
  });

  // GHSA-mx7m-j9xf-62hw, and the Router of that time: the interface's field was open, so it was open in every row.
  it.each([
    ['on the interface', 'regionCode publishChannels'],
    ['in a fragment on the interface', '... on Record { regionCode publishChannels }'],
    ['in a named fragment', '...Where'],
    ['on the type', '... on NoiseGrade { regionCode publishChannels } ... on AdministrativePenalty { regionCode publishChannels }'],
    [
      'on the interface within the type',
      '... on NoiseGrade { ... on Record { regionCode publishChannels } } ... on AdministrativePenalty { ...Where }',
    ],
  ])('interface fields: is decided by the type of each row, asked for %s', async (_where, selection) => {
    const answer = await mixed.ask(
      `{ grade: record(id: "${gradeId}") { id ${selection} } penalty: record(id: "${otherId}") { id ${selection} } } fragment Where on Record { regionCode publishChannels }`.replace(
        selection.includes('...Where') ? '\u0000' : ' fragment Where on Record { regionCode publishChannels }',
        '',
      ),
    );
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data).toEqual({
      grade: { id: gradeId, regionCode: null, publishChannels: null },
      penalty: { id: otherId, regionCode: '411502', publishChannels: [CHANNEL] },
    });
    expect(withheldOf(answer)).toEqual(['grade.regionCode NoiseGrade.regionCode', 'grade.publishChannels NoiseGrade.publishChannels']);
  });
});

describe('introspection', () => {
  const CLOSED_FILTER = 'penalties(where: { performanceStatus: { eq: PERFORMED } }) { totalCount }';

  it.each([
    ['the data stays closed', 'PUBLIC', `{ __schema { queryType { name } } record(id: "$id") { remark } }`],
    [
      'the data stays closed behind an operation of the name that tools use',
      'PUBLIC',
      'query IntrospectionQuery { __schema { queryType { name } } record(id: "$id") { remark } }',
    ],
    ['the data stays closed after __type', 'PUBLIC', '{ record(id: "$id") { remark } __type(name: "Query") { name } }'],
    [
      'the data stays closed in a fragment beside it',
      'PUBLIC',
      '{ ...F } fragment F on Query { __type(name: "Query") { name } record(id: "$id") { remark } }',
    ],
  ] as const)('short-circuits nothing: %s', async (_what, audience, query) => {
    const answer = await hub.ask(query.replace('$id', penaltyId), as(audience));
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data.record).toEqual({ remark: null });
    expect(withheldOf(answer)).toEqual(['record.remark AdministrativePenalty.remark']);
    const { __schema: schema, __type: type } = answer.body.data;
    expect(schema?.queryType?.name ?? type?.name).toBe('Query');
  });

  it.each([
    [
      'a root field that is not for this audience',
      'AUDITOR',
      '{ __schema { queryType { name } } penalties { totalCount } }',
      403,
      'FORBIDDEN',
    ],
    [
      'a purpose that is missing',
      'AGENCY',
      '{ __type(name: "Query") { name } penalties { nodes { performanceStatus } } }',
      403,
      'PURPOSE_REQUIRED',
    ],
    ['a filter by what is closed', 'PUBLIC', `{ __schema { queryType { name } } ${CLOSED_FILTER} }`, 403, 'FORBIDDEN'],
    [
      'a filter by what is closed, under the name that tools use',
      'PUBLIC',
      `query IntrospectionQuery { __typename ${CLOSED_FILTER} }`,
      403,
      'FORBIDDEN',
    ],
    ['what only a subgraph answers to the gateway', 'OPERATOR', '{ __typename _service { sdl } }', 400, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'what only a subgraph answers about keys',
      'OPERATOR',
      '{ _entities(representations: []) { __typename } }',
      400,
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ] as const)('short-circuits nothing: %s is refused beside it', async (_what, audience, query, status, code) => {
    refusedWith(await hub.ask(query, as(audience)), status, code);
  });

  it('short-circuits nothing: what is withheld is refused beside it where the caller asks for that', async () => {
    const query = `{ __schema { queryType { name } } record(id: "${penaltyId}") { ... on AdministrativePenalty { legalRepIdNumber } } }`;
    refusedWith(await hub.ask(query, as('PUBLIC', { headers: { 'hub-withheld': 'reject' } })), 403, 'FORBIDDEN');
  });
});

describe('an alias', () => {
  it.each([
    'id',
    'recordType',
    'kind',
    'hub_exists',
    'hub_id',
    'hub_typename',
    'hub_exists_',
    '_entities',
    '__schema',
    'extensions',
    'data',
  ])('short-circuits nothing: a closed field named %s is null and listed, and the row stays what it is', async (alias) => {
    const answer = await hub.ask(
      `{ record(id: "${penaltyId}") { ${alias}: remark } penalties { nodes { ${alias}: legalRepIdNumber type: __typename number: documentNo } } }`,
    );
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data).toEqual({
      record: { [alias]: null },
      penalties: { nodes: [{ [alias]: null, type: 'AdministrativePenalty', number: NUMBER }] },
    });
    expect(withheldOf(answer)).toEqual(
      expect.arrayContaining([
        `record.${alias} AdministrativePenalty.remark`,
        `penalties.nodes.@.${alias} AdministrativePenalty.legalRepIdNumber`,
      ]),
    );
    tellsNothing(answer);
  });

  it.each(['id', 'recordType', 'hub_exists', 'hub_id', 'hub_typename', '__type'])(
    'short-circuits nothing: an open field named %s reaches the right row and subject',
    async (alias) => {
      const { body } = await hub.ask(
        `{ record(id: "${penaltyId}") { ${alias}: sourceDeptUscc subject { ${alias}: uscc penalties { nodes { ${alias}: documentNo subject { ${alias}: name } } } } } }`,
      );
      expect(body).toEqual({
        data: {
          record: {
            [alias]: MARKET,
            subject: { [alias]: COMPANY, penalties: { nodes: [{ [alias]: NUMBER, subject: { [alias]: '茶韵食品有限公司' } }] } },
          },
        },
      });
    },
  );

  it.each(['hub_exists: recordType hub_id: id', 'id: __typename', 'hub_typename: id'])(
    'short-circuits nothing: a row that is not there for the caller is not there as { %s }',
    async (selection) => {
      const [closed] = await hub.load('PENALTY', [
        penalty({ documentNo: `密〔${selection.length}〕号`, secretMark: 'TRADE_SECRET', sourceDeptUscc: TAX, authorityUscc: TAX }),
      ]);
      for (const id of [closed?.id, 'AAAAAAAAAAAAAAAAAAAAAA']) {
        const { body } = await hub.ask(`{ record(id: "${id}") { ${selection} } }`);
        expect(body).toEqual({ data: { record: null } });
      }
    },
  );

  // CVE-2026-32621: aliases and variables of these names reached Object.prototype when the parts of an answer were joined.
  it.each(['__defineGetter__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'short-circuits nothing: the name %s is one like any other',
    async (name) => {
      const before = Reflect.ownKeys(Object.prototype);
      const answer = await hub.ask(
        `query ($${name}: ID!) { ${name}: record(id: $${name}) { ${name}: remark sub: subject { ${name}: name } ... on AdministrativePenalty { number: documentNo } } list: penalties { ${name}: nodes { ${name}: subject { ${name}: uscc polluted: name } } } }`,
        { variables: JSON.parse(`{ "${name}": "${penaltyId}" }`) },
      );
      expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
      expect(answer.body.errors).toBeUndefined();
      const row = (value: Record<string, unknown>) => Object.getOwnPropertyDescriptor(value, name)?.value;
      expect(row(row(answer.body.data).sub)).toBe('茶韵食品有限公司');
      expect(Object.hasOwn(row(answer.body.data), name)).toBe(true);
      expect(row(row(answer.body.data))).toBeNull();
      tellsNothing(answer);
    },
  );

  it.each([
    '{ penalties { nodes { __typename: sourceDeptName remark } } }',
    '{ penalties { nodes { ... on Record { __typename: remark } } } }',
    '{ subjects { nodes { __typename: name } } }',
    '{ __typename: penalties { totalCount } }',
    'query ($__proto__: ID!) { record(id: $__proto__) { id } }',
    '{ __proto__: penalties { totalCount } }',
    '{ penalties { nodes { __proto__: subject { name } } } }',
    '{ ...__proto__ } fragment __proto__ on Query { penalties { totalCount } }',
  ])('short-circuits nothing: what would say of a row what it is, is refused: %s', async (query) => {
    const before = Reflect.ownKeys(Object.prototype);
    refusedWith(await hub.ask(query, { variables: JSON.parse(`{ "__proto__": "${penaltyId}" }`) }), 400, 'GRAPHQL_VALIDATION_FAILED');
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
  });

  it('short-circuits nothing: the type under its own name or another is the type of the row', async () => {
    const aliases =
      '__typename __isRecord: __typename id: __typename recordType: __typename hub_exists: __typename hub_typename: __typename';
    const { body } = await hub.ask(
      `{ id: __typename record(id: "${penaltyId}") { ${aliases} subject { id: __typename kind: __typename } } penalties { __typename nodes { ${aliases} } } }`,
    );
    const name = 'AdministrativePenalty';
    const row = { __typename: name, __isRecord: name, id: name, recordType: name, hub_exists: name, hub_typename: name };
    expect(body).toEqual({
      data: {
        id: 'Query',
        record: { ...row, subject: { id: 'Subject', kind: 'Subject' } },
        penalties: { __typename: 'AdministrativePenaltyConnection', nodes: [row] },
      },
    });
  });

  it.each([
    ['AUDITOR', '{ me: penalties { totalCount } }'],
    ['AUDITOR', '{ __type: penalties { totalCount } me { audience } }'],
    ['AUDITOR', '{ __schema: subjects { totalCount } }'],
    ['PUBLIC', '{ penalties: whoMaySee(coordinate: "AdministrativePenalty.remark") { class } }'],
    ['PUBLIC', '{ x: penalties(where: { performanceStatus: { eq: PERFORMED } }) { documentNo: totalCount } }'],
    ['PUBLIC', 'mutation { me: withdrawRecord(recordId: "x", documentRef: "x", reason: "x") { id } }'],
  ] as const)('short-circuits nothing: a root field that is refused to %s is refused under every name', async (audience, query) => {
    refusedWith(await hub.ask(query, as(audience)), 403, 'FORBIDDEN');
  });
});

describe('denial goes by the coordinate, never by the name in the answer', () => {
  it.each(['nodes { $ }', 'edges { node { $ } }', 'nodes { ... on Record { ... on AdministrativePenalty { $ } } }'])(
    'in a list as %s, a closed field is null as an open one and an open one stands as a closed one',
    async (form) => {
      const answer = await hub.ask(
        `{ penalties { ${form.replace('$', 'documentNo: remark remark: documentNo decisionDate: performanceStatus legalRepIdNumber: decisionDate')} } }`,
      );
      const { penalties } = answer.body.data;
      const row = penalties.nodes?.[0] ?? penalties.edges[0].node;
      expect(row).toEqual({ documentNo: null, remark: NUMBER, decisionDate: null, legalRepIdNumber: '2026-09-01' });
      expect(withheldOf(answer).map((entry) => entry.split('.').slice(-2).join('.').split(' ').join(' '))).toEqual(
        expect.arrayContaining(['documentNo AdministrativePenalty.remark', 'decisionDate AdministrativePenalty.performanceStatus']),
      );
      expect(withheldOf(answer)).toHaveLength(2);
    },
  );

  it('in the refusal that the caller asked for: it names the coordinate, and an open field as a closed one is no reason', async () => {
    const headers = { 'hub-withheld': 'reject' };
    const refused = await hub.ask('{ penalties { nodes { documentNo: legalRepIdNumber } } }', { headers });
    refusedWith(refused, 403, 'FORBIDDEN');
    expect(refused.body.errors[0].message).toContain('AdministrativePenalty.legalRepIdNumber');
    const { body } = await hub.ask('{ penalties { nodes { legalRepIdNumber: documentNo } } }', { headers });
    expect(body).toEqual({ data: { penalties: { nodes: [{ legalRepIdNumber: NUMBER }] } } });
  });

  it('in the need for a purpose: an open field as a closed one needs none, a closed one as an open one does', async () => {
    const [open, closed] = [
      '{ penalties { nodes { performanceStatus: documentNo } } }',
      '{ penalties { nodes { documentNo: performanceStatus } } }',
    ];
    expect((await hub.ask(open, as('AGENCY'))).body.data.penalties.nodes).toEqual([{ performanceStatus: NUMBER }]);
    refusedWith(await hub.ask(closed, as('AGENCY')), 403, 'PURPOSE_REQUIRED');
  });
});

describe('sibling fragments with one response key', () => {
  it('are refused where one is open and the other closed on one type', async () => {
    for (const query of [
      '{ penalties { nodes { x: documentNo ... { x: remark } } } }',
      '{ penalties { nodes { ...A ...B } } } fragment A on AdministrativePenalty { x: documentNo } fragment B on Record { x: remark }',
      `{ record(id: "${penaltyId}") { x: sourceDeptName ... on AdministrativePenalty { x: remark } } }`,
    ])
      refusedWith(await hub.ask(query), 400, 'GRAPHQL_VALIDATION_FAILED');
  });

  it('are decided apart where they stand on different types', async () => {
    const query =
      'query ($id: ID!) { record(id: $id) { ... on AdministrativePenalty { x: legalRepIdNumber y: documentNo } ... on ListEntry { x: decisionNo y: releasedBy } } }';
    const of = async (id: string) => (await hub.ask(query, { variables: { id } })).body.data.record;
    expect(await of(penaltyId)).toEqual({ x: null, y: NUMBER });
    expect(await of(entryId)).toEqual({ x: '（2026）豫1502执001号', y: null });
  });

  it('are merged below one object, each field by its own class', async () => {
    const answer = await hub.ask(
      `{ record(id: "${penaltyId}") {
        ... on AdministrativePenalty { evidenceRefs { docNo } subject { name } }
        ... on AdministrativePenalty { evidenceRefs { fileId } subject { idNumber penalties { nodes { documentNo } } } }
        ... on Record { subject { orgCode penalties { nodes { remark } } } }
      } }`,
    );
    expect(answer.body.errors).toBeUndefined();
    expect(answer.body.data.record).toEqual({
      evidenceRefs: [{ docNo: NUMBER, fileId: null }],
      subject: { name: '茶韵食品有限公司', idNumber: null, orgCode: null, penalties: { nodes: [{ documentNo: NUMBER, remark: null }] } },
    });
    tellsNothing(answer);
  });

  it('are merged where the same closed field stands in both: it is null once, and listed once', async () => {
    const answer = await hub.ask(
      '{ penalties { nodes { remark ... on Record { remark } ...F } } } fragment F on AdministrativePenalty { remark }',
    );
    expect(answer.body.data.penalties.nodes).toEqual([{ remark: null }]);
    expect(withheldOf(answer)).toEqual(['penalties.nodes.@.remark AdministrativePenalty.remark']);
  });
});

describe('@skip and @include', () => {
  const QUERY =
    'query ($a: Boolean = false, $b: Boolean = false) { penalties { nodes { documentNo remark @include(if: $a) ... @skip(if: $b) { legalRepIdNumber } } } }';
  const ask = (variables: object, asking: Asking = {}) => hub.ask(QUERY, { ...asking, variables: { ...variables } });

  it.each([
    [{}, { documentNo: NUMBER, legalRepIdNumber: null }],
    [{ a: true }, { documentNo: NUMBER, remark: null, legalRepIdNumber: null }],
    [{ b: true }, { documentNo: NUMBER }],
    [
      { a: true, b: true },
      { documentNo: NUMBER, remark: null },
    ],
    [
      { a: true, b: false },
      { documentNo: NUMBER, remark: null, legalRepIdNumber: null },
    ],
    [{ a: false, b: true }, { documentNo: NUMBER }],
  ])('open nothing, one set of variables after another of the same document: %j', async (variables, row) => {
    for (const round of [1, 2]) {
      const answer = await ask(variables);
      expect([round, answer.body.data.penalties.nodes]).toEqual([round, [row]]);
      expect(withheldOf(answer)).toHaveLength(Object.values(row).filter((value) => value === null).length);
    }
  });

  it('open nothing where one caller may see what another of the same document may not', async () => {
    const own = await ask({ a: true }, source());
    expect(own.body.data.penalties.nodes).toEqual([{ documentNo: NUMBER, remark: REMARK, legalRepIdNumber: ID_NUMBER }]);
    tellsNothing(await ask({ a: true }));
    expect((await ask({ b: true }, source())).body.data.penalties.nodes).toEqual([{ documentNo: NUMBER }]);
    tellsNothing(await ask({ a: true, b: true }));
  });

  it('are no reason to refuse where they leave the closed field out, and one where they do not', async () => {
    const asking = as('AGENCY');
    const query = 'query ($a: Boolean!) { penalties { nodes { documentNo performanceStatus @include(if: $a) } } }';
    expect((await hub.ask(query, { ...asking, variables: { a: false } })).body).toEqual({
      data: { penalties: { nodes: [{ documentNo: NUMBER }] } },
    });
    refusedWith(await hub.ask(query, { ...asking, variables: { a: true } }), 403, 'PURPOSE_REQUIRED');
    expect((await hub.ask(query, { ...asking, variables: { a: false } })).status).toBe(200);
  });

  it('cannot both hide a field from the check and have it answered', async () => {
    const answer = await hub.ask(
      'query ($a: Boolean!) { penalties { nodes { x: remark @skip(if: $a) x: remark @include(if: $a) y: documentNo @skip(if: $a) @include(if: $a) z: remark @include(if: true) @skip(if: false) } } }',
      { variables: { a: true } },
    );
    expect(answer.body.data.penalties.nodes).toEqual([{ x: null, z: null }]);
    expect(withheldOf(answer)).toHaveLength(2);
  });

  it.each([[{ a: 'true' }], [{ a: 1 }], [{ a: null }], [{}]])('take no condition that is none: %j', async (variables) => {
    const query = 'query ($a: Boolean!) { penalties { nodes { documentNo remark @skip(if: $a) } } }';
    refusedWith(await hub.ask(query, { variables: { ...variables } }), 400, 'BAD_USER_INPUT');
  });
});

describe('directives that deliver later or elsewhere', () => {
  it.each([
    '{ penalties { nodes { documentNo ... @defer { remark } } } }',
    '{ penalties { nodes { documentNo ... @defer(if: false, label: "x") { remark } } } }',
    '{ penalties { nodes @stream(initialCount: 0) { remark } } }',
    `{ record(id: "x") { ...F @defer } } fragment F on Record { remark }`,
    'query @live { penalties { totalCount } }',
    '{ penalties { nodes { remark @client } } }',
    '{ penalties { nodes { remark @disclose(class: OPEN) } } }',
    '{ penalties { nodes { remark @join__field(graph: RECORDS) } } }',
    '{ penalties { nodes { remark @inaccessible } } }',
  ])('are refused: %s', async (query) => {
    refusedWith(await hub.ask(query), 400, 'GRAPHQL_VALIDATION_FAILED');
  });
});

describe('nodes and edges together', () => {
  it.each([
    ['the public', () => as('PUBLIC'), { documentNo: NUMBER, remark: null, legalRepIdNumber: null, performanceStatus: null }],
    ['the source', source, { documentNo: NUMBER, remark: REMARK, legalRepIdNumber: ID_NUMBER, performanceStatus: 'PERFORMED' }],
  ] as const)('show %s the same row the same way, and each closed place is listed', async (_who, asking, row) => {
    const fields = 'documentNo remark legalRepIdNumber performanceStatus';
    const answer = await hub.ask(
      `{ penalties { nodes { ${fields} } edges { node { ${fields} } } nodesAgain: edges { node { remark } } edgesAgain: nodes { remark } } }`,
      asking(),
    );
    expect(answer.body.data.penalties).toEqual({
      nodes: [row],
      edges: [{ node: row }],
      nodesAgain: [{ node: { remark: row.remark } }],
      edgesAgain: [{ remark: row.remark }],
    });
    const closed = Object.entries(row).flatMap(([name, value]) => (value === null ? [name] : []));
    expect([...withheldOf(answer)].sort()).toEqual(
      [
        ...closed.flatMap((name) => [
          `penalties.nodes.@.${name} AdministrativePenalty.${name}`,
          `penalties.edges.@.node.${name} AdministrativePenalty.${name}`,
        ]),
        ...(closed.includes('remark')
          ? [
              'penalties.nodesAgain.@.node.remark AdministrativePenalty.remark',
              'penalties.edgesAgain.@.remark AdministrativePenalty.remark',
            ]
          : []),
      ].sort(),
    );
  });
});
