import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty } from '../support/fixtures.ts';
import { type TestHub, tokenOf } from '../support/hub.ts';
import { type Asked, askOnce, type Got } from './ask-once.ts';

const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
const CLOCK = { now: () => new Date() };
const PATIENCE_MS = 60_000;

/** Somebody who asks the same again and again, and has to be answered the same. */
export interface Reader {
  readonly name: string;
  readonly asked: Asked;
  /** The body of an answer when nothing fails. */
  readonly expected: unknown;
  /** Whether each answer leaves an entry in the access log. */
  readonly isLogged: boolean;
}

/** Somebody who hands in two rows that nobody has handed in before, and asks for them when they were taken. */
export interface Submitter {
  submission(batch: string): Asked;
  readonly taken: unknown;
  inquiry(documentNo: string): Asked;
  found(documentNo: string): unknown;
  documentNosOf(batch: string): readonly string[];
  /** A page of the rows whose numbers begin so. */
  page(prefix: string, after: string | null): Asked;
  readonly row: (documentNo: string) => unknown;
}

export interface Callers {
  readonly readers: readonly Reader[];
  readonly holder: Reader;
  readonly submitter: Submitter;
  /** How often the holder's voucher was used. */
  uses(): Promise<number>;
}

/** What can be asked at one door. */
export interface Questions {
  readonly whole: string;
  readonly underVoucher: string;
  /** Fields of a row that was handed in, and those of them that lead to its subject. */
  readonly row: string;
  readonly subject: Readonly<Record<string, unknown>>;
}

const FIRST = '浉市监罚〔2026〕001号';
const SECOND = '浉市监罚〔2026〕007号';
const PENALTY = 'id documentNo legalRepName legalRepIdNumber performanceStatus remark';
const ROW = 'documentNo legalRepIdNumber remark content';
const OTHER_NAME = '淮滨县信德建材有限公司';

/** At the door of the whole graph, over as many subgraphs as there are fields. */
const OF_ALL: Questions = {
  whole: `{ subject(uscc: "${COMPANY}") { id name kind penalties { totalCount nodes { ${PENALTY} subject { id name } } }
    listEntries { nodes { id subjectName facts } } commitments { totalCount } repairCases { totalCount } vouchers { totalCount } taxCreditRatings { totalCount } } }`,
  underVoucher: `{ subject(uscc: "${COMPANY}") { name penalties { totalCount nodes { documentNo legalRepIdNumber remark } } } }`,
  row: `${ROW} subject { name }`,
  subject: { subject: { name: OTHER_NAME } },
};
const THESE = `penalties(where: { documentNo: { in: ["${FIRST}", "${SECOND}"] } })`;
/** At the door that the subgraph of records has of its own. */
export const OF_RECORDS: Questions = {
  whole: `{ ${THESE} { totalCount nodes { ${PENALTY} } } }`,
  underVoucher: `{ ${THESE} { totalCount nodes { documentNo legalRepIdNumber remark } } }`,
  row: ROW,
  subject: {},
};
const SUBMIT = `mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) {
  accepted updated unchanged rejected } }`;

/** Puts in what the callers ask about. */
export async function fillHub(hub: TestHub): Promise<void> {
  const load = async (type: string, rows: Parameters<TestHub['load']>[1]) => {
    const outcomes = await hub.load(type, rows);
    if (outcomes.some(({ outcome }) => outcome !== 'accepted')) throw new Error(JSON.stringify(outcomes));
  };
  await load('PENALTY', [
    penalty({ documentNo: FIRST }),
    penalty({ documentNo: SECOND, performanceStatus: undefined, remark: undefined }),
    otherPenalty('开始'),
  ]);
  await load('LIST_ENTRY', [
    debtorEntry({
      subjectName: '茶韵食品有限公司',
      subjectType: 'LEGAL_AND_UNINCORPORATED',
      idType: undefined,
      idNumber: undefined,
      uscc: COMPANY,
    }),
  ]);
  await load('SERVICE_BODY', [{ orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2099-12-31', status: 'ACTIVE' }]);
}

interface Door {
  readonly url: string;
  readonly dataDir: string;
  /** Where vouchers are kept, when it is another door. */
  readonly books?: string | undefined;
  readonly questions?: Questions | undefined;
}

/** Asks once for everybody while nothing fails. */
export async function meetCallers({ url, dataDir, books = url, questions = OF_ALL }: Door): Promise<Callers> {
  const { whole, underVoucher } = questions;
  const bearer = (claims: Parameters<typeof tokenOf>[2]) => ({ authorization: `Bearer ${tokenOf(dataDir, CLOCK, claims)}` });
  const agency = (orgUscc: string, purpose: string) => ({ ...bearer({ audience: 'AGENCY', orgUscc }), 'hub-purpose': purpose });
  const source = agency(MARKET, 'RECORD_MANAGEMENT');
  const company = bearer({ audience: 'SUBJECT', subjectUscc: COMPANY, authLevel: 2 });
  const bank = { ...bearer({ audience: 'CREDIT_BODY', orgUscc: BANK, staffId: STAFF }), 'hub-purpose': 'LOAN' };
  const voucher = await signedVoucher(books, bank, company);
  const meet = async (name: string, asked: Asked, isLogged = true): Promise<Reader> => {
    const { status, body } = await sure(url, asked);
    if (status !== 200 || body.errors) throw new Error(`${name}: ${JSON.stringify(body)}`);
    return { name, asked, expected: body, isLogged };
  };
  return {
    readers: [
      await meet('the public', { query: whole }, false),
      await meet('the source department', { query: whole, headers: agency(MARKET, 'RECORD_MANAGEMENT') }),
      await meet('another department', { query: whole, headers: agency(HOUSING, 'LICENSING') }),
      await meet('the subject', { query: whole, headers: company }),
    ],
    holder: await meet('the holder of a voucher', { query: underVoucher, headers: { ...bank, 'hub-voucher': voucher } }),
    submitter: submitterOf(source, questions),
    async uses() {
      const { body } = await sure(books, { query: '{ vouchers { nodes { id usedCount } } }', headers: company });
      return body.data.vouchers.nodes.find(({ id }: { id: string }) => id === voucher).usedCount;
    },
  };
}

function submitterOf(headers: Asked['headers'], { row: fields, subject }: Questions): Submitter {
  const find = `query ($no: String) { penalties(where: { documentNo: { eq: $no } }) { totalCount nodes { ${fields} } } }`;
  const page = `query ($prefix: String, $after: Cursor) { penalties(first: 200, after: $after, where: { documentNo: { startsWith: $prefix } }) {
    nodes { ${fields} } pageInfo { hasNextPage endCursor } } }`;
  const row = (documentNo: string) => ({
    documentNo,
    legalRepIdNumber: '411599197710058716',
    remark: '内部备注',
    content: `罚款，${documentNo}`,
    ...subject,
  });
  const documentNosOf = (batch: string) => [`${batch}-甲`, `${batch}-乙`];
  return {
    documentNosOf,
    row,
    submission: (batch) => ({ query: SUBMIT, headers, variables: { records: documentNosOf(batch).map(otherPenalty) } }),
    taken: { data: { submitAdministrativePenalty: { accepted: 2, updated: 0, unchanged: 0, rejected: 0 } } },
    inquiry: (documentNo) => ({ query: find, headers, variables: { no: documentNo } }),
    found: (documentNo) => ({ data: { penalties: { totalCount: 1, nodes: [row(documentNo)] } } }),
    page: (prefix, after) => ({ query: page, headers, variables: { prefix, after } }),
  };
}

function otherPenalty(documentNo: string): Readonly<Record<string, unknown>> {
  return penalty({ documentNo, uscc: OTHER_COMPANY, counterpartName: OTHER_NAME, content: `罚款，${documentNo}` });
}

async function signedVoucher(url: string, bank: Asked['headers'], company: Asked['headers']): Promise<string> {
  const input = {
    type: 'E_SIGN',
    subjectUscc: COMPANY,
    granteeUscc: BANK,
    granteeStaff: [STAFF],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: new Date(Date.now() + 86_400_000).toISOString(),
    maxUses: 1_000_000,
  };
  const draft = 'mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }';
  const drafted = await sure(url, { query: draft, headers: bank, variables: { input } });
  const id: string = drafted.body.data.draftVoucher.id;
  const signed = await sure(url, { query: `mutation { signVoucher(id: "${id}") { status } }`, headers: company });
  if (signed.body.data.signVoucher.status !== 'ACTIVE') throw new Error(JSON.stringify(signed.body));
  return id;
}

/** An answer of whatever status, while nothing fails. */
export async function sure(url: string, asked: Asked): Promise<Got> {
  const got = await askOnce(url, asked, PATIENCE_MS);
  if ('status' in got) return got;
  throw new Error(`no answer while nothing fails: ${JSON.stringify(got)}`);
}
