import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { COMPANY, HOUSING, MARKET, PERSON } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';

// The oracle of this file is transcribed from the normative decision table by hand; it imports nothing of the engine that it judges.

/** A field for each class, with and without a mask. */
const FIELDS = {
  open: 'D1',
  openScrubbed: 'D1',
  openMasked: 'D2',
  openMaskedPlain: 'D2',
  shared: 'D3',
  byDuty: 'D4',
  byDutyMasked: 'D4',
  byAuthorization: 'D5',
  subjectAndSource: 'D6',
  handling: 'D7',
  sourceOnly: 'D8',
  audit: 'D9',
  caseParties: 'DX',
  voucherParties: 'DP',
} as const;
type Field = keyof typeof FIELDS;
type Class = (typeof FIELDS)[Field];
const NAMES = Object.keys(FIELDS) as Field[];
const MASKED: readonly Field[] = ['openMasked', 'byDutyMasked'];
const CLEAR = '13812345678';
const UNDER_MASK = '138****5678';
const PROSE = '联系电话13812345678。';
const SCRUBBED = '联系电话138****5678。';

const SDL = `
"探针"
type Probe @recordType(code: "PROBE", field: "probes", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: UNTRUSTWORTHY, identity: ["probeNo", "subject"]) {
  "名称" name: String @item(role: SUBJECT_NAME, required: true) @disclose(class: OPEN)
  "代码" uscc: UnifiedSocialCreditCode @item(role: SUBJECT_CODE) @disclose(class: OPEN)
  "证件号码" idNumber: String @item(role: SUBJECT_ID_NUMBER, encrypted: true) @disclose(class: BY_AUTHORIZATION, mask: ID)
  "编号" probeNo: String @item(role: DOCUMENT_NUMBER, required: true, filter: true) @disclose(class: OPEN)
  "公开" open: String @item(filter: true) @disclose(class: OPEN)
  "公开文本" openScrubbed: String @item @disclose(class: OPEN, scrub: true)
  "公开脱敏" openMasked: String @item @disclose(class: OPEN_MASKED, mask: PHONE)
  "公开脱敏无码" openMaskedPlain: String @item(filter: true) @disclose(class: OPEN_MASKED)
  "共享" shared: String @item(filter: true) @disclose(class: SHARED)
  "按职责" byDuty: String @item(filter: true) @disclose(class: SHARED_BY_DUTY)
  "按职责脱敏" byDutyMasked: String @item @disclose(class: SHARED_BY_DUTY, mask: PHONE)
  "授权" byAuthorization: String @item(filter: true) @disclose(class: BY_AUTHORIZATION)
  "主体与来源" subjectAndSource: String @item(filter: true) @disclose(class: SUBJECT_AND_SOURCE)
  "办理" handling: String @item(filter: true) @disclose(class: HANDLING)
  "来源专有" sourceOnly: String @item(filter: true) @disclose(class: SOURCE_ONLY)
  "审计" audit: String @item(filter: true) @disclose(class: AUDIT)
  "特定对象" caseParties: String @item(filter: true) @disclose(class: CASE_PARTIES)
  "当事双方" voucherParties: String @item(filter: true) @disclose(class: VOUCHER_PARTIES)
}`;

const KINDS = ['ENTERPRISE', 'NON_ENTERPRISE_ORG', 'INDIVIDUAL', 'UNKNOWN'] as const;
const STATES = {
  published: { status: 'PUBLISHED' },
  validated: { status: 'VALIDATED' },
  notPublic: { status: 'NOT_PUBLIC' },
  returned: { status: 'RETURNED' },
  beforeNotice: { status: 'COLLECTED', draft: 'BEFORE_NOTICE' },
  afterNotice: { status: 'COLLECTED', draft: 'AFTER_NOTICE' },
  windowEnded: { status: 'PUBLISHED', publishedUntil: '2026-01-01' },
  windowEndedHeld: { status: 'PUBLISHED', publishedUntil: '2026-01-01', heldByBlack: true },
  notStarted: { status: 'PUBLISHED', publishedFrom: '2026-12-01' },
  tooOld: { status: 'PUBLISHED', actEnd: '2021-11-23' },
  expired: { status: 'PUBLISHED', stopped: 'EXPIRED' },
  repaired: { status: 'PUBLISHED', stopped: 'REPAIRED' },
  shielded: { status: 'PUBLISHED', stopped: 'SHIELDED' },
  wrongIdentity: { status: 'PUBLISHED', stopped: 'WRONG_IDENTITY' },
  withdrawn: { status: 'PUBLISHED', stopped: 'WITHDRAWN' },
} as const;
interface StateFacts {
  readonly status: string;
  readonly stopped?: string;
  readonly draft?: string;
  readonly publishedUntil?: string;
  readonly publishedFrom?: string;
  readonly heldByBlack?: boolean;
  readonly actEnd?: string;
}
interface Row {
  readonly id: string;
  readonly kind: (typeof KINDS)[number];
  readonly state: keyof typeof STATES;
  readonly secret: boolean;
  readonly severity: 'MINOR' | 'GENERAL';
  readonly exempt: boolean;
  readonly ofPerson: boolean;
}
const NOW = new Date('2026-11-24T04:00:00Z');

type Who =
  | 'PUBLIC'
  | 'COMPANY'
  | 'PERSON'
  | 'WEAK_PERSON'
  | 'SOURCE'
  | 'OTHER'
  | 'OTHER_RECORD_KEEPING'
  | 'CREDIT_BODY'
  | 'SUPERVISION'
  | 'SUPERVISION_ELSEWHERE'
  | 'OPERATOR'
  | 'OPERATOR_ELSEWHERE'
  | 'FINANCE'
  | 'STRANGER';
type Seen = Readonly<Record<Field, 'V' | 'M' | '–'>>;

/** What a caller sees of a row, by the decision table; undefined when the row is not there. */
function oracle(who: Who, row: Row): Seen | undefined {
  const { status, stopped, draft = 'NO', publishedUntil, publishedFrom, heldByBlack = false, actEnd }: StateFacts = STATES[row.state];
  const person = row.kind === 'INDIVIDUAL' || row.kind === 'UNKNOWN';
  const closedPerson = row.kind === 'UNKNOWN' || (row.kind === 'INDIVIDUAL' && !row.exempt);
  const gone = stopped !== undefined && ['REPAIRED', 'SHIELDED', 'WRONG_IDENTITY', 'WITHDRAWN'].includes(stopped);
  const expired = !gone && !heldByBlack && (stopped === 'EXPIRED' || publishedUntil !== undefined || actEnd !== undefined);
  const isDraft = draft !== 'NO' || status === 'RETURNED';
  const open =
    status === 'PUBLISHED' &&
    !gone &&
    !expired &&
    !isDraft &&
    !row.secret &&
    row.severity !== 'MINOR' &&
    !closedPerson &&
    publishedFrom === undefined;
  const supervised = !gone && !expired && !isDraft;
  const own = (who === 'COMPANY' && !row.ofPerson) || ((who === 'PERSON' || who === 'WEAK_PERSON') && row.ofPerson);
  const rules: { readonly clear: readonly Class[]; readonly masked: readonly Class[]; readonly declared: boolean }[] = [];
  if (open) rules.push({ clear: ['D1'], masked: ['D2'], declared: false });
  if (who === 'OTHER' && open) rules.push({ clear: ['D1', 'D3'], masked: ['D2'], declared: false });
  if (who === 'SOURCE') rules.push({ clear: ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'D8', 'DX'], masked: [], declared: true });
  if (own && draft !== 'BEFORE_NOTICE' && stopped !== 'WRONG_IDENTITY')
    rules.push({ clear: who === 'WEAK_PERSON' ? ['D1'] : ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'DX', 'DP'], masked: [], declared: true });
  if (who === 'SUPERVISION' && supervised) rules.push({ clear: ['D1', 'D3'], masked: ['D2'], declared: false });
  if (who === 'OPERATOR') rules.push({ clear: ['D1', 'D3', 'D7', 'DP'], masked: ['D2', 'D4', 'D5', 'D6'], declared: false });
  if (rules.length === 0) return undefined;
  const seen = {} as Record<Field, 'V' | 'M' | '–'>;
  for (const field of NAMES) {
    seen[field] = '–';
    for (const { clear, masked, declared } of rules) {
      const clazz = declared ? FIELDS[field] : shifted(FIELDS[field], closedPerson, row.secret);
      if (clear.includes(clazz)) {
        if (field === 'openScrubbed' && !declared) seen[field] = seen[field] === 'V' ? 'V' : 'M';
        else seen[field] = 'V';
      } else if (masked.includes(clazz) && seen[field] === '–') {
        if (MASKED.includes(field) || field === 'openScrubbed') seen[field] = 'M';
        else if (!person) seen[field] = 'V';
      }
    }
  }
  return seen;
}

/** C2 before C3. */
function shifted(clazz: Class, closedPerson: boolean, secret: boolean): Class {
  const first = closedPerson && (clazz === 'D1' || clazz === 'D2') ? 'D5' : clazz;
  return secret && (first === 'D1' || first === 'D2' || first === 'D3') ? 'D4' : first;
}

/** L1: a person's row that the public level alone opens is in no list. */
function listed(who: Who, row: Row): boolean {
  const seen = oracle(who, row);
  if (!seen) return false;
  if (!row.ofPerson && row.kind !== 'INDIVIDUAL' && row.kind !== 'UNKNOWN') return true;
  const beyondPublic =
    who === 'SOURCE' ||
    who === 'OPERATOR' ||
    who === 'SUPERVISION' ||
    who === 'OTHER' ||
    who === 'PERSON' ||
    who === 'WEAK_PERSON' ||
    (who === 'COMPANY' && !row.ofPerson);
  if (!beyondPublic) return false;
  // Of two rules the second has to hold the row: E1 alone does not list it.
  return who !== 'OTHER' || oracle('OTHER', row) !== undefined;
}

function expected(field: Field, effect: 'V' | 'M' | '–'): string | null {
  if (effect === '–') return null;
  if (field === 'openScrubbed') return effect === 'V' ? PROSE : SCRUBBED;
  return effect === 'V' ? CLEAR : UNDER_MASK;
}

let hub: TestHub;
let departments: string;
let rows: readonly Row[];
let callers: Readonly<Record<Who, Parameters<TestHub['ask']>[1]>>;

beforeAll(async () => {
  departments = await mkdtemp(join(tmpdir(), 'hub-departments-'));
  await writeFile(join(departments, 'probe.graphql'), SDL);
  const env = { HUB_DEPARTMENTS: departments };
  hub = await startHub({ env, clock: { now: () => NOW } });
  const values = Object.fromEntries(NAMES.map((field) => [field, field === 'openScrubbed' ? PROSE : CLEAR]));
  const base = { ...values, sourceDeptUscc: MARKET, regionCode: '411502', decisionDate: '2026-09-01', severity: 'GENERAL' };
  const loaded = await hub.load('PROBE', [
    { ...base, name: '甲公司', uscc: COMPANY, probeNo: 'P-1' },
    { ...base, name: PERSON.name, idNumber: PERSON.idNumber, probeNo: 'P-2' },
  ]);
  expect(loaded.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted']);
  rows = await writeRows(
    env,
    loaded.map(({ id }) => id ?? ''),
  );
  const at = (regionCode: string) => ({ regionCode });
  callers = {
    PUBLIC: {},
    COMPANY: { token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) },
    PERSON: { token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }) },
    WEAK_PERSON: { token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 1 }) },
    SOURCE: { token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'RECORD_MANAGEMENT' },
    OTHER: { token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'LICENSING' },
    OTHER_RECORD_KEEPING: { token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'RECORD_MANAGEMENT' },
    CREDIT_BODY: { token: hub.token('CREDIT_BODY', { orgUscc: COMPANY, staffId: 's' }) },
    SUPERVISION: { token: hub.token('SUPERVISION', { clientId: 'c', ...at('411500') }) },
    SUPERVISION_ELSEWHERE: { token: hub.token('SUPERVISION', { clientId: 'c2', ...at('370000') }) },
    OPERATOR: { token: hub.token('OPERATOR', at('410000')) },
    OPERATOR_ELSEWHERE: { token: hub.token('OPERATOR', {}) },
    FINANCE: { token: hub.token('FINANCE', { orgUscc: COMPANY }) },
    STRANGER: { token: hub.token('SPECIFIC_PARTY', { caseId: 'k', partyId: 'p' }) },
  };
}, 120_000);
afterAll(async () => {
  await hub.close();
  await rm(departments, { recursive: true, force: true });
});

/** One row for each combination, written with its gate as a state machine would leave it. */
async function writeRows(env: Readonly<Record<string, string>>, models: readonly string[]): Promise<readonly Row[]> {
  const direct = await openHub({ dataDir: hub.dataDir, env, clock: { now: () => NOW }, untouched: true });
  try {
    const [organisation, person] = await direct.store.read((tx) => tx.get('probe', models));
    const wanted = KINDS.flatMap((kind) =>
      (Object.keys(STATES) as (keyof typeof STATES)[]).flatMap((state) =>
        [false, true].flatMap((secret) =>
          (['MINOR', 'GENERAL'] as const).flatMap((severity) =>
            (kind === 'INDIVIDUAL' ? [false, true] : [false]).map(
              (exempt): Row => ({
                id: randomBytes(16).toString('base64url'),
                kind,
                state,
                secret,
                severity,
                exempt,
                ofPerson: kind === 'INDIVIDUAL' || kind === 'UNKNOWN',
              }),
            ),
          ),
        ),
      ),
    );
    await direct.store.write(
      async (tx) => {
        for (const row of wanted) {
          const model = row.ofPerson ? person : organisation;
          if (!model?.gate) throw new Error('the model row is missing');
          const gate = {
            ...model.gate,
            stopped: null,
            draft: 'NO' as const,
            publishedFrom: '2026-09-01',
            publishedUntil: null,
            actEnd: '2026-09-01',
            heldByBlack: false,
            ...STATES[row.state],
            subjectKind: row.kind,
            secrecy: row.secret ? ('TRADE_SECRET' as const) : ('NONE' as const),
            severity: row.severity,
            exception: row.exempt ? ('PUBLIC' as const) : ('NONE' as const),
          };
          const columns = { ...model.columns, identity: row.id, triple: row.id, document: row.id };
          await tx.put('probe', row.id, { expected: 0, body: model.body, gate, columns });
          await tx.put('record-index', row.id, { expected: 0, body: { recordType: 'PROBE' }, gate, columns: { recordType: 'PROBE' } });
        }
        for (const id of models) {
          const [[document], [entry]] = [await tx.get('probe', [id]), await tx.get('record-index', [id])];
          await tx.remove('probe', id, { expected: document?.version ?? 0 });
          await tx.remove('record-index', id, { expected: entry?.version ?? 0 });
        }
      },
      { actor: 'test' },
    );
    return wanted;
  } finally {
    await direct.close();
  }
}

const SELECTION = `id ${NAMES.join(' ')}`;
const WHO: readonly Who[] = [
  'PUBLIC',
  'COMPANY',
  'PERSON',
  'WEAK_PERSON',
  'SOURCE',
  'OTHER',
  'OTHER_RECORD_KEEPING',
  'CREDIT_BODY',
  'SUPERVISION',
  'SUPERVISION_ELSEWHERE',
  'OPERATOR',
  'OPERATOR_ELSEWHERE',
  'FINANCE',
  'STRANGER',
];

describe('the disclosure matrix', () => {
  it('has rows of every kind, state, secrecy and severity', () => {
    expect(rows).toHaveLength(5 * Object.keys(STATES).length * 2 * 2);
  });

  it.each(WHO)('lists to %s exactly the rows and values of the decision table', async (who) => {
    const found = new Map<string, Record<Field, string | null>>();
    let total: number | undefined;
    for (let after: string | null = null; ; ) {
      const { body } = await hub.ask(
        `query($after: Cursor) { probes(first: 200, after: $after) { totalCount nodes { ${SELECTION} } pageInfo { hasNextPage endCursor } } }`,
        { ...callers[who], variables: { after } },
      );
      const page = body.data.probes;
      total = page.totalCount;
      for (const { id, ...fields } of page.nodes) found.set(id, fields);
      if (!page.pageInfo.hasNextPage) break;
      after = page.pageInfo.endCursor;
    }
    const wanted = new Map(rows.filter((row) => listed(who, row)).map((row) => [row.id, valuesOf(who, row)]));
    expect(total).toBe(wanted.size);
    expect(mismatches(found, wanted)).toEqual([]);
  });

  it.each(WHO)('answers %s by id exactly the rows and values of the decision table, and any other as an unknown one', async (who) => {
    const found = new Map<string, Record<Field, string | null> | null>();
    for (let from = 0; from < rows.length; from += 15) {
      const some = rows.slice(from, from + 15);
      const asked = some.map(({ id }, index) => `r${index}: record(id: "${id}") { ... on Probe { ${NAMES.join(' ')} } }`);
      const { body } = await hub.ask(`{ ${asked.join(' ')} unknown: record(id: "AAAAAAAAAAAAAAAAAAAAAA") { id } }`, callers[who]);
      expect(body.errors).toBeUndefined();
      expect(body.data.unknown).toBeNull();
      for (const [index, { id }] of some.entries()) found.set(id, body.data[`r${index}`]);
    }
    expect(mismatches(found, new Map(rows.map((row) => [row.id, oracle(who, row) ? valuesOf(who, row) : null])))).toEqual([]);
  });

  it.each(WHO)('counts for %s by each filter exactly the rows whose field it reads clear', async (who) => {
    for (const field of NAMES.filter((name) => !MASKED.includes(name) && name !== 'openScrubbed')) {
      const { status, body } = await hub.ask(`{ probes(where: { ${field}: { eq: "${CLEAR}" } }) { totalCount } }`, callers[who]);
      const readable = rows.filter((row) => listed(who, row) && filterable(who, row, field));
      if (readable.length === 0) expect(status === 403 || body.data.probes.totalCount === 0).toBe(true);
      else expect([field, body.data?.probes.totalCount]).toEqual([field, readable.length]);
    }
  });

  it.each(WHO)('says to %s of every place what is withheld there, and how many objects stand there', async (who) => {
    const { body } = await hub.ask(`{ probes(first: 200) { nodes { ${SELECTION} } } }`, callers[who]);
    const nodes: readonly Record<string, string | null>[] = body.data.probes.nodes;
    for (const { path, effect, objects } of body.extensions?.withheld ?? []) {
      expect(path.slice(0, 3)).toEqual(['probes', 'nodes', '@']);
      expect(objects).toBe(nodes.length);
      const seen = rows.filter(({ id }) => nodes.some((node) => node.id === id)).map((row) => oracle(who, row)?.[path[3] as Field]);
      expect(seen).toContain(effect === 'MASKED' ? 'M' : '–');
    }
    const said = new Set(
      (body.extensions?.withheld ?? []).map((entry: { path: string[]; effect: string }) => `${entry.path[3]} ${entry.effect}`),
    );
    for (const row of rows.filter(({ id }) => nodes.some((node) => node.id === id))) {
      for (const field of NAMES) {
        const effect = oracle(who, row)?.[field];
        if (effect === '–') expect(said).toContain(`${field} DENIED`);
        if (effect === 'M') expect(said).toContain(`${field} MASKED`);
      }
    }
  });
});

/** P1: a cell V, and not one that only shows what it would mask (M2). */
function filterable(who: Who, row: Row, field: Field): boolean {
  if (oracle(who, row)?.[field] !== 'V') return false;
  if (who !== 'OPERATOR' && field !== 'openMaskedPlain') return true;
  const closedPerson = row.kind === 'UNKNOWN' || (row.kind === 'INDIVIDUAL' && !row.exempt);
  const clazz = shifted(FIELDS[field], closedPerson, row.secret);
  if (who === 'OPERATOR') return ['D1', 'D3', 'D7', 'DP'].includes(clazz);
  return who === 'SOURCE' || (who === 'PERSON' && row.ofPerson) || (who === 'COMPANY' && !row.ofPerson && ownHolds(row));
}

function ownHolds(row: Row): boolean {
  return row.state !== 'beforeNotice' && row.state !== 'wrongIdentity';
}

function valuesOf(who: Who, row: Row): Record<Field, string | null> {
  const seen = oracle(who, row);
  if (!seen) throw new Error('the row is not there');
  return Object.fromEntries(NAMES.map((field) => [field, expected(field, seen[field])])) as Record<Field, string | null>;
}

/** What differs, told by the row's facts instead of its random id. */
function mismatches(
  found: ReadonlyMap<string, Record<Field, string | null> | null>,
  wanted: ReadonlyMap<string, Record<Field, string | null> | null>,
): readonly string[] {
  return rows.flatMap(({ id, ...facts }) => {
    const [is, should] = [found.get(id), wanted.get(id)].map((values) => JSON.stringify(values ?? null));
    return is === should ? [] : [`${JSON.stringify(facts)}: is ${is}, should be ${should}`];
  });
}
