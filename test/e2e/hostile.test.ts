import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import type { Audience } from '../../auth/principal.ts';
import { startCpuTime } from '../support/cpu-time.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

/** What must never come back in an error. */
const SECRET = '411599196706275684';
const clock = { now: () => new Date('2026-10-08T02:00:00Z') };
let hub: TestHub;
let penaltyId: string;
let entryId: string;
beforeAll(async () => {
  hub = await startHub({ clock });
  const [row] = await hub.load('PENALTY', [penalty(), penalty({ documentNo: '浉市监罚〔2026〕002号', uscc: OTHER_COMPANY })]);
  const [entry] = await hub.load('LIST_ENTRY', [debtorEntry()]);
  penaltyId = String(row?.id);
  entryId = String(entry?.id);
}, 60_000);
afterAll(() => hub.close());

const CLAIMS: Readonly<Record<Exclude<Audience, 'PUBLIC'>, object>> = {
  SUBJECT: { subjectUscc: COMPANY, authLevel: 2 },
  AGENCY: { orgUscc: MARKET, regionCode: '411502' },
  CREDIT_BODY: { orgUscc: OTHER_COMPANY },
  APP_ORG: { orgUscc: OTHER_COMPANY },
  SUPERVISION: { clientId: 'sup-1', regionCode: '411502' },
  FINANCE: { orgUscc: OTHER_COMPANY },
  INDUSTRY_ASSOC: { orgUscc: OTHER_COMPANY },
  OPERATOR: { regionCode: '411502' },
  SYSTEM_ADMIN: {},
  AUDITOR: {},
  SPECIFIC_PARTY: { caseId: 'k-1', partyId: 'p-1' },
};
const as = (audience: Audience, more: Omit<Asking, 'token'> = {}): Asking => ({
  ...more,
  token: audience === 'PUBLIC' ? undefined : hub.token(audience, { ...CLAIMS[audience] }),
});
const codesOf = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code);
const times = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');

describe('the same asked for again and again', () => {
  let strict: TestHub;
  beforeAll(async () => {
    strict = await startHub({ clock, env: { HUB_RATE_OBJECT: '1', HUB_RATE_NUMBER: '2', HUB_RATE_PERSON: '2' } });
    await strict.load('PENALTY', [penalty()]);
  }, 60_000);
  afterAll(() => strict.close());
  const outcomes = async (count: number, query: string, variables: (index: number) => Readonly<Record<string, unknown>>) => {
    const asking = { token: strict.token('AGENCY', { orgUscc: MARKET }), purpose: 'LICENSING' };
    const answers: Answer[] = [];
    for (let index = 0; index < count; index++) answers.push(await strict.ask(query, { ...asking, variables: variables(index) }));
    return answers.map((answer) => [answer.status, codesOf(answer)]);
  };
  const LIMITED = [429, ['RATE_LIMITED']];

  it.each([
    ['that is there', COMPANY],
    ['that is not', OTHER_COMPANY],
  ])('is refused alike for a subject %s', async (_which, uscc) => {
    const query = 'query ($u: UnifiedSocialCreditCode) { subject(uscc: $u) { id } }';
    expect(await outcomes(3, query, () => ({ u: uscc }))).toEqual([[200, []], [200, []], LIMITED]);
  });

  it('is refused for persons, one number after the other', async () => {
    const query = 'query ($p: PersonHandle) { subject(person: $p) { id } }';
    const seen = await outcomes(5, query, (index) => ({ p: { idNumber: `41159919670627${5680 + index}`, name: '张三' } }));
    expect(seen.slice(0, 4)).not.toContainEqual(LIMITED);
    expect(seen[4]).toEqual(LIMITED);
  });
});

describe('an operation that asks for too much', () => {
  const subject = `subject(uscc: "${COMPANY}")`;
  const doubling = times(30, (index) => `fragment F${index} on Subject { ...F${index + 1} ...F${index + 1} }`);
  const nested = (depth: number): unknown => (depth === 0 ? { domain: { eq: 'PRICE' } } : { not: nested(depth - 1) });
  const WHERE = 'query ($where: AdministrativePenaltyFilter) { penalties(where: $where) { totalCount } }';
  const table: readonly (readonly [string, string, object | undefined, string])[] = [
    [
      'a deep one',
      `{ ${subject} { ${'penalties { nodes { subject { '.repeat(20)}id${' } } }'.repeat(20)} } }`,
      undefined,
      'LIMIT_EXCEEDED',
    ],
    ['one too deep for a parser', '{ penalties { nodes { '.repeat(20_000), undefined, 'LIMIT_EXCEEDED'],
    ['a wide one', `{ penalties { nodes { ${times(8_000, () => 'id')} } } }`, undefined, 'LIMIT_EXCEEDED'],
    ['one with many root fields', `{ ${times(30, (index) => `a${index}: penalties { totalCount }`)} }`, undefined, 'LIMIT_EXCEEDED'],
    ['one with many aliases', `{ ${subject} { ${times(60, (index) => `a${index}: name`)} } }`, undefined, 'LIMIT_EXCEEDED'],
    ['many aliased look-ups', `{ ${times(100, (index) => `a${index}: record(id: "${index}") { id }`)} }`, undefined, 'LIMIT_EXCEEDED'],
    ['many directives', `{ penalties { nodes { ${times(60, () => 'id @include(if: true)')} } } }`, undefined, 'LIMIT_EXCEEDED'],
    [
      'a loop of fragments',
      `{ ${subject} { ...A } } fragment A on Subject { penalties { nodes { subject { ...B } } } } fragment B on Subject { ...A }`,
      undefined,
      'LIMIT_EXCEEDED',
    ],
    ['a fragment of itself', `{ ${subject} { ...A } } fragment A on Subject { id ...A }`, undefined, 'LIMIT_EXCEEDED'],
    ['fragments that double', `{ ${subject} { ...F0 } } ${doubling} fragment F30 on Subject { id }`, undefined, 'LIMIT_EXCEEDED'],
    [
      'pages of pages',
      '{ penalties(first: 200) { nodes { subject { penalties(first: 200) { nodes { subject { penalties(first: 200) { nodes { id } } } } } } } } }',
      undefined,
      'LIMIT_EXCEEDED',
    ],
    [
      'a long document',
      `{ penalties(where: { documentNo: { eq: "${'x'.repeat(200_000)}" } }) { totalCount } }`,
      undefined,
      'LIMIT_EXCEEDED',
    ],
    ['a long list in a variable', WHERE, { where: { documentNo: { in: Array.from({ length: 1_001 }, String) } } }, 'LIMIT_EXCEEDED'],
    ['a deep variable', WHERE, { where: nested(20) }, 'LIMIT_EXCEEDED'],
    ['a variable deeper than JSON may be', WHERE, { where: nested(40) }, 'BAD_USER_INPUT'],
    ['many operations', times(200, (index) => `query Q${index} { penalties { totalCount } }`), undefined, 'LIMIT_EXCEEDED'],
    ['a page of zero', '{ penalties(first: 0) { totalCount } }', undefined, 'BAD_USER_INPUT'],
  ];
  it.each(table)('(%s) is refused at once', async (_what, query, variables, code) => {
    const spent = startCpuTime();
    const answer = await hub.ask(query, { variables: variables && { ...variables } });
    expect(spent()).toBeLessThan(1_000);
    expect(answer.status).toBe(400);
    expect(answer.body.data).toBeUndefined();
    expect(codesOf(answer)).toEqual([code]);
  });

  it('(a huge variable) is refused at once', async () => {
    const spent = startCpuTime();
    const { status, body } = await hub.ask(WHERE, { variables: { where: { documentNo: { eq: 'x'.repeat(1_100_000) } } } });
    expect(spent()).toBeLessThan(1_000);
    expect([status, body.errors[0].extensions.code]).toEqual([413, 'LIMIT_EXCEEDED']);
  });

  it('(a batch) is refused', async () => {
    const response = await fetch(`${hub.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
      body: JSON.stringify([{ query: '{ penalties { totalCount } }' }, { query: '{ penalties { totalCount } }' }]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  /** As GraphQL writes it. */
  const literal = (value: object) => JSON.stringify(value).replace(/"(\w+)":/g, '$1: ');
  const many = (count: number, each: (index: number) => unknown) => Array.from({ length: count }, (_, index) => each(index));
  const eq = (index: number) => ({ documentNo: { eq: `浉市监罚〔2026〕${String(index).padStart(3, '0')}号` } });
  it.each([
    ['a thousand values', { documentNo: { in: many(1_000, (index) => eq(index).documentNo.eq) } }],
    [
      'lists of values as long as a body holds',
      { or: many(30, (outer) => ({ documentNo: { in: many(1_000, (index) => `${outer}-${index}`) } })) },
    ],
    ['a thousand values that a list may hold', { penaltyTypes: { in: many(1_000, () => 'FINE') } }],
    ['two hundred alternatives', { or: many(200, eq) }],
    ['two hundred conditions', { and: many(200, () => ({ not: { documentNo: { eq: 'x' } } })) }],
    ['conditions that are each one of several', { and: many(10, () => ({ or: many(20, eq) })) }],
    ['thirteen levels of negation', nested(12)],
    ['ten thousand conditions that say nothing', { and: many(20, () => ({ and: many(500, () => ({})) })) }],
  ])('(a filter of %s) is answered at once', async (_what, where) => {
    const spent = startCpuTime();
    const answer = await hub.ask(WHERE, { variables: { where } });
    expect(spent()).toBeLessThan(1_000);
    expect([answer.status, codesOf(answer)]).toEqual([200, []]);
  });

  it.each([
    ['a thousand alternatives', { or: many(1_000, eq) }],
    ['as many alternatives as a body holds', { or: many(20, () => ({ or: many(900, eq) })) }],
    ['conditions that are each one of many', { and: many(150, () => ({ or: many(100, eq) })) }],
    ['many conditions that are each one of two', { and: many(110, () => ({ or: many(2, eq) })) }],
  ])('(a filter of %s) is refused at once', async (_what, where) => {
    const spent = startCpuTime();
    const answers = [
      await hub.ask(WHERE, { variables: { where } }),
      await hub.ask(
        WHERE.replace('($where: AdministrativePenaltyFilter)', '($where: [AdministrativePenaltyFilter!])').replace(
          'where: $where',
          'where: { or: $where }',
        ),
        {
          variables: { where: [where] },
        },
      ),
      await hub.ask(`{ ${subject} { penalties(where: ${literal({ or: many(201, eq) })}) { totalCount } } }`),
      await hub.ask(`{ ${times(3, (index) => `a${index}: penalties(where: ${literal({ or: many(67, eq) })}) { totalCount }`)} }`),
    ];
    expect(spent()).toBeLessThan(1_000);
    for (const answer of answers) expect([answer.status, answer.body.data, codesOf(answer)]).toEqual([400, undefined, ['LIMIT_EXCEEDED']]);
  });

  it('leaves the hub open for others', async () => {
    expect((await hub.ask('{ penalties { totalCount } }')).body).toEqual({ data: { penalties: { totalCount: 2 } } });
  });
});

describe('introspection', () => {
  const roots = async (audience: Audience): Promise<{ readonly query: readonly string[]; readonly mutation: readonly string[] }> => {
    const { body } = await hub.ask('{ __schema { queryType { fields { name } } mutationType { fields { name } } } }', as(audience));
    const names = (type: { fields: { name: string }[] } | null) => (type?.fields ?? []).map(({ name }) => name);
    return { query: names(body.data.__schema.queryType), mutation: names(body.data.__schema.mutationType) };
  };

  it.each([
    [
      'PUBLIC',
      ['penalties', 'subject', 'record', 'listEntriesOfPerson'],
      ['whoMaySee'],
      [],
      ['withdrawRecord', 'submitAdministrativePenalty'],
    ],
    ['SUBJECT', ['penalties', 'me'], ['whoMaySee'], [], ['withdrawRecord', 'submitAdministrativePenalty']],
    ['AGENCY', ['penalties', 'departments'], ['whoMaySee'], ['withdrawRecord', 'submitAdministrativePenalty'], []],
    ['OPERATOR', ['penalties', 'departments'], [], ['withdrawRecord', 'correctRecord'], ['submitAdministrativePenalty']],
    [
      'SYSTEM_ADMIN',
      ['me'],
      ['penalties', 'subject', 'subjects', 'record', 'listEntries', 'departments', 'listEntriesOfPerson'],
      [],
      ['withdrawRecord'],
    ],
    ['AUDITOR', ['me'], ['penalties', 'subject', 'record', 'departments'], [], ['withdrawRecord']],
  ] as const)('shows %s the root fields that it can use and no others', async (audience, shown, hidden, mutations, hiddenMutations) => {
    const { query, mutation } = await roots(audience);
    expect(query).toEqual(expect.arrayContaining([...shown]));
    expect(query.filter((name) => (hidden as readonly string[]).includes(name))).toEqual([]);
    expect(mutation).toEqual(expect.arrayContaining([...mutations]));
    expect(mutation.filter((name) => (hiddenMutations as readonly string[]).includes(name))).toEqual([]);
  });

  it.each(['PUBLIC', 'AGENCY', 'OPERATOR', 'AUDITOR'] as const)('shows %s no root field that it is then refused', async (audience) => {
    const { query } = await roots(audience);
    const view = await hub.ask('{ __schema { queryType { fields { name type { name } args { name type { kind } } } } } }', as(audience));
    for (const { name, type, args } of view.body.data.__schema.queryType.fields) {
      if (!type.name?.endsWith('Connection') || args.some((arg: { type: { kind: string } }) => arg.type.kind === 'NON_NULL')) continue;
      const answer = await hub.ask(`{ ${name} { totalCount } }`, as(audience, { purpose: 'SUPERVISION' }));
      expect([name, codesOf(answer)]).toEqual([name, []]);
    }
    expect(query).not.toContain('_entities');
    expect(query).not.toContain('_service');
  });

  it('answers __type and __typename', async () => {
    const { body } = await hub.ask(
      '{ __typename __type(name: "AdministrativePenalty") { name kind interfaces { name } fields { name type { name kind } } } none: __type(name: "Nothing") { name } }',
    );
    expect(body.data.__typename).toBe('Query');
    expect(body.data.__type).toMatchObject({ name: 'AdministrativePenalty', kind: 'OBJECT', interfaces: [{ name: 'Record' }] });
    const nullable = body.data.__type.fields.filter(({ type }: { type: { kind: string } }) => type.kind !== 'NON_NULL');
    expect(body.data.__type.fields.length - nullable.length).toBe(2);
    expect(body.data.none).toBeNull();
  });

  it('answers the whole query of a tool', async () => {
    const { status, body } = await hub.ask(getIntrospectionQuery());
    expect(status).toBe(200);
    expect(body.errors).toBeUndefined();
    const names = body.data.__schema.types.map(({ name }: { name: string }) => name);
    expect(names).toContain('AdministrativePenalty');
    expect(
      names.filter((name: string) => /^_|__disclose|disclosure__|federation__|join__|link__/.test(name) && !name.startsWith('__')),
    ).toEqual([]);
    expect(body.data.__schema.directives.map(({ name }: { name: string }) => name)).not.toContain('disclose');
  });

  it('shows an auditor no list of records through __type either', async () => {
    const { body } = await hub.ask('{ __type(name: "Query") { fields { name } } }', as('AUDITOR'));
    expect(body.data.__type.fields.map(({ name }: { name: string }) => name)).not.toContain('penalties');
  });
});

describe('a root field that is hidden', () => {
  it.each([
    ['PUBLIC', `mutation { withdrawRecord(recordId: "x", documentRef: "x", reason: "x") { id } }`],
    ['SUBJECT', 'mutation { submitAdministrativePenalty(records: []) { accepted } }'],
    ['AUDITOR', '{ penalties { totalCount } }'],
    ['SYSTEM_ADMIN', '{ a: me { audience } b: subjects { totalCount } }'],
    ['AUDITOR', '{ ...F } fragment F on Query { x: penalties { totalCount } }'],
    ['AUDITOR', 'query ($yes: Boolean = true) { ... @include(if: $yes) { penalties { totalCount } } }'],
  ] as const)('is refused to %s as forbidden, not as unknown', async (audience, query) => {
    const answer = await hub.ask(query, as(audience));
    expect([answer.status, answer.body.data, ...codesOf(answer)]).toEqual([403, undefined, 'FORBIDDEN']);
  });

  it('costs nothing where it is skipped', async () => {
    const { body } = await hub.ask('query ($no: Boolean!) { me { audience } penalties @include(if: $no) { totalCount } }', {
      ...as('AUDITOR'),
      variables: { no: false },
    });
    expect(body).toEqual({ data: { me: { audience: 'AUDITOR' } } });
  });
});

describe('an error', () => {
  it.each([
    ['an unknown root field', '{ penaltys { totalCount } }'],
    ['an unknown field', '{ penalties { nodes { documentNumber legalRep } } }'],
    ['an unknown type', '{ record(id: "x") { ... on AdministrativePenaltys { id } } }'],
    ['an unknown argument', '{ penalties(frist: 1) { totalCount } }'],
    ['an unknown enum value', '{ penalties(where: { domain: { eq: PRICES } }) { totalCount } }'],
    ['an unknown input field', '{ penalties(where: { documentNumber: { eq: "x" } }) { totalCount } }'],
    ['an unknown directive', '{ penalties @includes(if: true) { totalCount } }'],
  ])('about %s suggests nothing', async (_what, query) => {
    const answer = await hub.ask(query);
    expect(codesOf(answer)).toEqual(expect.arrayContaining(['GRAPHQL_VALIDATION_FAILED']));
    expect(JSON.stringify(answer.body)).not.toMatch(/did you mean|documentNo"|PRICE"|penalties"/i);
  });

  const PENALTIES =
    'query ($where: AdministrativePenaltyFilter, $first: Int, $after: Cursor) { penalties(where: $where, first: $first, after: $after) { totalCount } }';
  const SUBJECT = 'query ($p: PersonHandle, $u: UnifiedSocialCreditCode, $id: ID) { subject(person: $p, uscc: $u, id: $id) { id } }';
  it.each([
    ['a variable of the wrong type', PENALTIES, { where: SECRET }],
    ['a value of the wrong type', PENALTIES, { where: { documentNo: { eq: { x: SECRET } } } }],
    ['a value outside an enum', PENALTIES, { where: { domain: { eq: SECRET } } }],
    ['an unknown key', PENALTIES, { where: { [SECRET]: { eq: 'x' } } }],
    ['a day that is none', PENALTIES, { where: { decisionDate: { eq: SECRET } } }],
    ['an amount that is none', PENALTIES, { where: { fineAmountWan: { gt: `${SECRET}x` } } }],
    ['a page size that is a text', PENALTIES, { first: SECRET }],
    ['a cursor that is none', PENALTIES, { after: SECRET }],
    ['a person without a name', SUBJECT, { p: { idNumber: SECRET } }],
    ['a person with something more', SUBJECT, { p: { idNumber: SECRET, name: 'x', [SECRET]: 1 } }],
    ['a code that is none', SUBJECT, { u: SECRET.slice(0, 17) }],
    ['two handles', SUBJECT, { p: { idNumber: SECRET, name: 'x' }, id: SECRET }],
    ['a tail that is too long', 'query ($t: String!) { listEntriesOfPerson(name: "x", idTail: $t) { id } }', { t: SECRET }],
    [
      'a required variable that is null',
      'query ($t: String!) { listEntriesOfPerson(name: "x", idTail: $t) { id } }',
      { t: null, other: SECRET },
    ],
  ])('about %s repeats nothing of it', async (_what, query, variables) => {
    const answer = await hub.ask(query, { ...as('OPERATOR'), variables });
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(JSON.stringify(answer.body)).not.toContain(SECRET.slice(0, 17));
    expect(JSON.stringify(answer.body)).not.toContain('    at ');
  });

  it.each([
    ['text that does not end', `{ penalties(where: { documentNo: { eq: "${SECRET} }`],
    ['a text where an enum belongs', `{ penalties(where: { domain: { eq: "${SECRET}" } }) { totalCount } }`],
    ['a day that is none', `{ penalties(where: { decisionDate: { eq: "${SECRET}" } }) { totalCount } }`],
    ['a number out of place', `{ penalties { ${SECRET} } }`],
    ['a text for a number', `{ penalties(first: "${SECRET}") { totalCount } }`],
    ['a person in the document', `{ subject(person: { idNumber: "${SECRET}", name: "x" }) { id } }`],
    ['a person in a wrong place', `{ subject(id: { idNumber: "${SECRET}" }) { id } }`],
  ])('about %s in the document repeats nothing of it', async (_what, query) => {
    const { body } = await hub.ask(query, as('OPERATOR'));
    expect(body.errors.length).toBeGreaterThan(0);
    expect(JSON.stringify(body)).not.toContain(SECRET);
  });
});

describe('a closed field under another name', () => {
  it('stays closed under an alias, the alias of an open field included', async () => {
    const { body } = await hub.ask(
      `{ record(id: "${penaltyId}") { ... on AdministrativePenalty { documentNo: remark remark: documentNo x: legalRepIdNumber } } }`,
    );
    expect(body.data.record).toEqual({ documentNo: null, remark: '浉市监罚〔2026〕001号', x: null });
    const said = body.extensions.withheld.map(({ path, coordinate }: { path: string[]; coordinate: string }) => [path.at(-1), coordinate]);
    expect(said).toEqual(
      expect.arrayContaining([
        ['documentNo', 'AdministrativePenalty.remark'],
        ['x', 'AdministrativePenalty.legalRepIdNumber'],
      ]),
    );
    expect(said).toHaveLength(2);
  });

  it('stays closed through the interface', async () => {
    const { body } = await hub.ask(`{ record(id: "${penaltyId}") { id remark secretMark sourceDeptName ... on Record { version } } }`);
    expect(body.data.record).toEqual({
      id: penaltyId,
      remark: null,
      secretMark: null,
      sourceDeptName: '浉河区市场监督管理局',
      version: null,
    });
  });

  it('is decided by the type of the row where siblings share a name', async () => {
    const query = `query ($id: ID!) { record(id: $id) { __typename ... on AdministrativePenalty { x: legalRepIdNumber } ... on ListEntry { x: decisionNo } } }`;
    const of = async (id: string) => (await hub.ask(query, { variables: { id } })).body.data.record;
    expect(await of(penaltyId)).toEqual({ __typename: 'AdministrativePenalty', x: null });
    expect(await of(entryId)).toEqual({ __typename: 'ListEntry', x: '（2026）豫1502执001号' });
  });

  it('does not open by asking for it again through the subject', async () => {
    const { body } = await hub.ask(
      `{ subject(uscc: "${COMPANY}") { penalties { nodes { subject { penalties { nodes { remark subject { id idNumber orgCode } } } } } } } }`,
      as('CREDIT_BODY'),
    );
    const [{ subject }] = body.data.subject.penalties.nodes;
    expect(subject.penalties.nodes).toEqual([{ remark: null, subject: { id: expect.any(String), idNumber: null, orgCode: null } }]);
  });
});

describe('the first of several failures', () => {
  const FILTER = 'penalties(where: { performanceStatus: { eq: PERFORMED } })';
  const reject = { 'hub-withheld': 'reject' };
  const voucher = { 'hub-voucher': 'v-unknown' };
  const table: readonly (readonly [string, string, () => Asking, number, string])[] = [
    ['a token before the document', '{ no such', () => ({ token: 'x.y.z' }), 401, 'UNAUTHENTICATED'],
    ['the document before the audience', '{ penalties { nothing } }', () => as('AUDITOR'), 400, 'GRAPHQL_VALIDATION_FAILED'],
    ['its size before its sense', `{ penalties { nothing nodes { ${times(8_000, () => 'id')} } } }`, () => ({}), 400, 'LIMIT_EXCEEDED'],
    [
      'the audience before the purpose',
      '{ whoMaySee(coordinate: "x") { class } penalties { nodes { remark } } }',
      () => as('AGENCY'),
      403,
      'FORBIDDEN',
    ],
    ['the purpose before a filter', `{ ${FILTER} { totalCount } }`, () => as('AGENCY'), 403, 'PURPOSE_REQUIRED'],
    [
      'the purpose before the voucher',
      `{ ${FILTER} { totalCount } }`,
      () => as('CREDIT_BODY', { headers: voucher }),
      403,
      'PURPOSE_REQUIRED',
    ],
    [
      'the voucher before a filter',
      `{ ${FILTER} { totalCount } }`,
      () => as('CREDIT_BODY', { headers: voucher, purpose: 'LOAN' }),
      403,
      'VOUCHER_INVALID',
    ],
    ['a filter before what is withheld', `{ ${FILTER} { nodes { remark } } }`, () => as('PUBLIC', { headers: reject }), 403, 'FORBIDDEN'],
  ];
  it.each(table)('is the answer: %s', async (_what, query, asking, status, code) => {
    const answer = await hub.ask(query, asking());
    expect([answer.status, answer.body.data, ...codesOf(answer)]).toEqual([status, undefined, code]);
  });

  it('is the answer: a filter, not what is withheld', async () => {
    const { body } = await hub.ask(`{ ${FILTER} { nodes { remark } } }`, as('PUBLIC', { headers: reject }));
    expect(body.errors[0].message).toContain('performanceStatus');
  });
});

describe('Hub-Withheld', () => {
  const QUERY = '{ penalties(first: 1) { nodes { documentNo violationFacts legalRepIdNumber } } }';
  const asking = (choice: string, audience: Audience = 'PUBLIC', purpose?: string) =>
    as(audience, { purpose, headers: { 'hub-withheld': choice } });

  it('errors: tells what is withheld as errors with their place, beside the same data', async () => {
    const [plain, answer] = [await hub.ask(QUERY), await hub.ask(QUERY, asking('errors'))];
    expect(answer.status).toBe(200);
    expect(answer.body.data).toEqual(plain.body.data);
    expect(answer.body.extensions).toBeUndefined();
    expect(answer.body.errors).toEqual(
      plain.body.extensions.withheld.map(({ path }: { path: readonly string[] }) => ({
        message: expect.any(String),
        path,
        extensions: { code: 'UNAUTHORIZED_FIELD_OR_TYPE' },
      })),
    );
  });

  it.each(['errors', 'extensions', 'reject'])('%s: is answered at the door of a subgraph as at the gateway', async (choice) => {
    const door = await startHub({ clock, dataDir: hub.dataDir, subgraph: 'records' });
    try {
      const [here, there] = await Promise.all([hub.ask(QUERY, asking(choice)), door.ask(QUERY, asking(choice))]);
      const inOrder = ({ status, body }: Answer) => [
        status,
        body.data,
        [...(body.errors ?? []), ...(body.extensions?.withheld ?? [])]
          .map((entry) => JSON.stringify(entry, Object.keys(entry).sort()))
          .sort(),
      ];
      expect(inOrder(there)).toEqual(inOrder(here));
    } finally {
      await door.close();
    }
  });

  it('reject: refuses what is closed whatever the row, and runs nothing', async () => {
    const answer = await hub.ask(QUERY, asking('reject'));
    expect(answer.status).toBe(403);
    expect(answer.body).toEqual({
      errors: [{ message: expect.stringContaining('AdministrativePenalty.legalRepIdNumber'), extensions: { code: 'FORBIDDEN' } }],
    });
  });

  it('reject: does not refuse what is masked, nor what is open for some rows', async () => {
    const masked = await hub.ask('{ penalties(first: 1) { nodes { documentNo violationFacts } } }', asking('reject'));
    expect([masked.status, codesOf(masked)]).toEqual([200, []]);
    const query = '{ penalties { nodes { sourceDeptUscc remark } } }';
    const own = await hub.ask(query, { ...asking('reject', 'AGENCY', 'SUPERVISION'), token: hub.token('AGENCY', { orgUscc: HOUSING }) });
    expect([own.status, codesOf(own)]).toEqual([200, []]);
    expect(own.body.data.penalties.nodes[0]).toEqual({ sourceDeptUscc: MARKET, remark: null });
  });

  it('takes no other choice', async () => {
    const answer = await hub.ask(QUERY, asking('ignore'));
    expect([answer.status, codesOf(answer)]).toEqual([400, ['BAD_USER_INPUT']]);
  });
});

describe('the headers of an answer', () => {
  const VARY = 'Authorization, Hub-Withheld, Hub-Explain, Accept';
  const QUERY = '{ penalties { totalCount } }';

  it('let a public one be kept, by what it depends on', async () => {
    const { headers } = await hub.ask(QUERY);
    expect(headers.get('vary')).toBe(VARY);
    expect(headers.get('cache-control')).toBeNull();
  });

  it.each([
    ['a token', () => as('AGENCY')],
    ['a token that is refused', () => ({ token: 'x.y.z' })],
    ['a purpose', () => ({ purpose: 'LICENSING' })],
    ['a choice of what is withheld', () => ({ headers: { 'hub-withheld': 'errors' } })],
    ['an id of its own', () => ({ headers: { 'hub-request-id': 'mine' } })],
  ])('let one to a request with %s not be kept', async (_what, asking: () => Asking) => {
    const { headers } = await hub.ask(QUERY, asking());
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('carry an id that the hub makes anew for each request', async () => {
    const answers = await Promise.all([
      hub.ask(QUERY),
      hub.ask(QUERY),
      hub.ask('{ no such', {}),
      hub.ask(QUERY, { token: 'x.y.z' }),
      hub.ask(QUERY, { headers: { 'hub-request-id': 'mine' } }),
    ]);
    const ids = answers.map(({ headers }) => headers.get('hub-request-id'));
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('tell no software by name', async () => {
    const { headers } = await hub.ask(QUERY);
    expect([headers.get('server'), headers.get('x-powered-by')]).toEqual([null, null]);
    expect(headers.get('content-type')).toBe('application/graphql-response+json; charset=utf-8');
  });
});
