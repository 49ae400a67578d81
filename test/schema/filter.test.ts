import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  allOf,
  anyOf,
  anyOfLargest,
  bind,
  bindShared,
  compileFilter,
  type Filter,
  matches,
  type Params,
  simplified,
} from '../../schema/filter.ts';
import { someFilter, somePenalties } from '../conformance/arbitrary-filter.ts';

const someParams: fc.Arbitrary<Params> = fc.constantFrom<Params>(
  {},
  { unbound: 'a' },
  { unbound: null },
  { unbound: 1 },
  { unbound: true },
);

describe('a filter', () => {
  it('means the same when it is compiled', () => {
    fc.assert(
      fc.property(someFilter, somePenalties, someParams, (filter, rows, params) => {
        const compiled = compileFilter(filter);
        for (const row of rows) expect(compiled(row, params)).toBe(matches(filter, row, params));
      }),
    );
  });

  it('means the same when its parameters are bound, and gives one object under the same values', () => {
    fc.assert(
      fc.property(someFilter, somePenalties, fc.array(someParams, { minLength: 1, maxLength: 3 }), (filter, rows, uses) => {
        for (const params of uses) {
          const bound = bindShared(filter, params);
          expect(bound).toEqual(bind(filter, params));
          expect(bindShared(filter, params)).toBe(bound);
          for (const row of rows) expect(matches(bound, row)).toBe(matches(filter, row, params));
        }
      }),
    );
  });

  it('means the same without the parts of a disjunction that another part holds already', () => {
    const somePart = fc.array(someFilter, { minLength: 1, maxLength: 3 }).map((parts) => allOf(...parts));
    const overlapping = fc.tuple(fc.array(somePart, { maxLength: 3 }), someFilter).map(([parts, more]): readonly Filter[] => {
      const [first] = parts;
      return first ? [...parts, allOf(first, more), first] : parts;
    });
    fc.assert(
      fc.property(overlapping, somePenalties, (parts, rows) => {
        for (const row of rows) expect(matches(anyOfLargest(...parts), row)).toBe(matches(anyOf(...parts), row));
      }),
    );
  });

  it('means the same when it is simplified', () => {
    const nested = fc.array(someFilter, { minLength: 1, maxLength: 4 }).map((parts): Filter => {
      const [first = parts[0]] = parts;
      return first
        ? allOf(...parts, { op: 'not', of: allOf(...parts.slice(1), { op: 'any', of: parts }) }, anyOf(first, ...parts))
        : allOf();
    });
    fc.assert(
      fc.property(fc.oneof(someFilter, nested), somePenalties, someParams, (filter, rows, params) => {
        for (const row of rows) expect(matches(simplified(filter), row, params)).toBe(matches(filter, row, params));
      }),
      { numRuns: 500 },
    );
  });

  it('asks nothing twice when it is simplified', () => {
    const published: Filter = { op: 'eq', field: 'gate.status', value: 'PUBLISHED' };
    const known: Filter = { op: 'present', field: 'gate.region' };
    const held: Filter = { op: 'eq', field: 'gate.heldByBlack', value: true };
    const someStatus: Filter = { op: 'in', field: 'gate.status', values: ['PUBLISHED', 'RETURNED'] };
    const asked = allOf(
      known,
      published,
      someStatus,
      known,
      { op: 'not', of: allOf(known, held) },
      { op: 'present', field: 'gate.status' },
    );
    expect(simplified(asked)).toEqual({ op: 'all', of: [known, published, { op: 'not', of: held }] });
  });

  it('asks only for the larger of two parts', () => {
    const published: Filter = { op: 'eq', field: 'gate.status', value: 'PUBLISHED' };
    const disputed: Filter = { op: 'eq', field: 'gate.objection', value: true };
    expect(anyOfLargest(allOf(published, disputed), published, disputed, published)).toEqual({ op: 'any', of: [published, disputed] });
  });
});
