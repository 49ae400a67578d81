import DataLoader from 'dataloader';
import type { GraphQLResolveInfo } from 'graphql';
import { askedBy } from '../../auth/asked-arguments.ts';
import { narrow } from '../../auth/entitlements.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { allOf, bindShared, EVERY, type Filter } from '../../schema/filter.ts';
import type { Document, Query } from '../../store/port.ts';
import { type Place, placeOf, readerOf, type SubgraphContext } from './context.ts';
import { type CursorBinding, readCursor, writeCursor } from './cursor.ts';
import { disclosedRow, noteAuthorised, OBJECTION_NOTE, type Row } from './row.ts';
import type { Sealer } from './sealer.ts';
import { orderOf, whereFilter } from './where.ts';

export const MAX_PAGE = 200;
const DEFAULT_PAGE = 20;

export interface ListArguments {
  readonly where?: unknown;
  readonly orderBy?: unknown;
  readonly first?: number | null;
  readonly after?: string | null;
}

interface Connection {
  readonly nodes: readonly Row[];
  readonly edges: readonly { readonly cursor: string; readonly node: Row }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
  /** Counted only when it is selected. */
  readonly totalCount: () => unknown;
}

/** What a list is about. */
export interface ListOf {
  readonly type: RecordType;
  readonly sealer: Sealer;
  /** Only this subject's rows. */
  readonly subjectId?: string | undefined;
  /** Whatever is asked, only these rows. */
  readonly base?: Filter | undefined;
  /** How `where` is compiled, for types whose filter has names of its own. */
  readonly compileWhere?: ((where: unknown) => Filter) | undefined;
}

/** Pages, counts and cursors over the rows that this caller may see, narrowed by what the caller filters and orders by. */
export function listConnection(
  list: ListOf,
  args: ListArguments,
  context: SubgraphContext,
  info: GraphQLResolveInfo,
): Connection | Promise<Connection> {
  const { type, sealer, subjectId, base = EVERY, compileWhere = (where) => whereFilter(type, where) } = list;
  const first = args.first ?? DEFAULT_PAGE;
  if (first < 1) throw new HubError('BAD_USER_INPUT', 'first has to be at least 1');
  if (first > MAX_PAGE) throw new HubError('LIMIT_EXCEEDED', `first may be at most ${MAX_PAGE}`);
  const access = context.accessOf(type);
  const asked = askedBy(type, { where: args.where, orderBy: args.orderBy });
  const { rows, refused, narrowed } = narrow(access, asked);
  const [closed] = refused;
  if (closed) throw new HubError('FORBIDDEN', `${closed} may not be filtered or ordered by`);
  for (const coordinate of narrowed) context.remarks.narrowed.push({ ...placeOf(context, info.path), coordinate });
  const anySubject = allOf(base, compileWhere(args.where), bindShared(rows, context.caller.params));
  const filter = subjectId === undefined ? anySubject : allOf({ op: 'eq', field: 'gate.subjectId', value: subjectId }, anySubject);
  const order = orderOf(type, args.orderBy);
  const { audience } = context.caller.profile;
  const binding: CursorBinding = {
    list: JSON.stringify([audience, type.name, subjectId ?? null, args.where ?? null, args.orderBy ?? null]),
    use: context.caller.voucherUse,
  };
  const after = args.after ? readCursor(sealer, binding, args.after) : undefined;
  const tx = readerOf(context);
  const cursorOf = ({ key, columns }: Document) =>
    writeCursor(sealer, binding, { key, values: order.map(({ field }) => scalar(columns[field.slice(7)])) });
  const answer = (page: readonly Document[]): Connection => {
    const rowsOfPage = page.slice(0, first).flatMap((document) => disclosedRow(context, type, document) ?? []);
    annotate(context, () => selectedLists(info).map((below) => placeOf(context, info.path, ...below)), rowsOfPage);
    for (const coordinate of asked) for (const row of rowsOfPage) noteAuthorised(context, row, coordinate, info, 'LOOKED_AT');
    const firstRow = rowsOfPage[0];
    const lastRow = rowsOfPage.at(-1);
    return {
      nodes: rowsOfPage,
      get edges() {
        return rowsOfPage.map((node) => ({ cursor: cursorOf(node.document), node }));
      },
      get pageInfo() {
        return {
          hasNextPage: page.length > first,
          hasPreviousPage: after !== undefined,
          startCursor: firstRow ? cursorOf(firstRow.document) : null,
          endCursor: lastRow ? cursorOf(lastRow.document) : null,
        };
      },
      totalCount: () => tx.count(type.collection, filter),
    };
  };
  const query = { order, after, limit: first + 1 };
  // Several subjects' lists are one read; for one alone a loader would cost more than the read.
  const isOneOfMany = subjectId !== undefined && context.remarks.entities.length > 1;
  const page = isOneOfMany
    ? pagesPer(context, type, { ...query, where: anySubject }).load(subjectId)
    : tx.find(type.collection, { ...query, where: filter });
  return page instanceof Promise ? page.then(answer) : answer(page);
}

/** Loads the same page of many subjects' lists in one call. */
function pagesPer(context: SubgraphContext, type: RecordType, query: Query): DataLoader<string, readonly Document[]> {
  const key = JSON.stringify([type.name, query]);
  const known = context.pages.get(key);
  if (known) return known;
  const loader = new DataLoader<string, readonly Document[]>(async (subjectIds) =>
    readerOf(context).findPer(type.collection, 'gate.subjectId', subjectIds, query),
  );
  context.pages.set(key, loader);
  return loader;
}

/** R8: a record under objection says so at each place where it stands, whatever was selected of it. */
export function annotate(context: SubgraphContext, places: () => readonly Place[], rows: readonly Row[]): void {
  const disputed = rows.filter(({ type, document }) => type.kind === 'record' && document.gate?.objection === true);
  if (disputed.length === 0) return;
  for (const place of places()) {
    for (const { document } of disputed)
      context.remarks.annotations.push({ ...place, recordId: document.key, kind: 'OBJECTION', note: OBJECTION_NOTE });
  }
}

/** Under which names the rows of a connection stand in the answer: `nodes`, `edges … node`, and their aliases. */
function selectedLists(info: GraphQLResolveInfo): readonly (readonly string[])[] {
  const found: string[][] = [];
  const walk = (
    node: (typeof info.fieldNodes)[number] | { selectionSet?: (typeof info.fieldNodes)[number]['selectionSet'] },
    into: (name: string, key: string, child: (typeof info.fieldNodes)[number]) => void,
  ) => {
    for (const selection of node.selectionSet?.selections ?? []) {
      if (selection.kind === 'Field') into(selection.name.value, selection.alias?.value ?? selection.name.value, selection);
      else if (selection.kind === 'InlineFragment') walk(selection, into);
      else {
        const fragment = info.fragments[selection.name.value];
        if (fragment) walk(fragment, into);
      }
    }
  };
  for (const field of info.fieldNodes) {
    walk(field, (name, key, child) => {
      if (name === 'nodes') found.push([key, '@']);
      if (name === 'edges') walk(child, (inner, innerKey) => inner === 'node' && found.push([key, '@', innerKey]));
    });
  }
  return found;
}

function scalar(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
