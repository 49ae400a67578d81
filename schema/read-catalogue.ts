import { readFileSync } from 'node:fs';
import { type DocumentNode, GraphQLError, Kind, type ObjectTypeDefinitionNode, parse, Source, specifiedScalarTypes } from 'graphql';
import type { Catalogue, EnumValue, Item, PublicForIndividuals, RecordType } from './catalogue.ts';
import { catalogueFaults, folderFaults, type ReadType } from './check-catalogue.ts';
import { directiveFaults } from './check-directives.ts';
import { directive, text, texts, valuesInFields } from './directive-values.ts';
import { CatalogueError, type Fault, faultAt } from './fault.ts';
import type { Draft, Nature, Section, Severity, Share, Status, Stopped } from './gate.ts';
import { type Definitions, fieldsOf } from './read-item.ts';
import { type RegionProfiles, SHIPPED_REGIONS } from './region-profiles.ts';
import { SCALARS } from './scalars.ts';

/** One SDL file of one subgraph. `path` is what errors name. */
export interface CatalogueFile {
  readonly subgraph: string;
  readonly path: string;
  readonly text: string;
}

export const ENVELOPE_SDL = readFileSync(new URL('./envelope.graphql', import.meta.url), 'utf8');
export const HEADER_SDL = readFileSync(new URL('./header.graphql', import.meta.url), 'utf8');
const ENVELOPE = readEnvelope();
const RESERVED = new Set([
  ...['Query', 'Mutation', 'Subscription', 'Record', 'PageInfo', 'SubjectKind', 'OrderDirection'],
  ...['Submission', 'SubmissionReason', 'Caller', 'Change'],
  ...[...ENVELOPE.objects.keys(), ...ENVELOPE.enums.keys(), ...Object.keys(SCALARS), ...specifiedScalarTypes.map(({ name }) => name)],
]);

/** What a type is read with. */
interface Scope extends Definitions {
  readonly regions: RegionProfiles;
}

/** Reads record and catalogue types from SDL. @throws CatalogueError with all faults */
export function readCatalogue(all: readonly CatalogueFile[], regions = SHIPPED_REGIONS): Catalogue {
  const faults: Fault[] = [];
  const enums = new Map<string, readonly EnumValue[]>();
  readEnums(ENVELOPE, enums);
  const read: ReadType[] = [];
  const folders = [...Map.groupBy(all, (file) => file.subgraph)].map(([subgraph, files]) => ({
    subgraph,
    ...definitionsOf(files, subgraph, faults),
  }));
  for (const { subgraph, ...definitions } of folders) {
    readEnums(definitions, enums);
    const scope: Scope = {
      regions,
      objects: new Map([...ENVELOPE.objects, ...definitions.objects]),
      enums: new Map([...ENVELOPE.enums, ...definitions.enums]),
    };
    const own = [...definitions.objects.values()].flatMap((node): ReadType[] => {
      const type = readType(node, subgraph, scope, faults);
      return type ? [{ type, node }] : [];
    });
    read.push(...own);
    const reached = new Set(own.flatMap(({ type }) => [type.name, ...valueTypes(type.items)]));
    for (const node of definitions.objects.values())
      if (!reached.has(node.name.value))
        faults.push(faultAt(node, `${node.name.value} has neither @recordType nor @catalogueType and is the value of no field`));
  }
  faults.push(...folderFaults(folders), ...catalogueFaults(read, enums));
  if (faults.length > 0) throw new CatalogueError(inOrder(faults));
  return { types: read.map(({ type }) => type), enums, regions };
}

/** Fields of the record envelope, as every record has them that does not declare its own. */
export function envelopeItems(): readonly Item[] {
  return fieldsOf(ENVELOPE.objects.get('RecordEnvelope'), ENVELOPE, [], true);
}

/** Each fault once, as it stands in the files: a value type is read for every field that holds it. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const byText = new Map(faults.map((fault) => [JSON.stringify(fault), fault]));
  return [...byText.values()].sort(
    (left, right) => left.path.localeCompare(right.path, 'en') || left.line - right.line || left.column - right.column,
  );
}

function definitionsOf(files: readonly CatalogueFile[], subgraph: string, faults: Fault[]): Definitions {
  const found: Definitions = { objects: new Map(), enums: new Map() };
  const taken = new Set<string>();
  for (const file of files) {
    const document = parsed(file, faults);
    if (!document) continue;
    for (const { node, message } of directiveFaults(document, HEADER_SDL)) faults.push(faultAt(node, message));
    for (const node of document.definitions) {
      if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.ENUM_TYPE_DEFINITION) {
        faults.push(faultAt(node, 'a department file holds object types and enums only'));
        continue;
      }
      const name = node.name.value;
      if (isReserved(name, subgraph)) faults.push(faultAt(node, `${name} is a name of the hub's own`));
      else if (taken.has(name)) faults.push(faultAt(node, `${name} is defined twice`));
      else if (node.kind === Kind.OBJECT_TYPE_DEFINITION) found.objects.set(name, node);
      else found.enums.set(name, node);
      taken.add(name);
    }
  }
  return found;
}

function parsed(file: CatalogueFile, faults: Fault[]): DocumentNode | undefined {
  try {
    return parse(new Source(file.text, file.path));
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [place] = error.locations ?? [];
    faults.push({ path: file.path, line: place?.line ?? 1, column: place?.column ?? 1, message: error.message });
    return undefined;
  }
}

/** Names that the compiler gives; a department's file holds its own types and nothing else. */
function isReserved(name: string, subgraph: string): boolean {
  if (name === 'Subject') return subgraph !== 'subjects';
  return RESERVED.has(name) || name.startsWith('_') || name.startsWith('disclosure__') || /(Connection|Edge)$/.test(name);
}

function readType(node: ObjectTypeDefinitionNode, subgraph: string, scope: Scope, faults: Fault[]): RecordType | undefined {
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
  faults.push(...shapeFaults(node, kind, text(marks.code), text(marks.field)));
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
    about: text(catalogue?.subject),
    audit: catalogue?.audit === true,
    regions: scope.regions,
    items,
  };
}

/** What the compiler writes into further SDL has to be of a shape that cannot write anything else. */
function shapeFaults(
  node: ObjectTypeDefinitionNode,
  kind: RecordType['kind'],
  code: string | undefined,
  field: string | undefined,
): readonly Fault[] {
  const name = node.name.value;
  const label = node.description?.value;
  const given = GIVEN_FIELDS[kind];
  return [
    ...(label ? [] : [faultAt(node, `${name} has no Chinese label (description)`)]),
    ...(label && /["\\\p{Cc}]/u.test(label) ? [faultAt(node, `${name}: a label is one line without quotation marks or backslashes`)] : []),
    ...(code === undefined || /^[A-Z_]+$/.test(code) ? [] : [faultAt(node, `${name}: a code is capital letters and underscores`)]),
    ...(field === undefined || /^[a-z][A-Za-z0-9]*$/.test(field)
      ? []
      : [faultAt(node, `${name}: a field's name begins with a small letter, and letters and digits follow`)]),
    ...(node.fields ?? [])
      .filter((declared) => given.includes(declared.name.value))
      .map((declared) => faultAt(declared, `${name}.${declared.name.value} is a field that the hub gives`)),
  ];
}

const GIVEN_FIELDS: Readonly<Record<RecordType['kind'], readonly string[]>> = {
  record: ['id', 'recordType', 'subject'],
  catalogue: ['id'],
  subject: ['id', 'kind'],
};

function valueTypes(items: readonly Item[]): readonly string[] {
  return items.flatMap((item) => (item.shape === 'object' ? [item.type, ...valueTypes(item.fields)] : []));
}

/** A type's own field replaces the envelope's of the same name, or of the same role. */
function withoutRedeclared(envelope: readonly Item[], own: readonly Item[]): readonly Item[] {
  const names = new Set(own.map(({ name }) => name));
  const roles = new Set(own.flatMap(({ role }) => (role ? [role] : [])));
  return envelope
    .filter(({ name }) => !names.has(name))
    .map((item) => (item.role && roles.has(item.role) ? { ...item, role: undefined, input: false, required: false } : item));
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

function readEnvelope(): Definitions {
  const found: Definitions = { objects: new Map(), enums: new Map() };
  for (const node of parse(new Source(ENVELOPE_SDL, 'schema/envelope.graphql')).definitions) {
    if (node.kind === Kind.OBJECT_TYPE_DEFINITION) found.objects.set(node.name.value, node);
    if (node.kind === Kind.ENUM_TYPE_DEFINITION) found.enums.set(node.name.value, node);
  }
  return found;
}

function pluralOf(name: string): string {
  const stem = name.charAt(0).toLowerCase() + name.slice(1);
  return /[^aeiou]y$/.test(stem) ? `${stem.slice(0, -1)}ies` : `${stem}s`;
}
