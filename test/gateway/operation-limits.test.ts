import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, getIntrospectionQuery, parse } from 'graphql';
import { rememberDocuments } from '../../gateway/known-documents.ts';
import { checkLimits, OPERATION_LIMITS, type OperationLimits } from '../../gateway/operation-limits.ts';
import { startCpuTime } from '../support/cpu-time.ts';

const schema = buildSchema(`
  type Query { a: Query  b: Query  c: String  d(x: [Int!], s: String): String  node: Node  page(first: Int): Page }
  type Node { id: ID  page(first: Int): Page }
  type Page { nodes: [Node!]!  edges: [Edge!]!  totalCount: Int }
  type Edge { node: Node }
`);

/** The code by which a document is refused, as a request of it would be, or "taken". */
function verdict(text: string, variables: Record<string, unknown> = {}, limits: Partial<OperationLimits> = {}): string {
  const all = { ...OPERATION_LIMITS, ...limits };
  try {
    rememberDocuments(() => schema, all).read(text, undefined, variables);
    return 'taken';
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  throw error;
}

function judge(text: string, variables: Record<string, unknown> = {}, limits: Partial<OperationLimits> = {}): string {
  try {
    checkLimits(parse(text), undefined, variables, { ...OPERATION_LIMITS, ...limits });
    return 'taken';
  } catch (error) {
    return codeOf(error);
  }
}

const repeat = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');
const nested = (depth: number, inner = 'c') => `${'a { '.repeat(depth)}${inner}${' }'.repeat(depth)}`;
const doubling = (levels: number, spreads: (next: string) => string) =>
  `{ a { ...F0 } } ${repeat(levels, (index) => `fragment F${index} on Query { ${spreads(`...F${index + 1}`)} }`)} fragment F${levels} on Query { c }`;

describe('limits of an operation', () => {
  it.each([
    ['15 levels', `{ ${nested(14)} }`, 'taken'],
    ['16 levels', `{ ${nested(15)} }`, 'LIMIT_EXCEEDED'],
    [
      'levels inside fragments',
      `{ ...F } fragment F on Query { ${nested(10, '...G')} } fragment G on Query { ${nested(5)} }`,
      'LIMIT_EXCEEDED',
    ],
    ['inline fragments, which are no level', `{ ${'... { '.repeat(50)}c${' }'.repeat(50)} }`, 'taken'],
    ['20 root fields', `{ ${repeat(20, (index) => `k${index}: c`)} }`, 'taken'],
    [
      '21 root fields by way of a fragment',
      `{ c ...F } fragment F on Query { ${repeat(20, (index) => `k${index}: c`)} }`,
      'LIMIT_EXCEEDED',
    ],
    ['50 aliases', `{ a { ${repeat(50, (index) => `k${index}: c`)} } }`, 'taken'],
    ['51 aliases', `{ a { ${repeat(51, (index) => `k${index}: c`)} } }`, 'LIMIT_EXCEEDED'],
    [
      'aliases that a fragment brings twice',
      `{ a { ...F } b { ...F } } fragment F on Query { ${repeat(26, (index) => `k${index}: c`)} }`,
      'LIMIT_EXCEEDED',
    ],
    ['51 directives', `{ a { ${repeat(51, () => 'c @include(if: true)')} } }`, 'LIMIT_EXCEEDED'],
    ['51 directives on one field', `{ c ${'@skip(if: false) '.repeat(51)} }`, 'LIMIT_EXCEEDED'],
    ['51 directives on an operation', `query ${'@x '.repeat(51)} { c }`, 'LIMIT_EXCEEDED'],
    ['101 definitions', `{ c } ${repeat(100, (index) => `fragment F${index} on Query { c }`)}`, 'LIMIT_EXCEEDED'],
    ['a deep operation that is not the one asked for', `query A { c } query B { ${nested(15)} }`, 'LIMIT_EXCEEDED'],
    ['a list of 1,000 items', `{ d(x: [${'1 '.repeat(1_000)}]) }`, 'taken'],
    ['a list of 1,001 items', `{ d(x: [${'1 '.repeat(1_001)}]) }`, 'LIMIT_EXCEEDED'],
    ['a list of 1,001 items in a directive', `{ c @x(y: [${'1 '.repeat(1_001)}]) }`, 'LIMIT_EXCEEDED'],
    ['a list of 1,001 items as a default', `query ($x: [Int!] = [${'1 '.repeat(1_001)}]) { d(x: $x) }`, 'LIMIT_EXCEEDED'],
    [
      'the introspection query of tools',
      getIntrospectionQuery({ specifiedByUrl: true, schemaDescription: true, inputValueDeprecation: true }),
      'taken',
    ],
  ])('judges %s', (_what, text, expected) => {
    expect(judge(text)).toBe(expected);
  });

  it.each([
    ['a literal of 200', '{ page(first: 200) { totalCount } }', {}, 'taken'],
    ['a literal of 201', '{ page(first: 201) { totalCount } }', {}, 'LIMIT_EXCEEDED'],
    ['a literal of 0', '{ page(first: 0) { totalCount } }', {}, 'BAD_USER_INPUT'],
    ['a literal below 0', '{ page(first: -1) { totalCount } }', {}, 'BAD_USER_INPUT'],
    ['null', '{ page(first: null) { totalCount } }', {}, 'taken'],
    ['a variable of 201', 'query ($n: Int) { page(first: $n) { totalCount } }', { n: 201 }, 'LIMIT_EXCEEDED'],
    ['a variable of 0', 'query ($n: Int) { page(first: $n) { totalCount } }', { n: 0 }, 'BAD_USER_INPUT'],
    ['a default of 201', 'query ($n: Int = 201) { page(first: $n) { totalCount } }', {}, 'LIMIT_EXCEEDED'],
    ['a default of 201 with a variable of 5', 'query ($n: Int = 201) { page(first: $n) { totalCount } }', { n: 5 }, 'taken'],
    [
      'a variable inside a fragment',
      'query ($n: Int) { node { ...F } } fragment F on Node { page(first: $n) { totalCount } }',
      { n: 201 },
      'LIMIT_EXCEEDED',
    ],
    ['a page below @include', 'query ($y: Boolean!) { page(first: 201) @include(if: $y) { totalCount } }', { y: false }, 'LIMIT_EXCEEDED'],
  ])('judges a page size of %s', (_what, text, variables, expected) => {
    expect(judge(text, variables)).toBe(expected);
  });

  it.each([
    ['200 rows of 200 rows', '{ page(first: 200) { nodes { page(first: 200) { nodes { id } } } } }', 40_000],
    ['pages of the default size', '{ page { nodes { page { nodes { id } totalCount } } } }', 20 * 21],
    ['edges', '{ page(first: 10) { edges { node { id } } } }', 10],
    ['rows inside a fragment', '{ page(first: 10) { ...P } } fragment P on Page { nodes { id } totalCount }', 11],
    ['a list that was handed in', '{ d(x: [1, 2, 3]) }', 3],
    ['side by side', '{ p: page(first: 10) { nodes { id } } q: page(first: 5) { nodes { id page(first: 2) { nodes { id } } } } }', 25],
  ])('counts the values of %s', (_what, text, values) => {
    expect([judge(text, {}, { cost: values }), judge(text, {}, { cost: values - 1 })]).toEqual(['taken', 'LIMIT_EXCEEDED']);
  });

  it('counts the values of a page whose size is a variable', () => {
    const text = 'query ($n: Int) { page(first: $n) { nodes { page(first: $n) { nodes { id } } } } }';
    expect([judge(text, { n: 100 }, { cost: 10_000 }), judge(text, { n: 101 }, { cost: 10_000 })]).toEqual(['taken', 'LIMIT_EXCEEDED']);
  });

  it.each([
    ['a list of 1,001 items', { x: Array(1_001).fill(1) }],
    ['a list inside an object', { x: { y: Array(1_001).fill(1) } }],
    ['16 levels', JSON.parse(`${'{"x":'.repeat(16)}1${'}'.repeat(16)}`)],
    ['more than a mebibyte', { x: '信'.repeat(349_526) }],
  ])('refuses variables of %s', (_what, variables) => {
    expect(judge('{ c }', variables)).toBe('LIMIT_EXCEEDED');
  });

  it('leaves it to validation to say that a fragment or an operation is missing', () => {
    expect([judge('{ ...Missing }'), judge('query A { c } query B { c }')]).toEqual(['taken', 'taken']);
  });

  it('never takes an operation under smaller limits that it refuses under larger ones', () => {
    const selection = fc.letrec<{ set: string; field: string }>((tie) => ({
      set: fc.array(tie('field'), { minLength: 1, maxLength: 3 }).map((fields) => `{ ${fields.join(' ')} }`),
      field: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom('c', 'x: c', 'c @skip(if: false)', '...F'),
        tie('set').map((set) => `a ${set}`),
      ),
    })).set;
    fc.assert(
      fc.property(selection, selection, fc.integer({ min: 1, max: 20 }), (operation, fragment, size) => {
        const text = `${operation} fragment F on Query ${fragment}`;
        const small = { depth: size, selections: size, aliases: size, directives: size, rootFields: size, cost: size };
        const large = {
          depth: size + 1,
          selections: size + 1,
          aliases: size + 1,
          directives: size + 1,
          rootFields: size + 1,
          cost: size + 1,
        };
        if (judge(text, {}, small) === 'taken') expect(judge(text, {}, large)).toBe('taken');
      }),
    );
  });
});

describe('hostile documents', () => {
  it.each([
    ['nested 10,000 deep', `{ ${'a{'.repeat(10_000)}c${'}'.repeat(10_000)} }`],
    ['lists nested 5,000 deep', `{ d(x: ${'['.repeat(5_000)}${']'.repeat(5_000)}) }`],
    ['100,000 fields wide', `{ a { ${'c '.repeat(45_000)} } }`],
    ['many aliases', `{ a { ${repeat(1_000, (index) => `k${index}:c`)} } }`],
    ['a fragment in a loop', '{ a { ...F0 } } fragment F0 on Query { a { ...F1 } } fragment F1 on Query { c ...F0 }'],
    ['a fragment that spreads itself', '{ a { ...F } } fragment F on Query { ...F }'],
    ['2^30 fields by fragments', doubling(30, (next) => `${next} ${next}`)],
    ['2^30 fields by fragments under two fields', doubling(13, (next) => `a { ${next} } b { ${next} }`)],
    ['2^90 fields by inline fragments around fragments', doubling(90, (next) => `... { ${next} } ... { ${next} }`)],
    ['thousands of directives', `{ c ${'@include(if: true) '.repeat(1_500)} }`],
    ['a literal of a mebibyte', `{ d(s: "${'x'.repeat(1_048_576)}") }`],
    ['a comment of a mebibyte', `{ c } #${'x'.repeat(1_048_576)}`],
    ['5,001 tokens', `{ a { ${'c '.repeat(5_000)} } }`],
  ])('refuses %s at once', (_what, text) => {
    const spent = startCpuTime();
    expect(verdict(text)).toBe('LIMIT_EXCEEDED');
    expect(spent()).toBeLessThan(1_000);
  });

  it.each([
    ['the same leaf again and again', `{ a { ${'c '.repeat(4_900)} } }`],
    ['the same field with different inner fields', `{ a { ${repeat(1_000, (index) => (index % 2 ? 'a{c}' : 'a{c c}'))} } }`],
    ['a tree of overlapping fields', `{ a { ${[...Array(9)].reduce<string>((inner) => `a{${inner}} a{${inner}}`, 'c')} } }`],
    [
      'fragments that all overlap',
      `{ a { ${repeat(95, (index) => `...F${index}`)} } } ${repeat(95, (index) => `fragment F${index} on Query { ${'c '.repeat(40)} }`)}`,
    ],
    ['introspection of types of fields of types', '{ __schema { types { fields { type { fields { type { fields { name } } } } } } } }'],
    ['thousands of unknown fields', `{ a { ${repeat(4_900, (index) => `k${index}`)} } }`],
    ['thousands of variables', `query (${repeat(900, (index) => `$v${index}: Int`)}) { c }`],
  ])('judges %s at once', (_what, text) => {
    const spent = startCpuTime();
    expect(verdict(text)).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(spent()).toBeLessThan(1_000);
  });

  it('refuses introspection that is asked for many times over', () => {
    const { selectionSet } =
      parse(getIntrospectionQuery()).definitions.find((definition) => definition.kind === 'OperationDefinition') ?? {};
    const once = getIntrospectionQuery();
    const inner = once.slice((selectionSet?.loc?.start ?? 0) + 1, (selectionSet?.loc?.end ?? 0) - 1);
    const thrice = once.replace(
      inner,
      repeat(3, (index) => inner.replace('__schema', `s${index}: __schema`)),
    );
    expect([verdict(once), verdict(thrice)]).toEqual(['taken', 'LIMIT_EXCEEDED']);
  });
});
