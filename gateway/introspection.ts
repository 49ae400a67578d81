import {
  type DocumentNode,
  executeSync,
  type FragmentDefinitionNode,
  type GraphQLSchema,
  Kind,
  type OperationDefinitionNode,
  print,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

/** Answers an operation's `__schema` and `__type` from a schema. */
export type Introspect = (view: GraphQLSchema, variables: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;

const ARGUMENTS: ReadonlySet<string> = new Set(['String', 'Boolean']);
const ROOTS: ReadonlySet<string> = new Set(['__schema', '__type']);

/** What an operation asks of the schema itself; undefined when it asks for nothing of it. */
export function introspectionOf(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): Introspect | undefined {
  const selectionSet = introspectionIn(operation.selectionSet, fragments);
  if (selectionSet.selections.length === 0) return undefined;
  // Introspection takes names and conditions only; other variables are coerced already, and are not to be coerced twice.
  const variableDefinitions = operation.variableDefinitions?.filter(({ type }) => ARGUMENTS.has(print(type).replaceAll('!', ''))) ?? [];
  const asked = { ...operation, variableDefinitions, selectionSet };
  const document: DocumentNode = { kind: Kind.DOCUMENT, definitions: [asked, ...fragments.values()] };
  return (view, variables) => executeSync({ schema: view, document, variableValues: variables }).data ?? {};
}

function introspectionIn(set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): SelectionSetNode {
  const selections = set.selections.flatMap((node): SelectionNode[] => {
    if (node.kind === Kind.FIELD) return ROOTS.has(node.name.value) ? [node] : [];
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? fragments.get(node.name.value) : node;
    const inner = fragment && introspectionIn(fragment.selectionSet, fragments);
    if (!inner || inner.selections.length === 0) return [];
    return [{ kind: Kind.INLINE_FRAGMENT, selectionSet: inner, ...(node.directives ? { directives: node.directives } : {}) }];
  });
  return { kind: Kind.SELECTION_SET, selections };
}
