import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './support/command.ts';
import { startMongod } from './support/mongod.ts';
import { isShape, type Named, type Outcome, printReport, printTable, SHAPE_NAMES, type Shape } from './support/shape-report.ts';

// npm run test:shapes -- [embedded|workers|distributed ...] [-- test files]: the end-to-end tests with every hub in each shape.
// Without files, what came of it is written to docs/shapes.md.

const FILE = join(ROOT, 'docs/shapes.md');

/** What jest writes with `--json`, as far as it is read here. */
interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

const { shapes, files } = readArguments(process.argv.slice(2));
const outcomes: Outcome[] = [];
for (const shape of shapes) {
  const outcome = await (shape === 'workers' ? runOnMongodb(shape) : runOnFiles(shape));
  outcomes.push(outcome);
  console.log(`${shape}: ${outcome.passed} passed, ${outcome.failed.length} failed, ${outcome.skipped.length} skipped`);
}
console.log(printTable(outcomes));
for (const { shape, failed } of outcomes) for (const { test } of failed) console.log(`FAILED (${shape}): ${test}`);
if (files.length === 0) writeFileSync(FILE, printReport(outcomes, existsSync(FILE) ? readFileSync(FILE, 'utf8') : ''));
process.exitCode = outcomes.every(({ passed, failed }) => passed > 0 && failed.length === 0) ? 0 : 1;

function readArguments(args: readonly string[]): { readonly shapes: readonly Shape[]; readonly files: readonly string[] } {
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const named = args.slice(0, end);
  const unknown = named.find((name) => !isShape(name));
  if (unknown !== undefined) {
    console.error(`没有这种形态 / there is no shape ${unknown}: ${SHAPE_NAMES.join(', ')}`);
    process.exit(2);
  }
  return { shapes: named.length > 0 ? named.filter(isShape) : SHAPE_NAMES, files: args.slice(end + 1) };
}

async function runOnFiles(shape: Shape): Promise<Outcome> {
  return outcomeOf(shape, `SQLite ${process.versions.sqlite}`, runJest({ HUB_TEST_SHAPE: shape }));
}

async function runOnMongodb(shape: Shape): Promise<Outcome> {
  const server = await startMongod();
  if (!server) {
    console.error('没有可用的 MongoDB / there is no MongoDB here: MONGODB_URL, mongod on the path, or .ci/fetch-mongod');
    process.exit(1);
  }
  try {
    return outcomeOf(shape, `MongoDB ${server.version}`, runJest({ HUB_TEST_SHAPE: shape, HUB_TEST_STORE: server.url }));
  } finally {
    await server.stop();
  }
}

function runJest(env: Readonly<Record<string, string>>): JestReport {
  const folder = mkdtempSync(join(tmpdir(), 'hub-shapes-'));
  const report = join(folder, 'report.json');
  try {
    const options = ['--testTimeout=120000', '--json', `--outputFile=${report}`];
    const jest = ['--experimental-vm-modules', join(ROOT, 'node_modules/jest/bin/jest.js'), ...options];
    // Standard output would be the report once more.
    spawnSync(process.execPath, [...jest, ...(files.length > 0 ? files : ['test/e2e'])], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    });
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function outcomeOf(shape: Shape, store: string, { testResults }: JestReport): Outcome {
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const named = (status: string) => tests.filter((test) => test.status === status).map(({ fullName }) => nameOf(fullName));
  // A file that could not be run has no tests.
  const broken = testResults.filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0);
  return {
    shape,
    store,
    files: testResults.length,
    passed: named('passed').length,
    failed: [...named('failed'), ...broken.map(({ name }) => nameOf(name.slice(ROOT.length)))],
    skipped: [...named('pending'), ...named('todo')],
  };
}

/** A test that is skipped says why in brackets at the end of its name. */
function nameOf(fullName: string): Named {
  const [, test = fullName, why = ''] = /^(.+) \[(.+)\]$/.exec(fullName) ?? [];
  return { test, why };
}
