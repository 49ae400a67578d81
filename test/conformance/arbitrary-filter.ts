import fc from 'fast-check';
import type { FieldName, Filter, Operand, Value } from '../../schema/filter.ts';
import { STATUSES } from '../../schema/gate.ts';
import type { Order, Put } from '../../store/port.ts';
import { penalty } from './documents.ts';

/** Few characters, so that texts meet each other; among them all that a store may take for something else. */
const CHARACTERS = [
  'a',
  'b',
  'B',
  '1',
  '%',
  '_',
  '*',
  "'",
  '"',
  '\\',
  '\n',
  '\0',
  ' ',
  '中',
  '\ud7ff',
  '\ue000',
  '（',
  '\uffff',
  '𠮷',
  '\u{10ffff}',
];
const NUMBERS = [-2, -1, 0, 1, 2, 10, 2 ** 40];

const FIELDS: readonly FieldName[] = [
  'key',
  'gate.subjectId',
  'gate.parties',
  'gate.status',
  'gate.publishedFrom',
  'gate.heldByBlack',
  'gate.objection',
  'column.documentNo',
  'column.amount',
  'column.tags',
  'column.unknown',
];
const ORDERED: readonly FieldName[] = ['key', 'gate.subjectId', 'gate.status', 'column.documentNo', 'column.amount'];

const text = fc.array(fc.constantFrom(...CHARACTERS), { maxLength: 3 }).map((characters) => characters.join(''));
const texts = fc.array(text, { maxLength: 3 });
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { freq: 3 });

/** Penalties with values that are often equal and often missing. */
export const somePenalties: fc.Arbitrary<readonly Put[]> = fc.uniqueArray(
  fc
    .record({
      key: text,
      subjectId: maybe(text),
      parties: texts,
      status: maybe(fc.constantFrom(...STATUSES)),
      publishedFrom: maybe(text),
      heldByBlack: maybe(fc.boolean()),
      objection: maybe(fc.boolean()),
      documentNo: maybe(text),
      amount: maybe(fc.constantFrom(...NUMBERS)),
      tags: maybe(texts),
    })
    .map(({ key, documentNo, amount, tags, ...gate }) => penalty(key, { gate, columns: { documentNo, amount, tags } })),
  { maxLength: 14, selector: ({ key }) => key },
);

const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 3, arbitrary: text },
  fc.constantFrom(...STATUSES),
  fc.constantFrom(...NUMBERS, 0.5),
  fc.boolean(),
);
/** Half a surrogate pair equals no text that a store can hold. */
const anyValue: fc.Arbitrary<Value> = fc.oneof({ weight: 12, arbitrary: value }, fc.constantFrom('\ud800', 'a\udc00'));
const orUnbound = (values: fc.Arbitrary<Value>): fc.Arbitrary<Operand> =>
  fc.oneof({ weight: 12, arbitrary: values }, fc.constant({ param: 'unbound' }));
const field = fc.constantFrom(...FIELDS);

/** Every sort of filter, also those that can hold for nothing. */
export const someFilter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter; part: Filter; test: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    { weight: 2, arbitrary: tie('test') },
    { weight: 3, arbitrary: tie('part') },
  ),
  part: fc.oneof(
    fc.record({ op: fc.constantFrom('all', 'any'), of: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ op: fc.constant('not'), of: tie('filter') }),
  ),
  test: fc.oneof(
    { weight: 4, arbitrary: fc.record({ op: fc.constantFrom('gt', 'gte', 'lt', 'lte', 'startsWith'), field, value: orUnbound(value) }) },
    { weight: 2, arbitrary: fc.record({ op: fc.constantFrom('eq', 'has'), field, value: orUnbound(anyValue) }) },
    fc.record({ op: fc.constant('in'), field, values: fc.array(anyValue, { maxLength: 4 }) }),
    fc.record({ op: fc.constant('present'), field }),
  ),
})).filter;

export const someOrder: fc.Arbitrary<readonly Order[]> = fc.uniqueArray(
  fc.record({ field: fc.constantFrom(...ORDERED), direction: fc.constantFrom('ASC', 'DESC') }),
  { maxLength: 3, selector: (order) => order.field },
);
