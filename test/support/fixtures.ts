/** Fictional departments, organisations and people; identity numbers use the region 411599, which does not exist. */
export const MARKET = '11411502MA109Y0358';
export const HOUSING = '11411502MAW05WG360';
export const TAX = '11411502MAWYY1CN92';
export const COMPANY = '91411502MA4TE5T058';
export const OTHER_COMPANY = '91411300MAXTE5T160';
export const SOLE_TRADER = '92411502MA4TE5T56D';
export const PERSON = { name: '陈英伟', idNumber: '411599196706275684' } as const;

/** A penalty as a department's file would carry it; serious, so that it is public for an organisation. */
export function penalty(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    counterpartName: '茶韵食品有限公司',
    counterpartType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    legalRepName: '吴强',
    legalRepIdType: '身份证',
    legalRepIdNumber: '411599197710058716',
    documentNo: '浉市监罚〔2026〕001号',
    violationType: '经营超过保质期的食品',
    violationFacts: '货架上有超过保质期的糕点，联系电话13900000000。',
    basis: '《中华人民共和国食品安全法》第一百二十四条',
    penaltyTypes: ['FINE'],
    content: '罚款2.5万元',
    fineAmountWan: '2.5',
    decisionDate: '2026-09-01',
    validTo: '2027-09-01',
    authority: '浉河区市场监督管理局',
    authorityUscc: MARKET,
    sourceDeptName: '浉河区市场监督管理局',
    sourceDeptUscc: MARKET,
    performanceStatus: 'PERFORMED',
    remark: '内部备注',
    ...changes,
  };
}

/** The same about a person. */
export function personalPenalty(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return penalty({
    counterpartName: PERSON.name,
    counterpartType: 'INDIVIDUAL',
    uscc: undefined,
    legalRepName: undefined,
    legalRepIdType: undefined,
    legalRepIdNumber: undefined,
    personIdType: '身份证',
    personIdNumber: PERSON.idNumber,
    documentNo: '浉市监罚〔2026〕002号',
    ...changes,
  });
}

/** A judgment debtor's published list entry. */
export function debtorEntry(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    listCode: 'B-COURT-DEBTOR',
    kind: 'BLACK',
    subjectName: PERSON.name,
    subjectType: 'INDIVIDUAL',
    idType: '身份证',
    idNumber: PERSON.idNumber,
    behaviourType: 'REFUSE_JUDGMENT_OR_DECISION',
    facts: '有履行能力而拒不履行生效法律文书确定的义务',
    reason: '有履行能力而拒不履行',
    decisionNo: '（2026）豫1502执001号',
    decisionDate: '2026-08-01',
    designatingOrg: '浉河区人民法院',
    designatingOrgUscc: '11411502MB0TE5T878',
    listedFrom: '2026-08-01',
    entryStatus: 'PUBLISHED',
    sourceDeptName: '浉河区人民法院',
    sourceDeptUscc: '11411502MB0TE5T878',
    ...changes,
  };
}

/** A grant by which the housing bureau reads who represents a company, as the operator's import takes it. */
export function dutyGrant(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    grantNo: 'G-1',
    granteeUscc: HOUSING,
    approverUscc: MARKET,
    recordTypes: ['PENALTY'],
    fields: ['AdministrativePenalty.legalRepIdNumber'],
    purposes: ['LICENSING'],
    legalBasis: '依法履职',
    validFrom: '2026-01-01',
    validTo: '2026-12-31',
    status: 'APPROVED',
    ...changes,
  };
}
