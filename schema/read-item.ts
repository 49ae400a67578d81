import type { EnumTypeDefinitionNode, FieldDefinitionNode, ObjectTypeDefinitionNode, TypeNode } from 'graphql';
import { Kind } from 'graphql';
import type { DisclosureClass, FieldDisclosure, Item, Mask, Role } from './catalogue.ts';
import { directive, type Marks, number, text, texts, valuesInFields } from './directive-values.ts';
import { type Fault, faultAt } from './fault.ts';
import { SCALARS } from './scalars.ts';

/** Object types and enums that fields may name. */
export interface Definitions {
  readonly objects: Map<string, ObjectTypeDefinitionNode>;
  readonly enums: Map<string, EnumTypeDefinitionNode>;
}

/** The fields of a type, those of its value types below them; faults are added to `faults`. */
export function fieldsOf(
  node: ObjectTypeDefinitionNode | undefined,
  scope: Definitions,
  faults: Fault[],
  envelope: boolean,
  seen: readonly string[] = [],
): Item[] {
  for (const wanted of node?.interfaces ?? [])
    faults.push(faultAt(wanted, `${node?.name.value} may not implement ${wanted.name.value}: the hub makes every record a Record`));
  const names = new Set<string>();
  return (node?.fields ?? []).flatMap((field) => {
    if (names.has(field.name.value)) faults.push(faultAt(field, `${node?.name.value}.${field.name.value} is declared twice`));
    names.add(field.name.value);
    const item = readItem(field, node?.name.value ?? '', scope, faults, envelope, seen);
    return item ? [item] : [];
  });
}

function readItem(
  field: FieldDefinitionNode,
  owner: string,
  scope: Definitions,
  faults: Fault[],
  envelope: boolean,
  seen: readonly string[],
): Item | undefined {
  const name = field.name.value;
  const coordinate = `${owner}.${name}`;
  const { type, list, nullable } = unwrap(field.type);
  if (!nullable) faults.push(faultAt(field, `${coordinate} has to be nullable: a closed field is answered with null`));
  if (name.startsWith('_')) faults.push(faultAt(field, `${coordinate}: names that begin with _ are not a department's`));
  if (field.arguments?.length) faults.push(faultAt(field, `${coordinate} takes arguments: a record is what was submitted, whoever asks`));
  if (PROHIBITED.some((word) => word.test(name))) faults.push(faultAt(field, `${coordinate} names a category that may not be collected`));
  const disclose = directive(field, 'disclose');
  if (!disclose) {
    faults.push(faultAt(field, `${coordinate} has no @disclose`));
    return undefined;
  }
  const item = directive(field, 'item');
  const nested = scope.objects.get(type);
  if (nested && seen.includes(type)) {
    faults.push(faultAt(field, `${coordinate} nests itself`));
    return undefined;
  }
  if (!nested && !scope.enums.has(type) && !SCALARS[type] && !BUILT_IN.has(type))
    faults.push(faultAt(field, `${coordinate} has the unknown type ${type}`));
  const read: Item = {
    name,
    label: field.description?.value ?? name,
    type,
    list,
    shape: nested ? 'object' : scope.enums.has(type) ? 'enum' : 'scalar',
    fields: nested ? fieldsOf(nested, scope, faults, envelope, [...seen, type]) : [],
    code: text(item?.code),
    headings: texts(item?.headings),
    role: text(item?.role) as Role | undefined,
    required: item?.required === true,
    requiredWhen: valuesInFields(item?.requiredWhen),
    fallback: text(item?.fallback),
    max: number(item?.max),
    min: number(item?.min),
    split: text(item?.split),
    encrypted: item?.encrypted === true,
    filter: item?.filter === true,
    order: item?.order === true,
    input: item !== undefined,
    envelope,
    disclosure: readDisclosure(disclose),
  };
  // An open field is masked only where a person or a secret closes it, and there no filter reaches it.
  const isOpenOnly = read.disclosure.class === 'OPEN' && !read.disclosure.individual && read.disclosure.inState.length === 0;
  const masked = read.disclosure.mask !== undefined && !isOpenOnly;
  const closed = read.encrypted ? 'encrypted' : read.disclosure.scrub ? 'scrubbed' : masked ? 'masked' : undefined;
  if (closed && (read.filter || read.order))
    faults.push(faultAt(field, `${coordinate} is ${closed} and can be neither filtered nor ordered`));
  if (read.disclosure.mask && read.disclosure.mask !== 'ID' && type === 'CitizenIdNumber')
    faults.push(faultAt(field, `${coordinate}: an identity number is masked as ID`));
  if ((read.disclosure.mask || read.disclosure.scrub) && type !== 'String' && type !== 'CitizenIdNumber')
    faults.push(faultAt(field, `${coordinate}: a mask fits text only`));
  if ((read.filter || read.order) && PERSON_NAME_ROLES.has(read.role ?? ''))
    faults.push(faultAt(field, `${coordinate} may name a person and can be neither filtered nor ordered`));
  if (read.role === 'STATE' && (read.shape !== 'enum' || list))
    faults.push(faultAt(field, `${coordinate}: a state is one value of an enum`));
  else if (read.role === 'STATE') checkStates(scope.enums.get(type), coordinate, faults);
  return read;
}

const BUILT_IN = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);
const PERSON_NAME_ROLES = new Set(['SUBJECT_NAME', 'LEGAL_REPRESENTATIVE', 'SUBJECT_ID_NUMBER']);
/** Categories that may not be collected about persons (河南省社会信用条例 and its like): religion, genes, fingerprints, blood type, medical history. */
const PROHIBITED = [
  /religio/i,
  /^genes?$|Genes?([A-Z]|$)|genetic|genom|^dna|Dna|DNA/,
  /fingerprint/i,
  /blood/i,
  /medical(History|Record)|disease/i,
];

function checkStates(node: EnumTypeDefinitionNode | undefined, coordinate: string, faults: Fault[]): void {
  for (const value of node?.values ?? []) {
    if (!directive(value, 'state')) faults.push(faultAt(value, `${coordinate}: the state ${value.name.value} has no @state`));
  }
}

/** What `@disclose` says, from its arguments. */
export function readDisclosure(marks: Marks): FieldDisclosure {
  const inState = Array.isArray(marks.inState) ? (marks.inState as readonly Marks[]) : [];
  return {
    class: text(marks.class) as DisclosureClass,
    individual: text(marks.individual) as DisclosureClass | undefined,
    inState: inState.map((entry) => ({ state: text(entry.state) ?? '', class: text(entry.class) as DisclosureClass })),
    mask: text(marks.mask) as Mask | undefined,
    scrub: marks.scrub === true,
  };
}

function unwrap(node: TypeNode): { type: string; list: boolean; nullable: boolean } {
  const nullable = node.kind !== Kind.NON_NULL_TYPE;
  const bare = node.kind === Kind.NON_NULL_TYPE ? node.type : node;
  if (bare.kind === Kind.LIST_TYPE) return { type: unwrap(bare.type).type, list: true, nullable };
  return { type: bare.name.value, list: false, nullable };
}
