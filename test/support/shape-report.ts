/** The shapes in which every end-to-end test is run, and what stands behind the address that it asks. */
export const SHAPES = {
  embedded: 'one hub',
  workers: 'two whole hubs over one store, requests by turns',
  distributed: 'a gateway and every subgraph, over HTTP',
} as const;
export type Shape = keyof typeof SHAPES;

/** A test of which more is said than its number. */
export interface Named {
  readonly test: string;
  /** Of one that is skipped. */
  readonly why: string;
}
export interface Outcome {
  readonly shape: Shape;
  readonly store: string;
  readonly files: number;
  readonly passed: number;
  readonly failed: readonly Named[];
  readonly skipped: readonly Named[];
}

export const SHAPE_NAMES = Object.keys(SHAPES).filter(isShape);

export function isShape(name: string): name is Shape {
  return Object.hasOwn(SHAPES, name);
}

export function printTable(outcomes: readonly Outcome[]): string {
  return tableOf(outcomes.map(rowOf));
}

/** The text of docs/shapes.md; a shape that was not run keeps the rows that it had before. */
export function printReport(outcomes: readonly Outcome[], before: string): string {
  const sections = before.split('\n## ');
  const rows = (section: number, of: (outcome: Outcome) => readonly string[]) =>
    SHAPE_NAMES.flatMap((shape) => {
      const outcome = outcomes.find((candidate) => candidate.shape === shape);
      return outcome ? of(outcome) : rowsBefore(shape, sections[section]);
    });
  return `# Shapes

The end-to-end tests (\`test/e2e\`) with every hub in each shape in which it is operated. Made by \`npm run test:shapes\`.

${tableOf(rows(0, (outcome) => [rowOf(outcome)]))}

## Failed

${listOf(['test'], rows(1, failedRows))}

## Skipped

${listOf(['test', 'why'], rows(2, skippedRows))}

## Not run

- The same tests at length (\`HUB_TEST_LONG\`, which \`npm run test:long\` sets) in another shape than the embedded one.
- Workers as processes: here they are hubs of their own in one process, because tests set the clock. As processes they are run by \`test/cli/workers.test.ts\`, and the parts of a hub by \`test/e2e/distributed.test.ts\`.
- More than one MongoDB: the server is a replica set of a single member. \`test/faults\` takes members away from a set of three.
- What runs processes of its own, whatever the shape: \`distributed\`, \`samples\` and \`telemetry\`.
`;
}

function rowsBefore(shape: Shape, section = ''): readonly string[] {
  return section.split('\n').filter((line) => line.startsWith(`| ${shape} |`));
}

function tableOf(rows: readonly string[]): string {
  return ['| shape | behind its address | store | files | passed | failed | skipped |', '|---|---|---|---:|---:|---:|---:|', ...rows].join(
    '\n',
  );
}

function rowOf({ shape, store, files, passed, failed, skipped }: Outcome): string {
  return `| ${shape} | ${SHAPES[shape]} | ${store} | ${files} | ${passed} | ${failed.length} | ${skipped.length} |`;
}

function listOf(columns: readonly string[], rows: readonly string[]): string {
  if (rows.length === 0) return 'None.';
  return [`| shape | ${columns.join(' | ')} |`, `|---|${columns.map(() => '---|').join('')}`, ...rows].join('\n');
}

function failedRows({ shape, failed }: Outcome): readonly string[] {
  return failed.map(({ test }) => `| ${shape} | ${inCell(test)} |`);
}

function skippedRows({ shape, skipped }: Outcome): readonly string[] {
  return skipped.map(({ test, why }) => `| ${shape} | ${inCell(test)} | ${inCell(why)} |`);
}

function inCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
