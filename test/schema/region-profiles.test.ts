import { describe, expect, it } from '@jest/globals';
import { readRegionProfiles } from '../../schema/read-region-profiles.ts';
import { profileOf, type RegionProfiles, SHIPPED_REGIONS } from '../../schema/region-profiles.ts';

function read(given: unknown): RegionProfiles {
  const found = readRegionProfiles(given, SHIPPED_REGIONS);
  if (!('profiles' in found)) throw new Error(found.faults.join('\n'));
  return found.profiles;
}

describe('the shipped region profiles', () => {
  it.each([
    ['河南', '411502', { simpleProcedure: 'INDIVIDUALS', afterExpiry: 'ARCHIVE', individualsPublic: 'BY_LAW_OR_CONSENT' }],
    ['山东', '370000', { simpleProcedure: 'ALL', afterExpiry: 'REMOVE', individualsPublic: 'BY_LAW' }],
    ['辽宁', '210500', SHIPPED_REGIONS.fallback],
    ['a region without a profile', '440300', SHIPPED_REGIONS.fallback],
    ['no region at all', null, SHIPPED_REGIONS.fallback],
  ] as const)('say what %s decides', (_name, code, expected) => {
    expect(profileOf(SHIPPED_REGIONS, code)).toMatchObject(expected);
  });
});

describe('an operator’s region profiles', () => {
  it('change the shipped ones where they say so, and nowhere else', () => {
    const profiles = read({ fallback: { maxDisclosureYears: 3 }, regions: [{ prefix: '37', publishMinor: true }] });
    expect(profileOf(profiles, '370000')).toEqual({ ...profileOf(SHIPPED_REGIONS, '370000'), publishMinor: true, maxDisclosureYears: 3 });
    expect(profileOf(profiles, '410000')).toEqual({ ...profileOf(SHIPPED_REGIONS, '410000'), maxDisclosureYears: 3 });
    expect(profiles.regions.map(({ name }) => name)).toEqual(SHIPPED_REGIONS.regions.map(({ name }) => name));
  });

  it('add regions, whose settings stand over those of the regions that they lie in', () => {
    const profiles = read({
      regions: [
        { prefix: '411502', name: '浉河', publishWithin: 3 },
        { prefix: '4115', name: '信阳', publishMinor: true, publishWithin: 5 },
      ],
    });
    expect(profileOf(profiles, '411502')).toMatchObject({ simpleProcedure: 'INDIVIDUALS', publishMinor: true, publishWithin: 3 });
    expect(profileOf(profiles, '411503')).toMatchObject({ simpleProcedure: 'INDIVIDUALS', publishMinor: true, publishWithin: 5 });
    expect(profileOf(profiles, '411600')).toEqual(profileOf(SHIPPED_REGIONS, '411600'));
  });

  it('may say nothing', () => {
    expect(read({})).toEqual(SHIPPED_REGIONS);
  });

  it('are refused with every fault at once', () => {
    const { faults } = readRegionProfiles(
      {
        fallback: { publishMinor: 'yes', hideDuringObjections: true },
        regions: [
          { prefix: '4', name: '无', afterExpiry: 'DELETE' },
          { prefix: '4401', maxDisclosureYears: 0, publishWithin: 2.5 },
          { prefix: '41', grantReplyWithin: 61 },
          { prefix: '41' },
          '21',
        ],
        default: {},
      },
      SHIPPED_REGIONS,
    );
    expect(faults).toEqual([
      'does not know "default"',
      'fallback: publishMinor has to be true or false',
      'fallback: does not know "hideDuringObjections"',
      'region 1: prefix has to be two, four or six digits of a region code',
      'region 1: afterExpiry has to be one of ARCHIVE, REMOVE',
      'region 2: needs a name',
      'region 2: maxDisclosureYears has to be a whole number from 1 to 10',
      'region 2: publishWithin has to be a whole number from 1 to 60',
      'region 3: grantReplyWithin has to be a whole number from 1 to 60',
      'region 5: has to be an object',
      'regions names the prefix "41" twice',
    ]);
  });

  it.each([[[]], [null], ['{}'], [{ regions: {} }], [{ fallback: [] }]])('of another shape (%j) are refused', (given) => {
    expect(readRegionProfiles(given, SHIPPED_REGIONS).faults).toHaveLength(1);
  });
});
