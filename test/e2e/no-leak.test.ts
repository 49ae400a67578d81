import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Answer, startHub, type TestHub } from '../support/hub.ts';

// Two hubs that are the same but for what these callers may not see. Whatever is asked, both have to answer the same.

const NUMBERS = ['007', '001', '005', '002', '006', '003', '004'].map((number) => `浉市监罚〔2026〕${number}号`);
let one: TestHub;
let other: TestHub;
let ids: readonly [readonly string[], readonly string[]];
let closedIds: readonly [readonly string[], readonly string[]];

const open = (documentNo: string, index: number) => ({
  documentNo,
  decisionDate: `2026-0${1 + index}-15`,
  fineAmountWan: String(1 + index),
  uscc: index % 2 === 0 ? COMPANY : OTHER_COMPANY,
  counterpartName: index % 2 === 0 ? '茶韵食品有限公司' : '申城贸易有限公司',
});
const closedFields = (salt: number, index: number) => ({
  performanceStatus: (salt + index) % 2 === 0 ? 'PERFORMED' : 'NOT_PERFORMED',
  remark: `备注${salt * 31 + index}`,
  legalRepIdNumber: salt === 0 ? '411599197710058716' : '411599199108284357',
  reviewOutcome: (salt + index) % 2 === 0 ? 'NONE' : 'PENDING',
  procedureType: salt === 0 ? 'ORDINARY' : 'HEARING',
});

beforeAll(async () => {
  [one, other] = await Promise.all([startHub(), startHub()]);
  await one.load(
    'PENALTY',
    NUMBERS.map((number, index) => penalty({ ...open(number, index), ...closedFields(0, index), procedureType: undefined })),
  );
  await one.load('PENALTY', [personalPenalty({ documentNo: '浉市监罚〔2026〕100号' })]);
  // The other hub: closed fields with other values, more closed rows, in another order of arrival.
  await other.load('PENALTY', [
    personalPenalty({ documentNo: '浉市监罚〔2026〕100号', decisionDate: '2026-10-01' }),
    ...[1, 2, 3, 4].map((index) => personalPenalty({ documentNo: `浉市监罚〔2026〕20${index}号`, fineAmountWan: String(index) })),
    ...[1, 2, 3].map((index) =>
      penalty({ documentNo: `浉市监罚〔2026〕30${index}号`, penaltyTypes: ['WARNING'], fineAmountWan: undefined }),
    ),
    ...[1, 2, 3].map((index) =>
      penalty({ documentNo: `浉市监罚〔2026〕40${index}号`, secretMark: 'TRADE_SECRET', fineAmountWan: String(index + 5) }),
    ),
    penalty({ documentNo: '浉市监罚〔2026〕500号', decisionDate: '2024-01-01', validTo: '2025-01-01' }),
  ]);
  await other.load(
    'PENALTY',
    NUMBERS.map((number, index) => penalty({ ...open(number, index), ...closedFields(1, index), procedureType: undefined })).reverse(),
  );
  ids = [await idsOf(one), await idsOf(other)];
  closedIds = [await closedIdsOf(one), await closedIdsOf(other)];
}, 120_000);
afterAll(() => Promise.all([one.close(), other.close()]));

async function idsOf(hub: TestHub): Promise<readonly string[]> {
  const { body } = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }');
  const byNumber = new Map(body.data.penalties.nodes.map((node: { id: string; documentNo: string }) => [node.documentNo, node.id]));
  expect(byNumber.size).toBe(NUMBERS.length);
  return NUMBERS.map((number) => String(byNumber.get(number)));
}

/** As their source sees them. */
async function closedIdsOf(hub: TestHub): Promise<readonly string[]> {
  const { body } = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }', {
    token: hub.token('AGENCY', { orgUscc: MARKET }),
  });
  return body.data.penalties.nodes.flatMap(({ id, documentNo }: { id: string; documentNo: string }) =>
    NUMBERS.includes(documentNo) ? [] : [id],
  );
}

const CALLERS: Readonly<Record<string, (hub: TestHub) => Parameters<TestHub['ask']>[1]>> = {
  PUBLIC: () => ({}),
  'another department': (hub) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'LICENSING' }),
  'a department that states no purpose': (hub) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }) }),
  'a credit body': (hub) => ({ token: hub.token('CREDIT_BODY', { orgUscc: OTHER_COMPANY, staffId: 's' }) }),
  'a bank': (hub) => ({ token: hub.token('FINANCE', { orgUscc: OTHER_COMPANY }) }),
  'another subject': (hub) => ({ token: hub.token('SUBJECT', { subjectUscc: '91370306MA3TE5T2XK', authLevel: 2 }) }),
  'an operator of another region': (hub) => ({ token: hub.token('OPERATOR', { regionCode: '370000' }) }),
};

const FIELDS = [
  'documentNo',
  'violationFacts',
  'fineAmountWan',
  'performanceStatus',
  'remark',
  'legalRepName',
  'legalRepIdNumber',
  'reviewOutcome',
  'version',
  'contentHash',
  'decisionDate',
  'publicityStatus',
  'subject { id name kind }',
  '__typename',
];
const selection = fc.subarray(FIELDS, { minLength: 1 }).chain((fields) =>
  fc.constantFrom('plain', 'aliased', 'inline', 'included').map((form) => {
    if (form === 'aliased') return fields.map((field, index) => (field.startsWith('__') ? field : `a${index}: ${field}`)).join(' ');
    if (form === 'inline') return `... on AdministrativePenalty { ${fields.join(' ')} } ... on Record { id }`;
    return form === 'included'
      ? `id ${fields.map((field, index) => field.replace(/^(\w+)/, `$1 @include(if: ${index % 2 === 0})`)).join(' ')}`
      : `id ${fields.join(' ')}`;
  }),
);
const condition = fc.constantFrom(
  '{ documentNo: { startsWith: "浉市监罚〔2026〕00" } }',
  '{ documentNo: { startsWith: "浉市监罚〔2026〕" } }',
  '{ violationType: { eq: "经营超过保质期的食品" } }',
  '{ not: { violationType: { eq: "没有" } } }',
  '{ or: [{ documentNo: { eq: "浉市监罚〔2026〕100号" } }, { documentNo: { eq: "浉市监罚〔2026〕003号" } }] }',
  '{ decisionDate: { lt: "2025-06-01" } }',
  '{ performanceStatus: { eq: PERFORMED } }',
  '{ performanceStatus: null }',
  '{ not: { performanceStatus: { in: [] } } }',
  '{ procedureType: { eq: HEARING } }',
);
const list = fc
  .record({
    where: fc.option(condition, { nil: undefined }),
    order: fc.option(fc.constantFrom('FINE_AMOUNT_WAN', 'DECISION_DATE'), { nil: undefined }),
    direction: fc.constantFrom('ASC', 'DESC'),
    first: fc.integer({ min: 1, max: 12 }),
    of: selection,
    count: fc.boolean(),
  })
  .map(({ where, order, direction, first, of, count }) => {
    const args = [`first: ${first}`, where && `where: ${where}`, order && `orderBy: [{ field: ${order}, direction: ${direction} }]`]
      .filter(Boolean)
      .join(', ');
    return `penalties(${args}) { ${count ? 'totalCount' : ''} nodes { ${of} } pageInfo { hasNextPage } }`;
  });
/** An operation for each hub: the same but for the ids, which are random. */
const operation = fc.oneof(
  list.map((root) => () => `{ ${root} }`),
  list.map((root) => () => `{ subject(uscc: "${COMPANY}") { id name ${root} } }`),
  list.map((root) => () => `{ subjects(where: { uscc: { eq: "${COMPANY}" } }) { totalCount nodes { name ${root} } } }`),
  fc.tuple(fc.nat({ max: NUMBERS.length - 1 }), selection).map(
    ([index, of]) =>
      (hub: 0 | 1) =>
        `{ record(id: "${ids[hub][index]}") { __typename ... on AdministrativePenalty { ${of} } } }`,
  ),
  fc
    .nat({ max: 20 })
    .map((index) => (hub: 0 | 1) => `{ record(id: "${closedIds[hub][index % closedIds[hub].length]}") { id recordType } }`),
  fc
    .nat({ max: 20 })
    .map(
      (index) => (hub: 0 | 1) =>
        `mutation { withdrawRecord(recordId: "${closedIds[hub][index % closedIds[hub].length]}", documentRef: "x", reason: "y", expectedVersion: ${index}) { id } }`,
    ),
  fc
    .nat({ max: 20 })
    .map(
      (index) => (hub: 0 | 1) =>
        `mutation { correctRecord(recordId: "${closedIds[hub][index % closedIds[hub].length]}", fields: { remark: "z" }, reason: "y") { id } }`,
    ),
);

/** What the caller can observe, with random ids told by the order in which they come. */
function observed({ status, body }: Answer): string {
  const seen = new Map<string, string>();
  return JSON.stringify([status, body]).replace(/"([A-Za-z0-9_-]{22})"/g, (_all, id: string) => {
    const known = seen.get(id) ?? `id${seen.size}`;
    seen.set(id, known);
    return JSON.stringify(known);
  });
}

describe('no leak', () => {
  it.each(Object.keys(CALLERS))('lets %s observe nothing of what it may not see', async (who) => {
    await fc.assert(
      fc.asyncProperty(operation, async (textFor) => {
        const [here, there] = await Promise.all([one.ask(textFor(0), CALLERS[who]?.(one)), other.ask(textFor(1), CALLERS[who]?.(other))]);
        expect(observed(there)).toBe(observed(here));
      }),
      { numRuns: process.env.HUB_TEST_LONG ? 2_000 : 150 },
    );
  });

  // Asked once for each caller: how often a person may be asked for is limited, and by the clock.
  it.each(Object.keys(CALLERS))('finds for %s no entries of a person who has none that is public', async (who) => {
    const query = `{ listEntriesOfPerson(name: "${PERSON.name}", idTail: "5684") { id } penalties { totalCount } }`;
    const [here, there] = await Promise.all([one.ask(query, CALLERS[who]?.(one)), other.ask(query, CALLERS[who]?.(other))]);
    expect(observed(there)).toBe(observed(here));
  });

  it('would see the difference: the source itself is answered differently', async () => {
    const query = '{ penalties(first: 200) { totalCount } }';
    const [here, there] = await Promise.all([one, other].map((hub) => hub.ask(query, { token: hub.token('AGENCY', { orgUscc: MARKET }) })));
    expect(here?.body.data.penalties.totalCount).toBe(NUMBERS.length + 1);
    expect(there?.body.data.penalties.totalCount).toBe(NUMBERS.length + 12);
  });
});
