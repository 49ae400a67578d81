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
    }
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

/** `me`: who the hub takes the caller for. */
export const resolvers: Resolvers = {
  Query: {
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
