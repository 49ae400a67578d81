import type { EnumValue, Item, Role } from '../../../schema/catalogue.ts';
import type { Values } from './rows.ts';
import type { TypePlan } from './type-plan.ts';

/** The text that plays this role in a row. */
export function textOf(plan: TypePlan, values: Values, role: Role): string | undefined {
  const item = plan.roles.get(role);
  const value = item && values[item.name];
  return typeof value === 'string' ? value : undefined;
}

/** What the catalogue says of an enum value of the row. */
export function enumValueOf(plan: TypePlan, item: Item, name: unknown): EnumValue | undefined {
  return typeof name === 'string' ? plan.enums.get(item.type)?.byName.get(name) : undefined;
}

/** A text, or the texts of a list. */
export function textsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.filter((one) => typeof one === 'string');
  return typeof value === 'string' ? [value] : [];
}
