import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/command.ts';
import type { Outcome } from './audit-run.ts';

const FILE = join(ROOT, 'docs/faults.md');

/** Sums of all times that one fault was tried. */
export interface FaultRow {
  readonly fault: string;
  readonly times: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly lost: number;
  readonly wrong: number;
}

export function rowOf(fault: string, outcomes: readonly Outcome[]): FaultRow {
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + of(outcome), 0);
  return {
    fault,
    times: outcomes.length,
    acknowledged: sum(({ acknowledged }) => acknowledged),
    failed: sum(({ failed }) => failed),
    lost: sum(({ lost }) => lost),
    wrong: sum(({ wrong }) => wrong.length),
  };
}

/** Prints the rows, and puts them into their section of docs/faults.md when the run was a long one. `counted` is the heading of what was acknowledged. */
export function reportFaults(named: string, rows: readonly FaultRow[], counted = 'acknowledged'): void {
  const table = [
    `| fault | times | ${counted} | failed cleanly | lost | wrong |`,
    '|---|---:|---:|---:|---:|---:|',
    ...rows.map(
      ({ fault, times, acknowledged, failed, lost, wrong }) => `| ${fault} | ${times} | ${acknowledged} | ${failed} | ${lost} | ${wrong} |`,
    ),
  ].join('\n');
  process.stderr.write(`${named}\n${table}\n`);
  if (!process.env.HUB_TEST_LONG || !existsSync(FILE)) return;
  const section = new RegExp(`(<!-- ${named} -->\\n)[^]*?(<!-- end -->)`);
  writeFileSync(FILE, readFileSync(FILE, 'utf8').replace(section, `$1${table}\n$2`));
}
