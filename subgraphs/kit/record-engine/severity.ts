import type { EnumValue, RecordType } from '../../../schema/catalogue.ts';
import { type Nature, SEVERITIES, type Severity } from '../../../schema/gate.ts';
import { columnOf, type Findings } from './findings.ts';
import { enumValueOf, textsOf } from './role-values.ts';
import type { Values } from './rows.ts';
import { higher } from './scale.ts';
import type { TypePlan } from './type-plan.ts';

/** Enum values of the row that say something about its section, nature or severity. */
export function decidingValues(plan: TypePlan, values: Values): readonly EnumValue[] {
  const found: EnumValue[] = [];
  for (const item of plan.deciding) {
    const names = item.list ? textsOf(values[item.name]) : [values[item.name]];
    for (const name of names) {
      const value = enumValueOf(plan, item, name);
      if (value) found.push(value);
    }
  }
  return found;
}

/** The nature that a value of the row decides, else that of its type. */
export function natureOf(type: RecordType, deciding: readonly EnumValue[]): Nature {
  const natures = deciding.flatMap(({ nature }) => (nature ? [nature] : []));
  return natures.includes('UNTRUSTWORTHY') ? 'UNTRUSTWORTHY' : (natures[0] ?? type.nature);
}

/** Null where an untrustworthy act needs a severity and nothing decides it: the row stays closed. */
export function severityOf(
  plan: TypePlan,
  values: Values,
  nature: Nature,
  deciding: readonly EnumValue[],
  findings: Findings,
): Severity | null {
  if (nature !== 'UNTRUSTWORTHY') return 'NA';
  const decided = deciding.reduce<Severity | null>((highest, { severity }) => higher(RISING, highest, severity ?? null), null);
  const explicit = plan.roles.get('SEVERITY');
  const stated = explicit ? SEVERITIES.find((severity) => severity === values[explicit.name]) : undefined;
  const severity = decided ?? (stated === 'NA' ? undefined : stated);
  const procedure = plan.roles.get('PROCEDURE');
  if (severity === 'GENERAL' && procedure && values[procedure.name] === 'SIMPLE') return 'MINOR';
  if (severity) return severity;
  if (plan.roles.has('STATE')) return 'NA';
  if (plan.type.publishable) findings.note('SEVERITY_UNSET', explicit ? columnOf(explicit) : '');
  return null;
}

const RISING: readonly Severity[] = ['NA', 'MINOR', 'GENERAL', 'SERIOUS'];
