import type { Explainer } from '../../auth/ports.ts';
import { AUDIENCES, purposesOf } from '../../auth/principal.ts';
import type { SubgraphContext } from '../kit/context.ts';
import type { Resolvers, SubgraphDefinition } from '../kit/define-subgraph.ts';

/** Root fields of the subgraph, beside the registry's own lists. */
export const EXTRA: NonNullable<SubgraphDefinition['extra']> = {
  path: 'subgraphs/access/resolvers.ts',
  text: `
    type Query {
      "系统所识别的调用者身份、可用用途与授权"
      me: Caller! @allow(audiences: [${AUDIENCES.join(', ')}])
      "说明一个查询中每个字段对本人的可见程度、依据和可开启的方式；不执行，也不读取任何记录"
      explainAccess(query: String!, variables: JSON): AccessExplanation @allow(audiences: [${AUDIENCES.join(', ')}])
      "各类受众对一个字段的可见程度"
      whoMaySee(coordinate: String!): [CoordinateAccess!] @allow(audiences: [OPERATOR, AUDITOR])
    }
    type AccessExplanation { "规则版本" policyVersion: String! coordinates: [CoordinateAccess!]! }
    "一个字段的可见程度：effect 为所有记录中最好的情形，dependsOn 为仍会使其关闭的记录事实"
    type CoordinateAccess { coordinate: String! path: [String!] audience: String! class: String! effect: AccessEffect! dependsOn: [String!]! rule: String! reason: String opensWith: [String!]! }
    enum AccessEffect { "明文" VALUE "脱敏" MASK "不可见" DENIED }
    "调用者"
    type Caller {
      "受众类别" audience: String!
      "单位统一社会信用代码" organisation: String
      "部门编码" department: String
      "行政区划" region: RegionCode
      "层级" level: String
      "人员标识" staff: ID
      "本人主体标识" subject: ID
      "身份核验等级" authLevel: Int
      "可声明的用途代码" purposes: [String!]!
      "本次声明的用途" purpose: String
      "本次声明的事项" matter: String
    }`,
};

/** `me` and the explanations of access. */
export function accessResolvers(explainer: Explainer): Resolvers {
  return {
    Query: {
      explainAccess: (_source: unknown, { query, variables }: { query: string; variables?: unknown }, { caller }: SubgraphContext) =>
        explainer.explain(caller, query, isObject(variables) ? variables : {}),
      whoMaySee: (_source: unknown, { coordinate }: { coordinate: string }, { caller }: SubgraphContext) =>
        explainer.whoMaySee(caller.today, coordinate),
      me: (_source: unknown, _args: unknown, { caller }: SubgraphContext) => {
        const { principal, profile, subjectId } = caller;
        return {
          audience: principal.audience,
          organisation: principal.orgUscc,
          department: principal.deptCode,
          region: principal.regionCode,
          level: principal.level,
          staff: principal.staffId,
          subject: subjectId,
          authLevel: principal.audience === 'SUBJECT' ? profile.authLevel : null,
          purposes: purposesOf(principal.audience),
          purpose: profile.purpose,
          matter: profile.matter,
        };
      },
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
