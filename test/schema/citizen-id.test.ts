import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findCitizenIds, isCitizenId, normaliseCitizenId } from '../../schema/citizen-id.ts';

/** Written after the standard and not after our code. */
function checked(body: string): string {
  const sum = [...body].reduce((total, digit, place) => total + Number(digit) * (2 ** (17 - place) % 11), 0);
  return body + '10X98765432'.charAt(sum % 11);
}

const digits = (length: number) => fc.stringMatching(new RegExp(`^[0-9]{${length}}$`));
const birthday = fc
  .date({ min: new Date('1900-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((day) => day.toISOString().slice(0, 10).replaceAll('-', ''));
const citizenId = fc.tuple(digits(5), birthday, digits(3)).map(([region, born, order]) => checked(`4${region}${born}${order}`));

describe('a citizen identity number', () => {
  it.each([
    ['11010519491231002X', true],
    ['11010519491231002x', true],
    ['411502199001011237', true],
    ['４１１５０２１９９００１０１１２３７', true],
    [' 411502 19900101 1237 ', true],
    ['110105491231002', true],
    ['411502199001011238', false],
    [checked('41150219900230123'), false],
    [checked('41150229900101123'), false],
    ['110105491331002', false],
    ['011010519491231002', false],
    ['91411502MA4TE5T058', false],
    ['', false],
  ])('%p: %s', (text, valid) => expect(isCitizenId(text)).toBe(valid));

  it('is accepted with every date of three centuries', () => {
    fc.assert(fc.property(citizenId, (number) => expect(isCitizenId(number)).toBe(true)));
  });

  it('is refused with any one digit wrong', () => {
    fc.assert(
      fc.property(citizenId, fc.nat(16), fc.integer({ min: 1, max: 9 }), (number, place, step) => {
        const wrong = [...number].with(place, String((Number(number[place]) + step) % 10)).join('');
        expect(isCitizenId(wrong)).toBe(false);
      }),
    );
  });

  it.each([
    ['110105491231002', '11010519491231002X'],
    ['１１０１０５４９１２３１００２', '11010519491231002X'],
    ['11010519491231002x', '11010519491231002X'],
    [' 护照 e12345678 ', '护照E12345678'],
    ['110105491331002', '110105491331002'],
  ])('normalises %p to %p', (text, normal) => expect(normaliseCitizenId(text)).toBe(normal));
});

describe('a text', () => {
  it('gives the places of the numbers in it', () => {
    const text = '甲11010519491231002X，乙（４１１５０２１９９００１０１１２３７）；丙411502 19900101 1237';
    expect(findCitizenIds(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      '11010519491231002X',
      '４１１５０２１９９００１０１１２３７',
      '411502 19900101 1237',
    ]);
  });

  it.each(['1411502199001011237', '4115021990010112370', '411502********1237', '411502199001011238', '91411502MA4TE5T058'])(
    'finds none in %s',
    (text) => {
      expect(findCitizenIds(text)).toEqual([]);
    },
  );

  it('gives every number wherever it stands', () => {
    fc.assert(
      fc.property(
        citizenId,
        fc.constantFrom('', '身份证', '（', '100000 ', 'ID'),
        fc.constantFrom('', '。', '）2025年', ' 1'),
        (number, before, after) => {
          const start = before.length;
          expect(findCitizenIds(before + number + after)).toEqual([{ start, end: start + 18 }]);
        },
      ),
    );
  });
});
