import { HubError } from '../../schema/errors.ts';
import { allOf, EVERY, type Filter } from '../../schema/filter.ts';
import { MAX_PAGE } from '../kit/connection.ts';
import { readerOf, type SubgraphContext } from '../kit/context.ts';
import { readCursor, writeCursor } from '../kit/cursor.ts';
import type { Resolvers } from '../kit/define-subgraph.ts';
import type { Sealer } from '../kit/sealer.ts';
import { REVEALS } from './collections.ts';

/** What the auditor reads of reveals: who, when, which row, why; nothing of the row itself. */
export const REVEALS_SDL = `
    type Query {
      "明文查看记录，最新的在前（审计人员）" reveals(where: RevealFilter, first: Int = 20, after: Cursor): RevealConnection @allow(audiences: [AUDITOR])
    }
    "明文查看记录筛选条件：各项同时成立；from 含、to 不含" input RevealFilter { staff: ID record: ID from: DateTime to: DateTime }
    type RevealConnection { "条目" nodes: [Reveal!]! "带游标的条目" edges: [RevealEdge!]! "分页信息" pageInfo: PageInfo! "总数，仅在查询时计算" totalCount: Int }
    type RevealEdge { cursor: Cursor! node: Reveal! }
    "运营人员对一条记录的一次明文查看"
    type Reveal {
      id: ID!
      "时间" at: DateTime!
      "失效时间" until: DateTime!
      "运营单位统一社会信用代码" organisation: UnifiedSocialCreditCode
      "运营人员标识" staff: ID!
      "信息类型" recordType: String!
      "记录标识" recordId: ID!
      "理由；其中的证件号码、电话和账号已脱敏" reason: String!
    }`;

interface RevealFilter {
  readonly staff?: string | null;
  readonly record?: string | null;
  readonly from?: string | null;
  readonly to?: string | null;
}
interface RevealArguments {
  readonly where?: RevealFilter | null;
  readonly first?: number | null;
  readonly after?: string | null;
}

const DEFAULT_PAGE = 20;

/** `reveals`: every reveal that was made, for the auditor (decision table, E15). */
export function revealResolvers({ sealer }: { readonly sealer: Sealer }): Resolvers[string] {
  return { reveals: (_source: unknown, args: RevealArguments, context: SubgraphContext) => list(sealer, args, context) };
}

async function list(sealer: Sealer, { where, first, after }: RevealArguments, context: SubgraphContext) {
  const size = first ?? DEFAULT_PAGE;
  if (size < 1) throw new HubError('BAD_USER_INPUT', 'first has to be at least 1');
  if (size > MAX_PAGE) throw new HubError('LIMIT_EXCEEDED', `first may be at most ${MAX_PAGE}`);
  const filter = filterOf(where ?? {});
  const binding = { list: JSON.stringify(['reveals', filter]) };
  const begin = after ? readCursor(sealer, binding, after) : undefined;
  const tx = readerOf(context);
  const found = await tx.find(REVEALS.name, {
    where: filter,
    order: [{ field: 'column.at', direction: 'DESC' }],
    after: begin,
    limit: size + 1,
  });
  const edges = found.slice(0, size).map(({ key, body, columns }) => ({
    cursor: writeCursor(sealer, binding, { values: [String(columns.at)], key }),
    node: { id: key, ...body },
  }));
  return {
    nodes: edges.map(({ node }) => node),
    edges,
    pageInfo: {
      hasNextPage: found.length > size,
      hasPreviousPage: begin !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: () => tx.count(REVEALS.name, filter),
  };
}

function filterOf({ staff, record, from, to }: RevealFilter): Filter {
  return allOf(
    staff ? { op: 'eq', field: 'column.staff', value: staff } : EVERY,
    record ? { op: 'eq', field: 'column.recordId', value: record } : EVERY,
    from ? { op: 'gte', field: 'column.at', value: instant(from) } : EVERY,
    to ? { op: 'lt', field: 'column.at', value: instant(to) } : EVERY,
  );
}

function instant(dateTime: string): string {
  return new Date(dateTime).toISOString();
}
