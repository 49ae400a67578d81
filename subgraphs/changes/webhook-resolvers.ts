import { HubError } from '../../schema/errors.ts';
import type { Json } from '../../schema/json.ts';
import { actorOf } from '../kit/actor.ts';
import type { SubgraphContext } from '../kit/context.ts';
import type { Resolvers } from '../kit/define-subgraph.ts';
import type { ChangeFilter } from './change-filter.ts';
import type { ReadChanges } from './feed.ts';
import { clientOf } from './feed-cursor.ts';
import type { RegisteredWebhook, WebhookBook, Whose } from './webhook-port.ts';

const OWNERS = 'audiences: [SUPERVISION, AGENCY]';
const OWNERS_AND_OPERATOR = 'audiences: [SUPERVISION, AGENCY, OPERATOR]';

/** For systems that can hold no connection. */
export const WEBHOOK_SDL = {
  queries: `
    "变更回调：本单位（本系统）登记的；运营人员查看全部，地址只显示主机"
    webhooks: [Webhook!] @allow(${OWNERS_AND_OPERATOR})`,
  mutations: `
    "登记变更回调：此后按登记时的身份、用途和筛选条件投递；signingKey 仅在本次答复中给出"
    registerWebhook(input: WebhookInput!): Webhook @allow(${OWNERS})
    "更换签名密钥：新密钥仅在本次答复中给出，旧密钥同时签名二十四小时"
    rotateWebhookKey(id: ID!): Webhook @allow(${OWNERS})
    "自游标起重新投递"
    replayWebhook(id: ID!, after: Cursor!): Webhook @allow(${OWNERS})
    "删除变更回调及其待投递内容"
    removeWebhook(id: ID!): Webhook @allow(${OWNERS_AND_OPERATOR})`,
  types: `
  "变更回调登记"
  input WebhookInput {
    "接收地址：https，主机和端口须经运营单位许可，不含用户、查询串" url: String!
    "筛选条件" where: ChangeFilter
    "自此游标之后投递；为空时自登记时起" after: Cursor
  }
  "变更回调"
  type Webhook {
    "标识" id: ID!
    "接收地址" url: String!
    "筛选条件" where: JSON
    "状态" state: WebhookState!
    "终止原因" endedBecause: String
    "登记时间" registeredAt: DateTime!
    "最近一次成功" lastSuccessAt: DateTime
    "此后失败次数" failures: Int!
    "最近一次失败的原因" lastFailure: String
    "待投递数" waiting: Int!
    "未能投递数" deadLetterCount: Int!
    "未能投递的变更，新的在前，至多一百条" deadLetters: [DeadLetter!]!
    "签名密钥（Standard Webhooks），仅在登记和更换时给出" signingKey: String
  }
  "未能投递的变更"
  type DeadLetter {
    "变更标识" id: ID!
    "信息类型" recordType: RecordType
    "记录标识" recordId: ID
    "变化时间" at: DateTime!
    "最后一次失败的时间" failedAt: DateTime
    "最后一次失败的原因" failure: String
    "自此游标重新投递" replayFrom: Cursor
  }
  "变更回调的状态" enum WebhookState { "投递中" ACTIVE "已终止" ENDED }`,
};

interface WebhookInput {
  readonly url: string;
  readonly where?: ChangeFilter | null;
  readonly after?: string | null;
}

/** Webhooks of the caller's own organisation or client; the operator sees and removes all. */
export function webhookResolvers(
  book: WebhookBook,
  readChanges: ReadChanges,
): { readonly Query: NonNullable<Resolvers['Query']>; readonly Mutation: NonNullable<Resolvers['Mutation']> } {
  /** The place behind `after`, now without one; for who may be told of these changes and of nobody else's. */
  const placeFrom = async (after: string | null | undefined, where: ChangeFilter | null | undefined, context: SubgraphContext) => {
    const { endCursor } = await readChanges({ after: after ?? null, first: 1, where: where ?? null }, context);
    return after ?? endCursor;
  };
  const ownOf = async (id: string, { caller }: SubgraphContext): Promise<RegisteredWebhook> => {
    const own = (await book.list(whoseFor(caller))).find((webhook) => webhook.id === id);
    if (!own) throw new HubError('NOT_FOUND', 'there is no such webhook');
    return own;
  };
  return {
    Query: {
      webhooks: async (_source: unknown, _args: unknown, { caller }: SubgraphContext) =>
        (await book.list(whoseFor(caller))).map((webhook) => shown(webhook, caller)),
    },
    Mutation: {
      registerWebhook: async (_source: unknown, { input }: { input: WebhookInput }, context: SubgraphContext) => {
        const { caller } = context;
        const { url, where, after } = input;
        book.checkAddress(url);
        const cursor = await placeFrom(after, where, context);
        const { principal, profile } = caller;
        const filter = where ? (JSON.parse(JSON.stringify(where)) as Json) : null;
        const registration = { owner: clientOf(caller), url, where: filter, cursor, principal };
        return shown(await book.register({ ...registration, purpose: profile.purpose, matter: profile.matter }, actorOf(caller)), caller);
      },
      rotateWebhookKey: async (_source: unknown, { id }: { id: string }, { caller }: SubgraphContext) =>
        shown(await book.rotate(id, whoseFor(caller), actorOf(caller)), caller),
      replayWebhook: async (_source: unknown, { id, after }: { id: string; after: string }, context: SubgraphContext) => {
        const { caller } = context;
        const { where } = await ownOf(id, context);
        const cursor = await placeFrom(after, where as ChangeFilter | null, context);
        return shown(await book.replay(id, whoseFor(caller), { cursor, actor: actorOf(caller) }), caller);
      },
      removeWebhook: async (_source: unknown, { id }: { id: string }, { caller }: SubgraphContext) =>
        shown(await book.remove(id, whoseFor(caller), actorOf(caller)), caller),
    },
  };
}

type Asker = SubgraphContext['caller'];

function whoseFor(caller: Asker): Whose {
  return caller.profile.audience === 'OPERATOR' ? 'all' : { owner: clientOf(caller) };
}

/** A path can be a secret between sender and receiver, and a cursor is its receiver's: the operator is shown neither. */
function shown({ dead, deadLetters, url, ...webhook }: RegisteredWebhook, { profile }: Asker) {
  const isOperator = profile.audience === 'OPERATOR';
  return {
    ...webhook,
    url: isOperator ? new URL(url).origin : url,
    deadLetterCount: dead,
    deadLetters: isOperator ? deadLetters.map((letter) => ({ ...letter, replayFrom: null })) : deadLetters,
  };
}
