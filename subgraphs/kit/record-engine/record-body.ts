import type { Gate } from '../../../schema/gate.ts';
import type { Json, JsonObject } from '../../../schema/json.ts';
import { addWorkdays } from '../../../schema/working-days.ts';
import type { Sealer } from '../sealer.ts';
import { contentBody } from './content.ts';
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

/** Publication is due within so many working days of the decision (domain reference, DL-01). */
const PUBLISH_WITHIN = 7;

/** The body of a record as it was submitted. */
export function recordBody(facts: BodyFacts, findings: Findings): JsonObject {
  const { plan, sealer, values, hash, gate, now, mode, present } = facts;
  const at = now.toISOString();
  const body: Record<string, Json | undefined> = {
    ...kept(plan, present),
    ...contentBody(plan, sealer, values),
    submittedAt: at,
    receivedAt: at,
    submissionMode: mode,
    ...deadlines(facts, findings),
    ...(gate.status === 'PUBLISHED' && { publishedAt: present?.publishedAt ?? at }),
    ...(facts.isSecondSource && { $secondSource: true }),
    ...hashed(present, hash),
  };
  return withSecrecy(plan, body, gate);
}

/** The body of a record whose content was corrected: when and how it came stays. */
export function correctedBody(
  facts: Omit<BodyFacts, 'mode' | 'isSecondSource'> & { readonly present: JsonObject; readonly reason: string },
  findings: Findings,
): JsonObject {
  const { plan, sealer, values, hash, gate, now, present } = facts;
  const body: Record<string, Json | undefined> = {
    ...marks(present),
    ...contentBody(plan, sealer, values),
    ...deadlines(facts, findings),
    ...(gate.status === 'PUBLISHED' && { publishedAt: present.publishedAt ?? now.toISOString() }),
    dataStatus: 'CORRECTED',
    changeReason: facts.reason,
    ...hashed(present, hash),
  };
  return withSecrecy(plan, body, gate);
}

/** The body of a document without a subject. */
export function catalogueBody(
  plan: TypePlan,
  sealer: Sealer,
  values: Values,
  { hash, present }: { readonly hash: string; readonly present: JsonObject | undefined },
): JsonObject {
  return { ...kept(plan, present), ...contentBody(plan, sealer, values), ...hashed(present, hash) };
}

/** What an update leaves as it is: what the hub's own services put there. */
function kept(plan: TypePlan, present: JsonObject | undefined): JsonObject {
  if (!present) return {};
  const names = plan.type.items
    .filter(({ input, name }) => !input && !RENEWED.has(name) && present[name] !== undefined)
    .map(({ name }) => name);
  return { ...marks(present), ...Object.fromEntries(names.map((name) => [name, present[name]])) };
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
function marks(present: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(present).filter(([name]) => name.startsWith('$') && name !== '$scrubbed' && name !== '$longTerm'),
  );
}

function deadlines(
  { plan, values, publicityMinEndOn }: Pick<BodyFacts, 'plan' | 'values' | 'publicityMinEndOn'>,
  findings: Findings,
): JsonObject {
  const decision = plan.roles.get('DECISION_DATE');
  const decided = decision && values[decision.name];
  const due = plan.type.publishable && typeof decided === 'string' ? addWorkdays(decided, PUBLISH_WITHIN) : undefined;
  if (decision && due?.provisional) findings.note('DEADLINE_PROVISIONAL', columnOf(decision));
  return { ...(due && { publishDueOn: due.date }), ...(publicityMinEndOn !== null && { publicityMinEndOn }) };
}

function hashed(present: JsonObject | undefined, hash: string): JsonObject {
  const before = present ? hashesIn(present) : [];
  return { contentHash: hash, $hashes: before.includes(hash) ? before : [...before, hash] };
}

/** A source may tighten the mark and never loosen it, so that the body may say less than stands. */
function withSecrecy(plan: TypePlan, body: JsonObject, { secrecy }: Gate): JsonObject {
  const item = plan.roles.get('SECRECY');
  return item && secrecy !== 'NONE' && secrecy !== body[item.name] ? { ...body, [item.name]: secrecy } : body;
}
