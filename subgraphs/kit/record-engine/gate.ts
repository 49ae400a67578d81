import type { Item, RecordType } from '../../../schema/catalogue.ts';
import { isCitizenId } from '../../../schema/citizen-id.ts';
import {
  type Draft,
  EMPTY_GATE,
  type Exception,
  type Gate,
  SECRECIES,
  type Secrecy,
  STOPPED,
  type Status,
  type Stopped,
} from '../../../schema/gate.ts';
import type { Json, JsonObject } from '../../../schema/json.ts';
import { isGround, profileOf, type RegionProfile } from '../../../schema/region-profiles.ts';
import type { KnownSubject } from '../subject-directory.ts';
import { columnOf, type Findings } from './findings.ts';
import { windowOf } from './publicity-window.ts';
import { holds } from './read-row.ts';
import { enumValueOf, textOf, textsOf } from './role-values.ts';
import type { TypeRules, Values } from './rows.ts';
import { higher } from './scale.ts';
import { decidingValues, natureOf, severityOf } from './severity.ts';
import type { TypePlan } from './type-plan.ts';

/** Facts of a row that do not stand in its values. */
export interface RowFacts {
  readonly subject: KnownSubject;
  readonly source: string;
  readonly region: string | null;
  /** `YYYY-MM-DD` of Asia/Shanghai. */
  readonly today: string;
  /** Another source has a record of the same document about the same subject. */
  readonly isSecondSource: boolean;
  readonly rules?: TypeRules | undefined;
}

/** A gate with what else follows from the same facts. */
export interface RowGate {
  readonly gate: Gate;
  readonly publicityMinEndOn: string | null;
}

/** Computes the gate of a record from its values; of a `keep` state VALIDATED, since nothing stood before. */
export function recordGate(plan: TypePlan, values: Values, facts: RowFacts, findings: Findings): RowGate {
  const { type } = plan;
  const { subject, source, region, today, isSecondSource, rules } = facts;
  const deciding = decidingValues(plan, values);
  const nature = natureOf(type, deciding);
  const severity = severityOf(plan, values, nature, deciding, findings);
  const state = stateOf(plan, values);
  const decided = textOf(plan, values, 'DECISION_DATE');
  const window = windowOf({
    severity,
    from: textOf(plan, values, 'EFFECTIVE_FROM'),
    to: textOf(plan, values, 'EFFECTIVE_TO'),
    decided,
    deadline: textOf(plan, values, 'PUBLICITY_DEADLINE'),
    today,
  });
  const deadline = plan.roles.get('PUBLICITY_DEADLINE');
  if (deadline && window.deadlineDiffers) findings.note('DEADLINE_DIFFERS', columnOf(deadline));
  const profile = profileOf(type.regions, region);
  const exception = rules?.exception?.(values, profile) ?? exceptionOf(plan, values, profile);
  const secrecy = secrecyOf(plan, values);
  const valueOpen = type.openWhen.every((condition) => holds(condition, values));
  const closed =
    secrecy !== 'NONE' ||
    subject.kind === 'UNKNOWN' ||
    (subject.kind === 'INDIVIDUAL' && exception !== 'PUBLIC') ||
    (severity === 'MINOR' && !profile.publishMinor) ||
    !valueOpen ||
    type.sourceOnly;
  const gate: Gate = {
    subjectId: subject.id,
    subjectKind: subject.kind,
    sourceOrg: source,
    parties: partiesIn(plan.parties, values),
    region,
    share: type.share,
    section: deciding.find(({ section }) => section)?.section ?? type.section,
    nature,
    status: statusOf({ type, state, isSecondSource, isUnset: severity === null, closed }),
    stopped: state?.stopped ?? null,
    draft: state?.draft ?? 'NO',
    publishedFrom: window.publishedFrom,
    publishedUntil: window.publishedUntil,
    actEnd: actEndOf(plan, values, decided),
    heldByBlack: false,
    severity,
    secrecy,
    exception,
    valueOpen,
    objection: false,
  };
  return { gate, publicityMinEndOn: window.minEndOn };
}

/** Computes the gate of a catalogue document: its own dates, parties and region, and whom it is about. */
export function catalogueGate(plan: TypePlan, values: Values): Gate {
  const { type } = plan;
  const parties = type.parties.flatMap((name) => textsOf(values[name]));
  return {
    ...EMPTY_GATE,
    subjectId: (type.about === undefined ? undefined : textsOf(values[type.about])[0]) ?? null,
    parties: [...new Set([...parties, ...partiesIn(plan.parties, values)])],
    region: textOf(plan, values, 'REGION') ?? textsOf(values.regionCode)[0] ?? null,
    status: 'PUBLISHED',
    draft: 'NO',
    publishedFrom: textOf(plan, values, 'EFFECTIVE_FROM') ?? null,
    publishedUntil: textOf(plan, values, 'EFFECTIVE_TO') ?? null,
    heldByBlack: false,
    severity: 'NA',
    secrecy: 'NONE',
    exception: 'NONE',
    valueOpen: true,
    objection: false,
  };
}

/** The gate of a new version: what only a transition or a correction may undo stays as it was. */
export function carriedOver(
  next: Gate,
  present: Gate,
  options: { readonly mayLoosenSecrecy: boolean; readonly keepsState: boolean },
): Gate {
  return {
    ...next,
    status: options.keepsState ? present.status : next.status,
    stopped: higher(STOPPED, present.stopped, next.stopped),
    draft: present.draft === 'NO' || present.draft === null ? next.draft : present.draft,
    heldByBlack: present.heldByBlack,
    secrecy: options.mayLoosenSecrecy ? next.secrecy : higher(SECRECIES, present.secrecy, next.secrecy),
    objection: present.objection,
  };
}

/** The region of a row: its own, else that of the deciding authority, else that of the source (digits 3 to 8 of a code). */
export function regionOf(plan: TypePlan, values: Values, source: string | undefined): string | null {
  const own = textOf(plan, values, 'REGION');
  if (own) return own;
  const authority = textOf(plan, values, 'AUTHORITY_CODE');
  const code = authority && !isCitizenId(authority) ? authority : source;
  return code ? code.slice(2, 8) : null;
}

/** What the STATE value of a row says about its gate. */
export function stateOf(
  plan: TypePlan,
  values: JsonObject,
): { readonly status: Status; readonly draft: Draft; readonly stopped: Stopped | null; readonly keep: boolean } | undefined {
  const item = plan.roles.get('STATE');
  const value = item && enumValueOf(plan, item, values[item.name]);
  if (!value?.state) return undefined;
  const { status, draft, stopped, keep, stoppedBy } = value.state;
  const ground = stoppedBy === undefined ? undefined : plan.items.get(stoppedBy);
  const by = ground && enumValueOf(plan, ground, values[ground.name])?.stopped;
  return { status: status ?? 'VALIDATED', draft, stopped: stopped ?? by ?? null, keep };
}

function statusOf(row: {
  type: RecordType;
  state: { readonly status: Status } | undefined;
  isSecondSource: boolean;
  isUnset: boolean;
  closed: boolean;
}): Status {
  if (!row.type.publishable) return 'NOT_PUBLIC';
  if (row.isSecondSource || row.isUnset) return row.state?.status === 'COLLECTED' ? 'COLLECTED' : 'VALIDATED';
  if (row.state) return row.state.status;
  return row.closed ? 'NOT_PUBLIC' : 'PUBLISHED';
}

function secrecyOf(plan: TypePlan, values: Values): Secrecy {
  const item = plan.roles.get('SECRECY');
  return (item && SECRECIES.find((secrecy) => secrecy === values[item.name])) ?? 'NONE';
}

function exceptionOf(plan: TypePlan, values: Values, profile: RegionProfile): Exception {
  switch (plan.type.publicForIndividuals) {
    case 'YES':
      return 'PUBLIC';
    case 'NEVER':
      return 'PAYMENT';
    case 'NO':
      return 'NONE';
    default:
      return isGround(plan.type.publicForIndividuals, profile) && hasBasis(plan, values) ? 'PUBLIC' : 'NONE';
  }
}

function hasBasis(plan: TypePlan, values: Values): boolean {
  const item = plan.roles.get('PUBLICITY_BASIS');
  const value = item && values[item.name];
  return value !== undefined && value !== null && value !== false;
}

/** An act that was given without end has none; one that says nothing ended with its decision. */
function actEndOf(plan: TypePlan, values: Values, decided: string | undefined): string | null {
  const item = plan.roles.get('ACT_END');
  const end = item && values[item.name];
  if (end === null) return null;
  return typeof end === 'string' ? end : (decided ?? null);
}

function partiesIn(items: readonly Item[], values: Values): readonly string[] {
  return items.flatMap((item) => {
    const value = values[item.name];
    if (value === undefined || value === null) return [];
    if (item.role === 'PARTY') return textsOf(value);
    if (item.fields.length === 0) return [];
    return (Array.isArray(value) ? value : [value]).flatMap((nested) => (isValues(nested) ? partiesIn(item.fields, nested) : []));
  });
}

function isValues(value: Json): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
