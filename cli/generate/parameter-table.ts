import { RETENTION } from '../../subgraphs/access/access-log.ts';
import { LONGEST_YEARS } from '../../subgraphs/access/grants.ts';
import { LONGEST_DAYS } from '../../subgraphs/access/voucher-draft.ts';
import { SIGN_WITHIN_DAYS } from '../../subgraphs/access/voucher-state.ts';
import { WINDOWS } from '../../subgraphs/kit/record-engine/publicity-window.ts';
import { LIST_CATALOGUE } from '../../subgraphs/lists/list-catalogue.ts';
import type { Words } from './policy-words.ts';

/** Where a parameter is set. A part that the hub does not have yet leaves nothing to set. */
export type Place =
  | { readonly kind: 'REGION'; readonly setting: string }
  | { readonly kind: 'ENVIRONMENT'; readonly variable: string }
  | { readonly kind: 'DOCUMENT'; readonly type: string }
  | { readonly kind: 'SDL'; readonly directive: string }
  | { readonly kind: 'FIXED'; readonly file: string }
  | { readonly kind: 'ABSENT'; readonly part: Words };

export interface Parameter {
  readonly name: Words;
  readonly usual: string;
  readonly places: readonly Place[];
  readonly source: string;
}

const region = (setting: string): Place => ({ kind: 'REGION', setting });
const environment = (variable: string): Place => ({ kind: 'ENVIRONMENT', variable });
const document = (type: string): Place => ({ kind: 'DOCUMENT', type });
const sdl = (directive: string): Place => ({ kind: 'SDL', directive });
const fixed = (file: string): Place => ({ kind: 'FIXED', file });
const absent = (zh: string, en: string): Place => ({ kind: 'ABSENT', part: { zh, en } });

const windows = Object.entries(WINDOWS).map(([severity, { min, max }]) => `${severity} ${min}–${max} 个月`);

/** The policy parameters in the order of the domain reference (3.15). */
export const PARAMETERS: readonly Parameter[] = [
  {
    name: { zh: '地区参数', en: 'region profile' },
    usual: '见下表',
    places: [environment('HUB_REGION_PROFILES')],
    source: '3.15.1',
  },
  {
    name: { zh: '各类信息的公示开关', en: 'publicity switches by record type' },
    usual: '见下表',
    places: [sdl('@recordType(publishable:, publicForIndividuals:, sourceOnly:, openWhen:)')],
    source: '3.7',
  },
  {
    name: { zh: '失信程度分档标准', en: 'severity tiers' },
    usual: '按处罚种类等取值；取值未定档的，由部门报送',
    places: [sdl('@value(severity:)'), sdl('@item(role: SEVERITY)')],
    source: '3.8.5',
  },
  {
    name: { zh: '公示起算', en: 'start of publicity' },
    usual: '决定日期；有生效日期的自生效日期',
    places: [sdl('@item(role: DECISION_DATE)'), sdl('@item(role: EFFECTIVE_FROM)')],
    source: '3.10',
  },
  {
    name: { zh: '公示期限', en: 'publicity windows' },
    usual: windows.join('；'),
    places: [fixed('subgraphs/kit/record-engine/publicity-window.ts')],
    source: '3.10',
  },
  { name: { zh: '轻微行政行为公示', en: 'minor publicity' }, usual: '', places: [region('publishMinor')], source: '3.15' },
  { name: { zh: '最长披露年限', en: 'maxDisclosureYears' }, usual: '', places: [region('maxDisclosureYears')], source: '3.15' },
  { name: { zh: '披露期满后的处理', en: 'expiry policy' }, usual: '', places: [region('afterExpiry')], source: '3.15' },
  {
    name: { zh: '异议期间对公众隐藏', en: 'hideFromPublicDuringObjection' },
    usual: '',
    places: [region('hideDuringObjection')],
    source: '3.15',
  },
  { name: { zh: '简易程序处罚', en: 'simple-procedure penalties' }, usual: '', places: [region('simpleProcedure')], source: '3.15.1' },
  {
    name: { zh: '个人信息公示的依据', en: "individuals' records public" },
    usual: '',
    places: [region('individualsPublic')],
    source: '3.15.1',
  },
  { name: { zh: '各项时限', en: 'deadlines' }, usual: '见下表', places: [], source: '3.10' },
  {
    name: { zh: '名单目录与期限', en: 'list catalogue and terms' },
    usual: `随系统 ${LIST_CATALOGUE.length} 种；公布的目录可以更改，登记名单的规则以随系统的为准`,
    places: [document('LIST_CATALOG_ITEM'), fixed('subgraphs/lists/list-catalogue.ts')],
    source: '3.8.4',
  },
  {
    name: { zh: '奖惩措施目录与法律依据', en: 'measure catalogue and legal bases' },
    usual: '',
    places: [absent('联合奖惩', 'measures')],
    source: '3.8.9',
  },
  {
    name: { zh: '修复规则（途径、渠道）', en: 'repair rules' },
    usual: '',
    places: [absent('信用修复办理', 'repair workflow')],
    source: '3.9.4',
  },
  {
    name: { zh: '授权凭证的最长期限', en: 'voucher maxima' },
    usual: `${LONGEST_DAYS.other} 日；自动查询 ${LONGEST_DAYS.E_CERT} 日；${SIGN_WITHIN_DAYS} 日内未签署的失效；可用次数由主体确定`,
    places: [fixed('subgraphs/access/voucher-draft.ts'), fixed('subgraphs/access/voucher-state.ts')],
    source: '3.7.22',
  },
  {
    name: { zh: '职责授权的最长期限', en: 'duty grant maximum' },
    usual: `${LONGEST_YEARS} 年`,
    places: [fixed('subgraphs/access/grants.ts')],
    source: '3.7.23',
  },
  {
    name: { zh: '脱敏方式', en: 'masking patterns' },
    usual: '字段声明的掩码',
    places: [sdl('@disclose(mask:, scrub:)'), fixed('auth/masks.ts')],
    source: '3.5',
  },
  {
    name: { zh: '评价结果公示规则', en: 'evaluation public rule' },
    usual: '纳税信用仅 A 级公示',
    places: [sdl('@recordType(openWhen:)')],
    source: '3.7.5',
  },
  { name: { zh: '报送职责', en: 'reporting duties' }, usual: '', places: [absent('统计考核', 'reporting')], source: '3.12' },
  { name: { zh: '考核指标目标值', en: 'KPI targets' }, usual: '', places: [absent('统计考核', 'KPI')], source: '3.12' },
  {
    name: { zh: '访问日志保存年限', en: 'log retention' },
    usual: `${RETENTION.usual} 年（${RETENTION.least}–${RETENTION.most} 年）`,
    places: [environment('HUB_ACCESS_LOG_YEARS')],
    source: '3.10 DL-40',
  },
  {
    name: { zh: '报告互认地区', en: 'recognised regions for reports' },
    usual: '',
    places: [absent('信用报告', 'reports')],
    source: '3.7.24',
  },
  { name: { zh: '变更回放窗口', en: 'replay window' }, usual: '', places: [absent('变更推送', 'change feed')], source: '3.7.25' },
  {
    name: { zh: '密码套件', en: 'cryptographic suite' },
    usual: 'INTL（国际算法）；国密套件按同一接口接入',
    places: [fixed('schema/intl-suite.ts')],
    source: '2.7',
  },
];

export interface Deadline {
  readonly code: string;
  readonly name: Words;
  readonly usual: string;
  readonly place: Place;
}

const LISTS = absent('名单办理', 'list workflow');
const REPAIRS = absent('信用修复办理', 'repair workflow');
const OBJECTIONS = absent('异议办理', 'objection workflow');
const MEASURES = absent('联合奖惩', 'measures');
const COMPLAINTS = absent('投诉举报', 'complaints');
const REPORTING = absent('统计考核', 'reporting');
const COURT = absent('法院信息办理', 'court workflow');
const DELIVERY = absent('归集与公示时效考核', 'timeliness checks');

/** The deadlines of the domain reference (3.10), in its order. */
export const DEADLINES: readonly Deadline[] = [
  { code: 'DL-01', name: { zh: '行政行为公示', en: 'publication' }, usual: '7 个工作日', place: region('publishWithin') },
  { code: 'DL-01b', name: { zh: '市场监管渠道公示', en: 'market-regulation channel' }, usual: '20 个工作日', place: DELIVERY },
  { code: 'DL-01c', name: { zh: '报送至枢纽', en: 'submission to the hub' }, usual: '7 个工作日', place: DELIVERY },
  { code: 'DL-02', name: { zh: '平台数据核查', en: 'platform data check' }, usual: '5 个工作日', place: DELIVERY },
  { code: 'DL-03', name: { zh: '依据撤销后撤下', en: 'withdrawal after revocation' }, usual: '3 个工作日', place: DELIVERY },
  { code: 'DL-05', name: { zh: '陈述申辩', en: 'statement period' }, usual: '5 个工作日', place: LISTS },
  { code: 'DL-06', name: { zh: '红名单候选公示', en: 'red candidates' }, usual: '5 个工作日', place: LISTS },
  { code: 'DL-07', name: { zh: '答复陈述', en: 'answer to a statement' }, usual: '10 个工作日', place: LISTS },
  { code: 'DL-08', name: { zh: '推送名单决定', en: 'push of a list decision' }, usual: '1 个工作日', place: LISTS },
  { code: 'DL-09', name: { zh: '公布名单', en: 'publication of an entry' }, usual: '7 个工作日', place: LISTS },
  { code: 'DL-10', name: { zh: '移出后停止公示', en: 'end of publicity after removal' }, usual: '3 个工作日', place: LISTS },
  { code: 'DL-11', name: { zh: '误列纠正', en: 'wrong listing' }, usual: '3 个工作日', place: LISTS },
  { code: 'DL-12', name: { zh: '执行修复结果', en: 'repair effect' }, usual: '3 个工作日；河南 1 个工作日', place: REPAIRS },
  { code: 'DL-13', name: { zh: '修复受理', en: 'repair acceptance' }, usual: '3 个工作日', place: REPAIRS },
  { code: 'DL-14', name: { zh: '补正材料', en: 'supplements' }, usual: '10 个工作日', place: REPAIRS },
  { code: 'DL-15', name: { zh: '修复决定', en: 'repair decision' }, usual: '10 个工作日', place: REPAIRS },
  { code: 'DL-15x', name: { zh: '修复决定延长', en: 'extension' }, usual: '10 个工作日', place: REPAIRS },
  { code: 'DL-16', name: { zh: '异议标注', en: 'objection annotation' }, usual: '1 个工作日', place: OBJECTIONS },
  { code: 'DL-17', name: { zh: '平台自身异议', en: "platform's own objection" }, usual: '3 个工作日', place: OBJECTIONS },
  { code: 'DL-18', name: { zh: '来源部门核查', en: "source's check" }, usual: '3 个工作日', place: OBJECTIONS },
  { code: 'DL-19', name: { zh: '异议处理合计', en: 'objection in all' }, usual: '7 个工作日', place: OBJECTIONS },
  { code: 'DL-20', name: { zh: '执行异议结果', en: 'objection outcome' }, usual: '1 个工作日', place: OBJECTIONS },
  { code: 'DL-21', name: { zh: '申请复核', en: 'request of a review' }, usual: '60 日', place: OBJECTIONS },
  { code: 'DL-22', name: { zh: '措施响应', en: 'measure response' }, usual: '3 个工作日', place: MEASURES },
  { code: 'DL-23', name: { zh: '措施反馈', en: 'measure feedback' }, usual: '10 个工作日', place: MEASURES },
  {
    code: 'DL-24',
    name: { zh: '答复职责授权申请', en: 'answer to a grant request' },
    usual: '10 个工作日',
    place: region('grantReplyWithin'),
  },
  { code: 'DL-25', name: { zh: '投诉受理、调解、告知', en: 'complaints' }, usual: '7／45／7 个工作日', place: COMPLAINTS },
  { code: 'DL-26', name: { zh: '举报核查、告知', en: 'reports of offences' }, usual: '15（＋15）／5 个工作日', place: COMPLAINTS },
  { code: 'DL-27', name: { zh: '法院更正', en: 'court correction' }, usual: '15 日；更正 3 个工作日', place: COURT },
  { code: 'DL-28', name: { zh: '虚假诉讼报送', en: 'false litigation' }, usual: '10 日', place: COURT },
  { code: 'DL-30', name: { zh: '典型案例', en: 'typical cases' }, usual: '每月 20 日', place: REPORTING },
  { code: 'DL-31', name: { zh: '实施情况报告（季）', en: 'quarterly report' }, usual: '3、6、9、12 月 25 日', place: REPORTING },
  { code: 'DL-32', name: { zh: '实施情况报告（半年）', en: 'half-yearly report' }, usual: '6 月 20 日、12 月 20 日', place: REPORTING },
  { code: 'DL-33', name: { zh: '分级分类结果公示', en: 'tier classification' }, usual: '每年', place: REPORTING },
  {
    code: 'DL-40',
    name: { zh: '日志保存', en: 'log retention' },
    usual: `${RETENTION.usual} 年`,
    place: environment('HUB_ACCESS_LOG_YEARS'),
  },
];
