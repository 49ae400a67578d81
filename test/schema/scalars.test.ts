import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { buildSchema, GraphQLError, type GraphQLScalarType, parseValue } from 'graphql';
import { SCALAR_SDL, SCALARS } from '../../schema/scalars.ts';

function scalar(name: string): GraphQLScalarType {
  const found = SCALARS[name];
  if (!found) throw new Error(`there is no scalar ${name}`);
  return found;
}

describe('an input value', () => {
  it.each([
    ['UnifiedSocialCreditCode', '91411502ma4te5t058', '91411502MA4TE5T058'],
    ['UnifiedSocialCreditCode', '91350100M0001TGQXM', '91350100M0001TGQXM'],
    ['CitizenIdNumber', '110105491231002', '11010519491231002X'],
    ['RegionCode', '411502', '411502'],
    ['IndustryCode', 'c1351', 'C1351'],
    ['IndustryCode', 'C13', 'C13'],
    ['Date', '2024-02-29', '2024-02-29'],
    ['DateTime', '2025-01-13T09:30:00+08:00', '2025-01-13T01:30:00.000Z'],
    ['CnyWan', '22.72', '22.720000'],
    ['CnyWan', 22, '22.000000'],
    ['CnyWan', 22.72, '22.720000'],
    ['Decimal', -0.5, '-0.500000'],
    ['Cursor', 'b3BhcXVl', 'b3BhcXVl'],
    ['RecordType', 'PENALTY', 'PENALTY'],
  ])('of the scalar %s may be %p and becomes %p, as variable and in the document', (name, written, value) => {
    expect(scalar(name).parseValue(written)).toBe(value);
    expect(scalar(name).parseLiteral(parseValue(JSON.stringify(written)), {})).toBe(value);
  });

  it.each([
    ['UnifiedSocialCreditCode', '91350100M000100Y4Z'],
    ['UnifiedSocialCreditCode', 91411502],
    ['CitizenIdNumber', '411502199001011238'],
    ['RegionCode', '41150'],
    ['RegionCode', 411502],
    ['IndustryCode', 'U1351'],
    ['Date', '2025-02-29'],
    ['Date', '2025/01/13'],
    ['DateTime', '2025-01-13T09:31:00'],
    ['DateTime', '2025-02-29T09:30:00Z'],
    ['CnyWan', '1.2345678'],
    ['CnyWan', 0.1 + 0.2],
    ['Decimal', '1e3'],
    ['Decimal', true],
    ['Cursor', 'a'.repeat(5000)],
    ['RecordType', 'penalty'],
  ])('of the scalar %s is refused when it is %p, and the error does not repeat it', (name, written) => {
    for (const coerce of [
      () => scalar(name).parseValue(written),
      () => scalar(name).parseLiteral(parseValue(JSON.stringify(written)), {}),
    ]) {
      const error = failure(coerce);
      expect(error).toBeInstanceOf(GraphQLError);
      expect(String(error)).not.toContain(String(written));
      expect(error?.extensions).toEqual({ code: 'BAD_USER_INPUT' });
    }
  });

  it('that a JSON number cannot hold exactly is refused as a variable and taken from the document', () => {
    expect(() => scalar('CnyWan').parseValue(Number('123456789012.123456'))).toThrow(GraphQLError);
    expect(scalar('CnyWan').parseLiteral(parseValue('123456789012.123456'), {})).toBe('123456789012.123456');
  });

  it('is either taken or refused as a GraphQL error, whatever it is', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.values(SCALARS)), fc.anything(), (type, value) => {
        const error = failure(() => type.parseValue(value));
        expect(error === undefined || error instanceof GraphQLError).toBe(true);
      }),
    );
  });

  it('of any JSON is kept as it is', () => {
    expect(scalar('JSON').parseValue({ a: [1, null] })).toEqual({ a: [1, null] });
    expect(JSON.stringify(scalar('JSON').parseLiteral(parseValue('{ a: [1, null, $b] }'), { b: 'x' }))).toBe('{"a":[1,null,"x"]}');
  });
});

describe('an output value', () => {
  it.each([
    ['CitizenIdNumber', '411502********1237'],
    ['UnifiedSocialCreditCode', '411502********1237'],
    ['Date', '2025-01-13'],
    ['CnyWan', '22.720000'],
  ])('of the scalar %s is answered as it is stored or masked: %s', (name, stored) => expect(scalar(name).serialize(stored)).toBe(stored));

  it('of another type than text is a defect', () => expect(() => scalar('Date').serialize(20250113)).toThrow(GraphQLError));
});

it('every scalar stands in the SDL with its description', () => {
  const built = buildSchema(`${SCALAR_SDL}\ntype Query { it: JSON }`);
  for (const [name, { description }] of Object.entries(SCALARS)) {
    expect(description).toMatch(/\p{Script=Han}.*[a-z]/u);
    expect(built.getType(name)?.description).toBe(description);
  }
});

function failure(run: () => unknown): GraphQLError | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    return error as GraphQLError;
  }
}
