import { hash } from 'node:crypto';
import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode, valueFromASTUntyped } from 'graphql';
import type { Clock } from '../auth/issuers.ts';
import { Refusal } from './http-answer.ts';
import { createBuckets, type Rate } from './token-buckets.ts';

export interface ObjectLimits {
  /** Objects that one client asks for by their id or code. */
  readonly objectRate: Rate;
  /** The same of them asked for by one client, so that nobody watches somebody. */
  readonly sameObjectRate: Rate;
  /** Persons whom one client asks for by their number, so that nobody tries numbers one after the other. */
  readonly numberRate: Rate;
  /** Persons whose published entries one client asks for, so that nobody tries the last four characters one after the other. */
  readonly personRate: Rate;
  /** The published entries of the same person asked for by whomever. */
  readonly samePersonRate: Rate;
}

export const OBJECT_LIMITS: ObjectLimits = {
  objectRate: { perSecond: 500, burst: 5_000 },
  sameObjectRate: { perSecond: 20, burst: 2_400 },
  numberRate: { perSecond: 10, burst: 1_200 },
  personRate: { perSecond: 0.5, burst: 60 },
  samePersonRate: { perSecond: 0.5, burst: 60 },
};

/** Counts every object that an operation asks for, each alias by itself, as it was sent: whether it exists plays no part. @throws RATE_LIMITED */
export type CountObjects = (
  client: string,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  variables: Readonly<Record<string, unknown>>,
) => void;

/** Arguments that name an object, or a list of them, by the root field that takes them. */
const HANDLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['subject', ['id', 'uscc', 'person']],
  ['record', ['id']],
  ['creditCheck', ['codes']],
  ['_entities', ['representations']],
]);
const PERSON = 'person';
const ENTRIES_OF_PERSON = { field: 'listEntriesOfPerson', handles: ['name', 'idTail'] };

export function limitObjects(limits: ObjectLimits, clock: Clock): CountObjects {
  const objects = createBuckets(limits.objectRate, clock);
  const sameObjects = createBuckets(limits.sameObjectRate, clock);
  const numbers = createBuckets(limits.numberRate, clock);
  const persons = createBuckets(limits.personRate, clock);
  const samePersons = createBuckets(limits.samePersonRate, clock);
  return (client, document, operation, given) => {
    const variables = { ...defaultsOf(operation), ...given };
    for (const field of rootFields(document, operation.selectionSet)) {
      const name = field.name.value;
      if (name === ENTRIES_OF_PERSON.field) {
        take(persons(client));
        const person = ENTRIES_OF_PERSON.handles.map((handle) => argumentOf(field, handle, variables));
        take(samePersons(keyOf(PERSON, person)));
      }
      for (const handle of HANDLES.get(name) ?? []) {
        for (const named of listOf(argumentOf(field, handle, variables))) {
          take(objects(client));
          take(sameObjects(keyOf(`${client} ${name} ${handle}`, handle === PERSON ? numberOf(named) : named)));
          if (handle === PERSON) take(numbers(client));
        }
      }
    }
  };
}

function take(wait: number | undefined): void {
  if (wait !== undefined) throw new Refusal('RATE_LIMITED', 'too many objects asked for', { headers: { 'retry-after': String(wait) } });
}

function rootFields(document: DocumentNode, { selections }: SelectionSetNode): readonly FieldNode[] {
  return selections.flatMap((node) => {
    if (node.kind === Kind.FIELD) return [node];
    if (node.kind === Kind.INLINE_FRAGMENT) return rootFields(document, node.selectionSet);
    const fragment = document.definitions.find(
      (definition) => definition.kind === Kind.FRAGMENT_DEFINITION && definition.name.value === node.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION ? rootFields(document, fragment.selectionSet) : [];
  });
}

function defaultsOf({ variableDefinitions = [] }: OperationDefinitionNode): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue ? [[variable.name.value, valueFromASTUntyped(defaultValue)]] : [],
    ),
  );
}

function argumentOf(field: FieldNode, name: string, variables: Readonly<Record<string, unknown>>): unknown {
  const argument = field.arguments?.find((candidate) => candidate.name.value === name);
  return argument && valueFromASTUntyped(argument.value, variables);
}

/** GraphQL takes a value by itself for a list of one. */
function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

/** A person is told by the number: with another name it is still that person who is asked for. */
function numberOf(person: unknown): unknown {
  return typeof person === 'object' && person !== null && 'idNumber' in person ? person.idNumber : person;
}

/** Equal for values that are read alike: other spaces, width or case make no other object. A digest, since what is sent may be long. */
function keyOf(asked: string, value: unknown): string {
  const text = typeof value === 'string' ? `"${asRead(value)}"` : JSON.stringify(value, (_name, part: unknown) => partAsRead(part));
  return hash('sha256', `${asked} ${text}`, 'base64');
}

function partAsRead(part: unknown): unknown {
  if (typeof part === 'number') return String(part);
  return typeof part === 'string' ? asRead(part) : part;
}

/** Codes and ids that need no second look: printable ASCII without spaces and small letters. */
const PLAIN = /^[!-`{-~]*$/;

function asRead(text: string): string {
  return PLAIN.test(text) ? text : text.normalize('NFKC').replaceAll(/\s/g, '').toUpperCase();
}
