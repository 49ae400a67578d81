import {
  type ConstDirectiveNode, type ConstValueNode, type EnumTypeDefinitionNode, type FieldDefinitionNode, GraphQLError, Kind, type ObjectTypeDefinitionNode, parse,
  Source, type TypeNode,
} from 'graphql';
import { readFileSync } from 'node:fs';
import type { Catalogue, DisclosureClass, EnumValue, FieldDisclosure, Item, Mask, PublicForIndividuals, RecordType, Role, ValueInField } from './catalogue.ts';
import type { Draft, Nature, Section, Severity, Share, Status, Stopped } from './gate.ts';
import { SCALARS } from './scalars.ts';

/** One SDL file of one subgraph. `path` is what errors name. */
export interface CatalogueFile {
  readonly subgraph: string;
  readonly path: string;
  readonly text: string;
}

/** A fault of an SDL file, with the place an editor can jump to. */
export interface Fault {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Thrown with every fault of all files at once. */
export class CatalogueError extends Error {
  readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ path, line, column, message }) => `${path}:${line}:${column} ${message}`).join('\n'));
    this.faults = faults;
  }
}

const ENVELOPE_PATH = 'schema/envelope.graphql';
export const ENVELOPE_SDL = readFileSync(new URL('./envelope.graphql', import.meta.url), 'utf8');
export const HEADER_SDL = readFileSync(new URL('./header.graphql', import.meta.url), 'utf8');

type Definitions = { objects: Map<string, ObjectTypeDefinitionNode>; enums: Map<string, EnumTypeDefinitionNode> };
type Place = { readonly loc?: ConstDirectiveNode['loc'] };

/** Reads record and catalogue types from SDL. @throws CatalogueError with all faults */
export function readCatalogue(files: readonly CatalogueFile[]): Catalogue {
  const faults: Fault[] = [];
  const envelope = definitionsOf([{ subgraph: '', path: ENVELOPE_PATH, text: ENVELOPE_SDL }], faults);
  const enums = new Map<string, readonly EnumValue[]>();
  readEnums(envelope, enums);
  const types: RecordType[] = [];
  const folders = Map.groupBy(files, (file) => file.subgraph);
  for (const [subgraph, own] of folders) {
    const definitions = definitionsOf(own, faults);
    readEnums(definitions, enums);
    const scope: Definitions = { objects: new Map([...envelope.objects, ...definitions.objects]), enums: new Map([...envelope.enums, ...definitions.enums]) };
    for (const node of definitions.objects.values()) {
      const type = readType(node, subgraph, scope, faults);
      if (type) types.push(type);
    }
  }
  for (const type of types) checkType(type, enums, folders, faults);
  checkUnique(types, faults);
  if (faults.length > 0) throw new CatalogueError(faults);
  return { types, enums };
}

function definitionsOf(files: readonly CatalogueFile[], faults: Fault[]): Definitions {
  const found: Definitions = { objects: new Map(), enums: new Map() };
  for (const file of files) {
    try {
      for (const node of parse(new Source(file.text, file.path)).definitions) {
        if (node.kind === Kind.OBJECT_TYPE_DEFINITION) found.objects.set(node.name.value, node);
        else if (node.kind === Kind.ENUM_TYPE_DEFINITION) found.enums.set(node.name.value, node);
        else faults.push(faultAt(node, 'a department file holds object types and enums only'));
      }
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error;
      const [place] = error.locations ?? [];
      faults.push({ path: file.path, line: place?.line ?? 1, column: place?.column ?? 1, message: error.message });
    }
  }
  return found;
}

function readType(node: ObjectTypeDefinitionNode, subgraph: string, scope: Definitions, faults: Fault[]): RecordType | undefined {
  const record = directive(node, 'recordType');
  const catalogue = directive(node, 'catalogueType');
  const marks = record ?? catalogue;
  if (!marks) return undefined;
  const name = node.name.value;
  const kind = name === 'Subject' ? 'subject' : record ? 'record' : 'catalogue';
  const envelope = kind === 'record' ? fieldsOf(scope.objects.get('RecordEnvelope'), scope, faults, true) : [];
  const own = fieldsOf(node, scope, faults, false);
  const items = [...own, ...withoutRedeclared(envelope, own)];
  const label = node.description?.value;
  if (!label) faults.push(faultAt(node, `${name} has no Chinese label (description)`));
  return {
    kind,
    name,
    label: label ?? name,
    code: text(marks.code) ?? name,
    field: text(marks.field) ?? pluralOf(name),
    collection: name.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase(),
    subgraph,
    section: (text(marks.section) ?? 'BASIC') as Section,
    share: (text(marks.share) ?? 'BASIC') as Share,
    nature: (text(marks.nature) ?? 'BASIC') as Nature,
    identity: texts(marks.identity),
    publishable: marks.publishable !== false,
    publicForIndividuals: (text(marks.publicForIndividuals) ?? 'NO') as PublicForIndividuals,
    sourceOnly: marks.sourceOnly === true,
    submit: kind === 'record' && marks.submit !== false,
    openWhen: valuesInFields(marks.openWhen),
    parties: texts(marks.parties),
    items,
  };
}

/** A type's own field replaces the envelope's of the same name, or of the same role. */
function withoutRedeclared(envelope: readonly Item[], own: readonly Item[]): readonly Item[] {
  const names = new Set(own.map(({ name }) => name));
  const roles = new Set(own.flatMap(({ role }) => (role ? [role] : [])));
  return envelope.filter(({ name }) => !names.has(name)).map((item) => (item.role && roles.has(item.role) ? { ...item, role: undefined, input: false, required: false } : item));
}

function fieldsOf(node: ObjectTypeDefinitionNode | undefined, scope: Definitions, faults: Fault[], envelope: boolean, seen: readonly string[] = []): Item[] {
  return (node?.fields ?? []).flatMap((field) => {
    const item = readItem(field, node?.name.value ?? '', scope, faults, envelope, seen);
    return item ? [item] : [];
  });
}

function readItem(field: FieldDefinitionNode, owner: string, scope: Definitions, faults: Fault[], envelope: boolean, seen: readonly string[]): Item | undefined {
  const name = field.name.value;
  const coordinate = `${owner}.${name}`;
  const { type, list, nullable } = unwrap(field.type);
  if (!nullable) faults.push(faultAt(field, `${coordinate} has to be nullable: a closed field is answered with null`));
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
  if (!nested && !scope.enums.has(type) && !SCALARS[type] && !BUILT_IN.has(type)) faults.push(faultAt(field, `${coordinate} has the unknown type ${type}`));
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
  const closed = read.encrypted ? 'encrypted' : read.disclosure.scrub ? 'scrubbed' : read.disclosure.mask ? 'masked' : undefined;
  if (closed && (read.filter || read.order)) faults.push(faultAt(field, `${coordinate} is ${closed} and can be neither filtered nor ordered`));
  if ((read.disclosure.mask || read.disclosure.scrub) && type !== 'String' && type !== 'CitizenIdNumber') faults.push(faultAt(field, `${coordinate}: a mask fits text only`));
  if ((read.filter || read.order) && PERSON_NAME_ROLES.has(read.role ?? '')) faults.push(faultAt(field, `${coordinate} may name a person and can be neither filtered nor ordered`));
  if (read.role === 'STATE' && read.shape === 'enum') checkStates(scope.enums.get(type), coordinate, faults);
  return read;
}

const BUILT_IN = new Set(['ID', 'String', 'Int', 'Float', 'Boolean']);
const PERSON_NAME_ROLES = new Set(['SUBJECT_NAME', 'LEGAL_REPRESENTATIVE', 'SUBJECT_ID_NUMBER']);
/** Categories that may not be collected about persons (河南省社会信用条例 and its like): religion, genes, fingerprints, blood type, medical history. */
const PROHIBITED = [/religio/i, /^gene(s|tic.*)?$/i, /fingerprint/i, /blood/i, /medicalHistory|disease/i];

function checkStates(node: EnumTypeDefinitionNode | undefined, coordinate: string, faults: Fault[]): void {
  for (const value of node?.values ?? []) {
    if (!directive(value, 'state')) faults.push(faultAt(value, `${coordinate}: the state ${value.name.value} has no @state`));
  }
}

function readDisclosure(marks: Marks): FieldDisclosure {
  const inState = Array.isArray(marks.inState) ? (marks.inState as readonly Marks[]) : [];
  return {
    class: text(marks.class) as DisclosureClass,
    individual: text(marks.individual) as DisclosureClass | undefined,
    inState: inState.map((entry) => ({ state: text(entry.state) ?? '', class: text(entry.class) as DisclosureClass })),
    mask: text(marks.mask) as Mask | undefined,
    scrub: marks.scrub === true,
  };
}

function readEnums({ enums }: Definitions, into: Map<string, readonly EnumValue[]>): void {
  for (const [name, node] of enums) {
    into.set(
      name,
      (node.values ?? []).map((value) => {
        const marks = directive(value, 'value') ?? {};
        const state = directive(value, 'state');
        return {
          name: value.name.value,
          label: value.description?.value ?? texts(marks.labels)[0] ?? value.name.value,
          code: text(marks.code),
          labels: texts(marks.labels),
          section: text(marks.section) as Section | undefined,
          nature: text(marks.nature) as Nature | undefined,
          severity: text(marks.severity) as Severity | undefined,
          stopped: text(marks.stopped) as Stopped | undefined,
          state: state && {
            status: text(state.status) as Status | undefined,
            draft: (text(state.draft) ?? 'NO') as Draft,
            stopped: text(state.stopped) as Stopped | undefined,
            keep: state.keep === true,
            stoppedBy: text(state.stoppedBy),
          },
        };
      }),
    );
  }
}

function checkType(type: RecordType, enums: ReadonlyMap<string, readonly EnumValue[]>, folders: Map<string, CatalogueFile[]>, faults: Fault[]): void {
  const path = folders.get(type.subgraph)?.find(({ text: sdl }) => new RegExp(`type\\s+${type.name}\\b`).test(sdl))?.path ?? type.subgraph;
  const say = (message: string) => faults.push({ path, line: 1, column: 1, message: `${type.name}: ${message}` });
  const names = new Set(type.items.map(({ name }) => name));
  for (const field of [...type.identity.filter((name) => name !== 'subject'), ...type.parties, ...type.openWhen.map(({ field: name }) => name)]) {
    if (!names.has(field)) say(`there is no field ${field}`);
  }
  for (const item of type.items) {
    for (const { field } of item.requiredWhen) if (!names.has(field)) say(`${item.name} is required by ${field}, which does not exist`);
    if (item.fallback && !names.has(item.fallback)) say(`${item.name} falls back on ${item.fallback}, which does not exist`);
    const states = new Set((enums.get(type.items.find(({ role }) => role === 'STATE')?.type ?? '') ?? []).map(({ name }) => name));
    for (const { state } of item.disclosure.inState) if (!states.has(state)) say(`${item.name} speaks of the unknown state ${state}`);
  }
  if (type.kind === 'record' && ['BY_LAW', 'WITH_CONSENT'].includes(type.publicForIndividuals) && !type.items.some(({ role }) => role === 'PUBLICITY_BASIS')) {
    say('a publicity of individuals by law or with consent needs a field with the role PUBLICITY_BASIS');
  }
}

function checkUnique(types: readonly RecordType[], faults: Fault[]): void {
  for (const property of ['name', 'code', 'field'] as const) {
    for (const [value, same] of Map.groupBy(types, (type) => type[property])) {
      const [first] = same;
      if (same.length > 1 && first) faults.push({ path: first.subgraph, line: 1, column: 1, message: `${property} ${value} is taken by ${same.map(({ name }) => name).join(', ')}` });
    }
  }
}

type Marks = Readonly<Record<string, unknown>>;

/** The arguments of a directive on this node, undefined when it is not there. */
export function directive(node: { readonly directives?: readonly ConstDirectiveNode[] | undefined }, name: string): Marks | undefined {
  const found = node.directives?.find((candidate) => candidate.name.value === name);
  return found && Object.fromEntries((found.arguments ?? []).map((argument) => [argument.name.value, constant(argument.value)]));
}

function constant(node: ConstValueNode): unknown {
  switch (node.kind) {
    case Kind.LIST:
      return node.values.map(constant);
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, constant(field.value)]));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    default:
      return node.value;
  }
}

function unwrap(node: TypeNode): { type: string; list: boolean; nullable: boolean } {
  const nullable = node.kind !== Kind.NON_NULL_TYPE;
  const bare = node.kind === Kind.NON_NULL_TYPE ? node.type : node;
  if (bare.kind === Kind.LIST_TYPE) return { type: unwrap(bare.type).type, list: true, nullable };
  return { type: bare.name.value, list: false, nullable };
}

function valuesInFields(value: unknown): readonly ValueInField[] {
  return Array.isArray(value) ? value.map((entry: Marks) => ({ field: text(entry.field) ?? '', values: texts(entry.values) })) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function pluralOf(name: string): string {
  const stem = name.charAt(0).toLowerCase() + name.slice(1);
  return /[^aeiou]y$/.test(stem) ? `${stem.slice(0, -1)}ies` : `${stem}s`;
}

function faultAt(node: Place, message: string): Fault {
  const token = node.loc?.startToken;
  return { path: node.loc?.source.name ?? '', line: token?.line ?? 1, column: token?.column ?? 1, message };
}
