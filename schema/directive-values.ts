import { type ConstDirectiveNode, type ConstValueNode, Kind } from 'graphql';
import type { ValueInField } from './catalogue.ts';

/** Arguments of a directive by name. */
export type Marks = Readonly<Record<string, unknown>>;

/** The arguments of a directive on this node, undefined when it is not there. */
export function directive(node: { readonly directives?: readonly ConstDirectiveNode[] | undefined }, name: string): Marks | undefined {
  const found = node.directives?.find((candidate) => candidate.name.value === name);
  return found && Object.fromEntries((found.arguments ?? []).map((argument) => [argument.name.value, constant(argument.value)]));
}

function constant(node: ConstValueNode): unknown {
  switch (node.kind) {
    case Kind.LIST:
      return node.values.map(constant);
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map((field) => [field.name.value, constant(field.value)]));
    case Kind.INT:
    case Kind.FLOAT:
      return Number(node.value);
    case Kind.NULL:
      return null;
    default:
      return node.value;
  }
}

/** What a directive says as a list of fields with values. */
export function valuesInFields(value: unknown): readonly ValueInField[] {
  return Array.isArray(value) ? value.map((entry: Marks) => ({ field: text(entry.field) ?? '', values: texts(entry.values) })) : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
