import { spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAULTS, type PlantedFault } from './faults.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const COPIED = [
  'schema',
  'auth',
  'store',
  'changes',
  'subgraphs',
  'gateway',
  'cli',
  'test',
  'samples',
  'deploy',
  'package.json',
  'tsconfig.json',
  'jest.config.js',
  'README.md',
  'README.zh-CN.md',
];
const LONG = process.env.HUB_TEST_LONG !== undefined;

describe('a planted fault', () => {
  it.each(FAULTS)('has its place in the product: $name', async ({ file, find }) => {
    expect((await readFile(join(ROOT, file), 'utf8')).split(find)).toHaveLength(2);
  });
});

// Each runs a suite of its own in a copy of the product; together they take minutes.
(LONG ? describe : describe.skip)('the suites', () => {
  let copy: string;
  const results: string[] = [];
  /** Whether a test passes without a fault, by the test. */
  const known = new Map<string, boolean>();
  beforeAll(async () => {
    copy = await mkdtemp(join(tmpdir(), 'hub-planted-'));
    for (const part of COPIED) await cp(join(ROOT, part), join(copy, part), { recursive: true });
    await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(async () => {
    await rm(copy, { recursive: true, force: true });
    await writeFile(join(ROOT, 'docs/planted-faults.md'), table(results));
  });

  it.each(FAULTS)(
    'catch: $name',
    async (fault) => {
      const file = join(copy, fault.file);
      const original = await readFile(file, 'utf8');
      const { test } = fault;
      const key = JSON.stringify(test);
      const sound = known.get(key) ?? passes(copy, fault);
      known.set(key, sound);
      await writeFile(
        file,
        original.replace(fault.find, () => fault.replace),
      );
      const faulty = passes(copy, fault);
      await writeFile(file, original);
      const where = `\`${test.file}\`${test.name ? ` – ${test.name.replaceAll('|', '\\|')}` : ''}`;
      results.push(
        `| ${fault.name} | \`${fault.file}\` | ${where} | ${sound ? 'passes' : 'FAILS'} | ${faulty ? 'NOT CAUGHT' : 'caught'} |`,
      );
      expect({ sound, faulty }).toEqual({ sound: true, faulty: false });
    },
    400_000,
  );
});

function passes(folder: string, { test }: PlantedFault): boolean {
  const { HUB_TEST_LONG: _long, ...env } = process.env;
  const argv = [
    '--experimental-vm-modules',
    'node_modules/jest/bin/jest.js',
    '--rootDir',
    folder,
    test.file,
    ...(test.name ? ['-t', test.name] : []),
  ];
  return spawnSync(process.execPath, argv, { cwd: folder, env, timeout: 200_000 }).status === 0;
}

function table(results: readonly string[]): string {
  return [
    '# Planted faults',
    '',
    'Deliberate faults, each planted into a copy of the product, and whether the named test catches it. Made by `npm run test:long -- test/planted`; the faults stand in `test/planted/faults.ts`.',
    '',
    '| fault | file | test | without the fault | with the fault |',
    '|---|---|---|---|---|',
    ...results,
    '',
  ].join('\n');
}
