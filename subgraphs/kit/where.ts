import type { Item, RecordType } from '../../schema/catalogue.ts';
import { allOf, anyOf, type FieldName, type Filter, NONE, not } from '../../schema/filter.ts';
import type { Json } from '../../schema/json.ts';
import type { Order } from '../../store/port.ts';
import { orderedItems, orderName } from './expand.ts';
import { columnValue } from './record-collection.ts';

type Where = Readonly<Record<string, unknown>>;

/** Compiles the `where` of a list to the filter language; null operands state no condition. */
export function whereFilter(type: RecordType, where: unknown, column: (item: Item) => FieldName = (item) => `column.${item.name}`): Filter {
  if (!isObject(where)) return allOf();
  return allOf(
    ...Object.entries(where).map(([name, value]) => {
      if (name === 'and') return allOf(...list(value).map((part) => whereFilter(type, part, column)));
      if (name === 'or') return value === null ? allOf() : anyOf(...list(value).map((part) => whereFilter(type, part, column)));
      if (name === 'not') return isObject(value) ? not(whereFilter(type, value, column)) : allOf();
      const item = type.items.find((candidate) => candidate.name === name);
      return item && isObject(value) ? comparison(item, value, column(item)) : allOf();
    }),
  );
}

function comparison(item: Item, operators: Where, field: FieldName): Filter {
  return allOf(
    ...Object.entries(operators).map(([op, operand]): Filter => {
      if (operand === null || operand === undefined) return allOf();
      if (op === 'in') return isOneOf(item, field, list(operand));
      if (op === 'eq') return equals(item, field, operand);
      const value = columnValue({ ...item, list: false }, operand as Json);
      if (value === null || typeof value === 'object') return NONE;
      return { op: op as 'gt' | 'gte' | 'lt' | 'lte' | 'startsWith', field, value };
    }),
  );
}

function isOneOf(item: Item, field: FieldName, operands: readonly unknown[]): Filter {
  if (item.list) return anyOf(...operands.map((value) => equals(item, field, value)));
  const values = operands
    .map((operand) => columnValue(item, operand as Json))
    .filter((value) => value !== null && typeof value !== 'object');
  return values.length === 0 ? NONE : { op: 'in', field, values };
}

function equals(item: Item, field: FieldName, operand: unknown): Filter {
  const value = columnValue({ ...item, list: false }, operand as Json);
  if (value === null || typeof value === 'object') return NONE;
  return item.list ? { op: 'has', field, value } : { op: 'eq', field, value };
}

/** The order of a list: what was asked, else the decision date, newest first; the key breaks ties. */
export function orderOf(type: RecordType, orderBy: unknown): readonly Order[] {
  const asked = list(orderBy).flatMap((entry): Order[] => {
    const item = isObject(entry) ? orderedItems(type).find((candidate) => orderName(candidate) === entry.field) : undefined;
    return item && isObject(entry) ? [{ field: `column.${item.name}`, direction: entry.direction === 'ASC' ? 'ASC' : 'DESC' }] : [];
  });
  // What is said again of a field decides nothing any more, and a cursor has a place for each entry.
  if (asked.length > 0) return asked.filter(({ field }, place) => asked.findIndex((other) => other.field === field) === place);
  return type.kind === 'record' ? [{ field: 'column.decisionDate', direction: 'DESC' }] : [];
}

function list(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Where {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
