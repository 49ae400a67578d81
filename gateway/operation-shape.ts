import {
  type ArgumentNode,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

/** Page size of a connection that is asked for without one. */
export const DEFAULT_PAGE = 20;

/** Turns page and list sizes into numbers once the variables are known. */
export interface Sizes {
  page(size: number): number;
  pageOf(variable: string): number;
  lengthOf(variable: string): number;
  conditionsOf(variable: string): number;
}
/** A number, or one that follows from the variables. */
export type Amount = number | ((sizes: Sizes) => number);

/** What one definition asks for with its fragments expanded; without end where fragments spread each other. */
interface Shape {
  readonly depth: number;
  readonly rootFields: number;
  readonly selections: number;
  readonly aliases: number;
  readonly directives: number;
  /** Leaf values that the answer can hold at most. */
  readonly cost: Amount;
  /** Comparisons in all filters; a list of values is one. */
  readonly conditions: Amount;
}

interface DocumentShape {
  readonly definitions: ReadonlyMap<OperationDefinitionNode | FragmentDefinitionNode, Shape>;
  /** Items of the longest list written in the document. */
  readonly listItems: number;
}

/** A selection set, or one selection: `paged` is what stands in `nodes` and `edges` and comes once for each row of the page around it. */
interface Part extends Omit<Shape, 'rootFields' | 'cost'> {
  readonly fields: number;
  readonly flat: Amount;
  readonly paged: Amount;
}

const NOTHING: Part = { depth: 0, fields: 0, selections: 0, aliases: 0, directives: 0, conditions: 0, flat: 0, paged: 0 };
const ENDLESS: Part = { ...NOTHING, depth: Infinity, fields: Infinity, selections: Infinity, flat: Infinity };
const ROWS = new Set(['nodes', 'edges']);
/** Introspection has no pages: how often its selections are repeated, roughly, by the types of a schema and the fields of a type. */
const INTROSPECTION_SIZES = new Map([
  ['__schema', 250],
  ['__type', 20],
]);

const shapes = new WeakMap<DocumentNode, DocumentShape>();

/** Measures a document once; each fragment is measured once, however often it is spread. */
export function shapeOf(document: DocumentNode): DocumentShape {
  const known = shapes.get(document);
  if (known) return known;
  const shape = measureDocument(document);
  shapes.set(document, shape);
  return shape;
}

export function amountOf(amount: Amount, sizes: Sizes): number {
  return typeof amount === 'number' ? amount : amount(sizes);
}

function measureDocument(document: DocumentNode): DocumentShape {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
  }
  const measured = new Map<FragmentDefinitionNode, Part>();
  let listItems = 0;

  const measureSelections = (set: SelectionSetNode): Part => joinParts(set.selections.map(measureSelection));
  const measureSelection = (selection: SelectionNode): Part => {
    noteArguments(selection.directives);
    const directives = selection.directives?.length ?? 0;
    if (selection.kind === Kind.FIELD) return measureField(selection, directives);
    const part = selection.kind === Kind.INLINE_FRAGMENT ? measureSelections(selection.selectionSet) : measureSpread(selection.name.value);
    return directives === 0 ? part : { ...part, directives: part.directives + directives };
  };
  const measureSpread = (name: string): Part => {
    const fragment = fragments.get(name);
    return fragment ? measureFragment(fragment) : NOTHING;
  };
  const measureFragment = (fragment: FragmentDefinitionNode): Part => {
    const known = measured.get(fragment);
    if (known) return known;
    measured.set(fragment, ENDLESS); // stands while the fragment is measured: whoever meets it then is inside it
    const part = measureSelections(fragment.selectionSet);
    measured.set(fragment, part);
    return part;
  };
  const measureField = (field: FieldNode, directives: number): Part => {
    const inner = field.selectionSet ? measureSelections(field.selectionSet) : NOTHING;
    for (const { value } of field.arguments ?? []) listItems = Math.max(listItems, longestList(value));
    const cost = fieldCost(field, inner);
    return {
      depth: inner.depth + 1,
      fields: 1,
      selections: inner.selections + 1,
      aliases: inner.aliases + (field.alias ? 1 : 0),
      directives: inner.directives + directives,
      conditions: add(inner.conditions, conditionsIn(field.arguments ?? [])),
      ...(ROWS.has(field.name.value) ? { flat: 0, paged: cost } : { flat: cost, paged: 0 }),
    };
  };
  const noteArguments = (directives: readonly DirectiveNode[] | undefined) => {
    for (const directive of directives ?? []) {
      for (const { value } of directive.arguments ?? []) listItems = Math.max(listItems, longestList(value));
    }
  };

  const definitions = new Map<OperationDefinitionNode | FragmentDefinitionNode, Shape>();
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION) continue;
    noteArguments(definition.directives);
    const part = definition.kind === Kind.FRAGMENT_DEFINITION ? measureFragment(definition) : measureSelections(definition.selectionSet);
    let directives = part.directives + (definition.directives?.length ?? 0);
    for (const { defaultValue, directives: own } of definition.variableDefinitions ?? []) {
      noteArguments(own);
      directives += own?.length ?? 0;
      if (defaultValue) listItems = Math.max(listItems, longestList(defaultValue));
    }
    const { depth, fields: rootFields, selections, aliases, conditions } = part;
    const cost = add(part.flat, multiply(DEFAULT_PAGE, part.paged));
    definitions.set(definition, { depth, rootFields, selections, aliases, directives, cost, conditions });
  }
  return { definitions, listItems };
}

/** Leaf values of one field: rows times what stands in a row, where the rows are a page, a list that was handed in, or one. */
function fieldCost(field: FieldNode, inner: Part): Amount {
  const first = field.arguments?.find(({ name, value }) => name.value === 'first' && value.kind !== Kind.NULL);
  const page = first && pageSize(first.value);
  if (inner.paged !== 0) return add(inner.flat, multiply(page ?? DEFAULT_PAGE, inner.paged));
  const values = field.selectionSet ? inner.flat : 1;
  const size = page ?? INTROSPECTION_SIZES.get(field.name.value) ?? longestArgument(field.arguments ?? []);
  return multiply(size, values);
}

function pageSize(value: ValueNode): Amount {
  if (value.kind === Kind.VARIABLE) return (sizes) => sizes.pageOf(value.name.value);
  const size = value.kind === Kind.INT ? Number(value.value) : DEFAULT_PAGE; // anything else is refused by validation
  return (sizes) => sizes.page(size);
}

/** An operation over a list that was handed in (codes to check, records to submit) answers once for each of its items. */
function longestArgument(given: readonly ArgumentNode[]): Amount {
  let written = 1;
  const variables: string[] = [];
  for (const { value } of given) {
    if (value.kind === Kind.LIST) written = Math.max(written, value.values.length);
    if (value.kind === Kind.VARIABLE) variables.push(value.name.value);
  }
  if (variables.length === 0) return written;
  return (sizes) => Math.max(written, ...variables.map((name) => sizes.lengthOf(name)));
}

function conditionsIn(given: readonly ArgumentNode[]): Amount {
  return sum(given.flatMap(({ name, value }) => (name.value === 'where' ? [conditionsOf(value)] : [])));
}

/** Comparisons of a filter that is written in the document, in whole or in part. */
export function conditionsOf(value: ValueNode): Amount {
  if (value.kind === Kind.VARIABLE) return (sizes) => sizes.conditionsOf(value.name.value);
  if (value.kind === Kind.OBJECT) return sum(value.fields.map((field) => conditionsOf(field.value)));
  if (value.kind !== Kind.LIST || !value.values.some(({ kind }) => kind === Kind.OBJECT || kind === Kind.VARIABLE)) return 1;
  return sum(value.values.map(conditionsOf));
}

function longestList(value: ValueNode): number {
  if (value.kind === Kind.LIST) return Math.max(value.values.length, ...value.values.map(longestList));
  if (value.kind === Kind.OBJECT) return Math.max(0, ...value.fields.map((field) => longestList(field.value)));
  return 0;
}

function joinParts(parts: readonly Part[]): Part {
  let { depth, fields, selections, aliases, directives } = NOTHING;
  for (const part of parts) {
    depth = Math.max(depth, part.depth);
    fields += part.fields;
    selections += part.selections;
    aliases += part.aliases;
    directives += part.directives;
  }
  return {
    depth,
    fields,
    selections,
    aliases,
    directives,
    conditions: sum(parts.map(({ conditions }) => conditions)),
    flat: sum(parts.map(({ flat }) => flat)),
    paged: sum(parts.map(({ paged }) => paged)),
  };
}

function sum(amounts: readonly Amount[]): Amount {
  let known = 0;
  const open: ((sizes: Sizes) => number)[] = [];
  for (const amount of amounts) {
    if (typeof amount === 'number') known += amount;
    else open.push(amount);
  }
  if (open.length === 0) return known;
  return (sizes) => open.reduce((total, amount) => total + amount(sizes), known);
}

function add(left: Amount, right: Amount): Amount {
  return sum([left, right]);
}

function multiply(left: Amount, right: Amount): Amount {
  if (typeof left === 'number' && typeof right === 'number') return left * right;
  return (sizes) => amountOf(left, sizes) * amountOf(right, sizes);
}
