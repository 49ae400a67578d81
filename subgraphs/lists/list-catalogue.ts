import type { PublicForIndividuals } from '../../schema/catalogue.ts';

/** One list that may be kept, as far as rules read it; what is published of it is the document LIST_CATALOG_ITEM. */
export interface ListDefinition {
  readonly listCode: string;
  readonly name: string;
  readonly kind: 'RED' | 'BLACK' | 'WATCH' | 'ABNORMAL';
  /** A value of `CreditDomain`; absent on lists of every domain. */
  readonly domain?: string;
  /** Who may designate; empty means any department. */
  readonly designatingDepts: readonly string[];
  /** Months from listing unless the decision names another day; null: the day the decision names, else until corrected. */
  readonly termMonths: number | null;
  /** Months after which a subject that has corrected its behaviour may be removed; absent where the rules name none. */
  readonly earlyRemovalAfterMonths?: number;
  readonly publicForIndividuals: Exclude<PublicForIndividuals, 'NEVER'>;
  /** Whether an organisation's entry names its legal representative, principal, controller and those directly responsible. */
  readonly responsiblePersonsNamed: boolean;
  /** Whether the subject is told before the decision. */
  readonly noticeRequired: boolean;
  /** Whether an entry ends by itself on its expected day of removal. */
  readonly autoExpire: boolean;
  readonly legalBasis: readonly string[];
  /** Clause of the implementation plan that names the list: 000 浉河区, 001 本溪市, 002 周村区, 003 哈尔滨新区, 004 南阳市. */
  readonly source: string;
}

const NOT_FOR_INDIVIDUALS = { publicForIndividuals: 'NO', responsiblePersonsNamed: false } as const;
const BLACK = { ...NOT_FOR_INDIVIDUALS, kind: 'BLACK', noticeRequired: true, autoExpire: true, legalBasis: [] } as const;
const WATCH = { ...NOT_FOR_INDIVIDUALS, kind: 'WATCH', noticeRequired: true, autoExpire: true, legalBasis: [] } as const;
// Candidates are publicised before they are listed; there is no notice to object to.
const RED = { ...NOT_FOR_INDIVIDUALS, kind: 'RED', noticeRequired: false, autoExpire: true, legalBasis: [] } as const;

const MARKET_LIST_RULES = '《市场监督管理严重违法失信名单管理办法》（国家市场监督管理总局令第44号）';

/** The lists that the hub ships. */
export const LIST_CATALOGUE: readonly ListDefinition[] = [
  {
    ...BLACK,
    listCode: 'B-COURT-DEBTOR',
    name: '失信被执行人',
    domain: 'JUDICIAL',
    designatingDepts: ['人民法院'],
    termMonths: 24,
    publicForIndividuals: 'YES',
    legalBasis: ['《最高人民法院关于公布失信被执行人名单信息的若干规定》'],
    source: '000·9',
  },
  {
    ...BLACK,
    listCode: 'B-COURT-FALSE-SUIT',
    name: '虚假诉讼失信人',
    domain: 'JUDICIAL',
    designatingDepts: ['人民法院'],
    termMonths: 60,
    publicForIndividuals: 'YES',
    // Five years without a new finding: somebody has to look.
    autoExpire: false,
    source: '000·9',
  },
  {
    ...BLACK,
    listCode: 'B-SAFETY',
    name: '安全生产严重失信主体',
    domain: 'WORK_SAFETY',
    designatingDepts: ['应急管理部门'],
    termMonths: 36,
    earlyRemovalAfterMonths: 12,
    responsiblePersonsNamed: true,
    legalBasis: ['《安全生产严重失信主体名单管理办法》（应急管理部令第11号）'],
    source: '002·(二)1',
  },
  {
    ...BLACK,
    listCode: 'B-FOOD-DRUG',
    name: '食品药品黑名单',
    domain: 'FOOD_DRUG',
    designatingDepts: ['市场监督管理部门', '药品监督管理部门'],
    termMonths: 36,
    earlyRemovalAfterMonths: 12,
    legalBasis: [MARKET_LIST_RULES],
    source: '002·(三)2',
  },
  {
    ...BLACK,
    listCode: 'B-MARKET',
    name: '市场监管严重违法失信',
    domain: 'REGISTRATION',
    designatingDepts: ['市场监督管理部门'],
    termMonths: 36,
    earlyRemovalAfterMonths: 12,
    legalBasis: [MARKET_LIST_RULES],
    source: '002·(六)3',
  },
  {
    ...BLACK,
    listCode: 'B-ENV',
    name: '生态环境严重失信',
    domain: 'ECO_ENV',
    designatingDepts: ['生态环境部门'],
    termMonths: 36,
    source: '003·11',
  },
  {
    ...BLACK,
    listCode: 'B-TAX',
    name: '重大税收违法失信主体',
    domain: 'TAX',
    designatingDepts: ['税务部门'],
    termMonths: 36,
    legalBasis: ['《重大税收违法失信主体信息公布管理办法》（国家税务总局令第54号）'],
    source: '003·11',
  },
  {
    ...BLACK,
    listCode: 'B-QUALITY',
    name: '产品质量',
    designatingDepts: ['市场监督管理部门'],
    termMonths: null,
    source: '003·11',
  },
  {
    ...BLACK,
    listCode: 'B-WAGE',
    name: '拖欠农民工工资失信联合惩戒对象',
    domain: 'LABOR',
    designatingDepts: ['人力资源社会保障部门'],
    termMonths: 36,
    earlyRemovalAfterMonths: 6,
    responsiblePersonsNamed: true,
    legalBasis: ['《拖欠农民工工资失信联合惩戒对象名单管理暂行办法》（人力资源社会保障部令第45号）'],
    source: '003·6, 004·五(五)',
  },
  {
    ...BLACK,
    listCode: 'B-LABOR',
    name: '重大劳动保障违法',
    domain: 'LABOR',
    designatingDepts: ['人力资源社会保障部门'],
    termMonths: null,
    source: '002·(三)4',
  },
  {
    ...BLACK,
    listCode: 'B-SOCIAL-SEC',
    name: '社会保障失信个人',
    domain: 'SOCIAL_SECURITY',
    designatingDepts: ['民政部门', '人力资源社会保障部门', '医疗保障部门'],
    termMonths: null,
    source: '002·(三)3',
  },
  {
    ...BLACK,
    listCode: 'B-STAT',
    name: '统计失信企业',
    domain: 'STATISTICS',
    designatingDepts: ['统计部门'],
    termMonths: null,
    source: '002·(二)11',
  },
  {
    ...BLACK,
    listCode: 'B-MEDICAL',
    name: '非法行医',
    domain: 'HEALTH',
    designatingDepts: ['卫生健康部门'],
    termMonths: null,
    publicForIndividuals: 'BY_LAW',
    source: '002·(三)1',
  },
  {
    ...BLACK,
    listCode: 'B-NET',
    name: '网络信用黑名单',
    domain: 'NETWORK',
    designatingDepts: ['网信部门'],
    termMonths: null,
    source: '002·(三)11',
  },
  {
    ...BLACK,
    listCode: 'B-PROC',
    name: '政府采购严重违法失信行为',
    domain: 'PROCUREMENT',
    designatingDepts: ['财政部门'],
    // The decision names a term of 12 to 36 months.
    termMonths: null,
    source: '002·(二)7',
  },
  {
    ...BLACK,
    listCode: 'B-CONSTR',
    name: '工程建设严重失信',
    domain: 'ENGINEERING_QUALITY',
    designatingDepts: ['住房和城乡建设部门'],
    termMonths: null,
    source: '002·(二)6',
  },
  {
    ...BLACK,
    listCode: 'B-TRANS',
    name: '严重违法超限超载等',
    domain: 'TRANSPORT',
    designatingDepts: ['交通运输部门', '公安机关交通管理部门'],
    termMonths: null,
    source: '002·(二)9',
  },
  {
    ...BLACK,
    listCode: 'B-DEFENCE',
    name: '拒不履行国防义务',
    domain: 'DEFENCE',
    designatingDepts: ['兵役机关'],
    termMonths: null,
    publicForIndividuals: 'BY_LAW',
    source: '003·6',
  },
  {
    ...NOT_FOR_INDIVIDUALS,
    listCode: 'A-ABNORMAL',
    name: '经营异常名录',
    kind: 'ABNORMAL',
    domain: 'REGISTRATION',
    designatingDepts: ['市场监督管理部门'],
    termMonths: null,
    noticeRequired: false,
    autoExpire: false,
    legalBasis: ['《企业信息公示暂行条例》'],
    source: '002·(六)3',
  },
  {
    ...WATCH,
    listCode: 'W-GENERAL',
    name: '重点关注对象',
    designatingDepts: [],
    termMonths: 12,
    source: '001, 004·五(一)',
  },
  {
    ...WATCH,
    listCode: 'W-COMMIT',
    name: '违诺重点监管',
    designatingDepts: ['承诺受理单位'],
    termMonths: 12,
    source: '001·(一)',
  },
  {
    ...RED,
    listCode: 'R-JOINT',
    name: '守信联合激励对象',
    designatingDepts: [],
    termMonths: null,
    publicForIndividuals: 'WITH_CONSENT',
    source: '000·12',
  },
  {
    ...RED,
    listCode: 'R-TAX-A',
    name: '纳税信用A级',
    domain: 'TAX',
    designatingDepts: ['税务部门'],
    termMonths: 12,
    legalBasis: ['《纳税缴费信用管理办法》（国家税务总局公告2025年第12号）'],
    source: '002·(六)3',
  },
  {
    ...RED,
    listCode: 'R-HONOUR',
    name: '诚信典型',
    designatingDepts: ['文明办', '营商环境部门', '团委', '商会'],
    termMonths: null,
    publicForIndividuals: 'WITH_CONSENT',
    source: '003·1',
  },
  {
    ...RED,
    listCode: 'R-LIXIN',
    name: '立信单位、立信示范单位',
    domain: 'SOCIAL_ORG',
    designatingDepts: ['民政部门', '行业协会'],
    termMonths: 12,
    source: '000·21',
  },
];

const BY_CODE: ReadonlyMap<string, ListDefinition> = new Map(LIST_CATALOGUE.map((list) => [list.listCode, list]));

/** The list with this code. */
export function listByCode(code: string): ListDefinition | undefined {
  return BY_CODE.get(code);
}
