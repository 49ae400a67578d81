import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { copyTree, ROOT, run } from './support/command.ts';

const FOLDERS = ['schema', 'auth', 'store', 'changes', 'subgraphs', 'gateway', 'cli', 'deploy', 'test', 'bench'].filter((name) =>
  existsSync(join(ROOT, name)),
);
const CONFIG = '.dependency-cruiser.cjs';

/** Rule and file of each violation that the import check finds in a tree. */
async function violations(root: string): Promise<readonly (readonly [string, string])[]> {
  const cruiser = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');
  const { stdout, stderr } = await run([cruiser, '--config', CONFIG, '--output-type', 'json', ...FOLDERS], { root });
  if (stderr !== '') throw new Error(stderr);
  const { summary } = JSON.parse(stdout);
  return summary.violations.map(({ rule, from }: { rule: { name: string }; from: string }) => [rule.name, from] as const);
}

it('the import check finds nothing in this tree', async () => {
  expect(await violations(ROOT)).toEqual([]);
}, 30_000);

describe('the import check', () => {
  const PLANTED: readonly (readonly [string, string, string, string])[] = [
    ['a gateway file that imports a store', 'gateway/planted.ts', '../store/port.ts', 'gateway-imports-down'],
    ['a gateway file that imports a subgraph', 'gateway/planted-too.ts', '../subgraphs/kit/row.ts', 'gateway-imports-down'],
    ['a schema file that imports auth', 'schema/planted.ts', '../auth/policy.ts', 'schema-imports-down'],
    ['an auth file that imports a store', 'auth/planted.ts', '../store/port.ts', 'auth-imports-down'],
    ['a store file that imports auth', 'store/planted.ts', '../auth/principal.ts', 'store-imports-down'],
    [
      'a subgraph that imports an adapter of the store',
      'subgraphs/lists/planted.ts',
      '../../store/sqlite/rows.ts',
      'subgraphs-imports-down',
    ],
    ['a subgraph that imports the gateway', 'subgraphs/lists/planted-too.ts', '../../gateway/door.ts', 'subgraphs-imports-down'],
    ['a subgraph that imports another one', 'subgraphs/lists/planted-three.ts', '../subjects/directory.ts', 'no-other-subgraph'],
    ['a kit file that imports a subgraph', 'subgraphs/kit/planted.ts', '../subjects/directory.ts', 'kit-below-subgraphs'],
    ['a type alone, from where none may come', 'gateway/planted-type.ts', '../store/port.ts', 'gateway-imports-down'],
    ['a database driver outside its adapter', 'cli/planted.ts', 'node:sqlite', 'driver-in-its-adapter'],
    ['a file that is not there', 'cli/planted-too.ts', './nowhere.ts', 'resolvable'],
    ['a circle', 'schema/planted-circle.ts', './planted-circle-back.ts', 'no-circles'],
  ];
  let folder: string;
  let found: readonly (readonly [string, string])[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-imports-'));
    const tree = join(folder, 'tree');
    await copyTree(tree, FOLDERS, [CONFIG, 'package.json', 'tsconfig.json']);
    for (const [what, file, imported] of PLANTED) {
      const statement = what.startsWith('a type alone')
        ? `import type { Store } from '${imported}';\nexport type Planted = Store;\n`
        : `import '${imported}';\n`;
      await writeFile(join(tree, file), statement);
    }
    await writeFile(join(tree, 'schema/planted-circle-back.ts'), "import './planted-circle.ts';\n");
    found = await violations(tree);
  }, 30_000);
  afterAll(() => rm(folder, { recursive: true }));

  it.each(PLANTED)('refuses %s', (_what, file, _imported, rule) => {
    const inside = file.slice(0, -'.ts'.length);
    expect(found.filter(([name, from]) => name === rule && from.startsWith(inside))).not.toEqual([]);
  });

  it('blames no file but the planted ones', () => {
    expect(found.filter(([, file]) => !file.includes('planted'))).toEqual([]);
  });
});
