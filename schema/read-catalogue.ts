import { readFileSync } from 'node:fs';
import { GraphQLError, Kind, type ObjectTypeDefinitionNode, parse, Source } from 'graphql';
import type { Catalogue, EnumValue, Item, PublicForIndividuals, RecordType } from './catalogue.ts';
import { directiveFaults } from './check-directives.ts';
import { directive, text, texts, valuesInFields } from './directive-values.ts';
import { CatalogueError, type Fault, faultAt } from './fault.ts';
import type { Draft, Nature, Section, Severity, Share, Status, Stopped } from './gate.ts';
import { type Definitions, fieldsOf } from './read-item.ts';

/** One SDL file of one subgraph. `path` is what errors name. */
export interface CatalogueFile {
  readonly subgraph: string;
  readonly path: string;
  readonly text: string;
}

const ENVELOPE_PATH = 'schema/envelope.graphql';
export const ENVELOPE_SDL = readFileSync(new URL('./envelope.graphql', import.meta.url), 'utf8');
export const HEADER_SDL = readFileSync(new URL('./header.graphql', import.meta.url), 'utf8');

/** Reads record and catalogue types from SDL. @throws CatalogueError with all faults */
export function readCatalogue(all: readonly CatalogueFile[]): Catalogue {
  const faults: Fault[] = [];
  const envelope = definitionsOf([{ subgraph: '', path: ENVELOPE_PATH, text: ENVELOPE_SDL }], faults);
  const enums = new Map<string, readonly EnumValue[]>();
  readEnums(envelope, enums);
  const types: RecordType[] = [];
  const folders = Map.groupBy(all, (file) => file.subgraph);
  for (const [subgraph, files] of folders) {
    const definitions = definitionsOf(files, faults);
    readEnums(definitions, enums);
    const scope: Definitions = {
      objects: new Map([...envelope.objects, ...definitions.objects]),
      enums: new Map([...envelope.enums, ...definitions.enums]),
    };
    const own = [...definitions.objects.values()].flatMap((node) => readType(node, subgraph, scope, faults) ?? []);
    types.push(...own);
    const reached = new Set(own.flatMap(({ name, items }) => [name, ...valueTypes(items)]));
    for (const node of definitions.objects.values())
      if (!reached.has(node.name.value))
        faults.push(faultAt(node, `${node.name.value} has neither @recordType nor @catalogueType and is the value of no field`));
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
      const document = parse(new Source(file.text, file.path));
      if (file.path !== ENVELOPE_PATH)
        for (const { node, message } of directiveFaults(document, HEADER_SDL)) faults.push(faultAt(node, message));
      for (const node of document.definitions) {
        if (node.kind === Kind.OBJECT_TYPE_DEFINITION && isReserved(node.name.value, file.subgraph))
          faults.push(faultAt(node, `${node.name.value} is a name of the hub's own`));
        else if (node.kind === Kind.OBJECT_TYPE_DEFINITION && found.objects.has(node.name.value))
          faults.push(faultAt(node, `${node.name.value} is defined twice`));
        else if (node.kind === Kind.OBJECT_TYPE_DEFINITION) found.objects.set(node.name.value, node);
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

/** Names that the compiler gives; a department's file holds its own types and nothing else. */
function isReserved(name: string, subgraph: string): boolean {
  if (name === 'Subject') return subgraph !== 'subjects';
  return (
    RESERVED.has(name) || name.startsWith('_') || name.startsWith('disclosure__') || (subgraph !== '' && /(Connection|Edge)$/.test(name))
  );
}

const RESERVED = new Set(['Query', 'Mutation', 'Subscription', 'Record', 'PageInfo', 'Submission', 'SubmissionReason', 'Caller', 'Change']);

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
    about: text(catalogue?.subject),
    items,
  };
}

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

function checkType(
  type: RecordType,
  enums: ReadonlyMap<string, readonly EnumValue[]>,
  folders: Map<string, CatalogueFile[]>,
  faults: Fault[],
): void {
  const path = folders.get(type.subgraph)?.find(({ text: sdl }) => new RegExp(`type\\s+${type.name}\\b`).test(sdl))?.path ?? type.subgraph;
  const say = (message: string) => faults.push({ path, line: 1, column: 1, message: `${type.name}: ${message}` });
  const names = new Set(type.items.map(({ name }) => name));
  for (const field of [
    ...type.identity.filter((name) => name !== 'subject'),
    ...type.parties,
    ...(type.about ? [type.about] : []),
    ...type.openWhen.map(({ field: name }) => name),
  ]) {
    if (!names.has(field)) say(`there is no field ${field}`);
  }
  for (const item of type.items) {
    for (const { field } of item.requiredWhen) if (!names.has(field)) say(`${item.name} is required by ${field}, which does not exist`);
    if (item.fallback && !names.has(item.fallback)) say(`${item.name} falls back on ${item.fallback}, which does not exist`);
    const states = new Set((enums.get(type.items.find(({ role }) => role === 'STATE')?.type ?? '') ?? []).map(({ name }) => name));
    for (const { state } of item.disclosure.inState) if (!states.has(state)) say(`${item.name} speaks of the unknown state ${state}`);
  }
  if (
    type.kind === 'record' &&
    ['BY_LAW', 'WITH_CONSENT'].includes(type.publicForIndividuals) &&
    !type.items.some(({ role }) => role === 'PUBLICITY_BASIS')
  ) {
    say('a publicity of individuals by law or with consent needs a field with the role PUBLICITY_BASIS');
  }
}

function checkUnique(types: readonly RecordType[], faults: Fault[]): void {
  for (const property of ['name', 'code', 'field'] as const) {
    for (const [value, same] of Map.groupBy(types, (type) => type[property])) {
      const [first] = same;
      if (same.length > 1 && first)
        faults.push({
          path: first.subgraph,
          line: 1,
          column: 1,
          message: `${property} ${value} is taken by ${same.map(({ name }) => name).join(', ')}`,
        });
    }
  }
}

function pluralOf(name: string): string {
  const stem = name.charAt(0).toLowerCase() + name.slice(1);
  return /[^aeiou]y$/.test(stem) ? `${stem.slice(0, -1)}ies` : `${stem}s`;
}
