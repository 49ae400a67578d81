import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import { concreteNames, conditioned, isIncluded } from '../auth/asked.ts';
import { isEmptyList } from './empty-lists.ts';
import { markOf } from './references.ts';

/** Names that the hub adds to an operation and takes out of its answer. */
export interface Marks {
  readonly typename: string;
  readonly exists: string;
  readonly id: string;
}

export interface Rewritten {
  /** One operation without fragment spreads, `@skip` or `@include`, and without what no row could allow. Undefined when nothing is left to fetch. */
  readonly document: DocumentNode;
  /** The one in `document`. */
  readonly operation: OperationDefinitionNode;
  readonly marks: Marks;
}

export interface RewriteParts {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  /** True for a coordinate that no row could allow this profile, and for the name of a type of which it can see no row at all. */
  readonly isClosed: (coordinate: string) => boolean;
}

/** Takes out of the operation what is not included and what is closed for this profile whatever the row, and marks every reference. It never widens. */
export function rewrite(parts: RewriteParts): Rewritten {
  const { schema, operation } = parts;
  const marks = marksFor(operation, parts.fragments);
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`the schema has no ${operation.operation}`);
  const selectionSet = selections(parts, marks, operation.selectionSet, root);
  const used = variablesIn(selectionSet);
  const variableDefinitions = (operation.variableDefinitions ?? []).filter(({ variable }) => used.has(variable.name.value));
  const rewritten: OperationDefinitionNode = {
    kind: Kind.OPERATION_DEFINITION,
    operation: operation.operation,
    variableDefinitions,
    selectionSet,
    ...(operation.name ? { name: operation.name } : {}),
  };
  return { document: { kind: Kind.DOCUMENT, definitions: [rewritten] }, operation: rewritten, marks };
}

function selections(parts: RewriteParts, marks: Marks, set: SelectionSetNode, parent: GraphQLCompositeType): SelectionSetNode {
  const kept = set.selections.flatMap((node): SelectionNode[] => {
    if (!isIncluded(node, parts.variables)) return [];
    if (node.kind === Kind.FIELD) return field(parts, marks, node, parent);
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? parts.fragments.get(node.name.value) : node;
    if (!fragment) return [];
    const type = conditioned(parts.schema, fragment.typeCondition?.name.value, parent);
    const inner = selections(parts, marks, fragment.selectionSet, type);
    return [
      { kind: Kind.INLINE_FRAGMENT, selectionSet: inner, ...(fragment.typeCondition ? { typeCondition: fragment.typeCondition } : {}) },
    ];
  });
  const needsName = isAbstractType(parent) || kept.length === 0;
  return { kind: Kind.SELECTION_SET, selections: needsName ? [aliased(marks.typename, '__typename'), ...kept] : kept };
}

function field(parts: RewriteParts, marks: Marks, node: FieldNode, parent: GraphQLCompositeType): FieldNode[] {
  const name = node.name.value;
  // Every subgraph answers it: under the client's name it could stand where the planner looks for a key.
  if (name === '__typename') return [aliased(marks.typename, name)];
  if (name.startsWith('__')) return []; // introspection asks no subgraph
  const definition = 'getFields' in parent ? parent.getFields()[name] : undefined;
  if (!definition) return [];
  const owners = concreteNames(parts.schema, parent);
  if (owners.length > 0 && owners.every((owner) => parts.isClosed(`${owner}.${name}`))) return [];
  const named = getNamedType(definition.type);
  if (isEmptyList(node, named, parts.isClosed)) return [];
  if (!node.selectionSet || !isCompositeType(named)) return [bare(node)];
  const inner = selections(parts, marks, node.selectionSet, named);
  const mark = markOf(parent, definition);
  const marked = mark ? [aliased(marks.exists, mark), aliased(marks.id, 'id')] : [];
  return [{ ...bare(node), selectionSet: { kind: Kind.SELECTION_SET, selections: [...marked, ...inner.selections] } }];
}

function bare(node: FieldNode): FieldNode {
  return { ...node, directives: (node.directives ?? []).filter(({ name }) => name.value !== 'skip' && name.value !== 'include') };
}

function aliased(alias: string, name: string): FieldNode {
  return { kind: Kind.FIELD, alias: { kind: Kind.NAME, value: alias }, name: { kind: Kind.NAME, value: name } };
}

/** Names that the document does not use itself. */
function marksFor(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): Marks {
  const used = new Set<string>();
  const walk = (set: SelectionSetNode) => {
    for (const node of set.selections) {
      if (node.kind === Kind.FIELD) {
        used.add(node.alias?.value ?? node.name.value);
        if (node.selectionSet) walk(node.selectionSet);
      } else if (node.kind === Kind.INLINE_FRAGMENT) walk(node.selectionSet);
    }
  };
  walk(operation.selectionSet);
  for (const fragment of fragments.values()) walk(fragment.selectionSet);
  const free = (stem: string) => {
    let name = stem;
    while (used.has(name)) name = `${name}_`;
    return name;
  };
  return { typename: free('hub_typename'), exists: free('hub_exists'), id: free('hub_id') };
}

function variablesIn(node: unknown, into = new Set<string>()): ReadonlySet<string> {
  if (Array.isArray(node)) for (const part of node) variablesIn(part, into);
  else if (typeof node === 'object' && node !== null) {
    if ('kind' in node && node.kind === Kind.VARIABLE && 'name' in node) {
      const { name } = node;
      if (typeof name === 'object' && name !== null && 'value' in name) into.add(String(name.value));
    } else for (const [key, part] of Object.entries(node)) if (key !== 'loc') variablesIn(part, into);
  }
  return into;
}
