import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { readCatalogueFiles } from '../../cli/catalogue-files.ts';
import { parametersPage } from '../../cli/generate/parameters.ts';
import { HEADER_SDL, readCatalogue } from '../../schema/read-catalogue.ts';
import { REGION_SETTINGS } from '../../schema/region-profiles.ts';
import { ROOT } from '../support/command.ts';

const PAGE = parametersPage(readCatalogue(readCatalogueFiles({})));
const rows = PAGE.split('\n').flatMap((line) =>
  line.startsWith('| ')
    ? [
        line
          .slice(2, -2)
          .split(' | ')
          .map((cell) => cell.trim()),
      ]
    : [],
);
const deadlines = rows.filter(([code]) => code?.startsWith('DL-'));

/** Everything that the product runs, but for the page itself. */
const SOURCES = ['auth', 'cli', 'gateway', 'schema', 'store', 'subgraphs']
  .flatMap((folder) => readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)))
  .filter((path) => path.endsWith('.ts') && !path.includes('generate/parameter'))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');

function named(pattern: RegExp): readonly string[] {
  return [...new Set([...PAGE.matchAll(pattern)].map(([, name]) => name ?? ''))];
}

describe('the page of policy parameters', () => {
  it('is the one in docs', () => {
    expect(readFileSync(join(ROOT, 'docs/parameters.md'), 'utf8')).toBe(PAGE);
  });

  it.each([
    'region profile',
    'publicity switches by record type',
    'severity tiers',
    'start of publicity',
    'minor publicity',
    'maxDisclosureYears',
    'expiry policy',
    'hideFromPublicDuringObjection',
    'deadlines',
    'list catalogue and terms',
    'measure catalogue and legal bases',
    'repair rules',
    'voucher maxima',
    'masking patterns',
    'evaluation public rule',
    'reporting duties',
    'KPI targets',
    'log retention',
    'recognised regions for reports',
    'replay window',
    'cryptographic suite',
  ])('says of the parameter "%s" in Chinese where it is set, or that its part is not there', (name) => {
    const [chinese, , usual, place] = rows.find(([, english]) => english === name) ?? [];
    expect(chinese).toMatch(/\p{Script=Han}/u);
    expect(place).toMatch(/地区参数|环境变量|目录文档|SDL|固定于|尚无|见下表/);
    expect(usual === '').toBe(place?.startsWith('尚无'));
  });

  it('holds every deadline of the domain reference', () => {
    const codes = '01 01b 01c 02 03 05 06 07 08 09 10 11 12 13 14 15 15x 16 17 18 19 20 21 22 23 24 25 26 27 28 30 31 32 33 40';
    expect(deadlines.map(([code]) => code)).toEqual(codes.split(' ').map((code) => `DL-${code}`));
  });

  it('calls a deadline absent exactly where no code keeps it', () => {
    const kept = new Set(SOURCES.match(/DL-\d+[a-z]?/g));
    const set = deadlines.filter(([, , , , place]) => !place?.startsWith('尚无')).map(([code]) => code);
    expect(set.filter((code) => code !== 'DL-40')).toEqual([...kept].sort());
  });

  it('names variables, files, directives and settings that there are', () => {
    const variables = named(/环境变量 `(\w+)`/g);
    expect(variables).toEqual(expect.arrayContaining(['HUB_REGION_PROFILES', 'HUB_ACCESS_LOG_YEARS']));
    expect(variables.filter((name) => !SOURCES.includes(name))).toEqual([]);
    expect(named(/固定于 `([^`]+)`/g).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    const args = named(/SDL `@\w+\(([^)]*)\)`/g).flatMap((list) => [...list.matchAll(/(\w+):/g)].map(([, name]) => name));
    expect(args.filter((name) => !new RegExp(`\\b${name}: `).test(HEADER_SDL))).toEqual([]);
    expect(named(/地区参数 `(\w+)`/g).filter((name) => !Object.hasOwn(REGION_SETTINGS, name))).toEqual([]);
  });

  it.each([
    ['publishMinor', 'false', 'false', 'false', 'false', 'false'],
    ['hideDuringObjection', 'false', 'false', 'false', 'false', 'false'],
    ['afterExpiry', 'ARCHIVE', 'ARCHIVE', 'REMOVE', 'ARCHIVE', 'ARCHIVE'],
    ['maxDisclosureYears', '5', '5', '5', '5', '5'],
    ['simpleProcedure', 'PUBLISHED_AS_MINOR', 'INDIVIDUALS', 'ALL', 'PUBLISHED_AS_MINOR', 'PUBLISHED_AS_MINOR'],
    ['individualsPublic', 'BY_LAW_OR_CONSENT', 'BY_LAW_OR_CONSENT', 'BY_LAW', 'BY_LAW_OR_CONSENT', 'BY_LAW_OR_CONSENT'],
    ['publishWithin', '7', '7', '7', '7', '7'],
    ['grantReplyWithin', '10', '10', '10', '10', '10'],
  ])('says what regions decide of %s', (name, ...values) => {
    const [, , , ...cells] = rows.find(([first]) => first === `\`${name}\``) ?? [];
    expect(cells.slice(0, -1)).toEqual(values);
  });

  it('says what regions decide of nothing else', () => {
    expect(Object.keys(REGION_SETTINGS)).toHaveLength(8);
  });
});
