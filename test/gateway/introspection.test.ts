import { describe, expect, it } from '@jest/globals';
import {
  buildClientSchema,
  buildSchema,
  type FragmentDefinitionNode,
  getIntrospectionQuery,
  getOperationAST,
  type IntrospectionQuery,
  Kind,
  parse,
  printSchema,
} from 'graphql';
import { introspectionOf } from '../../gateway/introspection.ts';

const VIEW = buildSchema('scalar Amount type Query { penalty(over: Amount): Penalty } type Penalty { id: ID! fine: Amount }');

function asked(text: string) {
  const document = parse(text);
  const operation = getOperationAST(document);
  if (!operation) throw new Error('there is no operation');
  const fragments = document.definitions.flatMap((node) =>
    node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node] satisfies [string, FragmentDefinitionNode]] : [],
  );
  return introspectionOf(operation, new Map(fragments));
}

describe('introspection', () => {
  it('answers the query that every tool sends, fragments included', () => {
    const answered = asked(getIntrospectionQuery())?.(VIEW, {}) as unknown as IntrospectionQuery;
    expect(printSchema(buildClientSchema(answered))).toBe(printSchema(VIEW));
  });

  it('answers what stands beside other fields, in fragments and under conditions', () => {
    const introspect = asked(`
      query ($name: String!, $over: Amount, $all: Boolean!) { penalty(over: $over) { id } ...Types kept: __type(name: $name) { name } }
      fragment Types on Query { penalty { id } __schema @include(if: $all) { queryType { name } } }`);
    expect(introspect?.(VIEW, { name: 'Penalty', over: { coerced: true }, all: true })).toEqual({
      __schema: { queryType: { name: 'Query' } },
      kept: { name: 'Penalty' },
    });
    expect(introspect?.(VIEW, { name: 'Nobody', over: null, all: false })).toEqual({ kept: null });
  });

  it('is nothing for an operation that asks for data alone', () => {
    expect(asked('{ penalty { id __typename } }')).toBeUndefined();
  });
});
