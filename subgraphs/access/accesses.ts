import type { GraphQLResolveInfo } from 'graphql';
import type { Access } from '../../auth/access-book.ts';
import type { AccessEntry, DisclosedRows } from '../../auth/access-entry.ts';
import type { Reason } from '../../auth/reasons.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { allOf, EVERY, type Filter } from '../../schema/filter.ts';
import type { Reader, Store } from '../../store/port.ts';
import { MAX_PAGE } from '../kit/connection.ts';
import { placeOf, readerOf, type SubgraphContext } from '../kit/context.ts';
import { readCursor, writeCursor } from '../kit/cursor.ts';
import type { Resolvers } from '../kit/define-subgraph.ts';
import type { Sealer } from '../kit/sealer.ts';
import { countEntries, type EntryRef, entryAt, findEntries } from './access-entries.ts';

interface AccessesParts {
  readonly catalogue: Catalogue;
  readonly sealer: Sealer;
  /** What the access log is kept in. */
  readonly logStore: Store;
}
interface PageArguments {
  readonly first?: number | null;
  readonly after?: string | null;
}
interface LogFilter {
  readonly organisation?: string | null;
  readonly subject?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly decision?: string | null;
}

/** One page of what a filter finds, newest first. */
interface Listing<T> {
  readonly name: string;
  readonly where: Filter;
  /** Undefined for an entry that this caller is not shown. */
  readonly show: (entry: AccessEntry) => T | undefined | Promise<T | undefined>;
}

const DEFAULT_PAGE = 20;
const READ_AT_ONCE = 50;
/** A page ends early behind so many entries that are not shown. */
const MOST_READ = 2000;

/** `accessLog` and `Subject.accesses`: who has read what, for the auditor, the subject, and each department about its own staff (decision table, E19). */
export function accessLogResolvers(parts: AccessesParts): Pick<Resolvers, 'Query' | 'Subject'> {
  const { catalogue } = parts;
  const types = new Map(catalogue.types.map((type) => [type.code, type]));
  return {
    Query: {
      accessLog: (_source: unknown, { where, ...page }: PageArguments & { where?: LogFilter | null }, context: SubgraphContext) =>
        list(parts, context, page, { name: 'accessLog', where: logFilter(where ?? {}), show: (entry) => ({ signals: [], ...entry }) }),
    },
    Subject: {
      accesses: ({ id }: { id: string }, page: PageArguments, context: SubgraphContext, info: GraphQLResolveInfo) => {
        const closed = closedTo(context, id);
        if (closed) {
          const cause = { coordinate: 'Subject.accesses', effect: 'DENIED', class: 'AUDIT', reason: closed } as const;
          context.remarks.withheld.push({ ...placeOf(context, info.path), ...cause });
          return null;
        }
        const { audience, orgUscc } = context.caller.profile;
        const isOwn = audience === 'SUBJECT';
        const about: Filter = { op: 'eq', field: 'column.subject', value: id };
        const rest: Filter = isOwn
          ? { op: 'in', field: 'column.decision', values: ['ALLOW', 'PARTIAL'] }
          : { op: 'eq', field: 'column.organisation', value: orgUscc ?? '' };
        const show = isOwn
          ? (entry: AccessEntry) => shownToSubject(context, types, id, entry)
          : (entry: AccessEntry) => summary(entry, partsAbout(entry, id));
        return list(parts, context, page, { name: `accesses ${id}`, where: allOf(about, rest), show });
      },
    },
  };
}

/** Why this caller is not shown who has read of this subject; it follows from the caller and the id that was asked for. */
function closedTo({ caller }: SubgraphContext, id: string): Reason | undefined {
  const { audience, authLevel, orgUscc } = caller.profile;
  if (audience === 'AGENCY') return orgUscc === undefined ? 'NOT_FOR_THIS_AUDIENCE' : undefined;
  if (audience !== 'SUBJECT') return 'NOT_FOR_THIS_AUDIENCE';
  if (id !== caller.subjectId) return 'NOT_YOUR_SUBJECT';
  return authLevel < 2 ? 'NOT_FOR_THIS_AUDIENCE' : undefined;
}

function logFilter({ organisation, subject, from, to, decision }: LogFilter): Filter {
  const equal = (name: string, value: string | null | undefined): Filter =>
    value === null || value === undefined ? EVERY : { op: 'eq', field: `column.${name}`, value };
  return allOf(
    // Of an entry about several subjects there are several documents.
    subject ? equal('subject', subject) : { op: 'eq', field: 'column.part', value: 0 },
    equal('organisation', organisation),
    equal('decision', decision),
    from ? { op: 'gte', field: 'key', value: instant(from) } : EVERY,
    to ? { op: 'lt', field: 'key', value: instant(to) } : EVERY,
  );
}

function instant(dateTime: string): string {
  return new Date(dateTime).toISOString();
}

interface Shown<T> {
  readonly ref: EntryRef;
  readonly node: T;
}

async function list<T>(
  { sealer, logStore }: AccessesParts,
  context: SubgraphContext,
  { first, after }: PageArguments,
  { name, where, show }: Listing<T>,
) {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1) throw new HubError('BAD_USER_INPUT', 'first has to be at least 1');
  if (size > MAX_PAGE) throw new HubError('LIMIT_EXCEEDED', `first may be at most ${MAX_PAGE}`);
  const binding = { list: JSON.stringify([context.caller.profile.audience, name, where]) };
  const begin = after ? readCursor(sealer, binding, after) : undefined;
  const found: Shown<T>[] = [];
  let last = begin?.key;
  let isEnd = false;
  await logStore.read(async (log) => {
    for (let read = 0; found.length <= size && !isEnd && read < MOST_READ; read += READ_AT_ONCE) {
      const page = await findEntries(log, where, last, READ_AT_ONCE);
      for (const ref of page) {
        const entry = await entryAt(log, ref.place);
        const node = entry && (await show(entry));
        if (node !== undefined) found.push({ ref, node });
        if (found.length > size) break;
        last = ref.key;
      }
      isEnd = page.length < READ_AT_ONCE;
    }
  });
  const cursorOf = (key: string) => writeCursor(sealer, binding, { values: [], key });
  const shown = found.slice(0, size);
  const start = shown[0]?.ref.key;
  return {
    nodes: shown.map(({ node }) => node),
    edges: shown.map(({ ref, node }) => ({ cursor: cursorOf(ref.key), node })),
    pageInfo: {
      hasNextPage: found.length > size || !isEnd,
      hasPreviousPage: begin !== undefined,
      startCursor: start === undefined ? null : cursorOf(start),
      endCursor: last === undefined ? null : cursorOf(last),
    },
    totalCount: () => logStore.read((log) => countEntries(log, where)),
  };
}

function partsAbout(entry: AccessEntry, subject: string): readonly DisclosedRows[] {
  return entry.disclosed.filter((part) => part.subject === subject);
}

/** E19: not the subject's own reading, not what may be kept from it, and only as far as rows were read that are in its own view now. */
async function shownToSubject(context: SubgraphContext, types: ReadonlyMap<string, RecordType>, id: string, entry: AccessEntry) {
  if (entry.audience === 'SUBJECT' || entry.withheldFromSubject) return undefined;
  const tx = readerOf(context);
  const parts: DisclosedRows[] = [];
  for (const part of partsAbout(entry, id)) {
    const type = types.get(part.recordType);
    if (type && part.section && (await isInOwnView(tx, context, type, part.rows))) parts.push(part);
  }
  return parts.length === 0 ? undefined : summary({ ...entry, staff: undefined }, parts);
}

async function isInOwnView(tx: Reader, context: SubgraphContext, type: RecordType, rows: readonly string[]): Promise<boolean> {
  const { caller } = context;
  const access: Access = context.accessOf(type);
  for (const row of rows) {
    const [document] = await tx.get(type.collection, [row]);
    if (!document || document.gate?.subjectId !== caller.subjectId) continue;
    if (access.disclose(document, caller.params)?.heldBy.includes('E5')) return true;
  }
  return false;
}

function summary({ at, audience, organisation, staff, purpose, channel }: AccessEntry, parts: readonly DisclosedRows[]) {
  const rules = new Set(parts.flatMap((part) => part.rules.map((rule) => rule.split(':')[0] ?? '')));
  return {
    at,
    audience,
    organisation,
    organisationName: (_args: unknown, context: SubgraphContext) => nameOf(context, organisation),
    staff,
    purpose,
    sections: [...new Set(parts.flatMap(({ section }) => section ?? []))].sort(),
    channel,
    basis: [...new Set([...rules].flatMap((rule) => BASIS[rule] ?? []))].sort(),
  };
}

/** By which rule of the decision table rows were read, in the words of the API. */
const BASIS: Readonly<Record<string, string>> = {
  E2: 'DUTY',
  E3: 'GRANT',
  E4: 'OWN_RECORDS',
  E6: 'VOUCHER',
  E7: 'VOUCHER',
  E8: 'VOUCHER',
  E9: 'SUPERVISION',
  E10: 'GRANT',
  E11: 'EVALUATION',
  E12: 'OPERATION',
  E13: 'OPERATION',
  E14: 'CASE',
  E18: 'LOOK_UP',
  E20: 'PARTY',
};

/** Names of departments and bodies are open. */
async function nameOf(context: SubgraphContext, uscc: string | undefined): Promise<string | null> {
  if (uscc === undefined) return null;
  const tx = readerOf(context);
  for (const [collection, column] of [
    ['department', 'uscc'],
    ['service-body', 'orgUscc'],
  ] as const) {
    const [found] = await tx.find(collection, { where: { op: 'eq', field: `column.${column}`, value: uscc }, order: [], limit: 1 });
    if (typeof found?.body.name === 'string') return found.body.name;
  }
  return null;
}
