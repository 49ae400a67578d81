import { AUDIENCES } from '../../auth/principal.ts';
import type { SubgraphDefinition } from '../kit/define-subgraph.ts';
import { REVEALS_SDL } from './reveals.ts';

/** More grants than a page of `me` tells. */
export const MOST_GRANTS = 200;

/** Root fields of the subgraph, beside the registry's own lists. */
export const EXTRA: NonNullable<SubgraphDefinition['extra']> = {
  path: 'subgraphs/access/extra.ts',
  text: `
    type Query {
      "系统所识别的调用者身份、可用用途与授权"
      me: Caller! @allow(audiences: [${AUDIENCES.join(', ')}])
      "说明一个查询中每个字段对本人的可见程度、依据和可开启的方式；不执行，也不读取任何记录"
      explainAccess(query: String!, variables: JSON): AccessExplanation @allow(audiences: [${AUDIENCES.join(', ')}])
      "各类受众对一个字段的可见程度"
      whoMaySee(coordinate: String!): [CoordinateAccess!] @allow(audiences: [OPERATOR, AUDITOR])
      "访问日志，最新的在前（审计人员）" accessLog(where: AccessLogFilter, first: Int = 20, after: Cursor): AccessLogConnection @allow(audiences: [AUDITOR])
    }
    type Subject {
      "查询记录，最新的在前：主体本人可见何时、由哪个单位、以何用途查询了哪些版块；部门只见本部门人员的查询" accesses(first: Int = 20, after: Cursor): SubjectAccessConnection
    }
    type SubjectAccessConnection { "条目" nodes: [SubjectAccess!]! "带游标的条目" edges: [SubjectAccessEdge!]! "分页信息" pageInfo: PageInfo! }
    type SubjectAccessEdge { cursor: Cursor! node: SubjectAccess! }
    "对一个主体的一次查询"
    type SubjectAccess {
      "时间" at: DateTime!
      "查询者的受众类别" audience: String!
      "查询单位统一社会信用代码" organisation: UnifiedSocialCreditCode
      "查询单位名称" organisationName: String
      "经办人员标识，仅对其所在部门显示" staff: ID
      "声明的用途" purpose: String
      "所查询的信息版块" sections: [Section!]!
      "查询渠道：gateway 为网关，其他为子图" channel: String!
      "查询依据" basis: [AccessBasis!]!
    }
    "查询依据"
    enum AccessBasis { "履行职责的共享" DUTY "职责授权" GRANT "本单位提供的信息" OWN_RECORDS "授权凭证" VOUCHER "监管系统" SUPERVISION "推送的评价" EVALUATION "运营管理" OPERATION "案件当事人" CASE "按标识查找" LOOK_UP "办理单位" PARTY }
    "访问日志筛选条件：各项同时成立；from 含、to 不含"
    input AccessLogFilter { organisation: UnifiedSocialCreditCode subject: ID from: DateTime to: DateTime decision: AccessDecision }
    "结果：全部答复、部分答复（有脱敏或不予显示的字段）、拒绝"
    enum AccessDecision { ALLOW PARTIAL DENY }
    type AccessLogConnection { "条目" nodes: [AccessLogEntry!]! "带游标的条目" edges: [AccessLogEdge!]! "分页信息" pageInfo: PageInfo! "总数，仅在查询时计算" totalCount: Int }
    type AccessLogEdge { cursor: Cursor! node: AccessLogEntry! }
    "访问日志条目"
    type AccessLogEntry {
      at: DateTime! requestId: ID! channel: String! audience: String! organisation: UnifiedSocialCreditCode department: String staff: ID client: String
      "查询者为主体本人时的主体标识" asker: ID
      purpose: String matter: String grants: [ID!] voucher: ID kind: AccessKind! decision: AccessDecision!
      "以明文答复、筛选或排序的非公开字段" granted: [String!]! "脱敏的字段" masked: [String!]! "不予显示的字段" denied: [String!]!
      "涉及的主体" disclosed: [AccessLogSubject!]!
      "值得注意之处" signals: [AccessSignal!]!
      "规则版本" policy: String! "去除字面值后的查询摘要" operation: String! error: String withheldFromSubject: Boolean "保存至" keepUntil: Date
    }
    type AccessLogSubject { subject: ID! section: Section source: UnifiedSocialCreditCode recordType: String! "裁决表规则" rules: [String!]! "记录标识" rows: [ID!]! }
    "值得注意之处：查询了授权或事项范围以外的字段"
    enum AccessSignal { OVER_REQUEST }
    enum AccessKind { QUERY MUTATION REVEAL EXPORT }
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
      "本部门获得的职责授权，最多列出 ${MOST_GRANTS} 件" grants: [DutyGrant!]!
      "本次出示的授权凭证" voucher: AuthorizationVoucher
    }
    type Mutation {
      "申请职责授权（部门）：向数据提供部门申请，由其批准" requestGrant(input: GrantRequest!): DutyGrant @allow(audiences: [AGENCY])
      "批准职责授权（数据提供部门或其上级）；有效期可以缩短" approveGrant(id: ID!, validTo: Date): DutyGrant @allow(audiences: [AGENCY])
      "不予授权（数据提供部门或其上级）" refuseGrant(id: ID!, reason: String!): DutyGrant @allow(audiences: [AGENCY])
      "撤销职责授权（数据提供部门或其上级）：下一次查询起失效" revokeGrant(id: ID!, reason: String!): DutyGrant @allow(audiences: [AGENCY])
      "起草授权凭证（被授权机构，或主体本人）；个人只能经变量传入，是否有该主体的信息不予告知" draftVoucher(input: VoucherDraft!): AuthorizationVoucher @allow(audiences: [SUBJECT, CREDIT_BODY, APP_ORG])
      "签署授权凭证（主体本人，身份核验等级不低于2）" signVoucher(id: ID!): AuthorizationVoucher @allow(audiences: [SUBJECT])
      "撤回授权凭证（主体本人，随时）：立即失效" revokeVoucher(id: ID!, reason: String): AuthorizationVoucher @allow(audiences: [SUBJECT])
    }
    "职责授权申请" input GrantRequest {
      "数据提供部门统一社会信用代码" providerUscc: UnifiedSocialCreditCode!
      "信息类型" recordTypes: [RecordType!]!
      "申请的字段，例如 AdministrativePenalty.documentNo" fields: [String!]!
      "用途" purposes: [String!]!
      "事项编码，限本部门信息查询事项目录" matterCodes: [String!]
      "行政区划" region: RegionCode
      "法律依据" legalBasis: String!
      "有效期至，最长两年" validTo: Date!
    }
    "授权凭证草稿；subject、subjectUscc、person 三者取一，主体本人起草时可省略" input VoucherDraft {
      type: VoucherType!
      subject: ID
      subjectUscc: UnifiedSocialCreditCode
      person: PersonHandle
      "被授权机构统一社会信用代码" granteeUscc: UnifiedSocialCreditCode!
      "经办人员标识" granteeStaff: [String!]
      "授权范围" sections: [Section!]!
      "开放范围：版块、信息类型或字段" opened: [String!]
      "排除字段" fieldsExcluded: [String!]
      "用途" purpose: String!
      purposeText: String
      validFrom: DateTime
      "失效时间：最长90日，自动查询最长365日" validTo: DateTime!
      "可用次数" maxUses: Int!
    }
    "个人的证件与姓名；只能经变量传入，证件类型默认身份证" input PersonHandle { idType: String idNumber: String! name: String! }
    ${REVEALS_SDL}`,
};
