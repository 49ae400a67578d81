import { type DocumentNode, getOperationAST, Kind, type OperationDefinitionNode, type ValueNode } from 'graphql';
import { HubError } from '../schema/errors.ts';
import { amountOf, conditionsOf, DEFAULT_PAGE, type Sizes, shapeOf } from './operation-shape.ts';

/** What one operation may ask for; computed from the operation and its variables only, never from what is found. */
export interface OperationLimits {
  /** Characters, lexical tokens and nested brackets of the document. */
  readonly documentLength: number;
  readonly tokens: number;
  readonly brackets: number;
  /** Operations and fragments of the document. */
  readonly definitions: number;
  /** Of each operation with its fragments expanded. */
  readonly depth: number;
  readonly selections: number;
  readonly aliases: number;
  readonly directives: number;
  readonly rootFields: number;
  /** The largest `first`, and the leaf values that all pages together may come to. */
  readonly pageSize: number;
  readonly cost: number;
  /** Comparisons in all filters of an operation together: what a database has to plan for grows faster than their number. */
  readonly conditions: number;
  /** Of a list, written in the document or given in a variable. */
  readonly listItems: number;
  readonly variableBytes: number;
  readonly variableDepth: number;
}

export const OPERATION_LIMITS: OperationLimits = {
  documentLength: 100_000,
  tokens: 5_000,
  brackets: 100,
  definitions: 100,
  depth: 15,
  selections: 5_000,
  aliases: 50,
  directives: 50,
  rootFields: 20,
  pageSize: 200,
  cost: 100_000,
  conditions: 200,
  listItems: 1_000,
  variableBytes: 1_048_576,
  variableDepth: 15,
};

/** Refuses an operation that is larger than allowed, before it is validated and before any work. @throws LIMIT_EXCEEDED, BAD_USER_INPUT (a page size below one) */
export function checkLimits(
  document: DocumentNode,
  operationName: string | null | undefined,
  variables: Readonly<Record<string, unknown>>,
  limits: OperationLimits,
): void {
  hold(document.definitions.length, limits.definitions, 'operations and fragments');
  const { definitions, listItems } = shapeOf(document);
  hold(listItems, limits.listItems, 'items in a list');
  for (const shape of definitions.values()) {
    hold(shape.depth, limits.depth, 'levels of fields');
    hold(shape.selections, limits.selections, 'selected fields');
    hold(shape.aliases, limits.aliases, 'aliases');
    hold(shape.directives, limits.directives, 'directives');
  }
  checkVariables(variables, limits);

  const operation = getOperationAST(document, operationName);
  const asked = operation && definitions.get(operation);
  if (!asked) return; // which operation is meant is not a question of size
  hold(asked.rootFields, limits.rootFields, 'root fields');
  const sizes = sizesFrom(operation, variables, limits);
  hold(amountOf(asked.cost, sizes), limits.cost, 'values in the answer');
  hold(amountOf(asked.conditions, sizes), limits.conditions, 'conditions in its filters');
}

function hold(size: number, limit: number, what: string): void {
  if (size > limit) throw new HubError('LIMIT_EXCEEDED', `the operation may have at most ${limit} ${what}`);
}

function sizesFrom(operation: OperationDefinitionNode, variables: Readonly<Record<string, unknown>>, limits: OperationLimits): Sizes {
  const page = (size: number) => {
    if (size < 1) throw new HubError('BAD_USER_INPUT', 'argument "first" has to be at least 1');
    hold(size, limits.pageSize, 'rows in a page (argument "first")');
    return size;
  };
  const defaultOf = (name: string) => operation.variableDefinitions?.find(({ variable }) => variable.name.value === name)?.defaultValue;
  const sizes: Sizes = {
    page,
    pageOf(name) {
      const given = Object.hasOwn(variables, name) ? variables[name] : writtenNumber(defaultOf(name));
      return page(typeof given === 'number' ? given : DEFAULT_PAGE); // what is no number is refused when variables are coerced
    },
    lengthOf(name) {
      if (!Object.hasOwn(variables, name)) {
        const standard = defaultOf(name);
        return standard?.kind === Kind.LIST ? standard.values.length : 1;
      }
      const given = variables[name];
      return Array.isArray(given) ? given.length : 1;
    },
    conditionsOf(name) {
      if (Object.hasOwn(variables, name)) return conditionsGiven(variables[name]);
      const standard = defaultOf(name);
      return standard ? amountOf(conditionsOf(standard), sizes) : 0;
    },
  };
  return sizes;
}

/** As `conditionsOf` of what is written: a list of values is one comparison. */
function conditionsGiven(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  if (Array.isArray(value) && !value.some((item) => typeof item === 'object' && item !== null)) return 1;
  return Object.values(value).reduce((total: number, member) => total + conditionsGiven(member), 0);
}

function writtenNumber(value: ValueNode | undefined): number | undefined {
  return value?.kind === Kind.INT ? Number(value.value) : undefined;
}

function checkVariables(variables: Readonly<Record<string, unknown>>, limits: OperationLimits): void {
  let bytes = 0;
  const weigh = (value: unknown, depth: number) => {
    hold(depth, limits.variableDepth, 'levels in a variable');
    bytes += typeof value === 'string' ? Buffer.byteLength(value) : 8;
    hold(bytes, limits.variableBytes, 'bytes in its variables');
    if (typeof value !== 'object' || value === null) return;
    if (Array.isArray(value)) {
      hold(value.length, limits.listItems, 'items in a list');
      for (const item of value) weigh(item, depth + 1);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      bytes += name.length;
      weigh(member, depth + 1);
    }
  };
  weigh(variables, 0);
}
