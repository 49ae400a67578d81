import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isObjectType,
  Kind,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { conditioned, isIncluded } from '../auth/asked.ts';
import { EMPTY_LIST, isEmptyList } from './empty-lists.ts';
import type { Marks } from './rewrite.ts';

export interface ShapeParts {
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly isClosed: (coordinate: string) => boolean;
  readonly marks: Marks;
}

/** What was taken out of the operation before planning, found again in the answer: the place, and how many objects stand there. */
export interface Removed {
  readonly path: readonly string[];
  readonly coordinate: string;
  readonly typeName: string;
  objects: number;
}

interface Field {
  readonly key: string;
  readonly name: string;
  readonly coordinate: string;
  readonly closed: boolean;
  /** It was not fetched, and answers a list of nothing. */
  readonly empty: boolean;
  readonly type: GraphQLCompositeType | undefined;
  readonly sets: readonly SelectionSetNode[];
}
type Data = Record<string, unknown>;

export interface Shaped {
  readonly data: Data;
  readonly removed: readonly Removed[];
  /** Coordinates that stand in the answer, whatever their values. */
  readonly standing: () => ReadonlySet<string>;
}

/**
 * Gives the answer the shape that the client asked for: fields in the client's order, removed ones as null, the hub's own marks taken out.
 * Compiled once for an operation; object types are resolved from the answer.
 */
export function compileShape(parts: ShapeParts): (data: Data) => Shaped {
  const root = parts.schema.getRootType(parts.operation.operation);
  if (!root) throw new Error(`the schema has no ${parts.operation.operation}`);
  const rootSets = [parts.operation.selectionSet];
  const fieldsBySets = new Map<readonly SelectionSetNode[], Map<string, readonly Field[]>>();

  // The sets of a field are one list for as long as the shape is kept.
  const fieldsOf = (sets: readonly SelectionSetNode[], typeName: string): readonly Field[] => {
    const byType = fieldsBySets.get(sets);
    const known = byType?.get(typeName);
    if (known) return known;
    const byKey = new Map<string, { node: FieldNode; sets: SelectionSetNode[] }>();
    const type = parts.schema.getType(typeName);
    if (!isObjectType(type)) return [];
    for (const set of sets) collect(parts, set, type, byKey);
    const declared = type.getFields();
    const fields = [...byKey].map(([key, { node, sets: inner }]): Field => {
      const name = node.name.value;
      const coordinate = `${typeName}.${name}`;
      const definition = declared[name];
      const named = definition ? getNamedType(definition.type) : undefined;
      const empty = named !== undefined && isEmptyList(node, named, parts.isClosed);
      const closed = parts.isClosed(coordinate);
      return { key, name, coordinate, closed, empty, type: isCompositeType(named) ? named : undefined, sets: inner };
    });
    if (byType) byType.set(typeName, fields);
    else fieldsBySets.set(sets, new Map([[typeName, fields]]));
    return fields;
  };

  const emptied = (values: Data, { type, sets }: Field): Data => {
    const typeName = type?.name ?? '';
    return Object.fromEntries(
      fieldsOf(sets, typeName).map((field) => {
        const value = field.name === '__typename' ? typeName : values[field.name];
        return [field.key, isData(value) ? emptied(value, field) : value];
      }),
    );
  };

  return (answer) => {
    const removed = new Map<string, Removed>();
    const shapedBy = new Set<readonly Field[]>();
    const shapeObject = (value: Data, sets: readonly SelectionSetNode[], declared: GraphQLCompositeType, path: readonly string[]): Data => {
      const typeName = isAbstractType(declared) ? String(value[parts.marks.typename]) : declared.name;
      const shaped: Data = {};
      const fields = fieldsOf(sets, typeName);
      shapedBy.add(fields);
      for (const field of fields) {
        if (field.closed) {
          note(removed, [...path, field.key], field.coordinate, typeName);
          shaped[field.key] = null;
        } else if (field.empty) shaped[field.key] = emptied(EMPTY_LIST, field);
        else if (field.name === '__typename') shaped[field.key] = typeName;
        else shaped[field.key] = shapeValue(value[field.key], field, path);
      }
      return shaped;
    };
    const shapeValue = (value: unknown, field: Field, path: readonly string[]): unknown => {
      if (value === undefined || value === null) return null;
      if (!field.type || field.sets.length === 0) return value;
      return shapeComposite(value, field, field.type, [...path, field.key]);
    };
    const shapeComposite = (value: unknown, field: Field, type: GraphQLCompositeType, path: readonly string[]): unknown => {
      if (value === null || value === undefined) return null;
      if (Array.isArray(value)) {
        const below = [...path, '@'];
        return value.map((element) => shapeComposite(element, field, type, below));
      }
      return shapeObject(value as Data, field.sets, type, path);
    };
    const data = shapeObject(answer, rootSets, root, []);
    const standing = () =>
      new Set([...shapedBy].flatMap((fields) => fields.flatMap(({ closed, coordinate }) => (closed ? [] : [coordinate]))));
    return { data, removed: [...removed.values()], standing };
  };
}

function note(removed: Map<string, Removed>, path: readonly string[], coordinate: string, typeName: string): void {
  const key = `${coordinate} ${path.join('.')}`;
  const known = removed.get(key);
  if (known) known.objects += 1;
  else removed.set(key, { path, coordinate, typeName, objects: 1 });
}

function collect(
  parts: ShapeParts,
  set: SelectionSetNode,
  type: GraphQLCompositeType,
  into: Map<string, { node: FieldNode; sets: SelectionSetNode[] }>,
): void {
  for (const node of set.selections) {
    if (!isIncluded(node, parts.variables)) continue;
    if (node.kind === Kind.FIELD) {
      const key = node.alias?.value ?? node.name.value;
      const entry = into.get(key) ?? { node, sets: [] };
      if (node.selectionSet) entry.sets.push(node.selectionSet);
      into.set(key, entry);
      continue;
    }
    const fragment = node.kind === Kind.FRAGMENT_SPREAD ? parts.fragments.get(node.name.value) : node;
    if (!fragment) continue;
    const condition = fragment.typeCondition?.name.value;
    if (condition && !applies(parts.schema, condition, type)) continue;
    collect(parts, fragment.selectionSet, conditioned(parts.schema, condition, type), into);
  }
}

function isData(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function applies(schema: GraphQLSchema, condition: string, type: GraphQLCompositeType): boolean {
  const named = schema.getType(condition);
  if (!named || condition === type.name) return true;
  return isAbstractType(named) && isObjectType(type) && schema.isSubType(named, type);
}
