import type { Role } from '../../../schema/catalogue.ts';
import { isCitizenId } from '../../../schema/citizen-id.ts';
import type { SubjectKind } from '../../../schema/gate.ts';
import { profileOf } from '../../../schema/region-profiles.ts';
import { hasValidUsccCheck, isIndividualBusinessCode, isWellFormedUscc, kindOfUscc } from '../../../schema/uscc.ts';
import type { SubjectHandle } from '../subject-directory.ts';
import { columnOf, type Findings } from './findings.ts';
import type { TypeRules, Values } from './rows.ts';
import { isRepresentativeNumber, type TypePlan } from './type-plan.ts';

/** What a judgement depends on besides the row. */
export interface JudgeContext {
  /** `YYYY-MM-DD` of Asia/Shanghai. */
  readonly today: string;
  /** Region of the row, which decides about the simple procedure. */
  readonly region: string | null;
  readonly rules?: TypeRules | undefined;
}

/** Judges the values of one row by the rules of domain and law; answers whom the row is about, where it says so. */
export function judge(plan: TypePlan, values: Values, context: JudgeContext, findings: Findings): SubjectHandle | undefined {
  checkDates(plan, values, context.today, findings);
  if (plan.type.kind !== 'record') return undefined;
  checkCodes(plan, values, findings);
  const handle = subjectOf(plan, values, findings);
  checkProcedure(plan, values, handle, context.region, findings);
  const kind = handle && kindOf(handle);
  for (const { code, item } of (kind && context.rules?.check?.(values, kind)) ?? []) findings.refuse(code, columnNamed(plan, item));
  return handle;
}

/** The kind of the subject as far as its code tells. */
function kindOf(handle: SubjectHandle): SubjectKind {
  return handle.kind === 'person' ? 'INDIVIDUAL' : kindOfUscc(handle.uscc);
}

function checkDates(plan: TypePlan, values: Values, today: string, findings: Findings): void {
  const decision = plan.roles.get('DECISION_DATE');
  if (decision && isAfter(values[decision.name], today)) findings.refuse('FUTURE_DECISION', columnOf(decision));
  const [from, to] = [plan.roles.get('EFFECTIVE_FROM'), plan.roles.get('EFFECTIVE_TO')];
  const spans = from && to && !plan.spans.some((span) => span.from === from) ? [...plan.spans, { from, to }] : plan.spans;
  for (const span of spans) if (isAfter(values[span.from.name], values[span.to.name])) findings.refuse('DATE_ORDER', columnOf(span.to));
}

function isAfter(date: unknown, other: unknown): boolean {
  return typeof date === 'string' && typeof other === 'string' && date > other;
}

/** Codes with a failing check digit are legal where they were given out so (domain reference 2.2.1): taken, and noted. */
function checkCodes(plan: TypePlan, values: Values, findings: Findings): void {
  for (const item of plan.codes) {
    const value = values[item.name];
    if (typeof value !== 'string') continue;
    if (item.type === 'UnifiedSocialCreditCode' && !hasValidUsccCheck(value)) {
      // The number of a person would become the public name of an organisation or a source.
      if (PUBLIC_CODES.has(item.role) && isCitizenId(value)) findings.refuse('CODE_CONTRADICTS_KIND', columnOf(item));
      else findings.note('CODE_CHECK_FAILED', columnOf(item));
    }
    if (isRepresentativeNumber(item) && isCitizenIdType(values[item.name.replace(/Number$/, 'Type')]) && !isCitizenId(value)) {
      findings.note('CODE_CHECK_FAILED', columnOf(item));
    }
  }
}

const PUBLIC_CODES: ReadonlySet<Role | undefined> = new Set(['SUBJECT_CODE', 'SOURCE_CODE']);

const CITIZEN_ID_TYPES: ReadonlySet<unknown> = new Set([
  undefined,
  null,
  '',
  '身份证',
  '居民身份证',
  '中华人民共和国居民身份证',
  '公民身份证',
  '公民身份号码',
  '二代身份证',
]);

/** True for the citizen's identity card, which is meant where no type of certificate is given. */
export function isCitizenIdType(idType: unknown): boolean {
  return CITIZEN_ID_TYPES.has(typeof idType === 'string' ? idType.trim() : idType);
}

/** Whom the row names, by its kind where it has one, else by which of code and number is there. */
function subjectOf(plan: TypePlan, values: Values, findings: Findings): SubjectHandle | undefined {
  const { text, missing } = rolesIn(plan, values, findings);
  const kindItem = plan.roles.get('SUBJECT_KIND');
  const kind = kindItem && values[kindItem.name];
  if (kindItem && kind === undefined) return undefined;
  const code = text('SUBJECT_CODE');
  const idNumber = text('SUBJECT_ID_NUMBER');
  const name = text('SUBJECT_NAME') ?? '';
  const isPerson = kind === undefined ? code === undefined && idNumber !== undefined : kind === 'INDIVIDUAL';
  if (isPerson) {
    if (code !== undefined) findings.refuse('CODE_CONTRADICTS_KIND', columnOfRole(plan, 'SUBJECT_CODE'));
    if (idNumber === undefined) return missing('SUBJECT_ID_NUMBER');
    const idType = text('SUBJECT_ID_TYPE') ?? '身份证';
    if (isCitizenIdType(idType) && !isCitizenId(idNumber)) findings.refuse('ID_CHECK_FAILED', columnOfRole(plan, 'SUBJECT_ID_NUMBER'));
    return { kind: 'person', idType, idNumber, name };
  }
  if (code === undefined) return missing('SUBJECT_CODE');
  const isBusiness = isIndividualBusinessCode(code);
  const contradicts = !isWellFormedUscc(code) || (kind === 'INDIVIDUAL_BUSINESS' ? !isBusiness : kind !== undefined && isBusiness);
  if (contradicts) findings.refuse('CODE_CONTRADICTS_KIND', columnOfRole(plan, 'SUBJECT_CODE'));
  return { kind: 'organisation', uscc: code, name };
}

/** Reads values by role; what is missing is said once, not again where the column itself was refused already. */
function rolesIn(plan: TypePlan, values: Values, findings: Findings) {
  const text = (role: Role): string | undefined => {
    const item = plan.roles.get(role);
    const value = item && values[item.name];
    return typeof value === 'string' ? value : undefined;
  };
  const missing = (role: Role): undefined => {
    const column = columnOfRole(plan, role);
    if (!findings.hasRefused(column)) findings.refuse('REQUIRED', column);
    return undefined;
  };
  return { text, missing };
}

function checkProcedure(
  plan: TypePlan,
  values: Values,
  handle: SubjectHandle | undefined,
  region: string | null,
  findings: Findings,
): void {
  const item = plan.roles.get('PROCEDURE');
  if (!item || values[item.name] !== 'SIMPLE' || !handle) return;
  const { simpleProcedure } = profileOf(plan.type.regions, region);
  if (simpleProcedure === 'ALL' || (simpleProcedure === 'INDIVIDUALS' && handle.kind === 'person'))
    findings.refuse('SIMPLE_PROCEDURE', columnOf(item));
}

function columnOfRole(plan: TypePlan, role: Role): string {
  const item = plan.roles.get(role);
  return item ? columnOf(item) : '';
}

function columnNamed(plan: TypePlan, name: string): string {
  const item = plan.items.get(name);
  return item ? columnOf(item) : name;
}
