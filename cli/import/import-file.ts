import type { RecordType, Role } from '../../schema/catalogue.ts';
import { normaliseHeading } from '../../schema/headings.ts';
import { Findings } from '../../subgraphs/kit/record-engine/findings.ts';
import { refuseUnreadable } from '../../subgraphs/kit/record-engine/read-row.ts';
import type { RowOutcome } from '../../subgraphs/kit/record-engine/rows.ts';
import { type ColumnPlan, planColumns, planOf, type TypePlan } from '../../subgraphs/kit/record-engine/type-plan.ts';
import type { Hub } from '../open-hub.ts';
import type { Encoding } from './detect-encoding.ts';
import { detectType, missingColumns, typeNamed } from './find-type.ts';
import { type InputRow, openRows, type RowSource } from './read-rows.ts';
import { RejectedFile } from './rejected-file.ts';
import { type FileReport, Tally } from './report.ts';

/** How the files of one command are read. */
export interface ImportSettings {
  readonly rejectedFolder: string;
  readonly type: RecordType | undefined;
  readonly source: string | undefined;
  readonly encoding: Encoding | undefined;
  readonly isDryRun: boolean;
  readonly onProgress: (file: string, rows: number) => void;
}

/** A row with the type that it is of. */
interface TypedRow {
  readonly input: InputRow;
  readonly type: RecordType;
}

const ROWS_AT_ONCE = 500;
/** In JSON lines the key that says of which type a row is. */
const TYPE_KEY = 'recordType';
/** What the hub added to a rejected file that was put right and comes again. */
const ADDED: ReadonlySet<string> = new Set(['行号', '退回原因']);
const MOST_UNKNOWN = 100;

/** Imports one file, at most 500 rows in memory and in a transaction. @throws UnusableFile */
export async function importFile(
  { catalogue, engine }: Pick<Hub, 'catalogue' | 'engine'>,
  file: string,
  settings: ImportSettings,
): Promise<FileReport> {
  const rows = await openRows(file, { encoding: settings.encoding });
  const given: readonly Role[] = settings.source === undefined ? [] : ['SOURCE_CODE'];
  const type = settings.type ?? (rows.format === 'csv' ? detectType(catalogue, rows.headings, given) : undefined);
  const unknown = new Set<string>();
  if (type && rows.format === 'csv') {
    const columns = checkedColumns(planOf(catalogue, type), rows, given);
    for (const heading of columns.unknown) if (!ADDED.has(normaliseHeading(heading))) unknown.add(heading);
  }
  const tally = new Tally();
  const rejectedFile = settings.isDryRun ? undefined : new RejectedFile({ folder: settings.rejectedFolder, input: file, source: rows });
  const take = async (input: InputRow, outcome: RowOutcome, code?: string) => {
    tally.add(outcome, code);
    // The sentence names its column itself.
    if (outcome.outcome === 'rejected')
      await rejectedFile?.add(
        input,
        outcome.reasons.map((reason) => ({ code: reason.code, message: reason.message })),
      );
  };
  const submit = async (batch: readonly TypedRow[]) => {
    const [first] = batch;
    if (!first) return;
    const origin = { source: settings.source, actor: 'import', mode: 'SCHEDULED', viaToken: false } as const;
    const raws = batch.map(({ input }) => ({
      row: input.row,
      values: input.cells,
      truncated: input.truncated,
      malformed: input.malformed,
    }));
    const outcomes = await engine.submit(first.type, raws, origin);
    for (const [index, { input }] of batch.entries()) {
      const outcome = outcomes[index];
      if (outcome) await take(input, outcome, first.type.code);
    }
    settings.onProgress(file, tally.rows);
  };
  try {
    let batch: TypedRow[] = [];
    for await (const input of rows.rows) {
      const own = type ?? typeNamed(catalogue, String(input.cells.get(TYPE_KEY) ?? ''));
      if (!own) {
        await submit(batch);
        batch = [];
        await take(input, withoutType(input));
        continue;
      }
      if (rows.format === 'jsonl') noteUnknown(planOf(catalogue, own), input, unknown);
      if (batch.length === ROWS_AT_ONCE || (batch[0] && batch[0].type !== own)) {
        await submit(batch);
        batch = [];
      }
      batch.push({ input, type: own });
    }
    await submit(batch);
    return tally.report(file, { rejectedFile: (await rejectedFile?.close()) ?? null, unknownColumns: [...unknown] });
  } catch (error) {
    await rejectedFile?.discard();
    throw error;
  }
}

function checkedColumns(plan: TypePlan, { headings }: RowSource, given: readonly Role[]): ColumnPlan {
  const columns = planColumns(plan, headings, given);
  if (columns.missing.length > 0) throw missingColumns(plan.type, columns.missing);
  return columns;
}

function withoutType(input: InputRow): RowOutcome {
  const findings = new Findings(input.row);
  refuseUnreadable(input, findings);
  if (findings.reasons.length === 0) findings.refuse(input.cells.has(TYPE_KEY) ? 'UNKNOWN_VALUE' : 'REQUIRED', TYPE_KEY);
  return { row: input.row, outcome: 'rejected', reasons: findings.reasons, notices: [] };
}

function noteUnknown(plan: TypePlan, { cells }: InputRow, unknown: Set<string>): void {
  for (const key of cells.keys()) if (key !== TYPE_KEY && unknown.size < MOST_UNKNOWN && !plan.inputFor(key)) unknown.add(key);
}
