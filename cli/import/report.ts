import type { Finding } from '../../subgraphs/kit/record-engine/findings.ts';
import type { RowOutcome } from '../../subgraphs/kit/record-engine/rows.ts';

/** What became of one file; the four counts exclude each other. */
export interface FileReport {
  readonly file: string;
  readonly recordType: string | null;
  readonly accepted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly rejectedFile: string | null;
  /** At most 1,000, as notices. */
  readonly reasons: readonly Finding[];
  readonly notices: readonly Finding[];
  readonly unknownColumns: readonly string[];
  /** Why nothing of it could be read, Chinese first. */
  readonly unusable?: string | undefined;
}

export interface ImportReport extends Counts {
  readonly files: readonly FileReport[];
}
type Counts = Record<(typeof OUTCOMES)[number], number>;

const OUTCOMES = ['accepted', 'updated', 'unchanged', 'rejected'] as const;
const MOST_FINDINGS = 1000;
const SHOWN_FINDINGS = 10;

/** Counts outcomes as they come, and keeps the first findings. */
export class Tally {
  readonly #counts: Counts = { accepted: 0, updated: 0, unchanged: 0, rejected: 0 };
  readonly #reasons: Finding[] = [];
  readonly #notices: Finding[] = [];
  readonly #types = new Set<string>();

  get rows(): number {
    return OUTCOMES.reduce((sum, outcome) => sum + this.#counts[outcome], 0);
  }

  add(outcome: RowOutcome, typeCode?: string): void {
    this.#counts[outcome.outcome]++;
    if (typeCode) this.#types.add(typeCode);
    keepFirst(this.#reasons, outcome.reasons);
    keepFirst(this.#notices, outcome.notices);
  }

  report(file: string, rest: Pick<FileReport, 'rejectedFile' | 'unknownColumns'>): FileReport {
    const [only, another] = this.#types;
    return {
      file,
      recordType: another ? null : (only ?? null),
      ...this.#counts,
      rejectedFile: rest.rejectedFile,
      reasons: this.#reasons,
      notices: this.#notices,
      unknownColumns: rest.unknownColumns,
    };
  }
}

/** The report of a file of which nothing could be read. */
export function unusableReport(file: string, unusable: string): FileReport {
  return {
    file,
    recordType: null,
    accepted: 0,
    updated: 0,
    unchanged: 0,
    rejected: 0,
    rejectedFile: null,
    reasons: [],
    notices: [],
    unknownColumns: [],
    unusable,
  };
}

/** All files together. */
export function importReport(files: readonly FileReport[]): ImportReport {
  const sum = (outcome: (typeof OUTCOMES)[number]) => files.reduce((total, file) => total + file[outcome], 0);
  return { files, accepted: sum('accepted'), updated: sum('updated'), unchanged: sum('unchanged'), rejected: sum('rejected') };
}

/** 0 when every row was taken, 1 when some were rejected, 2 when a file could not be read. */
export function exitCodeOf({ files, rejected }: ImportReport): 0 | 1 | 2 {
  if (files.some(({ unusable }) => unusable !== undefined)) return 2;
  return rejected > 0 ? 1 : 0;
}

/** The report for people: counts, then the first reasons and notices of each file. */
export function reportText(report: ImportReport, isDryRun: boolean): string {
  const head = isDryRun ? ['试运行：未写入任何数据 / dry run: nothing was written'] : [];
  const total = report.files.length > 1 ? [`合计 / total: ${countsText(report)}`] : [];
  return [...head, ...report.files.flatMap(fileText), ...total].join('\n');
}

function fileText(file: FileReport): readonly string[] {
  if (file.unusable !== undefined) return [`${file.file}: 无法导入 / unusable: ${file.unusable}`];
  return [
    `${file.file} (${file.recordType ?? '–'}): ${countsText(file)}`,
    ...(file.unknownColumns.length > 0 ? [`  未识别的栏目 / unknown columns: ${file.unknownColumns.join('、')}`] : []),
    ...findingsText('退回 / rejected', file.reasons),
    ...findingsText('提示 / notice', file.notices),
    ...(file.rejectedFile === null ? [] : [`  退回的行 / rejected rows: ${file.rejectedFile}`]),
  ];
}

function countsText({ accepted, updated, unchanged, rejected }: Counts): string {
  return `新增 accepted ${accepted}  更新 updated ${updated}  未变 unchanged ${unchanged}  退回 rejected ${rejected}`;
}

function findingsText(title: string, findings: readonly Finding[]): readonly string[] {
  const shown = findings.slice(0, SHOWN_FINDINGS).map(({ row, code, message }) => `  ${title} 行 row ${row} ${code} ${message}`);
  const more = findings.length - shown.length;
  return more > 0 ? [...shown, `  … 另有 / and ${more === MOST_FINDINGS - SHOWN_FINDINGS ? '≥ ' : ''}${more} (--json)`] : shown;
}

function keepFirst(kept: Finding[], more: readonly Finding[]): void {
  for (const finding of more) if (kept.length < MOST_FINDINGS) kept.push(finding);
}
