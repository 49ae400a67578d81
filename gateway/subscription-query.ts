import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { isIncluded } from '../auth/asked.ts';
import { HubError } from '../schema/errors.ts';

/** A subscription to changes as the query by which each part of it is read. */
export interface ChangesQuery {
  readonly operation: OperationDefinitionNode;
  /** Under which the client wants each delivery. */
  readonly responseKey: string;
  /** Names that the document does not use itself. */
  readonly names: { readonly after: string; readonly first: string; readonly cursor: string; readonly at: string };
  /** What the client wants of the deliveries that are no change. */
  readonly lagged: readonly Wanted[];
  readonly resync: readonly Wanted[];
  readonly typenames: readonly string[];
  /** The argument as the document has it: a literal, or a variable. */
  readonly after: ArgumentNode['value'] | undefined;
}

/** A field by its name, and under which key it is answered. */
interface Wanted {
  readonly key: string;
  readonly name: string;
}

const FIELD = 'changes';
const CHANGE = 'Change';

/** @throws BAD_USER_INPUT for a subscription that is none to changes */
export function changesQuery(
  operation: OperationDefinitionNode,
  fragments: ReadonlyMap<string, FragmentDefinitionNode>,
  variables: Readonly<Record<string, unknown>>,
): ChangesQuery {
  const root = rootField(operation.selectionSet, fragments, variables);
  if (!root?.selectionSet) throw new HubError('BAD_USER_INPUT', 'the subscription names no field to subscribe to');
  const used = JSON.stringify([operation, [...fragments.values()]]);
  const free = (stem: string) => {
    let name = stem;
    while (used.includes(name)) name = `${name}_`;
    return name;
  };
  const names = { after: free('hub_after'), first: free('hub_first'), cursor: free('hub_cursor'), at: free('hub_at') };
  const parts = { fragments, variables };
  const responseKey = root.alias?.value ?? root.name.value;
  const nodes = ofType(root.selectionSet, CHANGE, parts);
  const page = template(names, responseKey);
  return {
    operation: {
      ...operation,
      operation: OperationTypeNode.QUERY,
      variableDefinitions: [...(operation.variableDefinitions ?? []), ...(page.variableDefinitions ?? [])],
      selectionSet: withNodes(
        page.selectionSet,
        nodes,
        (root.arguments ?? []).filter(({ name }) => name.value === 'where'),
      ),
    },
    responseKey,
    names,
    lagged: wanted(ofType(root.selectionSet, 'Lagged', parts)),
    resync: wanted(ofType(root.selectionSet, 'Resync', parts)),
    typenames: typenames(root.selectionSet, parts),
    after: root.arguments?.find(({ name }) => name.value === 'after')?.value,
  };
}

interface Parts {
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
}

function rootField({ selections }: SelectionSetNode, fragments: Parts['fragments'], variables: Parts['variables']): FieldNode | undefined {
  for (const node of selections) {
    if (!isIncluded(node, variables)) continue;
    if (node.kind === Kind.FIELD) {
      if (node.name.value === FIELD) return node;
      continue;
    }
    const set = node.kind === Kind.INLINE_FRAGMENT ? node.selectionSet : fragments.get(node.name.value)?.selectionSet;
    const found = set && rootField(set, fragments, variables);
    if (found) return found;
  }
  return undefined;
}

/** What is selected of one member of the union, without the conditions that choose it. */
function ofType({ selections }: SelectionSetNode, type: string, parts: Parts): readonly SelectionNode[] {
  return selections.flatMap((node): readonly SelectionNode[] => {
    if (!isIncluded(node, parts.variables)) return [];
    if (node.kind === Kind.FIELD) return [node];
    const fragment = node.kind === Kind.INLINE_FRAGMENT ? node : parts.fragments.get(node.name.value);
    if (!fragment) return [];
    const condition = fragment.typeCondition?.name.value;
    return condition === undefined || condition === type || condition === 'ChangeDelivery'
      ? ofType(fragment.selectionSet, type, parts)
      : [];
  });
}

function wanted(selections: readonly SelectionNode[]): readonly Wanted[] {
  return selections.flatMap((node) =>
    node.kind === Kind.FIELD ? [{ key: node.alias?.value ?? node.name.value, name: node.name.value }] : [],
  );
}

function typenames(set: SelectionSetNode, parts: Parts): readonly string[] {
  return wanted(ofType(set, CHANGE, parts)).flatMap(({ key, name }) => (name === '__typename' ? [key] : []));
}

/** The page around the client's selection: its own fields stand beside no field of the client's. */
function template({ after, first, cursor, at }: ChangesQuery['names'], responseKey: string): OperationDefinitionNode {
  const text = `query ($${after}: Cursor, $${first}: Int) { ${responseKey}: ${FIELD}(after: $${after}, first: $${first}) { nodes { ${cursor}: cursor ${at}: at } endCursor hasMore resync } }`;
  const [definition] = (parse(text, { noLocation: true }) as DocumentNode).definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) throw new Error('a template holds an operation');
  return definition;
}

function withNodes(set: SelectionSetNode, nodes: readonly SelectionNode[], where: readonly ArgumentNode[]): SelectionSetNode {
  return {
    ...set,
    selections: set.selections.map((root) => {
      if (root.kind !== Kind.FIELD || !root.selectionSet) return root;
      const selections = root.selectionSet.selections.map((field) =>
        field.kind === Kind.FIELD && field.name.value === 'nodes' && field.selectionSet
          ? { ...field, selectionSet: { ...field.selectionSet, selections: [...field.selectionSet.selections, ...nodes] } }
          : field,
      );
      return { ...root, arguments: [...(root.arguments ?? []), ...where], selectionSet: { ...root.selectionSet, selections } };
    }),
  };
}

/** A delivery that is no change, as the client selected it. */
export function plainDelivery(
  { responseKey, lagged, resync }: ChangesQuery,
  type: 'Lagged' | 'Resync',
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const fields = type === 'Lagged' ? lagged : resync;
  return { [responseKey]: Object.fromEntries(fields.map(({ key, name }) => [key, name === '__typename' ? type : values[name]])) };
}
