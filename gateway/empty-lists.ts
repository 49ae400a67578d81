import type { FieldNode, GraphQLNamedType } from 'graphql';

/** What a list of nothing answers, under the names of its fields. */
export const EMPTY_LIST: Readonly<Record<string, unknown>> = {
  nodes: [],
  edges: [],
  totalCount: 0,
  pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
};

/**
 * A list of documents of which no row could be there for this profile: what it answers is known without asking a subgraph. A list that is filtered, ordered
 * or continued is asked for all the same, since its subgraph may have to refuse what was sent.
 */
export function isEmptyList(node: FieldNode, type: GraphQLNamedType, isClosed: (name: string) => boolean): boolean {
  const { name } = type;
  if (!name.endsWith(CONNECTION) || !isClosed(name.slice(0, -CONNECTION.length))) return false;
  // The size of a page was checked with the operation's limits.
  return (node.arguments ?? []).every((argument) => argument.name.value === 'first');
}
const CONNECTION = 'Connection';
