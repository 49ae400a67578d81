import type { FieldDefinitionNode } from 'graphql';
import { coordinatesOf } from '../auth/entitlements.ts';
import type { Catalogue, Item, RecordType } from '../schema/catalogue.ts';
import { directive } from '../schema/directive-values.ts';
import type { Fault } from '../schema/fault.ts';
import { envelopeItems } from '../schema/read-catalogue.ts';
import { readDisclosure } from '../schema/read-item.ts';
import { faultIn, type LintedSubgraph, objectTypes, shapeOf } from './linted-subgraph.ts';

/** A coordinate of the catalogue and the types that it comes from: one, or all that hold the value type. */
interface Declared {
  readonly item: Item;
  readonly types: readonly RecordType[];
}

/**
 * Refuses what a subgraph says of a shared type otherwise than the catalogue does: a field that is unknown there, of another class or without one, or of
 * another owner. Composition would merge them, and whichever subgraph is asked would answer.
 */
export function disclosureFaults(subgraph: LintedSubgraph, catalogue: Catalogue): readonly Fault[] {
  const declared = declaredBy(catalogue);
  const owners = ownersIn(declared);
  const types = new Map(catalogue.types.map((type) => [type.name, type]));
  return objectTypes(subgraph.typeDefs).flatMap((node) => {
    const owner = node.name.value;
    if (!owners.has(owner) || isStolen(subgraph, owner, owners)) return [];
    return (node.fields ?? [])
      .filter((field) => !isExternal(field) && !isGiven(types.get(owner), field))
      .flatMap((field) =>
        fieldFaults(subgraph.name, owner, field, declared.get(`${owner}.${field.name.value}`)).map((message) =>
          faultIn(subgraph, field, message),
        ),
      );
  });
}

/** Refuses a shared type that a subgraph defines beside its owner, at both places: neither knows of the other. */
export function ownerFaults(subgraphs: readonly LintedSubgraph[], catalogue: Catalogue): readonly Fault[] {
  const owners = ownersIn(declaredBy(catalogue));
  const defined = subgraphs.flatMap((subgraph) =>
    objectTypes(subgraph.typeDefs).map((node) => ({ subgraph, node, name: node.name.value })),
  );
  const stolen = new Set(defined.filter(({ subgraph, name }) => isStolen(subgraph, name, owners)).map(({ name }) => name));
  return defined
    .filter(({ name }) => stolen.has(name))
    .map(({ subgraph, node, name }) => faultIn(subgraph, node, `${name} is defined by several subgraphs; a type belongs to one`));
}

/** Subject and the stubs of records stand in several subgraphs, and the record envelope in all. */
function isStolen({ name }: LintedSubgraph, type: string, owners: ReadonlyMap<string, ReadonlySet<string> | 'ALL'>): boolean {
  const own = owners.get(type);
  return type !== 'Subject' && name !== 'changes' && own !== undefined && own !== 'ALL' && !own.has(name);
}

/** Subgraphs by the type that is theirs to define. */
function ownersIn(declared: ReadonlyMap<string, Declared>): ReadonlyMap<string, ReadonlySet<string> | 'ALL'> {
  const owners = new Map<string, ReadonlySet<string> | 'ALL'>();
  const envelope = new Set(envelopeItems().flatMap((item) => (item.shape === 'object' ? [item.type] : [])));
  for (const [coordinate, { types }] of declared) {
    const type = coordinate.slice(0, coordinate.indexOf('.'));
    owners.set(type, envelope.has(type) ? 'ALL' : new Set(types.map(({ subgraph }) => subgraph)));
  }
  return owners;
}

function declaredBy({ types }: Catalogue): ReadonlyMap<string, Declared> {
  const declared = new Map<string, Declared>();
  for (const type of types)
    for (const { coordinate, item } of coordinatesOf(type)) {
      const known = declared.get(coordinate);
      declared.set(coordinate, { item, types: [...(known?.types ?? []), type] });
    }
  return declared;
}

/** The key and what never is null come from the compiler, and are clear with their row. */
function isGiven(type: RecordType | undefined, { name }: FieldDefinitionNode): boolean {
  if (type === undefined) return false;
  return (
    name.value === 'id' || (type.kind === 'record' && name.value === 'recordType') || (type.kind === 'subject' && name.value === 'kind')
  );
}

function isExternal({ directives }: FieldDefinitionNode): boolean {
  return directives?.some(({ name }) => name.value === 'external') === true;
}

function fieldFaults(subgraph: string, owner: string, field: FieldDefinitionNode, declared: Declared | undefined): readonly string[] {
  const name = field.name.value;
  const { named, nullable } = shapeOf(field.type);
  if (!declared)
    return owner === 'Subject' && named.endsWith('Connection')
      ? []
      : [`${owner}.${name} is not in the catalogue: nothing decides who may see it`];
  if (!declared.item.envelope && !declared.types.some((type) => type.subgraph === subgraph))
    return [`the stub ${owner} answers ${name}, which is the owner's to answer`];
  const marks = directive(field, 'disclose');
  return [
    ...(nullable ? [] : [`${owner}.${name} has to be nullable: a closed field is answered with null`]),
    ...(marks ? [] : [`${owner}.${name} has no @disclose`]),
    ...(marks && JSON.stringify(readDisclosure(marks)) !== JSON.stringify(declared.item.disclosure)
      ? [`${owner}.${name} is disclosed otherwise than the catalogue says`]
      : []),
  ];
}

/** Refuses a record's own field of another type than the envelope's of the same name, by which it is read on the interface. */
export function interfaceFaults(subgraph: LintedSubgraph, catalogue: Catalogue): readonly Fault[] {
  const envelope = new Map(envelopeItems().map((item) => [item.name, item]));
  const nodes = new Map(objectTypes(subgraph.typeDefs).map((node) => [node.name.value, node]));
  return catalogue.types
    .filter((type) => type.kind === 'record' && type.subgraph === subgraph.name)
    .flatMap((type) =>
      type.items.flatMap((item) => {
        const general = envelope.get(item.name);
        if (!general || (item.type === general.type && item.list === general.list)) return [];
        const field = nodes.get(type.name)?.fields?.find(({ name }) => name.value === item.name);
        const expected = general.list ? `a list of ${general.type}` : general.type;
        return [faultIn(subgraph, field, `${type.name}.${item.name} has to be ${expected}, as in every record`)];
      }),
    );
}
