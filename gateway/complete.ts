import {
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLLeafType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isListType,
  isNonNullType,
  isObjectType,
  isSpecifiedScalarType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

type Data = Record<string, unknown>;
/** Stands where a null may not stand, until something above it may be null. */
const VIOLATION = Symbol('a null where none may stand');
type Complete = (value: unknown) => unknown;

interface Field {
  readonly key: string;
  readonly complete: Complete;
}

/**
 * Compiles what is left of a joined answer by the operation that was planned: its fields in order, nothing of the planner's own, and every null where
 * GraphQL lets it move to (§6.4.4). The operation has no fragment spreads and no conditions. Introspection is not answered here.
 */
export function compileCompletion(schema: GraphQLSchema, operation: OperationDefinitionNode): (joined: Data) => Data | null {
  const root = schema.getRootType(operation.operation);
  if (!root) throw new Error(`the schema has no ${operation.operation}`);
  const complete = completeObject(schema, root, [operation.selectionSet]);
  return (joined) => {
    const data = complete(joined);
    return isData(data) ? data : null;
  };
}

function completer(schema: GraphQLSchema, type: GraphQLOutputType, sets: readonly SelectionSetNode[]): Complete {
  if (isNonNullType(type)) {
    const complete = completer(schema, type.ofType, sets);
    return (value) => complete(value) ?? VIOLATION;
  }
  if (isListType(type)) return completeList(completer(schema, type.ofType, sets));
  if (isCompositeType(type)) return completeObject(schema, type, sets);
  const fits = fitsLeaf(type);
  return (value) => (value !== undefined && fits(value) ? value : null);
}

function completeList(complete: Complete): Complete {
  return (list) => {
    if (!Array.isArray(list)) return null;
    const completed: unknown[] = [];
    for (const element of list) {
      const value = complete(element);
      if (value === VIOLATION) return null;
      completed.push(value);
    }
    return completed;
  };
}

function completeObject(schema: GraphQLSchema, declared: GraphQLCompositeType, sets: readonly SelectionSetNode[]): Complete {
  const byType = new Map<string, readonly Field[] | undefined>();
  const fieldsFor = (name: string) => {
    if (!byType.has(name)) byType.set(name, fieldsOf(schema, name, sets));
    return byType.get(name);
  };
  const own = isObjectType(declared) ? declared.name : undefined;
  return (value) => {
    if (!isData(value)) return null;
    const { __typename: told } = value;
    const name = typeof told === 'string' ? told : own;
    const fields = name === undefined ? undefined : fieldsFor(name);
    if (!fields) return null;
    const completed: Data = {};
    for (const { key, complete } of fields) {
      const part = complete(Object.hasOwn(value, key) ? value[key] : null);
      if (part === VIOLATION) return null;
      completed[key] = part;
    }
    return completed;
  };
}

/** Undefined for what is no object type of the schema: such a value cannot be shown. */
function fieldsOf(schema: GraphQLSchema, typeName: string, sets: readonly SelectionSetNode[]): readonly Field[] | undefined {
  const type = schema.getType(typeName);
  if (!isObjectType(type)) return undefined;
  const byKey = new Map<string, { readonly node: FieldNode; readonly sets: SelectionSetNode[] }>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const node of selections) {
      if (node.kind === Kind.FIELD) {
        const key = node.alias?.value ?? node.name.value;
        const entry = byKey.get(key) ?? { node, sets: [] };
        if (node.selectionSet) entry.sets.push(node.selectionSet);
        byKey.set(key, entry);
      } else if (node.kind === Kind.INLINE_FRAGMENT && applies(schema, node.typeCondition?.name.value, typeName))
        collect(node.selectionSet);
    }
  };
  for (const set of sets) collect(set);
  const declared = type.getFields();
  return [...byKey].flatMap(([key, { node, sets: inner }]): Field[] => {
    if (node.name.value === '__typename') return [{ key, complete: () => typeName }];
    const field = declared[node.name.value];
    return field ? [{ key, complete: completer(schema, field.type, inner) }] : [];
  });
}

function applies(schema: GraphQLSchema, condition: string | undefined, typeName: string): boolean {
  if (condition === undefined || condition === typeName) return true;
  const wanted = schema.getType(condition);
  const type = schema.getType(typeName);
  return isAbstractType(wanted) && isObjectType(type) && schema.isSubType(wanted, type);
}

/** Whether a subgraph's value can be one of the type; what a scalar of the hub's own means is its subgraph's to know. */
function fitsLeaf(type: GraphQLLeafType): (value: unknown) => boolean {
  if (isEnumType(type)) return (value) => typeof value === 'string' && type.getValue(value) != null;
  if (!isSpecifiedScalarType(type)) return (value) => value !== null;
  switch (type.name) {
    case 'Boolean':
      return (value) => typeof value === 'boolean';
    case 'Int':
      return (value) => Number.isInteger(value);
    case 'Float':
      return (value) => Number.isFinite(value);
    case 'ID':
      return (value) => typeof value === 'string' || Number.isInteger(value);
    default:
      return (value) => typeof value === 'string';
  }
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
