import { setTimeout as sleep } from 'node:timers/promises';
import { type Asked, askOnce, type Got } from './ask-once.ts';
import { type Callers, type Reader, sure } from './callers.ts';
import { type Costs, judgeAnswer, type Verdict } from './judge-answer.ts';

/** What the callers got while one fault struck. */
export interface Tally {
  answered: number;
  failed: number;
  lost: number;
  readonly wrong: string[];
  /** Of those answers that have to stand in the access log. */
  readonly requestIds: string[];
}

export interface Load {
  readonly tally: Tally;
  /** Resolves when so many more requests have ended. */
  ended(count: number): Promise<void>;
  /** Resolves when so many more answers were not whole. */
  spoilt(count: number): Promise<void>;
  /** The fault is over: resolves when everybody was answered whole three times on end. @throws when that takes too long */
  recovered(): Promise<void>;
  stop(): Promise<void>;
}

/** Longer than any request may take: three fetches in a row, each given up by its gateway, on a busy machine. */
const HANGS_MS = 30_000;
const RECOVERY_MS = 30_000;
/** Between two requests of one caller. */
const BREATH_MS = 10;
/** Before a caller connects again. */
const PAUSE_MS = 100;
const WHOLE_ON_END = 3;

interface Run {
  readonly url: string;
  readonly callers: Callers;
  /** Begins the numbers of the rows that are handed in. */
  readonly prefix: string;
  readonly costs: Costs;
}

/** Everybody asks at once, each again and again, until told to stop; what the fault cost is compared with what is there then. */
export async function startLoad(run: Run): Promise<Load> {
  const { url, callers, costs } = run;
  const tally: Tally = { answered: 0, failed: 0, lost: 0, wrong: [], requestIds: [] };
  const usesBefore = await callers.uses();
  const streaks = new Map<string, number>();
  const acknowledged: string[] = [];
  const begun: string[] = [];
  const uses = { tried: 0, answered: 0 };
  let isOver = false;
  let ended = 0;
  let spoilt = 0;

  const note = (who: string, got: Awaited<ReturnType<typeof askOnce>>, verdict: Verdict, isLogged = true) => {
    ended += 1;
    if (verdict.is === 'wrong') tally.wrong.push(`${who}: ${verdict.why}`);
    else if (verdict.is === 'failed') tally.failed += 1;
    else tally.answered += 1;
    if (verdict.is !== 'whole') spoilt += 1;
    streaks.set(who, verdict.is === 'whole' ? (streaks.get(who) ?? 0) + 1 : 0);
    if (isLogged && 'status' in got && got.body.data) tally.requestIds.push(got.requestId);
  };
  const ask = async (asked: Asked) => {
    const got = await askOnce(url, asked, HANGS_MS);
    if ('broken' in got) await sleep(PAUSE_MS);
    return got;
  };
  const until = async (step: () => Promise<void>) => {
    while (!isOver) {
      await step();
      await sleep(BREATH_MS);
    }
  };
  const read = (reader: Reader) =>
    until(async () => {
      const got = await ask(reader.asked);
      note(reader.name, got, judgeAnswer(got, reader.expected, costs), reader.isLogged);
    });
  const hold = () =>
    until(async () => {
      uses.tried += 1;
      const got = await ask(callers.holder.asked);
      const verdict = judgeAnswer(got, callers.holder.expected, costs);
      note(callers.holder.name, got, verdict);
      if (hasData(got)) uses.answered += 1;
    });
  const submit = () =>
    until(async () => {
      const { submission, taken, inquiry, found, documentNosOf } = callers.submitter;
      const batch = `${run.prefix}${begun.length}`;
      begun.push(batch);
      const got = await ask(submission(batch));
      const verdict = judgeAnswer(got, taken, costs.mutations ? { ...costs, subgraphs: 'any' } : costs);
      note('who hands in rows', got, verdict);
      if (verdict.is !== 'whole') return;
      acknowledged.push(batch);
      const [documentNo = ''] = documentNosOf(batch);
      const back = await ask(inquiry(documentNo));
      note('who asks for a row just taken', back, judgeAnswer(back, found(documentNo), costs));
    });

  const working = Promise.all([...callers.readers.map(read), hold(), submit()]);
  const reached = async (count: () => number, goal: number) => {
    const since = performance.now();
    while (count() < goal) {
      if (performance.now() - since > RECOVERY_MS) throw new Error(`${count()} requests of ${goal} came to that`);
      await sleep(BREATH_MS);
    }
  };
  return {
    tally,
    ended: (count) => reached(() => ended, ended + count),
    spoilt: (count) => reached(() => spoilt, spoilt + count),
    async recovered() {
      const names = [...callers.readers.map(({ name }) => name), callers.holder.name, 'who hands in rows', 'who asks for a row just taken'];
      for (const name of names) streaks.set(name, 0);
      const since = performance.now();
      while (names.some((name) => (streaks.get(name) ?? 0) < WHOLE_ON_END)) {
        if (performance.now() - since > RECOVERY_MS)
          throw new Error(`not whole again: ${JSON.stringify([...streaks])} ${tally.wrong[0] ?? ''}`);
        await sleep(BREATH_MS);
      }
    },
    async stop() {
      isOver = true;
      await working;
      const counted = (await callers.uses()) - usesBefore;
      tally.lost += Math.max(0, uses.answered - counted);
      if (counted > uses.tried) tally.wrong.push(`${counted} uses of a voucher were counted, and ${uses.tried} tried`);
      await auditRows(run, { tally, begun, acknowledged });
    },
  };
}

/** Compares the rows that are there with those that were handed in. */
async function auditRows(
  { url, prefix, callers: { submitter } }: Run,
  { tally, begun, acknowledged }: { readonly tally: Tally; readonly begun: readonly string[]; readonly acknowledged: readonly string[] },
): Promise<void> {
  const rows = new Map<string, string[]>();
  for (let after: string | null = null, isMore = true; isMore; ) {
    const { body }: Got = await sure(url, submitter.page(prefix, after));
    for (const row of body.data.penalties.nodes) rows.set(row.documentNo, [...(rows.get(row.documentNo) ?? []), JSON.stringify(row)]);
    ({ hasNextPage: isMore, endCursor: after } = body.data.penalties.pageInfo);
  }
  tally.lost += acknowledged.flatMap(submitter.documentNosOf).filter((documentNo) => !rows.has(documentNo)).length;
  const handedIn = new Set(begun.flatMap(submitter.documentNosOf));
  for (const [documentNo, found] of rows) {
    if (!handedIn.has(documentNo)) tally.wrong.push(`nobody handed in ${documentNo}`);
    if (found.length > 1) tally.wrong.push(`${documentNo} is there ${found.length} times`);
    if (found.some((row) => row !== JSON.stringify(submitter.row(documentNo)))) tally.wrong.push(`another row: ${found.join()}`);
  }
}

function hasData(got: Awaited<ReturnType<typeof askOnce>>): boolean {
  return 'status' in got && got.body.data !== undefined && got.body.data !== null;
}
