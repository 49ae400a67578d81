import { visibleRows } from '../../auth/entitlements.ts';
import { BUSINESS_AUDIENCES } from '../../auth/matrix.ts';
import type { RevealBook } from '../../auth/ports.ts';
import type { Audience } from '../../auth/principal.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { bind, matches } from '../../schema/filter.ts';
import { readerOf, type SubgraphContext } from '../kit/context.ts';
import type { Resolvers, SubgraphDefinition } from '../kit/define-subgraph.ts';
import { stubsOf } from '../kit/expand.ts';
import type { RecordOwner } from '../kit/record-owner.ts';
import { type ChangesArguments, type ChangesParts, createFeed } from './feed.ts';
import { reveal } from './reveal.ts';
import type { WebhookBook } from './webhook-port.ts';
import { WEBHOOK_SDL, webhookResolvers } from './webhook-resolvers.ts';

/** Systems, and bodies that present a voucher. */
const RECEIVERS: readonly Audience[] = ['SUPERVISION', 'AGENCY', 'CREDIT_BODY', 'APP_ORG'];
/** Whom the operator may let follow changes as well: of what lists show them anyway. */
const OPENED_TO: readonly Audience[] = ['PUBLIC', 'SUBJECT'];
const BUSINESS = `audiences: [${BUSINESS_AUDIENCES.join(', ')}]`;

/** Whom the operator lets follow changes. */
export interface FeedAudiences {
  readonly isFeedPublic: boolean;
}

/** The subgraph's own SDL: root fields, and a stub of every record type of the catalogue. */
export function extraOf(catalogue: Catalogue, { isFeedPublic }: FeedAudiences): NonNullable<SubgraphDefinition['extra']> {
  const receivers = `audiences: [${[...(isFeedPublic ? OPENED_TO : []), ...RECEIVERS].join(', ')}]`;
  return {
    path: 'subgraphs/changes/resolvers.ts',
    records: true,
    text: `
      type Query {
        "按标识查看一条信用记录；本人无权知悉时为空，与不存在相同"
        record(id: ID!): Record @allow(${BUSINESS})
        "变更：after 之后本人所见有变化的记录，按发生次序；after 为空时自此刻起。resync 不为空的一页没有变更：应重新查询全部数据，再自 endCursor 继续"
        changes(after: Cursor, first: Int = 20, where: ChangeFilter): ChangePage @allow(${receivers})
        ${WEBHOOK_SDL.queries}
      }
      type Subscription {
        "变更订阅：先补发 after 之后的变更，再实时推送；每一条均按当时的权限重新裁决"
        changes(after: Cursor, where: ChangeFilter): ChangeDelivery! @allow(${receivers})
      }
      "一页变更" type ChangePage {
        "变更" nodes: [Change!]!
        "下一次查询的 after" endCursor: Cursor!
        "是否还有" hasMore: Boolean!
        "须重新查询全部数据的原因" resync: ResyncReason
      }
      "一次投递" union ChangeDelivery = Change | Lagged | Resync
      "一条记录在本人所见范围内的变化"
      type Change {
        "变更标识：同一变化重复投递时相同" id: ID!
        "其后继续的游标" cursor: Cursor!
        "变化时间" at: DateTime!
        "变化类型" type: ChangeType!
        "信息类型" recordType: RecordType!
        "记录标识" recordId: ID!
        "信用主体，按现行权限" subject: Subject
        "记录，按现行权限" record: Record
        "本人可见的变化字段" changedFields: [String!]!
        "不再可见的原因，仅对监管系统与被授权单位" cause: String
        "记录是否已不在本人可见范围" tombstone: Boolean!
      }
      "变化类型" enum ChangeType { "新可见" RECORD_PUBLISHED "有变化" RECORD_CHANGED "不再可见" RECORD_GONE }
      "接收过慢：自 resumeFrom 起重新订阅" type Lagged { resumeFrom: Cursor! }
      "须重新查询全部数据，其后自 cursor 继续" type Resync { reason: ResyncReason! cursor: Cursor! }
      "须重新查询全部数据的原因" enum ResyncReason { "游标超出保留期" CURSOR_TOO_OLD "权限已变" ACCESS_CHANGED }
      "变更筛选条件：所列各项同时成立"
      input ChangeFilter {
        "共享类别" share: [ShareCategory!]
        "信息类型" recordTypes: [RecordType!]
        "名单类型" listKinds: [ListKind!]
        "行政区划，含其下级" regions: [RegionCode!]
        "信用主体标识" subjects: [ID!]
      }
      "名单类型" enum ListKind { "守信联合激励对象" RED "严重失信主体名单" BLACK "重点关注对象名单" WATCH "经营异常名录" ABNORMAL }
      type Mutation {
        "撤销记录（来源部门或运营单位）：文书依据与理由必填，撤销后除主体、来源和运营单位外不再可见"
        withdrawRecord(recordId: ID!, documentRef: String!, reason: String!, expectedVersion: Int): Record @allow(audiences: [AGENCY, OPERATOR])
        "更正记录（来源部门或运营单位）：fields 同报送输入，不含标识、主体和来源字段"
        correctRecord(recordId: ID!, fields: JSON!, reason: String!, expectedVersion: Int): Record @allow(audiences: [AGENCY, OPERATOR])
        "明文查看一条记录（运营人员）：理由不少于十个字，仅对本人、仅此一条、十五分钟内有效，并记入访问日志"
        reveal(recordId: ID!, reason: String!): Record @allow(audiences: [OPERATOR])
        ${WEBHOOK_SDL.mutations}
      }
      ${WEBHOOK_SDL.types}
      ${stubsOf(catalogue)}`,
  };
}

interface Stub {
  readonly __typename: string;
  readonly id: string;
}

/** Resolves ids through `record-index`; everything but the id is the owner's to answer. */
export function changesResolvers(
  parts: ChangesParts & { readonly owner: RecordOwner; readonly reveals: RevealBook; readonly webhooks: WebhookBook },
): Resolvers {
  const { catalogue, owner, reveals } = parts;
  const readChanges = createFeed(parts);
  const webhooks = webhookResolvers(parts.webhooks, readChanges);
  const types = new Map(catalogue.types.filter(({ kind }) => kind === 'record').map((type) => [type.code, type]));
  // Through the gateway the owner answers it; at this subgraph's own door the stub is all there is.
  const stubs = [...types.values()].map((type) => [type.name, { recordType: () => type.code }] as const);
  return {
    ...Object.fromEntries(stubs),
    Query: {
      record: async (_source: unknown, { id }: { id: string }, context: SubgraphContext): Promise<Stub | null> => {
        const [entry] = await readerOf(context).get('record-index', [id]);
        const type = types.get(String(entry?.body.recordType));
        if (!entry || !type) return null;
        const rows = bind(visibleRows(context.accessOf(type)), context.caller.params);
        return matches(rows, entry) ? { __typename: type.name, id } : null;
      },
      changes: (_source: unknown, args: ChangesArguments, context: SubgraphContext) => readChanges(args, context),
      ...webhooks.Query,
    },
    Mutation: {
      ...webhooks.Mutation,
      withdrawRecord: (
        _source: unknown,
        args: { recordId: string; documentRef: string; reason: string; expectedVersion?: number | null },
        context: SubgraphContext,
      ): Promise<Stub> => {
        if (args.documentRef.trim() === '' || args.reason.trim() === '')
          throw new HubError('BAD_USER_INPUT', 'a withdrawal needs a document reference and a reason');
        return owner.withdraw(context.caller, args);
      },
      reveal: (_source: unknown, args: { recordId: string; reason: string }, context: SubgraphContext): Promise<Stub> =>
        reveal({ owner, reveals }, args, context),
      correctRecord: (
        _source: unknown,
        args: { recordId: string; fields: unknown; reason: string; expectedVersion?: number | null },
        context: SubgraphContext,
      ): Promise<Stub> => {
        const { fields } = args;
        if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || Object.keys(fields).length === 0) {
          throw new HubError('BAD_USER_INPUT', 'fields has to be an object that names at least one field');
        }
        if (args.reason.trim() === '') throw new HubError('BAD_USER_INPUT', 'a correction needs a reason');
        return owner.correct(context.caller, { ...args, fields: fields as Readonly<Record<string, unknown>> });
      },
    },
  };
}
