import fc from 'fast-check';
import { type Asks, CALLERS } from '../test/e2e/no-leak/callers.ts';
import { type Comparison, compare } from '../test/e2e/no-leak/compare.ts';
import { CASES, type Case } from '../test/e2e/no-leak/operations.ts';
import type { PairName } from '../test/e2e/no-leak/place.ts';
import { type Pairs, startPairs } from '../test/e2e/no-leak/start-pairs.ts';

// node bench/no-leak.ts [cases] [first round]: asks pairs of hubs, which differ in what the caller may not see alone, the same; reports every answer that differs.
// Each round has hubs of its own, with other closed values, and operations of its own.

const [cases = '1000000', firstRound = '0'] = process.argv.slice(2);
const ROUND = 20_000;
const AT_ONCE = 16;
/** Of four cases three are asked at the gateway, one at the door of the subgraph that owns the rows. */
const DOORS = ['hub', 'hub', 'hub', 'door'] as const;
const REPORT_MS = 10_000;

interface Question {
  readonly who: string;
  readonly asked: Case;
  readonly comparison: Comparison;
}

const wanted = Number(cases);
if (!Number.isInteger(wanted) || wanted < 1) throw new Error(`${cases} is no number of cases`);
let done = 0;
let different = 0;
/** Spent in earlier rounds, without the starting of hubs. */
let spentMs = 0;
for (let round = Number(firstRound); done < wanted; round++) {
  const pairs = await startPairs(round);
  try {
    spentMs += await askAll(casesOf(pairs, round, Math.min(ROUND, wanted - done)), round);
  } finally {
    await pairs.close();
  }
}
console.log(progress(spentMs));
process.exitCode = different === 0 ? 0 : 1;

/** The callers take turns, each with operations of its own. */
function casesOf(pairs: Pairs, round: number, count: number): readonly Question[] {
  const each = Math.ceil(count / CALLERS.length);
  const ofCallers = CALLERS.map(([who, name, asks], caller) => {
    const seed = round * CALLERS.length + caller;
    const generated = {
      hub: fc.sample(CASES.hub, { seed, numRuns: each }),
      door: fc.sample(CASES.door, { seed, numRuns: each }),
    };
    const comparisons = comparisonsOf(pairs, name, asks);
    return Array.from({ length: each }, (_, index): readonly Question[] => {
      const via = DOORS[index % DOORS.length] ?? 'hub';
      const asked = generated[via][index];
      return asked ? [{ who, asked, comparison: comparisons[via] }] : [];
    });
  });
  return Array.from({ length: each }, (_, index) => ofCallers.flatMap((own) => own[index] ?? []))
    .flat()
    .slice(0, count);
}

function comparisonsOf(pairs: Pairs, name: PairName, asks: Asks): Readonly<Record<'hub' | 'door', Comparison>> {
  const pair = pairs[name];
  const shared = { pair, asking: [asks(pair[0]), asks(pair[1])] } as const;
  return { hub: { ...shared, via: 'hub' }, door: { ...shared, via: 'door' } };
}

/** Answers the milliseconds that it took. */
async function askAll(all: readonly Question[], round: number): Promise<number> {
  const started = performance.now();
  const passed = () => performance.now() - started;
  const report = setInterval(() => console.log(`round ${round}: ${progress(spentMs + passed())}`), REPORT_MS);
  let next = 0;
  const worker = async () => {
    for (let one = all[next++]; one; one = all[next++]) {
      const found = await compare(one.comparison, one.asked);
      done++;
      if (found.length > 0) tell(one, found, round);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    clearInterval(report);
  }
  return passed();
}

function tell({ who, asked: [, withheld], comparison: { via } }: Question, found: readonly string[], round: number): void {
  different++;
  console.log(JSON.stringify({ round, who, via, withheld, found }, null, 1));
}

function progress(passedMs: number): string {
  return `${done} of ${wanted} cases, ${different} answered differently, ${(done / (passedMs / 1000)).toFixed(0)} cases/s`;
}
