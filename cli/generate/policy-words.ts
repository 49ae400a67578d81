import type { Audience } from '../../auth/principal.ts';
import type { Mask } from '../../schema/catalogue.ts';

/** One thing in the words of an official, and beside them in English. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

export const CLASS_LABELS: Readonly<Record<string, string>> = {
  OPEN: '公开公示',
  OPEN_MASKED: '公开·脱敏',
  SHARED: '政务共享·普遍',
  SHARED_BY_DUTY: '政务共享·按职责',
  BY_AUTHORIZATION: '授权查询',
  SUBJECT_AND_SOURCE: '主体与来源部门',
  HANDLING: '内部办理',
  SOURCE_ONLY: '来源部门专有',
  AUDIT: '审计专有',
  CASE_PARTIES: '特定对象',
  VOUCHER_PARTIES: '当事双方',
};

export const AUDIENCE_LABELS: Readonly<Record<Audience, string>> = {
  PUBLIC: '社会公众',
  SUBJECT: '信用主体本人',
  AGENCY: '机关部门',
  CREDIT_BODY: '信用服务机构',
  APP_ORG: '社会化应用机构',
  SUPERVISION: '互联网+监管',
  FINANCE: '金融机构',
  INDUSTRY_ASSOC: '行业协会商会',
  OPERATOR: '信用办（运营）',
  SYSTEM_ADMIN: '系统管理员',
  AUDITOR: '安全审计员',
  SPECIFIC_PARTY: '特定对象',
};

export const MASK_LABELS: Readonly<Record<Mask, string>> = {
  ID: '证件号码留前六位和后四位',
  NAME: '姓名留首字',
  PHONE: '电话留前三位和后四位',
  ADDR: '地址留到县级',
  ACCT: '账号留后四位',
  PLATE: '车牌留前两位和末位',
  TEXT: '文本隐去号码',
  EMAIL: '邮箱留首字符和域名',
};

/** Which rows a rule of the decision table opens and on what condition, and the clause that it comes from. */
export interface RuleWords extends Words {
  readonly source: string;
}

const ZHOUCUN = '周政发〔2017〕58号';
const SHIHE = '浉政办〔2020〕45号';
const NANYANG = '宛政办〔2020〕17号';
const HENAN = '《河南省社会信用条例》';

/** By rule of the decision table. */
export const RULE_WORDS: Readonly<Record<string, RuleWords>> = {
  E1: {
    zh: '依法公示、且在公示期内的记录',
    en: 'records that are published now',
    source: `${HENAN}第十八条；${ZHOUCUN}（五）1(2)`,
  },
  E2: {
    zh: '声明履职用途后，依法公示的记录（目录类文档：在有效期内的）',
    en: 'once a duty is stated as purpose: published records (catalogue documents: those in effect)',
    source: `${HENAN}第二十二条；${ZHOUCUN}（五）1(2)`,
  },
  E3: {
    zh: '声明履职用途，并持有来源部门批准、仍然有效、列明该字段的职责授权：授权所及的记录',
    en: 'with a purpose and a valid grant of the source that names the field: records that the grant covers',
    source: `${ZHOUCUN}（五）1(2)、（六）1；哈尔滨新区方案第十项`,
  },
  E4: {
    zh: '本单位（含其承接的单位）提供的记录',
    en: 'records that the department itself, or one it succeeded, supplied',
    source: `${ZHOUCUN}（五）2`,
  },
  E5: {
    zh: '关于本人、本单位的记录（公开以外的内容须二级身份核验）',
    en: 'records about the subject itself (beyond what is open: identity proof of level 2)',
    source: `${ZHOUCUN}（五）1(2)`,
  },
  E6: {
    zh: '出示该自然人签署的有效授权凭证：凭证所列版块、未被保留的字段',
    en: 'with a usable voucher of that person: its sections, but for fields that the person kept back',
    source: `${HENAN}第二十二条；${ZHOUCUN}（五）1(2)`,
  },
  E7: {
    zh: '出示该单位签署的有效授权凭证：凭证所列版块、未被保留的字段',
    en: 'with a usable voucher of that organisation: its sections, but for fields that it kept back',
    source: `${HENAN}第二十二条；${ZHOUCUN}（五）1(2)`,
  },
  E8: {
    zh: '持有信用主体的电子授权：主体开放的版块、类型或字段',
    en: "with the subject's electronic authorisation: the sections, types or fields that it opened",
    source: `${ZHOUCUN}（五）1(2)`,
  },
  E9: {
    zh: '所辖区划内的基础、执法监管、联合奖惩类记录（目录类文档：在有效期内的）',
    en: 'records of its region on basics, enforcement and joint measures (catalogue documents: those in effect)',
    source: `${SHIHE}第十八项；${NANYANG}六（一）`,
  },
  E10: {
    zh: '所辖区划内法人和非法人组织的上述记录，并持有列明该字段的有效职责授权',
    en: 'the same about organisations, with a valid grant that names the field',
    source: `${SHIHE}第十八项；${ZHOUCUN}（六）1`,
  },
  E11: {
    zh: '推送给本机构的综合评价结果',
    en: 'evaluations that were pushed to this receiver',
    source: `${SHIHE}第十项；${NANYANG}四（三）`,
  },
  E12: { zh: '所辖区划内的记录', en: 'records of the region', source: `${SHIHE}第十七项；${ZHOUCUN}五（一）` },
  E13: {
    zh: '写明理由后向该工作人员揭示的一条记录，十五分钟内',
    en: 'the one record that was revealed to this member of staff for a stated reason, for fifteen minutes',
    source: '内部控制（决策表 Q7）',
  },
  E14: { zh: '本人为当事人的案件', en: 'cases of which the caller is a party', source: `${ZHOUCUN}（四）3` },
  E15: {
    zh: '记载访问与授权情况的文档',
    en: 'documents that tell how access was given',
    source: '网络安全等级保护（GB/T 22239—2019）',
  },
  E17: { zh: '在有效期内的目录类文档', en: 'catalogue documents that are in effect', source: `${HENAN}第十八条` },
  E18: {
    zh: '声明用途后，尚无公示信息的法人和非法人组织：只知其存在',
    en: 'with a purpose, organisations of which nothing is published yet: that they exist',
    source: `${ZHOUCUN}（五）1(2)`,
  },
  E20: {
    zh: '文档所列的当事单位',
    en: 'documents that name the caller as a party',
    source: `${ZHOUCUN}（五）2、（六）1`,
  },
};
