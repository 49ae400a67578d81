import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

interface Row {
  readonly documentNo: string;
  readonly source: string;
  readonly uscc: string | undefined;
  readonly region: string;
  readonly violationType: string;
  readonly penaltyTypes: readonly string[];
  readonly fineAmountWan: string | undefined;
  readonly decisionDate: string;
  readonly domain: string | undefined;
}
const TYPES = [['FINE'], ['FINE', 'CONFISCATE_GAINS'], ['REVOKE_LICENSE'], ['ORDER_CLOSE', 'FINE']] as const;
const VIOLATIONS = ['无证经营', '无证经营_食品', '经营过期食品', '100%虚假宣传'];
const DOMAINS = ['FOOD_DRUG', 'PRICE', undefined];
const nth = <T>(values: readonly T[], index: number): T => values[index % values.length] as T;

/** Sixty rows with ties and gaps; every tenth is a person's. */
const ROWS: readonly Row[] = Array.from({ length: 60 }, (_, index) => ({
  documentNo: `浉罚〔2026〕${String(index).padStart(3, '0')}号`,
  source: index % 3 === 0 ? HOUSING : MARKET,
  uscc: index % 10 === 9 ? undefined : nth([COMPANY, OTHER_COMPANY], index),
  region: index % 4 === 3 ? '370306' : '411502',
  violationType: nth(VIOLATIONS, index),
  penaltyTypes: nth(TYPES, index),
  fineAmountWan: index % 7 === 6 ? undefined : String((index * 37) % 11) + (index % 2 === 0 ? '.05' : ''),
  decisionDate: `2026-0${6 + (index % 3)}-${String(1 + (index % 5)).padStart(2, '0')}`,
  domain: nth(DOMAINS, index),
}));
const isPersonal = ({ uscc }: Row) => uscc === undefined;
const numberOf = (row: Row) => row.documentNo;
/** Document numbers by record id: whoever may not read a person's number still counts the row. */
const numbers = new Map<string, string>();
const numberById = (id: string) => numbers.get(id) ?? id;
const byNumber = new Map(ROWS.map((row) => [row.documentNo, row]));

let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ clock: { now: () => new Date('2026-10-08T02:00:00Z') } });
  const made = ROWS.map(({ source, uscc, region, ...row }) => {
    const same = { ...row, regionCode: region, authorityUscc: source, sourceDeptUscc: source };
    return uscc === undefined
      ? personalPenalty(same)
      : penalty({ ...same, uscc, counterpartName: uscc === COMPANY ? '茶韵食品有限公司' : '茶香商贸有限公司' });
  });
  const outcomes = await hub.load('PENALTY', made);
  expect(outcomes.flatMap(({ reasons }) => reasons)).toEqual([]);
  for (const [index, { documentNo }] of ROWS.entries()) numbers.set(String(outcomes[index]?.id), documentNo);
  await hub.load('LIST_ENTRY', [debtorEntry()]);
}, 60_000);
afterAll(() => hub.close());

const agency = (orgUscc: string): Asking => ({
  token: hub.token('AGENCY', { orgUscc, regionCode: '411502' }),
  purpose: 'RECORD_MANAGEMENT',
});
const own = (): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) });
const codesOf = ({ body }: Answer): readonly string[] =>
  (body.errors ?? []).map(({ extensions }: { extensions: { code: string } }) => extensions.code);

const PAGE = `query ($first: Int, $after: Cursor, $where: AdministrativePenaltyFilter, $orderBy: [AdministrativePenaltyOrder!]) {
  penalties(first: $first, after: $after, where: $where, orderBy: $orderBy) {
    nodes { id } edges { cursor node { id } } totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`;
const page = (variables: object, asking: Asking = {}) => hub.ask(PAGE, { ...asking, variables: { ...variables } });

/** All pages one after the other, each page checked against itself. */
async function walk(
  variables: object,
  size: number,
  asking: Asking = {},
): Promise<{ readonly numbers: readonly string[]; readonly totalCount: number }> {
  const found: string[] = [];
  let after: string | null = null;
  for (;;) {
    const { body }: Answer = await page({ ...variables, first: size, after }, asking);
    expect(body.errors).toBeUndefined();
    const { nodes, edges, pageInfo, totalCount } = body.data.penalties;
    expect(edges.map(({ node }: { node: object }) => node)).toEqual(nodes);
    expect(pageInfo.hasPreviousPage).toBe(after !== null);
    found.push(...nodes.map(({ id }: { id: string }) => numberById(id)));
    if (!pageInfo.hasNextPage) return { numbers: found, totalCount };
    expect(nodes).toHaveLength(size);
    after = pageInfo.endCursor;
  }
}

describe('walking all pages', () => {
  const everybody: readonly (readonly [string, () => Asking, (row: Row) => boolean])[] = [
    ['the public', () => ({}), (row) => !isPersonal(row)],
    ['a department', () => agency(HOUSING), (row) => !isPersonal(row) || row.source === HOUSING],
    ['the department with most of them', () => agency(MARKET), (row) => !isPersonal(row) || row.source === MARKET],
    ['a subject', own, (row) => !isPersonal(row)],
    [
      'a person',
      () => ({ token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }) }),
      () => true,
    ],
    ['a credit body', () => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY }) }), (row) => !isPersonal(row)],
    [
      'a supervision system of one region',
      () => ({ token: hub.token('SUPERVISION', { clientId: 's', regionCode: '411500' }) }),
      (row) => !isPersonal(row) || row.region === '411502',
    ],
    [
      'an operator of one region',
      () => ({ token: hub.token('OPERATOR', { regionCode: '370306' }) }),
      (row) => !isPersonal(row) || row.region === '370306',
    ],
  ];

  it.each(everybody)('yields to %s each row once, as many as it counts', async (_who, asking, visible) => {
    const expected = ROWS.filter(visible).map(numberOf);
    for (const size of [7, 200]) {
      const { numbers: found, totalCount } = await walk({}, size, asking());
      expect([...found].sort()).toEqual(expected);
      expect(totalCount).toBe(expected.length);
    }
  });

  const amount = ({ fineAmountWan }: Row) => (fineAmountWan === undefined ? undefined : Number(fineAmountWan));
  const date = ({ decisionDate }: Row) => decisionDate;
  const orders: readonly (readonly [string, readonly object[] | undefined, readonly ((one: Row, other: Row) => number)[]])[] = [
    ['the newest first where nothing is said', undefined, [(one, other) => compare(date(other), date(one))]],
    ['the oldest first', [{ field: 'DECISION_DATE', direction: 'ASC' }], [(one, other) => compare(date(one), date(other))]],
    ['the smallest amount first', [{ field: 'FINE_AMOUNT_WAN', direction: 'ASC' }], [(one, other) => compare(amount(one), amount(other))]],
    ['the largest amount first', [{ field: 'FINE_AMOUNT_WAN', direction: 'DESC' }], [(one, other) => compare(amount(other), amount(one))]],
    [
      'the newest first and of one day the smallest amount first',
      [
        { field: 'DECISION_DATE', direction: 'DESC' },
        { field: 'FINE_AMOUNT_WAN', direction: 'ASC' },
      ],
      [(one, other) => compare(date(other), date(one)), (one, other) => compare(amount(one), amount(other))],
    ],
  ];
  it.each(orders)('goes %s', async (_what, orderBy, comparisons) => {
    for (const size of [1, 8]) {
      const { numbers: found } = await walk({ orderBy, where: size === 1 ? { domain: { eq: 'PRICE' } } : null }, size);
      const rows = found.flatMap((documentNo) => byNumber.get(documentNo) ?? []);
      expect(new Set(found).size).toBe(found.length);
      expect(rows).toHaveLength(ROWS.filter((row) => !isPersonal(row) && (size !== 1 || row.domain === 'PRICE')).length);
      for (const [index, row] of rows.slice(1).entries()) {
        const before = rows[index];
        const first = before && comparisons.map((comparison) => comparison(before, row)).find((result) => result !== 0);
        expect(first ?? -1).toBeLessThanOrEqual(0);
      }
    }
  });

  it('puts rows without an amount together at one end, in either direction', async () => {
    for (const direction of ['ASC', 'DESC']) {
      const { numbers: found } = await walk({ orderBy: [{ field: 'FINE_AMOUNT_WAN', direction }] }, 9);
      const gaps = found.map((documentNo) => byNumber.get(documentNo)?.fineAmountWan === undefined);
      const changes = gaps.slice(1).filter((gap, index) => gap !== gaps[index]).length;
      expect(gaps).toContain(true);
      expect(changes).toBe(1);
    }
  });

  it('goes by a field as it was named first, however often it is repeated', async () => {
    const once = [{ field: 'FINE_AMOUNT_WAN', direction: 'ASC' }];
    const often = Array.from({ length: 300 }, (_, index) => ({ field: 'FINE_AMOUNT_WAN', direction: index === 0 ? 'ASC' : 'DESC' }));
    expect((await walk({ orderBy: often }, 20)).numbers).toEqual((await walk({ orderBy: once }, 20)).numbers);
  });

  it('goes on behind any edge', async () => {
    const whole = (await walk({}, 200)).numbers;
    const { edges } = (await page({ first: 10 })).body.data.penalties;
    for (const index of [0, 4, 9]) {
      const { body } = await page({ first: 3, after: edges[index].cursor });
      expect(body.data.penalties.nodes.map(({ id }: { id: string }) => numberById(id))).toEqual(whole.slice(index + 1, index + 4));
    }
  });

  it('ends with an empty page behind the last row', async () => {
    const { pageInfo } = (await page({ first: 200 })).body.data.penalties;
    expect((await page({ first: 5, after: pageInfo.endCursor })).body.data.penalties).toEqual({
      nodes: [],
      edges: [],
      totalCount: 54,
      pageInfo: { hasNextPage: false, hasPreviousPage: true, startCursor: null, endCursor: null },
    });
  });

  it('counts a subject’s own list apart', async () => {
    const { body } = await hub.ask(
      `{ one: subject(uscc: "${COMPANY}") { penalties(first: 3) { totalCount nodes { uscc } pageInfo { hasNextPage } } }
         other: subject(uscc: "${OTHER_COMPANY}") { penalties(first: 3, where: { domain: { eq: PRICE } }) { totalCount nodes { uscc } } } }`,
    );
    const of = (uscc: string) => ROWS.filter((row) => row.uscc === uscc);
    expect(body.data.one.penalties).toEqual({
      totalCount: of(COMPANY).length,
      nodes: [{ uscc: COMPANY }, { uscc: COMPANY }, { uscc: COMPANY }],
      pageInfo: { hasNextPage: true },
    });
    expect(body.data.other.penalties.totalCount).toBe(of(OTHER_COMPANY).filter(({ domain }) => domain === 'PRICE').length);
  });
});

function compare<T extends string | number>(one: T | undefined, other: T | undefined): number {
  if (one === undefined || other === undefined || one === other) return 0;
  return one < other ? -1 : 1;
}

describe('a cursor', () => {
  const cursor = async (variables: object = {}, asking: Asking = {}): Promise<string> =>
    (await page({ first: 5, ...variables }, asking)).body.data.penalties.pageInfo.endCursor;
  const refusal = { code: 'BAD_USER_INPUT', message: 'the cursor does not belong to this list' };
  const refused = ({ body }: Answer) => {
    expect(body.data?.penalties ?? null).toBeNull();
    expect(body.errors).toHaveLength(1);
    const [{ message, extensions }] = body.errors;
    expect({ message, code: extensions.code }).toEqual(refusal);
  };

  const filter = { where: { domain: { eq: 'PRICE' } } };
  const order = { orderBy: [{ field: 'FINE_AMOUNT_WAN', direction: 'ASC' }] };
  it.each([
    ['another audience', {}, {}, () => agency(MARKET)],
    ['no filter', filter, {}, () => ({})],
    ['a filter', {}, filter, () => ({})],
    ['another filter', filter, { where: { domain: { eq: 'FOOD_DRUG' } } }, () => ({})],
    ['another order', {}, order, () => ({})],
    ['the other direction', order, { orderBy: [{ field: 'FINE_AMOUNT_WAN', direction: 'DESC' }] }, () => ({})],
  ])('is of no use with %s', async (_what, made, used, asking) => {
    refused(await page({ first: 5, ...used, after: await cursor(made) }, asking()));
  });

  it('is of no use in another list', async () => {
    const after = await cursor();
    for (const query of [
      'query ($after: Cursor) { penalties: licenses(after: $after) { totalCount } }',
      'query ($after: Cursor) { penalties: subjects(after: $after) { totalCount } }',
      'query ($after: Cursor) { penalties: listEntries(after: $after) { totalCount } }',
    ])
      refused(await hub.ask(query, { variables: { after } }));
    const { body } = await hub.ask(`query ($after: Cursor) { subject(uscc: "${COMPANY}") { penalties(after: $after) { nodes { id } } } }`, {
      variables: { after },
    });
    expect(body.data.subject).toEqual({ penalties: null });
    expect(body.errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('of one subject’s list is of no use in another’s', async () => {
    const query =
      'query ($uscc: UnifiedSocialCreditCode, $after: Cursor) { subject(uscc: $uscc) { penalties(first: 2, after: $after) { nodes { id } pageInfo { endCursor } } } }';
    const made = await hub.ask(query, { variables: { uscc: COMPANY } });
    const after = made.body.data.subject.penalties.pageInfo.endCursor;
    expect((await hub.ask(query, { variables: { uscc: COMPANY, after } })).body.data.subject.penalties.nodes).toHaveLength(2);
    expect(codesOf(await hub.ask(query, { variables: { uscc: OTHER_COMPANY, after } }))).toEqual(['BAD_USER_INPUT']);
  });

  it('is refused when it was altered or cut anywhere', async () => {
    const whole = await cursor();
    const swapped = (at: number) => `${whole.slice(0, at)}${whole[at] === 'A' ? 'B' : 'A'}${whole.slice(at + 1)}`;
    const places = [0, 1, 5, Math.floor(whole.length / 2), whole.length - 5];
    const forged = [
      ...places.map(swapped),
      ...[1, 2, 10, whole.length - 4, whole.length - 1].map((length) => whole.slice(0, length)),
      whole + whole,
      `${whole}A`,
      whole.slice(1),
      'null',
      '0',
      Buffer.from('["penalties",0]').toString('base64url'),
      '../../etc/passwd',
      '\u0000',
      '💥',
    ];
    for (const after of forged) refused(await page({ first: 5, after }));
  });

  it('is refused when it is empty', async () => {
    expect(codesOf(await page({ first: 5, after: '' }))).toEqual(['BAD_USER_INPUT']);
  });

  it('shows nothing of the row it stands behind, nor of how many there are', async () => {
    const { body } = await hub.ask('{ penalties(first: 20) { edges { cursor node { id documentNo decisionDate } } } }');
    for (const { cursor: text, node } of body.data.penalties.edges) {
      const readings = [text, ...(['base64', 'base64url', 'hex'] as const).map((encoding) => Buffer.from(text, encoding).toString('utf8'))];
      for (const reading of readings) for (const value of Object.values(node)) expect(reading).not.toContain(value);
    }
    const lengths = new Set(body.data.penalties.edges.map(({ cursor: text }: { cursor: string }) => text.length));
    expect(lengths.size).toBe(1);
  });
});

describe('the size of a page', () => {
  it.each([
    [0, 'BAD_USER_INPUT'],
    [-1, 'BAD_USER_INPUT'],
    [201, 'LIMIT_EXCEEDED'],
    [2_147_483_647, 'LIMIT_EXCEEDED'],
  ])('is not %i', async (first, code) => {
    for (const answer of [await page({ first }), await hub.ask(`{ penalties(first: ${first}) { nodes { id } } }`)]) {
      expect(answer.status).toBe(400);
      expect(answer.body.data).toBeUndefined();
      expect(codesOf(answer)).toEqual([code]);
    }
  });

  it('is held to the same bounds below a subject', async () => {
    const { status, body } = await hub.ask(`{ subject(uscc: "${COMPANY}") { penalties(first: 201) { nodes { id } } } }`);
    expect([status, body.errors[0].extensions.code]).toEqual([400, 'LIMIT_EXCEEDED']);
  });

  it.each([
    ['unless something else is said', {}, 20],
    ['when null is said', { first: null }, 20],
    ['up to two hundred', { first: 200 }, 54],
    ['from one on', { first: 1 }, 1],
  ])('is twenty %s', async (_when, variables, length) => {
    expect((await page(variables)).body.data.penalties.nodes).toHaveLength(length);
  });
});

describe('a filter', () => {
  const amountOf = ({ fineAmountWan }: Row) => (fineAmountWan === undefined ? Number.NaN : Number(fineAmountWan));
  const all = () => true;
  const none = () => false;
  const table: readonly (readonly [string, object | null, (row: Row) => boolean])[] = [
    ['null', null, all],
    ['nothing', {}, all],
    ['a text', { documentNo: { eq: '浉罚〔2026〕010号' } }, ({ documentNo }) => documentNo === '浉罚〔2026〕010号'],
    [
      'one of several texts',
      { documentNo: { in: ['浉罚〔2026〕010号', '浉罚〔2026〕011号', 'x'] } },
      ({ documentNo }) => ['浉罚〔2026〕010号', '浉罚〔2026〕011号'].includes(documentNo),
    ],
    ['one of no texts', { documentNo: { in: [] } }, none],
    ['the beginning of a text', { violationType: { startsWith: '无证' } }, ({ violationType }) => violationType.startsWith('无证')],
    ['an empty beginning', { violationType: { startsWith: '' } }, all],
    [
      'a beginning that looks like a pattern',
      { violationType: { startsWith: '100%' } },
      ({ violationType }) => violationType.startsWith('100%'),
    ],
    ['a pattern that is none', { violationType: { startsWith: '%' } }, none],
    ['a pattern of one character that is none', { violationType: { startsWith: '_' } }, none],
    ['a value of an enum', { domain: { eq: 'PRICE' } }, ({ domain }) => domain === 'PRICE'],
    ['one of several values', { domain: { in: ['PRICE', 'FOOD_DRUG'] } }, ({ domain }) => domain !== undefined],
    ['a value that stands in a list', { penaltyTypes: { eq: 'FINE' } }, ({ penaltyTypes }) => penaltyTypes.includes('FINE')],
    [
      'one of several values that stand in a list',
      { penaltyTypes: { in: ['CONFISCATE_GAINS', 'ORDER_CLOSE'] } },
      ({ penaltyTypes }) => penaltyTypes.some((type) => type === 'CONFISCATE_GAINS' || type === 'ORDER_CLOSE'),
    ],
    ['more than an amount', { fineAmountWan: { gt: '9' } }, (row) => amountOf(row) > 9],
    ['at most an amount', { fineAmountWan: { lte: '2.05' } }, (row) => amountOf(row) <= 2.05],
    ['an amount, however it is written', { fineAmountWan: { eq: '2.050' } }, (row) => amountOf(row) === 2.05],
    ['between two amounts', { fineAmountWan: { gte: '2', lt: '10' } }, (row) => amountOf(row) >= 2 && amountOf(row) < 10],
    ['from a day on', { decisionDate: { gte: '2026-08-03' } }, ({ decisionDate }) => decisionDate >= '2026-08-03'],
    ['before a day', { decisionDate: { lt: '2026-06-02' } }, ({ decisionDate }) => decisionDate < '2026-06-02'],
    ['a department', { sourceDeptUscc: { eq: HOUSING } }, ({ source }) => source === HOUSING],
    ['a region', { regionCode: { startsWith: '37' } }, ({ region }) => region.startsWith('37')],
    [
      'several things at once',
      { domain: { eq: 'PRICE' }, penaltyTypes: { eq: 'FINE' } },
      (row) => row.domain === 'PRICE' && row.penaltyTypes.includes('FINE'),
    ],
    ['and', { and: [{ domain: { eq: 'PRICE' } }, { fineAmountWan: { gt: '5' } }] }, (row) => row.domain === 'PRICE' && amountOf(row) > 5],
    ['or', { or: [{ domain: { eq: 'PRICE' } }, { fineAmountWan: { gt: '9' } }] }, (row) => row.domain === 'PRICE' || amountOf(row) > 9],
    ['not, rows without a value included', { not: { fineAmountWan: { gt: '2' } } }, (row) => !(amountOf(row) > 2)],
    ['not of an enum, rows without a value included', { not: { domain: { eq: 'PRICE' } } }, ({ domain }) => domain !== 'PRICE'],
    ['not of a list', { not: { penaltyTypes: { eq: 'FINE' } } }, ({ penaltyTypes }) => !penaltyTypes.includes('FINE')],
    [
      'all of them nested',
      {
        or: [
          { not: { or: [{ domain: { eq: 'PRICE' } }, { domain: { eq: 'FOOD_DRUG' } }] } },
          { and: [{ penaltyTypes: { eq: 'ORDER_CLOSE' } }, { not: { regionCode: { eq: '411502' } } }] },
        ],
      },
      (row) => row.domain === undefined || (row.penaltyTypes.includes('ORDER_CLOSE') && row.region !== '411502'),
    ],
    ['an operand of null', { domain: null }, all],
    ['an empty operand', { domain: {} }, all],
    ['a comparison with null', { fineAmountWan: { gt: null }, documentNo: { eq: null, in: null } }, all],
    ['and of nothing', { and: [] }, all],
    ['and of null', { and: null, or: null, not: null }, all],
    ['or of nothing', { or: [] }, none],
    ['not of nothing', { not: {} }, none],
    ['half a character', { documentNo: { in: ['\ud800', '浉\udc00'] } }, none],
    ['a beginning of half a character', { violationType: { startsWith: '\ud83d' } }, none],
    ['not half a character', { not: { documentNo: { eq: '\ud800' } } }, all],
    ['a text with a zero byte', { documentNo: { startsWith: '浉罚\u0000' } }, none],
    ['a text that tries to end the statement', { documentNo: { eq: "' OR 1=1 --" } }, none],
  ];
  it.each(table)('by %s finds what it says and counts it', async (_what, where, fits) => {
    const { numbers: found, totalCount } = await walk({ where }, 200);
    const expected = ROWS.filter((row) => !isPersonal(row) && fits(row)).map(numberOf);
    expect([...found].sort()).toEqual(expected);
    expect(totalCount).toBe(expected.length);
  });

  it.each([
    ['a value outside the enum', { domain: { eq: 'MONEY' } }],
    ['a day that does not exist', { decisionDate: { gt: '2026-02-30' } }],
    ['an amount that is none', { fineAmountWan: { gt: 'much' } }],
    ['an operator that does not exist', { documentNo: { like: '%' } }],
    ['a field that is no filter', { legalRepName: { eq: '吴强' } }],
    ['a text where a list of texts belongs', { documentNo: { in: [null] } }],
  ])('by %s is refused', async (_what, where) => {
    const answer = await page({ where });
    expect(answer.status).toBe(400);
    expect(answer.body.data).toBeUndefined();
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
  });

  it.each([
    ['a name of a representative', '{ penalties(where: { legalRepName: { eq: "吴强" } }) { totalCount } }'],
    ['a subject’s name in a record', '{ penalties(where: { counterpartName: { eq: "陈英伟" } }) { totalCount } }'],
    ['a number', '{ penalties(where: { personIdNumber: { eq: "411599196706275684" } }) { totalCount } }'],
    ['a scrubbed text', '{ penalties(where: { violationFacts: { startsWith: "货架" } }) { totalCount } }'],
    ['an order by a name', '{ penalties(orderBy: [{ field: LEGAL_REP_NAME, direction: ASC }]) { totalCount } }'],
  ])('is not offered for %s', async (_what, query) => {
    expect(codesOf(await hub.ask(query, agency(MARKET)))).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  });
});

describe('searching subjects', () => {
  const search = async (where: object | null, asking: Asking = {}) => {
    const { body } = await hub.ask('query ($where: SubjectFilter) { subjects(where: $where) { totalCount nodes { name uscc kind } } }', {
      ...asking,
      variables: { where },
    });
    expect(body.errors).toBeUndefined();
    expect(body.data.subjects.totalCount).toBe(body.data.subjects.nodes.length);
    return body.data.subjects.nodes.map(({ uscc }: { uscc: string }) => uscc).sort();
  };
  const both = [COMPANY, OTHER_COMPANY].sort();

  it.each([
    ['no condition', null, both],
    ['the name', { name: { eq: '茶香商贸有限公司' } }, [OTHER_COMPANY]],
    ['the beginning of the name', { name: { startsWith: '茶' } }, both],
    ['the middle of the name', { name: { startsWith: '商贸' } }, []],
    ['the code', { uscc: { eq: COMPANY } }, [COMPANY]],
    ['one of several codes', { uscc: { in: [COMPANY, OTHER_COMPANY, 'x'] } }, both],
    ['the kind', { kind: { eq: 'ENTERPRISE' } }, both],
    ['another kind', { kind: { in: ['NON_ENTERPRISE_ORG', 'UNKNOWN'] } }, []],
    ['the region', { region: { startsWith: '4115' } }, [COMPANY]],
    ['the region, negated', { not: { region: { eq: '411502' } } }, [OTHER_COMPANY]],
    ['one or the other', { or: [{ uscc: { eq: COMPANY } }, { name: { startsWith: '茶香' } }] }, both],
    ['empty conditions', { name: {}, kind: null, and: [] }, both],
  ])('finds organisations by %s', async (_what, where, found) => {
    expect(await search(where)).toEqual(found);
  });

  it.each([
    ['the public', () => ({})],
    ['a department', () => ({ ...agency(MARKET), purpose: 'LICENSING' })],
    ['a supervision system', () => ({ token: hub.token('SUPERVISION', { clientId: 's', regionCode: '411502' }) })],
    ['an operator', () => ({ token: hub.token('OPERATOR', { regionCode: '411502' }) })],
  ])('never finds a person for %s', async (_who, asking) => {
    for (const where of [{ name: { eq: PERSON.name } }, { kind: { eq: 'INDIVIDUAL' } }, { name: { startsWith: '陈' } }])
      expect(await search(where, asking())).toEqual([]);
  });

  it('walks organisations page by page', async () => {
    const query = 'query ($after: Cursor) { subjects(first: 1, after: $after) { nodes { uscc } pageInfo { endCursor hasNextPage } } }';
    const first = (await hub.ask(query)).body.data.subjects;
    const second = (await hub.ask(query, { variables: { after: first.pageInfo.endCursor } })).body.data.subjects;
    expect([first.nodes[0].uscc, second.nodes[0].uscc].sort()).toEqual(both);
    expect([first.pageInfo.hasNextPage, second.pageInfo.hasNextPage]).toEqual([true, false]);
  });
});

describe('a person', () => {
  const himself = (): Asking => ({
    token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
  });
  const literal = `{ idNumber: "${PERSON.idNumber}", name: "${PERSON.name}" }`;

  it('is asked for through variables', async () => {
    const { body } = await hub.ask('query ($p: PersonHandle) { subject(person: $p) { kind name idNumber } }', {
      ...himself(),
      variables: { p: { idNumber: PERSON.idNumber, name: PERSON.name } },
    });
    expect(body.data.subject).toEqual({ kind: 'INDIVIDUAL', name: PERSON.name, idNumber: PERSON.idNumber });
  });

  it.each([
    ['in the document', `{ subject(person: ${literal}) { id } }`, {}],
    [
      'partly in the document',
      `query ($n: String!) { subject(person: { idNumber: $n, name: "${PERSON.name}" }) { id } }`,
      { n: PERSON.idNumber },
    ],
    ['as a variable’s default', `query ($p: PersonHandle = ${literal}) { subject(person: $p) { id } }`, {}],
  ])('is not named %s', async (_where, query, variables) => {
    const answer = await hub.ask(query, { ...himself(), variables });
    expect(answer.body.data?.subject ?? null).toBeNull();
    expect(codesOf(answer)).toEqual(['BAD_USER_INPUT']);
    expect(JSON.stringify(answer.body)).not.toContain(PERSON.idNumber);
  });

  it.each([
    ['another name', { idNumber: PERSON.idNumber, name: '陈英' }],
    ['another number', { idNumber: '411599199001019999', name: PERSON.name }],
    ['another kind of certificate', { idType: '护照', idNumber: PERSON.idNumber, name: PERSON.name }],
  ])('is not found by %s', async (_what, p) => {
    const { body } = await hub.ask('query ($p: PersonHandle) { subject(person: $p) { id } }', {
      token: hub.token('OPERATOR', { regionCode: '411502' }),
      variables: { p },
    });
    expect(body.data).toEqual({ subject: null });
  });
});
