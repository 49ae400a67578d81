import type { Gate } from '../../../schema/gate.ts';
import type { Json, JsonObject } from '../../../schema/json.ts';
import { profileOf } from '../../../schema/region-profiles.ts';
import { addWorkdays } from '../../../schema/working-days.ts';
import type { Sealer } from '../sealer.ts';
import { writeContent } from './content.ts';
import { columnOf, type Findings } from './findings.ts';
import { hashesIn } from './ledger.ts';
import type { Origin, Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';

/** From which the body of a version is made. */
export interface BodyFacts {
  readonly plan: TypePlan;
  readonly sealer: Sealer;
  readonly values: Values;
  readonly hash: string;
  readonly gate: Gate;
  readonly publicityMinEndOn: string | null;
  readonly now: Date;
  readonly mode: Origin['mode'];
  readonly isSecondSource: boolean;
  /** The body that stands now. */
  readonly present: JsonObject | undefined;
}

/** A body while it is made. */
type Draft = Record<string, Json | undefined>;

/** The body of a record as it was submitted. */
export function recordBody(facts: BodyFacts, findings: Findings): JsonObject {
  const { plan, sealer, values, gate, now, mode, present } = facts;
  const at = now.toISOString();
  const body: Draft = present ? kept(plan, present) : {};
  writeContent(plan, sealer, values, body);
  body.submittedAt = at;
  body.receivedAt = at;
  body.submissionMode = mode;
  if (facts.isSecondSource) body.$secondSource = true;
  writeDerived(facts, body, present?.publishedAt ?? at, findings);
  writeSecrecy(plan, body, gate);
  return body;
}

/** The body of a record whose content was corrected: when and how it came stays. */
export function correctedBody(
  facts: Omit<BodyFacts, 'mode' | 'isSecondSource'> & { readonly present: JsonObject; readonly reason: string },
  findings: Findings,
): JsonObject {
  const { plan, sealer, values, gate, now, present } = facts;
  const body: Draft = marks(present);
  writeContent(plan, sealer, values, body);
  writeDerived(facts, body, present.publishedAt ?? now.toISOString(), findings);
  body.dataStatus = 'CORRECTED';
  body.changeReason = facts.reason;
  writeSecrecy(plan, body, gate);
  return body;
}

/** The body of a document without a subject. */
export function catalogueBody(
  plan: TypePlan,
  sealer: Sealer,
  values: Values,
  { hash, present }: { readonly hash: string; readonly present: JsonObject | undefined },
): JsonObject {
  const body: Draft = present ? kept(plan, present) : {};
  writeContent(plan, sealer, values, body);
  writeHashes(body, present, hash);
  return body;
}

/** What an update leaves as it is: what the hub's own services put there. */
function kept(plan: TypePlan, present: JsonObject): Draft {
  const body = marks(present);
  for (const { name, input } of plan.type.items)
    if (!input && !RENEWED.has(name) && present[name] !== undefined) body[name] = present[name];
  return body;
}

/** Computed anew for each version, or said of the version before only. */
const RENEWED: ReadonlySet<string> = new Set([
  'isLongTerm',
  'submittedAt',
  'receivedAt',
  'submissionMode',
  'publishDueOn',
  'publishedAt',
  'publicityMinEndOn',
  'contentHash',
  'dataStatus',
  'changeReason',
]);

/** Marks that are no field; those of the content are made with it. */
function marks(present: JsonObject): Draft {
  return Object.fromEntries(
    Object.entries(present).filter(([name]) => name.startsWith('$') && name !== '$scrubbed' && name !== '$longTerm'),
  );
}

/** What follows from decision, gate and content. */
function writeDerived(
  { plan, values, hash, gate, publicityMinEndOn, present }: Omit<BodyFacts, 'mode' | 'isSecondSource'>,
  body: Draft,
  publishedAt: Json,
  findings: Findings,
): void {
  const decision = plan.roles.get('DECISION_DATE');
  const decided = decision && values[decision.name];
  const { publishWithin } = profileOf(plan.type.regions, gate.region);
  const due = plan.type.publishable && typeof decided === 'string' ? addWorkdays(decided, publishWithin) : undefined;
  if (decision && due?.provisional) findings.note('DEADLINE_PROVISIONAL', columnOf(decision));
  if (due) body.publishDueOn = due.date;
  if (publicityMinEndOn !== null) body.publicityMinEndOn = publicityMinEndOn;
  if (gate.status === 'PUBLISHED') body.publishedAt = publishedAt;
  writeHashes(body, present, hash);
}

function writeHashes(body: Draft, present: JsonObject | undefined, hash: string): void {
  const before = present ? hashesIn(present) : [];
  body.contentHash = hash;
  body.$hashes = before.includes(hash) ? before : [...before, hash];
}

/** A source may tighten the mark and never loosen it, so that the row may say less than stands. */
function writeSecrecy(plan: TypePlan, body: Draft, { secrecy }: Gate): void {
  const item = plan.roles.get('SECRECY');
  if (item && secrecy !== 'NONE') body[item.name] = secrecy;
}
