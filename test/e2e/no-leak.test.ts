import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openHub } from '../../cli/open-hub.ts';
import type { Gate } from '../../schema/gate.ts';
import type { Document, Writer } from '../../store/port.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Answer, type Asking, startHub, type TestHub } from '../support/hub.ts';

// Two hubs that are the same but for what these callers may not see. Whatever is asked, both have to answer the same.

const NOW = new Date('2026-11-24T04:00:00Z');
const SEED = 20_261_124;
const clock = { now: () => NOW };
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
const BANK = '91411502MA3TE5T03U';
const NUMBERS = ['007', '001', '005', '002', '006', '003', '004'].map((number) => `浉市监罚〔2026〕${number}号`);
const UNKNOWN_PERSON = { name: '何许人', idNumber: '411599198001010011' };
interface Place {
  readonly hub: TestHub;
  /** The subgraph of the records behind a door of its own, over the same store. */
  readonly door: TestHub;
  readonly ids: readonly string[];
  readonly closedIds: readonly string[];
  readonly personId: string;
  readonly voucher: string;
}
type Pair = readonly [Place, Place];
/** `usual` differ in what callers without rights of their own may not see, `strong` in what callers with rights may not see either. */
let pairs: Readonly<Record<'usual' | 'strong', Pair>>;

const open = (documentNo: string, index: number) => ({
  documentNo,
  decisionDate: `2026-0${1 + index}-15`,
  fineAmountWan: String(1 + index),
  uscc: index % 2 === 0 ? COMPANY : OTHER_COMPANY,
  counterpartName: index % 2 === 0 ? '茶韵食品有限公司' : '申城贸易有限公司',
  evidenceRefs: [{ docType: '决定书', docNo: documentNo, fileId: 'file' }],
});
const closedFields = (salt: number, index: number) => ({
  performanceStatus: (salt + index) % 2 === 0 ? 'PERFORMED' : 'NOT_PERFORMED',
  remark: `备注${salt * 31 + index}`,
  legalRepIdNumber: salt === 0 ? '411599197710058716' : '411599199108284357',
  reviewOutcome: (salt + index) % 2 === 0 ? 'NONE' : 'PENDING',
  repairNoticeServed: salt === 0 ? true : undefined,
});
const openRows = (salt: number) => NUMBERS.map((number, index) => penalty({ ...open(number, index), ...closedFields(salt, index) }));
/** The voucher of the usual pair is for the other company, of which nothing is closed that differs. */
const COMPANY_IS_CLOSED = OTHER_COMPANY;
const OUTSIDE_SCOPE = { counterpartName: '茶韵食品有限公司', uscc: COMPANY } as const;
/** More rows that nobody here sees: persons', minor, secret and expired ones. */
const MORE_CLOSED = [
  ...[1, 2, 3, 4].map((index) => personalPenalty({ documentNo: `浉市监罚〔2026〕20${index}号`, fineAmountWan: String(index) })),
  ...[1, 2, 3].map((index) =>
    penalty({ ...OUTSIDE_SCOPE, documentNo: `浉市监罚〔2026〕30${index}号`, penaltyTypes: ['WARNING'], fineAmountWan: undefined }),
  ),
  ...[1, 2, 3].map((index) =>
    penalty({
      ...OUTSIDE_SCOPE,
      documentNo: `浉市监罚〔2026〕40${index}号`,
      secretMark: 'TRADE_SECRET',
      fineAmountWan: String(index + 5),
    }),
  ),
  penalty({ ...OUTSIDE_SCOPE, documentNo: '浉市监罚〔2026〕500号', decisionDate: '2021-01-01', validTo: '2021-06-01' }),
];

/** What nobody here sees, whatever it is granted: records of other subjects that are gone or not yet told of. */
const GONE: readonly Partial<Gate>[] = [
  { stopped: 'WITHDRAWN' },
  { stopped: 'REPAIRED' },
  { stopped: 'WRONG_IDENTITY' },
  { draft: 'BEFORE_NOTICE', status: 'COLLECTED' },
  { status: 'RETURNED' },
];
const ofOthers = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    index % 2 === 0
      ? personalPenalty({ documentNo: `浉市监罚〔2026〕60${index}号`, fineAmountWan: String(index + 1) })
      : penalty({ documentNo: `浉市监罚〔2026〕60${index}号`, uscc: OTHER_COMPANY, counterpartName: '申城贸易有限公司' }),
  );

beforeAll(async () => {
  const usual = Promise.all([
    placed(COMPANY_IS_CLOSED, async (hub) => {
      await load(hub, 'PENALTY', openRows(0));
      await load(hub, 'PENALTY', [personalPenalty({ documentNo: '浉市监罚〔2026〕100号' })]);
      await load(hub, 'LIST_ENTRY', [debtorEntry()]);
    }),
    // Closed fields with other values, more closed rows, closed rows with other values, in another order of arrival.
    placed(COMPANY_IS_CLOSED, async (hub) => {
      await load(hub, 'LIST_ENTRY', [debtorEntry()]);
      await load(hub, 'PENALTY', [
        personalPenalty({ documentNo: '浉市监罚〔2026〕100号', decisionDate: '2026-10-01', violationType: '其他' }),
        ...MORE_CLOSED,
      ]);
      await load(hub, 'PENALTY', openRows(1).reverse());
    }),
  ]);
  const rows = (salt: number) => openRows(0).map((row, index) => ({ ...row, remark: `内部${salt * 7 + index}` }));
  const strong = Promise.all([
    placed(COMPANY, async (hub) => {
      await load(hub, 'PENALTY', rows(0));
      await load(hub, 'PENALTY', ofOthers(1));
      await gone(hub);
    }),
    placed(COMPANY, async (hub) => {
      await load(hub, 'PENALTY', ofOthers(9));
      await load(hub, 'PENALTY', rows(1).reverse());
      await gone(hub);
    }),
  ]);
  pairs = { usual: await usual, strong: await strong };
}, 120_000);
afterAll(() => Promise.all([...pairs.usual, ...pairs.strong].flatMap(({ hub, door }) => [door.close(), hub.close()])));

/** Closes the records of others as a state machine would. */
async function gone(hub: TestHub): Promise<void> {
  const { body } = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }', asSource(hub));
  const ids = body.data.penalties.nodes.filter(({ documentNo }: Numbered) => !NUMBERS.includes(documentNo)).map(({ id }: Numbered) => id);
  await writing(hub, async (tx) => {
    for (const [index, id] of ids.entries())
      for (const collection of ['administrative-penalty', 'record-index'])
        await regate(tx, collection, id, GONE[index % GONE.length] ?? {});
  });
}

async function load(hub: TestHub, typeCode: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const outcomes = await hub.load(typeCode, rows);
  expect(outcomes.flatMap(({ outcome, reasons }) => (outcome === 'accepted' ? [] : reasons))).toEqual([]);
}

/** `of`: whose voucher the bank holds. */
async function placed(of: string, fill: (hub: TestHub) => Promise<void>): Promise<Place> {
  const hub = await startHub({ clock });
  await load(hub, 'SERVICE_BODY', [{ orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' }]);
  await load(hub, 'DUTY_GRANT', [
    {
      grantNo: 'G-1',
      granteeUscc: TAX,
      approverUscc: MARKET,
      recordTypes: ['PENALTY'],
      fields: ['documentNo', 'performanceStatus', 'legalRepIdNumber', 'decisionDate'].map((name) => `AdministrativePenalty.${name}`),
      purposes: ['LICENSING'],
      legalBasis: '依据',
      validFrom: '2026-01-01',
      validTo: '2027-12-31',
      status: 'APPROVED',
    },
  ]);
  await fill(hub);
  const { body } = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }');
  const byNumber = new Map(body.data.penalties.nodes.map((node: Numbered) => [node.documentNo, node.id]));
  expect(byNumber.size).toBe(NUMBERS.length);
  const all = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }', asSource(hub));
  const closed: readonly Numbered[] = all.body.data.penalties.nodes.filter(({ documentNo }: Numbered) => !NUMBERS.includes(documentNo));
  const itself = { token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }) };
  const person = await hub.ask('query ($person: PersonHandle) { subject(person: $person) { id } }', {
    ...itself,
    variables: { person: PERSON },
  });
  return {
    hub,
    door: await startHub({ clock, subgraph: 'records', dataDir: hub.dataDir }),
    ids: NUMBERS.map((number) => String(byNumber.get(number))),
    closedIds: closed.map(({ id }) => id),
    personId: person.body.data.subject.id,
    voucher: await signedVoucher(hub, of),
  };
}
interface Numbered {
  readonly id: string;
  readonly documentNo: string;
}

async function signedVoucher(hub: TestHub, of: string): Promise<string> {
  const input = {
    type: 'E_SIGN',
    subjectUscc: of,
    granteeUscc: BANK,
    granteeStaff: ['clerk-1'],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: '2026-12-20T00:00:00Z',
    maxUses: 100_000,
  };
  const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
    ...bank(hub),
    variables: { input },
  });
  const { id } = drafted.body.data.draftVoucher;
  const signed = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, {
    token: hub.token('SUBJECT', { subjectUscc: of, authLevel: 2 }),
  });
  expect(signed.body.data.signVoucher.status).toBe('ACTIVE');
  return id;
}
const bank = (hub: TestHub): Asking => ({ token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: 'clerk-1' }), purpose: 'LOAN' });
const asSource = (hub: TestHub): Asking => ({ token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'RECORD_MANAGEMENT' });

type Asks = (place: Place) => Asking;
const USUAL: Readonly<Record<string, Asks>> = {
  'the public': () => ({}),
  'another department': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'LICENSING' }),
  'a department that states no purpose': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: HOUSING }) }),
  'a credit body without a voucher': ({ hub }) => bank(hub),
  'a credit body with a voucher for another subject': ({ hub, voucher }) => ({ ...bank(hub), headers: { 'hub-voucher': voucher } }),
  'a bank': ({ hub }) => ({ token: hub.token('FINANCE', { orgUscc: OTHER_COMPANY }) }),
  'another subject': ({ hub }) => ({ token: hub.token('SUBJECT', { subjectUscc: '91370306MA3TE5T2XK', authLevel: 2 }) }),
  'supervision of another region': ({ hub }) => ({
    token: hub.token('SUPERVISION', { clientId: 'c', regionCode: '370000' }),
    purpose: 'SUPERVISION',
  }),
  'an operator of another region': ({ hub }) => ({ token: hub.token('OPERATOR', { regionCode: '370000' }) }),
};
const STRONG: Readonly<Record<string, Asks>> = {
  'a department with a grant': ({ hub }) => ({ token: hub.token('AGENCY', { orgUscc: TAX }), purpose: 'LICENSING' }),
  'supervision of the region': ({ hub }) => ({
    token: hub.token('SUPERVISION', { clientId: 'c', regionCode: '410000' }),
    purpose: 'SUPERVISION',
  }),
  'the subject itself': ({ hub }) => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) }),
  'a credit body with a voucher for the subject': ({ hub, voucher }) => ({ ...bank(hub), headers: { 'hub-voucher': voucher } }),
  'a party of a case': ({ hub }) => ({ token: hub.token('SPECIFIC_PARTY', { caseId: 'k', partyId: 'p' }) }),
};
const CALLERS: readonly (readonly [string, 'usual' | 'strong', Asks])[] = [
  ...Object.entries(USUAL).map(([who, asks]) => [who, 'usual', asks] as const),
  ...Object.entries(STRONG).map(([who, asks]) => [who, 'strong', asks] as const),
];

/** An operation for each hub: the same but for the ids, which are random. */
type Operation = (place: Place) => { readonly query: string; readonly variables?: Readonly<Record<string, unknown>> };

const FIELDS = [
  'documentNo',
  'violationFacts',
  'fineAmountWan',
  'performanceStatus',
  'remark',
  'legalRepName',
  'legalRepIdNumber',
  'reviewOutcome',
  'repairNoticeServed',
  'version',
  'contentHash',
  'decisionDate',
  'publicityStatus',
  'objectionFlag',
  'evidenceRefs { docNo fileId }',
  'subject { id name kind idNumber }',
  '__typename',
];
const aliasedField = (field: string, index: number) => (field.startsWith('__') ? field : `a${index}: ${field}`);
const selection = fc.subarray(FIELDS, { minLength: 1 }).chain((fields) =>
  fc.constantFrom('plain', 'aliased', 'inline', 'interface', 'included', 'skipped').map((form) => {
    if (form === 'aliased') return fields.map(aliasedField).join(' ');
    if (form === 'inline') return `... on AdministrativePenalty { ${fields.join(' ')} } ... on Record { id }`;
    if (form === 'interface')
      return `... on Record { id recordType contentHash remark version ... on AdministrativePenalty { ${fields.join(' ')} } }`;
    if (form === 'skipped') return `id ${fields.map((field) => field.replace(/^(\w+)/, '$1 @skip(if: true)')).join(' ')}`;
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
  '{ fineAmountWan: { gte: 3 } }',
  '{ counterpartType: { eq: INDIVIDUAL } }',
  // Closed, however they are hidden.
  '{ performanceStatus: { eq: PERFORMED } }',
  '{ performanceStatus: null }',
  '{ not: { performanceStatus: { in: [] } } }',
  '{ and: [{ documentNo: { startsWith: "浉" } }, { or: [{ performanceStatus: {} }] }] }',
  '{ procedureType: { eq: HEARING } }',
);
const listArguments = fc
  .record({
    where: fc.option(condition, { nil: undefined }),
    order: fc.option(fc.constantFrom('FINE_AMOUNT_WAN', 'DECISION_DATE'), { nil: undefined }),
    direction: fc.constantFrom('ASC', 'DESC'),
    first: fc.integer({ min: 0, max: 12 }),
  })
  .map(({ where, order, direction, first }) =>
    [`first: ${first}`, where && `where: ${where}`, order && `orderBy: [{ field: ${order}, direction: ${direction} }]`]
      .filter(Boolean)
      .join(', '),
  );
const list = fc.tuple(listArguments, selection, fc.boolean(), fc.boolean()).map(([args, of, count, edges]) => {
  const rows = edges ? `edges { cursor node { ${of} } }` : `nodes { ${of} }`;
  return `penalties(${args}) { ${count ? 'totalCount' : ''} ${rows} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
});
const openRow = fc.nat({ max: NUMBERS.length - 1 });
const closedRow = fc.nat({ max: 20 }).map(
  (index) =>
    ({ closedIds }: Place) =>
      closedIds[index % closedIds.length] ?? '',
);
const REPRESENTATION = '_entities(representations: $all) { __typename ... on AdministrativePenalty { id documentNo } }';
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: list.map((root) => () => ({ query: `{ ${root} }` })) },
  fc.tuple(list, list).map(([a, b]) => () => ({ query: `{ x: ${a} y: ${b} }` })),
  list.map((root) => () => ({
    query: `query ($c: UnifiedSocialCreditCode) { subject(uscc: $c) { id name ${root} } }`,
    variables: { c: COMPANY },
  })),
  list.map((root) => () => ({ query: `{ subjects(where: { uscc: { eq: "${COMPANY}" } }) { totalCount nodes { name ${root} } } }` })),
  list.map((root) => ({ personId }: Place) => ({ query: `{ subject(id: "${personId}") { id kind name ${root} } }` })),
  fc.tuple(openRow, selection).map(([index, of]) => ({ ids }: Place) => ({
    query: `query ($id: ID!) { record(id: $id) { __typename ...row } } fragment row on AdministrativePenalty { ${of} }`,
    variables: { id: ids[index] },
  })),
  closedRow.map((id) => (place: Place) => ({ query: `{ record(id: "${id(place)}") { id recordType } me { audience } }` })),
  closedRow.map((id) => (place: Place) => ({
    query: `mutation { withdrawRecord(recordId: "${id(place)}", documentRef: "x", reason: "y", expectedVersion: 1) { id } }`,
  })),
  closedRow.map((id) => (place: Place) => ({
    query: `mutation { correctRecord(recordId: "${id(place)}", fields: { remark: "z" }, reason: "y") { id } }`,
  })),
  fc.constantFrom(PERSON, UNKNOWN_PERSON, { ...PERSON, name: '陈英' }).map((person) => () => ({
    query: 'query ($person: PersonHandle) { subject(person: $person) { id name penalties { totalCount } } }',
    variables: { person },
  })),
  fc
    .constantFrom(
      '{ penalties { nodes { geheim } } }',
      '{ penalties(first: 201) { totalCount } }',
      '{ penalties(after: "x") { totalCount } }',
    )
    .map((query) => () => ({ query })),
);
/** The same at the door of the subgraph that owns the rows. */
const doorOperation: fc.Arbitrary<Operation> = fc.oneof(
  list.map((root) => () => ({ query: `{ ${root} }` })),
  list.map((root) => ({ personId }: Place) => ({
    query: `query ($all: [_Any!]!) { _entities(representations: $all) { __typename ... on Subject { id ${root} } } }`,
    variables: { all: [{ __typename: 'Subject', id: personId }] },
  })),
  fc
    .tuple(fc.array(openRow, { maxLength: 3 }), fc.array(closedRow, { maxLength: 3 }), selection)
    .map(([opened, closed, of]) => (place: Place) => ({
      query: `query ($all: [_Any!]!) { _entities(representations: $all) { __typename ... on AdministrativePenalty { ${of} } } again: ${REPRESENTATION} }`,
      variables: {
        all: [...opened.map((index) => place.ids[index]), ...closed.map((id) => id(place)), UNKNOWN_ID].map((id) => ({
          __typename: 'AdministrativePenalty',
          id,
        })),
      },
    })),
);
/** Of a subject this subgraph knows the id alone. */
const atDoor = doorOperation.map(
  (of): Operation =>
    (place) => {
      const { query, variables = {} } = of(place);
      return { query: query.replaceAll('subject { id name kind idNumber }', 'subject { id }'), variables };
    },
);
const mode = fc.constantFrom('extensions', 'errors', 'reject');

/** What the caller can observe: random ids told by the order in which they come, sealed cursors by their length. */
function observed({ status, headers, body }: Answer): string {
  const seen = new Map<string, string>();
  const cursors = new Set(['cursor', 'startCursor', 'endCursor']);
  const told = JSON.stringify([status, headers.get('cache-control'), headers.get('vary'), body], (key, value) =>
    cursors.has(key) && typeof value === 'string' ? `cursor of ${value.length}` : value,
  );
  return told.replace(/"([A-Za-z0-9_-]{22})"/g, (_all, id: string) => {
    const known = seen.get(id) ?? `id${seen.size}`;
    seen.set(id, known);
    return JSON.stringify(known);
  });
}

/** Places of which the answer's extensions and errors speak though they lie below a null. */
function belowNull({ body }: Answer): readonly string[] {
  if (!body.data) return [];
  const { withheld = [], annotations = [], narrowed = [] } = body.extensions ?? {};
  const spoken: readonly (readonly string[])[] = [
    ...withheld.map(({ path }: { path: readonly string[] }) => path.slice(0, -1)),
    ...annotations.map(({ path }: { path: readonly string[] }) => path),
    ...narrowed.map(({ path }: { path: readonly string[] }) => path.slice(0, -1)),
  ];
  return spoken.filter((path) => !stands(body.data, path)).map((path) => path.join('.'));
}

function stands(data: unknown, [step, ...rest]: readonly string[]): boolean {
  if (data === null || data === undefined) return false;
  if (step === undefined) return true;
  if (step === '@') return Array.isArray(data) && data.some((element) => stands(element, rest));
  return typeof data === 'object' && step in data && stands((data as Record<string, unknown>)[step], rest);
}

const runs = (usual: number) => ({ seed: SEED, numRuns: process.env.HUB_TEST_LONG ? usual * 25 : usual });

describe('whatever stands in what a caller may not see', () => {
  const same = async (pair: Pair, asks: Asks, via: 'hub' | 'door', [of, withheld]: readonly [Operation, string]) => {
    const [here, there] = await Promise.all(
      pair.map((place) => {
        const asking = asks(place);
        const { query, variables } = of(place);
        return place[via].ask(query, { ...asking, headers: { ...asking.headers, 'hub-withheld': withheld }, variables });
      }),
    );
    if (!here || !there) throw new Error('a hub is missing');
    expect(observed(there)).toBe(observed(here));
    expect([...belowNull(here), ...belowNull(there)]).toEqual([]);
  };

  it.each(CALLERS)('%s observes the same at the gateway', async (_who, pair, asks) => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(operation, mode), (asked) => same(pairs[pair], asks, 'hub', asked)),
      runs(80),
    );
  });

  it.each(CALLERS)('%s observes the same at the door of the subgraph', async (_who, pair, asks) => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(atDoor, mode), (asked) => same(pairs[pair], asks, 'door', asked)),
      runs(30),
    );
  });

  it.each(CALLERS)('%s pages through the same rows, cursor by cursor', async (_who, pair, asks) => {
    for (const order of ['', ', orderBy: [{ field: FINE_AMOUNT_WAN, direction: DESC }]', ', where: { not: { documentNo: { eq: "x" } } }']) {
      const [here, there] = await Promise.all(
        pairs[pair].map(async (place) => {
          const pages: string[] = [];
          for (let after: string | null = null; ; ) {
            const answer = await place.hub.ask(
              `query ($after: Cursor) { penalties(first: 2, after: $after${order}) { totalCount nodes { documentNo } pageInfo { hasNextPage endCursor } } }`,
              { ...asks(place), variables: { after } },
            );
            if (answer.body.errors) return [observed(answer)];
            pages.push(observed(answer));
            const { pageInfo } = answer.body.data.penalties;
            if (!pageInfo.hasNextPage) return pages;
            after = pageInfo.endCursor;
          }
        }),
      );
      expect(here).toHaveLength(4);
      expect(there).toEqual(here);
    }
  });

  // Asked once for each caller: how often a person may be asked for is limited.
  it.each(CALLERS)('%s finds the same published entries of a person', async (_who, pair, asks) => {
    const query = `{ listEntriesOfPerson(name: "${PERSON.name}", idTail: "5684") { id subjectName subject { id } } listEntries { totalCount } }`;
    const answers = await Promise.all(pairs[pair].map((place) => place.hub.ask(query, asks(place))));
    expect(new Set(answers.map(observed)).size).toBe(1);
  });

  it('would be seen: the source itself is answered differently', async () => {
    const totals = await Promise.all(
      pairs.usual.map(async ({ hub }) => (await hub.ask('{ penalties { totalCount } }', asSource(hub))).body.data.penalties.totalCount),
    );
    expect(totals).toEqual([NUMBERS.length + 1, NUMBERS.length + 1 + MORE_CLOSED.length]);
  });
});

describe('a mutation with the id of a record that is not there for the caller', () => {
  const MUTATIONS = [
    'withdrawRecord(recordId: $id, documentRef: "x", reason: "y") { id }',
    'withdrawRecord(recordId: $id, documentRef: "x", reason: "y", expectedVersion: 9) { id }',
    'withdrawRecord(recordId: $id, documentRef: " ", reason: "y") { id }',
    'correctRecord(recordId: $id, fields: { remark: "z" }, reason: "y") { id }',
    'correctRecord(recordId: $id, fields: { documentNo: "z" }, reason: "y", expectedVersion: 1) { id }',
    'correctRecord(recordId: $id, fields: { nothing: "z" }, reason: "y") { id }',
    'a: withdrawRecord(recordId: $id, documentRef: "x", reason: "y") { id } b: correctRecord(recordId: $id, fields: {}, reason: "y") { id }',
  ];

  it.each(['another department', 'an operator of another region', 'a department that states no purpose'])(
    'answers %s as an unknown id does',
    async (who) => {
      const [, place] = pairs.usual;
      const asking = USUAL[who]?.(place);
      for (const mutation of MUTATIONS) {
        const ask = (id: string) => place.hub.ask(`mutation ($id: ID!) { ${mutation} }`, { ...asking, variables: { id } });
        const unknown = await ask(UNKNOWN_ID);
        expect(unknown.body.errors).toBeDefined();
        for (const id of place.closedIds) expect(observed(await ask(id))).toBe(observed(unknown));
      }
    },
  );

  it('tells a department that submits the same document nothing of another source’s record', async () => {
    const [here, there] = await Promise.all(
      pairs.usual.map((place) =>
        place.hub.ask(
          'mutation ($all: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $all) { accepted updated unchanged rejected reasons { code message } notices { code message } } }',
          {
            ...USUAL['another department']?.(place),
            variables: {
              all: ['浉市监罚〔2026〕301号', '浉市监罚〔2026〕401号', '浉市监罚〔2026〕999号'].map((documentNo) => ({
                ...penalty({ documentNo, counterpartName: '新来有限公司', uscc: '91370306MA3TE5T2XK', authorityUscc: MARKET }),
                sourceDeptName: undefined,
                sourceDeptUscc: undefined,
                remark: undefined,
              })),
            },
          },
        ),
      ),
    );
    expect(here?.body.data?.submitAdministrativePenalty).toMatchObject({ accepted: 3, rejected: 0 });
    expect(there?.body).toEqual(here?.body);
  });

  it('accepts a draft of a voucher by the handle of a person whether the person is known here or not', async () => {
    const [place] = pairs.usual;
    const answers = await Promise.all(
      [PERSON, UNKNOWN_PERSON].map((person) =>
        place.hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id status subjectId validTo } }', {
          ...bank(place.hub),
          variables: {
            input: {
              type: 'E_SIGN',
              person,
              granteeUscc: BANK,
              granteeStaff: ['clerk-1'],
              sections: ['BASIC'],
              purpose: 'LOAN',
              validTo: '2026-12-20T00:00:00Z',
              maxUses: 1,
            },
          },
        }),
      ),
    );
    expect(answers[0]?.body.errors).toBeUndefined();
    expect(new Set(answers.map(observed)).size).toBe(1);
  });
});

/** Changes what stands in the store of a hub, as another process would. */
async function writing(hub: TestHub, change: (tx: Writer) => Promise<unknown>): Promise<void> {
  const direct = await openHub({ dataDir: hub.dataDir, clock, env: {}, untouched: true });
  try {
    await direct.store.write(change, { actor: 'test' });
  } finally {
    await direct.close();
  }
}

/** Changes the first hub for one test, and puts it back. */
async function during(
  change: (tx: Writer) => Promise<unknown>,
  back: (tx: Writer) => Promise<unknown>,
  test: () => Promise<void>,
): Promise<void> {
  const { hub } = pairs.usual[0];
  await writing(hub, change);
  try {
    await test();
  } finally {
    await writing(hub, back);
  }
}

async function regate(tx: Writer, collection: string, id: string, changes: Partial<Gate>): Promise<void> {
  const [document] = await tx.get(collection, [id]);
  if (!document?.gate) throw new Error(`${collection} has no ${id}`);
  const { version: expected, body, columns, gate } = document;
  await tx.put(collection, id, { expected, body, columns, gate: { ...gate, ...changes } });
}

const FORMS = [
  'id',
  '__typename',
  'other: __typename',
  'a: id b: recordType',
  '... on Record { id }',
  '... on AdministrativePenalty { documentNo legalRepIdNumber subject { id name } }',
  '... on AdministrativePenalty { a: documentNo } ... on TaxCreditRating { id level }',
  '... on TaxCreditRating { level }',
  '...row',
  'id @include(if: false) __typename',
  'id @include(if: $yes) remark @skip(if: $yes)',
  '... @include(if: $yes) { id }',
  'remark contentHash',
  'subject { id kind }',
  'subject { __typename }',
];
const FRAGMENT = 'fragment row on AdministrativePenalty { id documentNo remark subject { ...whom } } fragment whom on Subject { name }';
const lookUp = (id: string, form: string) =>
  `query ($yes: Boolean = true) { first: record(id: "${id}") { ${form} } me { audience @include(if: $yes) } } ${form.includes('...row') ? FRAGMENT : ''}`;

describe('a reference whose owner answers nothing', () => {
  const asNobody = async (id: string) => {
    const [{ hub }] = pairs.usual;
    for (const form of FORMS) {
      const answer = await hub.ask(lookUp(id, form));
      const unknown = await hub.ask(lookUp(UNKNOWN_ID, form));
      expect([form, answer.body]).toEqual([form, { data: { first: null, me: { audience: 'PUBLIC' } } }]);
      expect(observed(answer)).toBe(observed(unknown));
    }
  };
  const closing: Partial<Gate> = { status: 'NOT_PUBLIC' };
  const opening: Partial<Gate> = { status: 'PUBLISHED' };

  it('is null in every form of asking while the index entry is older than a row that was closed', async () => {
    const id = pairs.usual[0].ids[0] ?? '';
    await during(
      (tx) => regate(tx, 'administrative-penalty', id, closing),
      (tx) => regate(tx, 'administrative-penalty', id, opening),
      () => asNobody(id),
    );
  });

  it('is null in every form of asking while the index entry is newer than a row that is still open', async () => {
    const id = pairs.usual[0].ids[1] ?? '';
    await during(
      (tx) => regate(tx, 'record-index', id, closing),
      (tx) => regate(tx, 'record-index', id, opening),
      () => asNobody(id),
    );
  });

  it('is null in every form of asking while the index knows a row that its owner does not', async () => {
    const [{ ids }] = pairs.usual;
    const kept = ids[2] ?? '';
    const gone = 'BBBBBBBBBBBBBBBBBBBBBB';
    await during(
      async (tx) => {
        const [entry] = await tx.get('record-index', [kept]);
        if (entry) await tx.put('record-index', gone, { expected: 0, body: entry.body, gate: entry.gate, columns: entry.columns });
      },
      async (tx) => {
        const [entry] = await tx.get('record-index', [gone]);
        await tx.remove('record-index', gone, { expected: entry?.version ?? 0 });
      },
      () => asNobody(gone),
    );
  });

  it('is there again in every form when both agree', async () => {
    const [{ hub, ids }] = pairs.usual;
    for (const form of FORMS) expect((await hub.ask(lookUp(ids[0] ?? '', form))).body.data.first).not.toBeNull();
  });
});

describe('a person’s record that its source sees while its subject is closed', () => {
  const SUBJECT_FORMS = [
    'id',
    '__typename',
    'a: kind',
    'name idNumber',
    '... on Subject { uscc }',
    'penalties { totalCount nodes { id remark } }',
  ];
  const look = (form: string) =>
    `{ penalties(first: 50, where: { documentNo: { eq: "浉市监罚〔2026〕100号" } }) { nodes { id remark subject { ${form} } } edges { node { subject { ${form} } } } } }`;
  const seen = async (form: string) => {
    const [{ hub }] = pairs.usual;
    return hub.ask(look(form), asSource(hub));
  };

  it.each(SUBJECT_FORMS)('has no subject, and nothing is said of what lies below it: %s', async (form) => {
    const { body } = await seen(form);
    expect(body.errors).toBeUndefined();
    expect(body.data.penalties.nodes).toEqual([{ id: expect.any(String), remark: '内部备注', subject: null }]);
    expect(body.data.penalties.edges).toEqual([{ node: { subject: null } }]);
    expect(body.extensions).toBeUndefined();
  });

  it('is answered the same whatever the subject is, and whether it exists', async () => {
    const [{ personId }] = pairs.usual;
    const before = await Promise.all(SUBJECT_FORMS.map(async (form) => observed(await seen(form))));
    const check = async () => {
      expect(await Promise.all(SUBJECT_FORMS.map(async (form) => observed(await seen(form))))).toEqual(before);
    };
    const change = (changes: Readonly<Record<string, string>>, region: string) => async (tx: Writer) => {
      const [now] = await tx.get('subject', [personId]);
      if (!now?.gate) throw new Error('the person is missing');
      const { version: expected, body, gate, columns } = now;
      await tx.put('subject', personId, { expected, body: { ...body, ...changes }, gate: { ...gate, region }, columns });
    };
    await during(change({ name: '另一个人' }, '370203'), change({ name: PERSON.name }, '411502'), check);
    let kept: Document | undefined;
    await during(
      async (tx) => {
        [kept] = await tx.get('subject', [personId]);
        await tx.remove('subject', personId, { expected: kept?.version ?? 0 });
      },
      async (tx) => kept && tx.put('subject', personId, { expected: 0, body: kept.body, gate: kept.gate, columns: kept.columns }),
      check,
    );
  });
});
