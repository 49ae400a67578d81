import fc from 'fast-check';
import { parseValue, valueFromASTUntyped } from 'graphql';
import { COMPANY, PERSON } from '../../support/fixtures.ts';
import type { Place } from './place.ts';
import { NUMBERS } from './rows.ts';

/** An operation for each hub: the same but for the ids, which are random. */
export type Operation = (place: Place) => Asked;
interface Asked {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /** Where the answer has an end cursor after which the same is asked once more. */
  readonly follow?: readonly string[] | undefined;
}
/** A case: what is asked, and in which form the answer tells what it withheld. */
export type Case = readonly [Operation, withheld: string];

export const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAA';
export const UNKNOWN_PERSON = { name: '何许人', idNumber: '411599198001010011' };

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
const openCondition = fc.constantFrom(
  '{ documentNo: { startsWith: "浉市监罚〔2026〕00" } }',
  '{ documentNo: { startsWith: "浉市监罚〔2026〕" } }',
  '{ violationType: { eq: "经营超过保质期的食品" } }',
  '{ not: { violationType: { eq: "没有" } } }',
  '{ or: [{ documentNo: { eq: "浉市监罚〔2026〕100号" } }, { documentNo: { eq: "浉市监罚〔2026〕003号" } }] }',
  '{ decisionDate: { lt: "2025-06-01" } }',
  '{ fineAmountWan: { gte: 3 } }',
  '{ counterpartType: { eq: INDIVIDUAL } }',
);
/** However they are hidden. */
const closedCondition = fc.constantFrom(
  '{ performanceStatus: { eq: PERFORMED } }',
  '{ performanceStatus: null }',
  '{ not: { performanceStatus: { in: [] } } }',
  '{ and: [{ documentNo: { startsWith: "浉" } }, { or: [{ performanceStatus: {} }] }] }',
  '{ procedureType: { eq: HEARING } }',
);
const condition = fc.oneof({ weight: 4, arbitrary: openCondition }, closedCondition);
interface Listing {
  readonly where: string | undefined;
  readonly order: string | undefined;
  readonly first: number;
  readonly of: string;
  readonly count: boolean;
  readonly edges: boolean;
}
const order = fc
  .tuple(fc.constantFrom('FINE_AMOUNT_WAN', 'DECISION_DATE'), fc.constantFrom('ASC', 'DESC'))
  .map(([field, direction]) => `[{ field: ${field}, direction: ${direction} }]`);
const listing: fc.Arbitrary<Listing> = fc.record({
  where: fc.option(condition, { nil: undefined }),
  order: fc.option(order, { nil: undefined }),
  first: fc.oneof({ weight: 40, arbitrary: fc.integer({ min: 1, max: 12 }) }, fc.constant(0)),
  of: selection,
  count: fc.boolean(),
  edges: fc.boolean(),
});
const rooted = (args: string, { of, count, edges }: Listing) => {
  const rows = edges ? `edges { cursor node { ${of} } }` : `nodes { ${of} }`;
  return `penalties(${args}) { ${count ? 'totalCount' : ''} ${rows} pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`;
};
const list = listing.map((asked) => {
  const { where, order, first } = asked;
  return rooted([`first: ${first}`, where && `where: ${where}`, order && `orderBy: ${order}`].filter(Boolean).join(', '), asked);
});
const PAGE_VARIABLES = '$where: AdministrativePenaltyFilter, $order: [AdministrativePenaltyOrder!], $first: Int, $after: Cursor';
const plain = (value: string | undefined) => value && valueFromASTUntyped(parseValue(value));
/** The same with variables, and the page that follows. */
const paged: fc.Arbitrary<Operation> = listing.map((asked) => () => ({
  query: `query (${PAGE_VARIABLES}) { ${rooted('where: $where, orderBy: $order, first: $first, after: $after', asked)} }`,
  variables: { where: plain(asked.where), order: plain(asked.order), first: asked.first },
  follow: ['penalties', 'pageInfo', 'endCursor'],
}));
const openRow = fc.nat({ max: NUMBERS.length - 1 });
const closedRow = fc.nat({ max: 20 }).map(
  (index) =>
    ({ closedIds }: Place) =>
      closedIds[index % closedIds.length] ?? '',
);
const REPRESENTATION = '_entities(representations: $all) { __typename ... on AdministrativePenalty { id documentNo } }';
const hubOperation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: list.map((root) => () => ({ query: `{ ${root} }` })) },
  { weight: 4, arbitrary: paged },
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
  fc.constantFrom('AdministrativePenalty', 'Record', 'Query', 'AccessLogEntry', 'Missing').map((name) => () => ({
    query: 'query ($name: String!) { __type(name: $name) { name kind fields { name } possibleTypes { name } } penalties { totalCount } }',
    variables: { name },
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
  paged,
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
      const { query, ...rest } = of(place);
      return { ...rest, query: query.replaceAll('{ id name kind idNumber }', '{ id }') };
    },
);
const mode = fc.constantFrom('extensions', 'errors', 'reject');

/** Over the whole graph, or at the door of the subgraph that owns the rows. */
export const CASES: Readonly<Record<'hub' | 'door', fc.Arbitrary<Case>>> = {
  hub: fc.tuple(hubOperation, mode),
  door: fc.tuple(atDoor, mode),
};
