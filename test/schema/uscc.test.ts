import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  hasValidOrgCodeCheck,
  hasValidUsccCheck,
  isIndividualBusinessCode,
  isWellFormedUscc,
  kindOfUscc,
  normaliseCode,
  subTypeOfUscc,
  usccCheckDigit,
} from '../../schema/uscc.ts';

const SET = '0123456789ABCDEFGHJKLMNPQRTUWXY';

describe('a unified social credit code', () => {
  it.each([
    ['11370306004220545G', 'NON_ENTERPRISE_ORG', 'STATE_ORGAN'],
    ['91411502MA4TE5T058', 'ENTERPRISE', 'COMPANY'],
    ['92411502MA4TE5T56D', 'ENTERPRISE', 'INDIVIDUAL_BUSINESS'],
    ['93411502MA4TE5TA7J', 'ENTERPRISE', 'COOPERATIVE'],
    ['91411300MAXTE5T160', 'ENTERPRISE', 'COMPANY'],
    ['91370306MA3TE5T2XK', 'ENTERPRISE', 'COMPANY'],
    ['91210500MAXTE5T326', 'ENTERPRISE', 'COMPANY'],
    ['91230109MA1TE5T42F', 'ENTERPRISE', 'COMPANY'],
    ['52411502MJ0TE5T6XH', 'NON_ENTERPRISE_ORG', 'PRIVATE_NON_ENTERPRISE'],
    ['53411300MJ0TE5T94W', 'NON_ENTERPRISE_ORG', 'FOUNDATION'],
    ['12411502MB0TE5T79A', 'NON_ENTERPRISE_ORG', 'PUBLIC_INSTITUTION'],
    ['11411502MB0TE5T878', 'NON_ENTERPRISE_ORG', 'STATE_ORGAN'],
  ])('%s is right in both check characters and belongs to %s as %s', (code, kind, subType) => {
    expect(hasValidUsccCheck(code)).toBe(true);
    expect(hasValidOrgCodeCheck(code.slice(8, 17))).toBe(true);
    expect([kindOfUscc(code), subTypeOfUscc(code)]).toEqual([kind, subType]);
  });

  it.each([
    ['91350100M000100Y4Z', '3', false],
    ['91350100M0001TGQXM', '1', true],
  ])('%s ought to end in %s', (code, check, wellFormed) => {
    expect(usccCheckDigit(code)).toBe(check);
    expect(hasValidUsccCheck(code)).toBe(false);
    expect(isWellFormedUscc(code)).toBe(wellFormed);
    expect(hasValidOrgCodeCheck(code.slice(8, 17))).toBe(true);
  });

  it.each(['', '91411502MA4TE5T05', '91411502MA4TE5T0588', '91411502ma4te5t058', 'O1411502MAJFG9X31N', '9141150IMA4TE5T058'])(
    '%p is malformed',
    (code) => {
      expect(isWellFormedUscc(code)).toBe(false);
    },
  );

  it.each([
    ['13', 'SOCIAL_GROUP'],
    ['51', 'SOCIAL_GROUP'],
    ['31', 'LAW_FIRM'],
    ['N1', 'OTHER'],
    ['94', 'OTHER'],
  ])('with the prefix %s is of the sub-type %s', (prefix, subType) => {
    expect(subTypeOfUscc(`${prefix}411502MA4TE5T05`)).toBe(subType);
  });

  it('of an individual business is told from that of a company', () => {
    expect(isIndividualBusinessCode('92411502MA4TE5T56D')).toBe(true);
    expect(isIndividualBusinessCode('91411502MA4TE5T058')).toBe(false);
  });

  it('fails its check after any one character was mistaken for another', () => {
    const body = fc.array(fc.constantFrom(...SET), { minLength: 17, maxLength: 17 });
    fc.assert(
      fc.property(body, fc.nat(16), fc.constantFrom(...SET), (characters, place, other) => {
        const check = usccCheckDigit(characters.join(''));
        fc.pre(characters[place] !== other);
        expect(usccCheckDigit(characters.with(place, other).join(''))).not.toBe(check);
      }),
    );
  });

  it('is normalised to upper case, half width and no white space around it', () => {
    expect(normaliseCode(' ９１411502ma4te5t058　')).toBe('91411502MA4TE5T058');
  });

  it('has no check character when it holds a foreign one', () => {
    expect(usccCheckDigit('9135010中M000100Y')).toBeUndefined();
  });
});

describe('an organisation code', () => {
  it.each([
    ['MA4TE5T05', true],
    ['MA4TE5T0-5', true],
    ['MA4TE5T06', false],
    ['00422054', false],
    ['ma4te5t05', false],
  ])('%s: %s', (code, valid) => expect(hasValidOrgCodeCheck(code)).toBe(valid));
});
