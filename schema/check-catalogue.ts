import { type EnumTypeDefinitionNode, type ObjectTypeDefinitionNode, print } from 'graphql';
import type { Catalogue, RecordType } from './catalogue.ts';
import { type Fault, faultAt } from './fault.ts';
import type { Definitions } from './read-item.ts';

/** A type that was read, with the place where it is written. */
export interface ReadType {
  readonly type: RecordType;
  readonly node: ObjectTypeDefinitionNode;
}

/** What is wrong with types that are each well formed: names that lead nowhere, and names that two of them take. */
export function catalogueFaults(read: readonly ReadType[], enums: Catalogue['enums']): readonly Fault[] {
  return [...read.flatMap((one) => typeFaults(one, enums)), ...takenTwice(read), ...fieldsOfSubject(read)];
}

/** Definitions of one name in two folders: which of them decides would depend on their order. Enums may be repeated word for word. */
export function folderFaults(folders: readonly Definitions[]): readonly Fault[] {
  const objects = folders.flatMap((folder) => [...folder.objects.values()]);
  const enums = folders.flatMap((folder) => [...folder.enums.values()]);
  return [
    ...laterOnes(objects, () => true, 'is defined already in'),
    ...laterOnes(enums, (first, later) => valuesOf(first) !== valuesOf(later), 'differs from the one in'),
  ];
}

function laterOnes<N extends ObjectTypeDefinitionNode | EnumTypeDefinitionNode>(
  nodes: readonly N[],
  clash: (first: N, later: N) => boolean,
  how: string,
): readonly Fault[] {
  const firsts = new Map<string, N>();
  return nodes.flatMap((node) => {
    const first = firsts.get(node.name.value);
    if (!first) firsts.set(node.name.value, node);
    if (!first || !clash(first, node)) return [];
    const { path, line } = faultAt(first, '');
    return [faultAt(node, `${node.name.value} ${how} ${path}:${line}`)];
  });
}

function valuesOf(node: EnumTypeDefinitionNode): string {
  return (node.values ?? []).map(print).join('\n');
}

function typeFaults({ type, node }: ReadType, enums: Catalogue['enums']): readonly Fault[] {
  const at = (message: string, field?: string) =>
    faultAt(node.fields?.find(({ name }) => name.value === field) ?? node, `${type.name}: ${message}`);
  const names = new Set(type.items.map(({ name }) => name));
  const states = new Set((enums.get(type.items.find(({ role }) => role === 'STATE')?.type ?? '') ?? []).map(({ name }) => name));
  const named = [
    ...type.identity.filter((name) => name !== 'subject'),
    ...type.parties,
    ...(type.about ? [type.about] : []),
    ...type.openWhen.map(({ field }) => field),
  ];
  const needsBasis = type.kind === 'record' && ['BY_LAW', 'WITH_CONSENT'].includes(type.publicForIndividuals);
  return [
    ...named.filter((name) => !names.has(name)).map((name) => at(`there is no field ${name}`)),
    ...type.items.flatMap(({ name, requiredWhen, fallback, disclosure }) => [
      ...requiredWhen
        .filter(({ field }) => !names.has(field))
        .map(({ field }) => at(`${name} is required by ${field}, which does not exist`, name)),
      ...(fallback && !names.has(fallback) ? [at(`${name} falls back on ${fallback}, which does not exist`, name)] : []),
      ...disclosure.inState
        .filter(({ state }) => !states.has(state))
        .map(({ state }) => at(`${name} speaks of the unknown state ${state}`, name)),
    ]),
    ...(needsBasis && !type.items.some(({ role }) => role === 'PUBLICITY_BASIS')
      ? [at('a publicity of individuals by law or with consent needs a field with the role PUBLICITY_BASIS')]
      : []),
  ];
}

function takenTwice(read: readonly ReadType[]): readonly Fault[] {
  return (['code', 'field'] as const).flatMap((property) =>
    [...Map.groupBy(read, ({ type }) => type[property])].flatMap(([value, [, ...later]]) => {
      const takers = read.filter(({ type }) => type[property] === value).map(({ type }) => type.name);
      return later.map(({ node }) => faultAt(node, `${property} ${value} is taken by ${takers.join(', ')}`));
    }),
  );
}

/** Every record type has a field of its own on Subject, beside what Subject says of itself. */
function fieldsOfSubject(read: readonly ReadType[]): readonly Fault[] {
  const subject = read.find(({ type }) => type.kind === 'subject');
  const taken = new Set(['id', 'kind', ...(subject?.type.items ?? []).map(({ name }) => name)]);
  return read
    .filter(({ type }) => type.kind === 'record' && taken.has(type.field))
    .map(({ type, node }) => faultAt(node, `field ${type.field} is taken by Subject`));
}
