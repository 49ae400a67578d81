/** The report on one subject: five subgraphs, 60 selected fields, about 250 values in the answer. */
export const REPORT_QUERY = `query Report($uscc: UnifiedSocialCreditCode!) {
  subject(uscc: $uscc) {
    id kind name uscc subType isIndividualBusiness legalRepName regionCode
    penalties(first: 5) {
      nodes { id counterpartName documentNo violationType violationFacts basis penaltyTypes content fineAmountWan decisionDate validTo authority authorityUscc domain sourceDeptName }
    }
    licenses(first: 5) {
      nodes { id documentName documentNo licenseCategory certificateName licenseNo content decisionDate validFrom validTo authority licenseStatus }
    }
    listEntries(first: 3) {
      nodes { id listCode kind entryNo subjectName facts reason decisionNo decisionDate designatingOrg entryStatus }
    }
    commitments(first: 4) {
      nodes { id commitmentNo type domain matterName content acceptingOrg committedOn performDueOn performanceStatus }
    }
    taxCreditRatings(first: 4) {
      nodes { id taxpayerName ratingYear level ratedOn ratingAuthority }
    }
  }
}`;

/** Values in an answer that are no object, list or null. */
export function countLeaves(value: unknown): number {
  if (value === null || value === undefined) return 0;
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + countLeaves(member), 0);
}
