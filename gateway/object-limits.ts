import { type DocumentNode, type FieldNode, Kind, type OperationDefinitionNode, type SelectionSetNode, valueFromASTUntyped } from 'graphql';
import type { Clock } from '../auth/issuers.ts';
import { Refusal } from './http-answer.ts';
import { createBuckets, type Rate } from './token-buckets.ts';

export interface ObjectLimits {
  /** Objects that one client asks for by their id or code. */
  readonly objectRate: Rate;
  /** Persons whose published entries one client asks for, so that nobody tries the last four characters one after the other. */
  readonly personRate: Rate;
  /** The same person asked for by whomever. */
  readonly samePersonRate: Rate;
}

export const OBJECT_LIMITS: ObjectLimits = {
  objectRate: { perSecond: 500, burst: 5_000 },
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

const BY_HANDLE = new Set(['subject', 'record']);
const BY_PERSON = 'listEntriesOfPerson';

export function limitObjects(limits: ObjectLimits, clock: Clock): CountObjects {
  const objects = createBuckets(limits.objectRate, clock);
  const persons = createBuckets(limits.personRate, clock);
  const samePersons = createBuckets(limits.samePersonRate, clock);
  return (client, document, operation, variables) => {
    for (const field of rootFields(document, operation.selectionSet)) {
      const name = field.name.value;
      if (name === BY_PERSON) {
        take(persons(client));
        take(samePersons(JSON.stringify(argumentsOf(field, variables))));
      } else if (BY_HANDLE.has(name)) take(objects(client));
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

function argumentsOf({ arguments: args = [] }: FieldNode, variables: Readonly<Record<string, unknown>>): readonly unknown[] {
  return [...args]
    .sort((a, b) => (a.name.value < b.name.value ? -1 : 1))
    .map(({ name, value }) => [name.value, valueFromASTUntyped(value, variables)]);
}
