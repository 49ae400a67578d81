import type { DisclosureClass, Item, RecordType } from '../schema/catalogue.ts';
import type { ColumnValue } from '../schema/filter.ts';
import { allOf, anyOf, EVERY, type Filter, not } from '../schema/filter.ts';
import type { Gate } from '../schema/gate.ts';

/** How the subject of a row bears on its classes (N1, N2, C1, C2). */
export type Person = 'ORGANISATION' | 'PUBLIC_PERSON' | 'CLOSED_PERSON' | 'PAID_PERSON';

/** The facts of a row on which the class of its fields depends. */
export interface Variant {
  readonly person: Person;
  readonly secret: boolean;
  /** Value of the field of role STATE, for types that have fields with `inState`. */
  readonly state: string | null;
}

/** Documents without a subject are nobody's, and no rule about persons or secrecy touches them. */
const NO_SUBJECT: Variant = { person: 'ORGANISATION', secret: false, state: null };

/** S1 and C1–C3: the class that decides about this field in a row of this variant. `declared` leaves out C1–C3. */
export function classOf(item: Item, variant: Variant, declared: boolean): DisclosureClass {
  const { disclosure } = item;
  const isPerson = variant.person !== 'ORGANISATION';
  const inState = disclosure.inState.find(({ state }) => state === variant.state)?.class;
  const stated = inState ?? (isPerson ? disclosure.individual : undefined) ?? disclosure.class;
  if (declared) return stated;
  const paid = variant.person === 'PAID_PERSON' && PAID.includes(stated) ? 'SUBJECT_AND_SOURCE' : stated;
  const closed = variant.person === 'CLOSED_PERSON' && (paid === 'OPEN' || paid === 'OPEN_MASKED') ? 'BY_AUTHORIZATION' : paid;
  return variant.secret && SECRET.includes(closed) ? 'SHARED_BY_DUTY' : closed;
}

const PAID: readonly DisclosureClass[] = ['OPEN', 'OPEN_MASKED', 'SHARED', 'SHARED_BY_DUTY', 'BY_AUTHORIZATION'];
const SECRET: readonly DisclosureClass[] = ['OPEN', 'OPEN_MASKED', 'SHARED'];

/** The variant of a stored row. An empty column counts as the more closed case. */
export function variantOf(
  type: RecordType,
  row: { readonly gate?: Gate | undefined; readonly columns: Readonly<Record<string, ColumnValue>> },
): Variant {
  if (type.kind === 'catalogue') return NO_SUBJECT;
  const { gate } = row;
  const state = row.columns.state;
  return {
    person: personOf(gate),
    secret: gate?.secrecy !== 'NONE',
    state: typeof state === 'string' && statesOf(type).includes(state) ? state : null,
  };
}

function personOf(gate: Gate | undefined): Person {
  if (gate?.subjectKind === 'ENTERPRISE' || gate?.subjectKind === 'NON_ENTERPRISE_ORG') return 'ORGANISATION';
  if (gate?.exception === 'PAYMENT') return 'PAID_PERSON';
  return gate?.subjectKind === 'INDIVIDUAL' && gate.exception === 'PUBLIC' ? 'PUBLIC_PERSON' : 'CLOSED_PERSON';
}

/** Facts of a row of this variant, by which the rows of a filter can be told that no such row can be among them. */
export function exampleOf({ person, secret }: Variant): Pick<Gate, 'subjectKind' | 'exception' | 'secrecy'> {
  return {
    subjectKind: person === 'ORGANISATION' ? 'ENTERPRISE' : 'INDIVIDUAL',
    exception: person === 'PAID_PERSON' ? 'PAYMENT' : person === 'PUBLIC_PERSON' ? 'PUBLIC' : 'NONE',
    secrecy: secret ? 'TRADE_SECRET' : 'NONE',
  };
}

/** Every variant that rows of this type can have, each with the filter that tells its rows. */
export function variantsOf(type: RecordType): readonly { readonly variant: Variant; readonly rows: Filter }[] {
  if (type.kind === 'catalogue') return [{ variant: NO_SUBJECT, rows: EVERY }];
  const organisation: Filter = { op: 'in', field: 'gate.subjectKind', values: ['ENTERPRISE', 'NON_ENTERPRISE_ORG'] };
  const paid: Filter = { op: 'eq', field: 'gate.exception', value: 'PAYMENT' };
  const exempt: Filter = allOf(
    { op: 'eq', field: 'gate.subjectKind', value: 'INDIVIDUAL' },
    { op: 'eq', field: 'gate.exception', value: 'PUBLIC' },
  );
  const plain: Filter = { op: 'eq', field: 'gate.secrecy', value: 'NONE' };
  const persons: readonly [Person, Filter][] = [
    ['ORGANISATION', organisation],
    ['PAID_PERSON', allOf(not(organisation), paid)],
    ['PUBLIC_PERSON', exempt],
    ['CLOSED_PERSON', allOf(not(organisation), not(paid), not(exempt))],
  ];
  const states = statesOf(type);
  const inStates: readonly [string | null, Filter][] = [
    ...states.map((state): [string, Filter] => [state, { op: 'eq', field: 'column.state', value: state }]),
    [null, states.length === 0 ? EVERY : not(anyOf({ op: 'in', field: 'column.state', values: states }))],
  ];
  return persons.flatMap(([person, who]) =>
    [false, true].flatMap((secret) =>
      inStates.map(([state, where]) => ({ variant: { person, secret, state }, rows: allOf(who, secret ? not(plain) : plain, where) })),
    ),
  );
}

/** States of which some field of the type speaks. */
function statesOf(type: RecordType): readonly string[] {
  const known = STATES.get(type);
  if (known) return known;
  const all = (items: readonly Item[]): readonly string[] =>
    items.flatMap((item) => [...item.disclosure.inState.map(({ state }) => state), ...all(item.fields)]);
  const states = [...new Set(all(type.items))];
  STATES.set(type, states);
  return states;
}
const STATES = new WeakMap<RecordType, readonly string[]>();
