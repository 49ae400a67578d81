import {
  type ASTVisitor,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getArgumentValues,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
  visit,
} from 'graphql';
import { askedBy } from './asked-arguments.ts';
import type { Policy } from './policy.ts';

type Variables = Readonly<Record<string, unknown>>;

/** One disclosed coordinate that the operation names. For a field of an interface, one for each type the object may have. */
export interface Asked {
  readonly coordinate: string;
  readonly typeName: string;
  readonly path: readonly string[];
}

/** What an operation names, after variables, `@skip` and `@include`. */
export interface Operation {
  readonly rootFields: readonly string[];
  readonly selected: readonly Asked[];
  /** Filtered or ordered by. */
  readonly filtered: readonly Asked[];
}

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** What an operation names. An operation that is asked again under the same conditions is not walked again. */
export function askedOf(
  schema: GraphQLSchema,
  policy: Policy,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): Operation {
  let walked = WALKED.get(operation);
  if (walked?.policy !== policy) {
    walked = { policy, conditions: conditionsOf(operation, fragments), byConditions: new Map() };
    WALKED.set(operation, walked);
  }
  const { conditions, byConditions } = walked;
  if (!conditions) return walk(schema, policy, operation, fragments, variables);
  const key = conditions.map((name) => variables[name] === true).join();
  const known = byConditions.get(key);
  if (known) return known;
  const asked = walk(schema, policy, operation, fragments, variables);
  if (byConditions.size < REMEMBERED_CONDITIONS) byConditions.set(key, asked);
  return asked;
}

interface Walked {
  readonly policy: Policy;
  readonly conditions: readonly string[] | undefined;
  readonly byConditions: Map<string, Operation>;
}
const WALKED = new WeakMap<OperationDefinitionNode, Walked>();
const REMEMBERED_CONDITIONS = 16;

/** Variables on which it depends what the operation names; undefined where a filter or an order is one, which may name anything. */
function conditionsOf(operation: OperationDefinitionNode, fragments: Fragments): readonly string[] | undefined {
  const conditions = new Set<string>();
  let isOpen = false;
  const visitor: ASTVisitor = {
    Argument: ({ name, value }) => {
      if (name.value === 'where' || name.value === 'orderBy') isOpen ||= holdsVariable(value);
    },
    Directive: ({ arguments: args }) => {
      for (const { value } of args ?? []) if (value.kind === Kind.VARIABLE) conditions.add(value.name.value);
    },
  };
  for (const node of [operation, ...fragments.values()]) visit(node, visitor);
  return isOpen ? undefined : [...conditions];
}

function holdsVariable(value: ValueNode): boolean {
  if (value.kind === Kind.VARIABLE) return true;
  if (value.kind === Kind.LIST) return value.values.some(holdsVariable);
  return value.kind === Kind.OBJECT && value.fields.some((field) => holdsVariable(field.value));
}

/** Walks an operation against the schema. Cost grows with the operation's own size: fragments are followed where they stand. */
function walk(
  schema: GraphQLSchema,
  policy: Policy,
  operation: OperationDefinitionNode,
  fragments: Fragments,
  variables: Variables,
): Operation {
  const rootFields: string[] = [];
  const selected: Asked[] = [];
  const filtered: Asked[] = [];
  const root = schema.getRootType(operation.operation);
  if (!root) return { rootFields, selected, filtered };

  const field = (node: FieldNode, parent: GraphQLCompositeType, path: readonly string[]) => {
    const name = node.name.value;
    if (name.startsWith('__') || !('getFields' in parent)) return;
    const definition = parent.getFields()[name];
    if (!definition) return;
    if (parent === root) rootFields.push(`${root.name}.${name}`);
    const here = [...path, node.alias?.value ?? name];
    for (const typeName of concreteNames(schema, parent)) {
      const coordinate = `${typeName}.${name}`;
      if (policy.items.has(coordinate)) selected.push({ coordinate, typeName, path: here });
    }
    const named = getNamedType(definition.type);
    const listed = named.name.endsWith('Connection') ? policy.typesByName.get(named.name.slice(0, -'Connection'.length)) : undefined;
    if (listed && (node.arguments?.length ?? 0) > 0) {
      for (const coordinate of askedBy(listed, getArgumentValues(definition, node, variables)))
        filtered.push({ coordinate, typeName: listed.name, path: here });
    }
    if (node.selectionSet && isCompositeType(named)) selections(node.selectionSet, named, here);
  };
  const selections = (set: SelectionSetNode, parent: GraphQLCompositeType, path: readonly string[]) => {
    for (const selection of set.selections) {
      if (!isIncluded(selection, variables)) continue;
      if (selection.kind === 'Field') field(selection, parent, path);
      else if (selection.kind === 'InlineFragment')
        selections(selection.selectionSet, conditioned(schema, selection.typeCondition?.name.value, parent), path);
      else {
        const fragment = fragments.get(selection.name.value);
        if (fragment) selections(fragment.selectionSet, conditioned(schema, fragment.typeCondition.name.value, parent), path);
      }
    }
  };
  selections(operation.selectionSet, root, []);
  return { rootFields, selected, filtered };
}

/** `@skip` and `@include` with the request's variables. */
export function isIncluded(node: SelectionNode, variables: Variables): boolean {
  for (const { name, arguments: args } of node.directives ?? []) {
    if (name.value !== 'skip' && name.value !== 'include') continue;
    const condition = args?.[0]?.value;
    const value =
      condition?.kind === 'Variable' ? variables[condition.name.value] : condition?.kind === 'BooleanValue' ? condition.value : undefined;
    if (value === (name.value === 'skip')) return false;
  }
  return true;
}

/** Names of the object types that an object of this type may have. */
export function concreteNames(schema: GraphQLSchema, type: GraphQLCompositeType): readonly string[] {
  if (isObjectType(type)) return [type.name];
  return isAbstractType(type) ? schema.getPossibleTypes(type).map(({ name }) => name) : [];
}

/** The type inside a fragment: the narrower of the condition and the type around it. */
export function conditioned(schema: GraphQLSchema, condition: string | undefined, parent: GraphQLCompositeType): GraphQLCompositeType {
  const type = condition ? schema.getType(condition) : undefined;
  if (!type || !isCompositeType(type)) return parent;
  return isInterfaceType(type) && isObjectType(parent) ? parent : type;
}
