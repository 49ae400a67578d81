import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isCompositeType,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { conditioned, isIncluded } from './asked.ts';

/** What an operation asks for, and from where in its lists it asks on. */
export interface AskedLists {
  /** Root fields and fields with arguments, each with its arguments but for those that turn pages. */
  readonly asked: readonly string[];
  /** Every cursor behind which a list is to go on. */
  readonly cursors: readonly string[];
}

/** The lists of an operation as V3 compares them: what a further page asks for was asked for by the same arguments before. Variables are coerced. */
export function askedListsOf(
  schema: GraphQLSchema,
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): AskedLists {
  const asked = new Set<string>();
  const cursors = new Set<string>();
  const root = schema.getRootType(operation.operation);
  const field = (node: FieldNode, parent: GraphQLCompositeType) => {
    const name = node.name.value;
    const definition = 'getFields' in parent ? parent.getFields()[name] : undefined;
    if (!definition) return;
    if (parent === root || definition.args.length > 0) {
      const { first: _first, after, ...others } = getArgumentValues(definition, node, variables);
      if (typeof after === 'string' && after !== '') cursors.add(after);
      asked.add(JSON.stringify([parent.name, name, others]));
    }
    const named = getNamedType(definition.type);
    if (node.selectionSet && isCompositeType(named)) selections(node.selectionSet, named);
  };
  const selections = (set: SelectionSetNode, parent: GraphQLCompositeType) => {
    for (const selection of set.selections) {
      if (!isIncluded(selection, variables)) continue;
      if (selection.kind === 'Field') field(selection, parent);
      else {
        const fragment = selection.kind === 'InlineFragment' ? selection : fragments.get(selection.name.value);
        if (fragment) selections(fragment.selectionSet, conditioned(schema, fragment.typeCondition?.name.value, parent));
      }
    }
  };
  if (root) selections(operation.selectionSet, root);
  return { asked: [...asked].sort(), cursors: [...cursors] };
}
