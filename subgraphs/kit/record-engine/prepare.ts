import type { RecordType } from '../../../schema/catalogue.ts';
import { HubError } from '../../../schema/errors.ts';
import type { Json } from '../../../schema/json.ts';
import type { Sealer } from '../sealer.ts';
import type { SubjectHandle } from '../subject-directory.ts';
import { contentHash } from './content.ts';
import { columnOf, Findings } from './findings.ts';
import { regionOf } from './gate.ts';
import { judge } from './judge.ts';
import { readRow } from './read-row.ts';
import type { Origin, RawRow, TypeRules, Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';

/** A row that was read and judged. One with reasons goes no further. */
export interface Candidate {
  readonly row: number;
  readonly findings: Findings;
  /** Complete: with what the hub fills in from other facts of the row. */
  readonly values: Values;
  readonly hash: string;
  /** Of a record: its subject, source and region. */
  readonly handle: SubjectHandle | undefined;
  readonly source: string;
  readonly region: string | null;
}

export interface PrepareContext {
  readonly plan: TypePlan;
  readonly sealer: Sealer;
  readonly origin: Origin;
  readonly rules: TypeRules | undefined;
  /** `YYYY-MM-DD` of Asia/Shanghai. */
  readonly today: string;
}

/** Refuses types that nobody submits under a token, and tokens without a department. @throws FORBIDDEN */
export function checkOrigin(type: RecordType, { viaToken, source }: Origin): void {
  if (!viaToken) return;
  if (!type.submit || type.kind !== 'record') throw new HubError('FORBIDDEN', `records of ${type.name} are not submitted`);
  if (source === undefined) throw new HubError('FORBIDDEN', 'only a department submits records');
}

/** Reads and judges one row. */
export function prepare(context: PrepareContext, raw: RawRow): Candidate {
  const { plan, sealer, origin, rules, today } = context;
  const findings = new Findings(raw.row);
  const read = readRow(plan, raw, findings, origin.source);
  const nowhere = { row: raw.row, findings, values: read, hash: '', handle: undefined, source: '', region: null };
  if (raw.truncated || raw.malformed) return nowhere;
  if (plan.type.kind !== 'record') {
    judge(plan, read, { today, region: null, rules }, findings);
    return findings.reasons.length > 0 ? nowhere : { ...nowhere, hash: contentHash(plan, sealer, read) };
  }
  const source = sourceOf(plan, read, origin, findings);
  const region = regionOf(plan, read, source);
  const handle = judge(plan, read, { today, region, rules }, findings);
  if (findings.reasons.length > 0 || source === undefined || !handle) return nowhere;
  const values = filledIn(plan, read, { source, region });
  return { row: raw.row, findings, values, hash: contentHash(plan, sealer, values), handle, source, region };
}

/** Fields of the envelope that follow from other facts where the row lacks them. */
export function filledIn(
  plan: TypePlan,
  values: Values,
  { source, region }: { readonly source: string; readonly region: string | null },
): Values {
  const decision = plan.roles.get('DECISION_DATE');
  const filled: Record<string, Json> = { ...values };
  const fill = (name: string, value: Json | undefined) => {
    if (filled[name] === undefined && value !== undefined && value !== null && plan.items.has(name)) filled[name] = value;
  };
  fill('sourceDeptUscc', source);
  fill('regionCode', region);
  fill('decisionDate', decision && values[decision.name]);
  fill('infoOrigin', 'PUBLIC_CREDIT');
  return filled;
}

/** The department under a token; in an import the row's own, or that of the whole file. */
function sourceOf(plan: TypePlan, values: Values, origin: Origin, findings: Findings): string | undefined {
  const item = plan.roles.get('SOURCE_CODE');
  const column = item ? columnOf(item) : '';
  const named = item && values[item.name];
  const given = typeof named === 'string' ? named : undefined;
  if (origin.source !== undefined && given !== undefined && given !== origin.source) findings.refuse('SOURCE_DIFFERS', column);
  const source = origin.source ?? given;
  if (source === undefined && !findings.hasRefused(column)) findings.refuse('REQUIRED', column);
  return source;
}
