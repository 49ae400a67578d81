import type { Grant, Voucher } from '../../auth/caller.ts';
import type { Gate } from '../../schema/gate.ts';

// The decision table of the disclosure design, transcribed by hand. It shares no code with the engine that it judges: only types of data are imported.

/** OPEN, OPEN_MASKED, SHARED, SHARED_BY_DUTY, BY_AUTHORIZATION, SUBJECT_AND_SOURCE, HANDLING, SOURCE_ONLY, AUDIT, CASE_PARTIES, VOUCHER_PARTIES. */
export type Class = 'D1' | 'D2' | 'D3' | 'D4' | 'D5' | 'D6' | 'D7' | 'D8' | 'D9' | 'DX' | 'DP';
/** V: clear. C: a cell M without a mask on an organisation's row, shown clear but no value to filter by (M2). M: masked or scrubbed. –: closed. */
export type Cell = 'V' | 'C' | 'M' | '–';

export interface OracleField {
  readonly name: string;
  readonly class: Class;
  readonly individual?: Class | undefined;
  readonly inState?: { readonly state: string; readonly class: Class } | undefined;
  readonly mask?: boolean | undefined;
  readonly scrub?: boolean | undefined;
}

export interface OracleType {
  readonly kind: 'record' | 'subject' | 'catalogue';
  readonly name: string;
  readonly code: string;
  readonly section: string;
  readonly share: string;
  readonly sourceOnly: boolean;
  /** It names parties (E20), or is about a subject though it is a catalogue type. */
  readonly hasParties: boolean;
  readonly aboutSubject: boolean;
  /** It tells how access was given (E15). */
  readonly audit?: boolean | undefined;
  readonly fields: readonly OracleField[];
}

export interface OracleCaller {
  readonly audience: string;
  readonly orgUscc?: string | undefined;
  readonly clientId?: string | undefined;
  readonly orgNature?: string | undefined;
  readonly regionCode?: string | undefined;
  readonly authLevel?: number | undefined;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  readonly matterFields?: readonly string[] | undefined;
  readonly ownSources?: readonly string[] | undefined;
  readonly grants?: readonly Grant[] | undefined;
  readonly voucher?: Voucher | undefined;
  readonly subjectId?: string | undefined;
  readonly caseId?: string | undefined;
  readonly partyId?: string | undefined;
  readonly revealed?: string | undefined;
}

export interface OracleRow {
  readonly key: string;
  readonly gate: Gate;
  readonly state?: string | null | undefined;
}

/** What a region decides for itself (looked up by the row's region). */
export interface OracleRegion {
  readonly publishMinor: boolean;
  readonly hideDuringObjection: boolean;
  readonly afterExpiry: 'ARCHIVE' | 'REMOVE';
  readonly maxDisclosureYears: number;
}

export interface World {
  /** `YYYY-MM-DD` */
  readonly today: string;
  readonly regionOf: (region: string | null) => OracleRegion;
}

export interface Seen {
  readonly cells: ReadonlyMap<string, Cell>;
  readonly rules: readonly string[];
  /** L1: it may stand in lists, counts and cursors. */
  readonly listed: boolean;
}

type Column = keyof Gate;
/** N1 … N10 of one row. */
type Facts = Readonly<
  Record<
    'person' | 'closedPerson' | 'payment' | 'gone' | 'expired' | 'draft' | 'open' | 'shown' | 'vouchable' | 'supervisable' | 'keptArchive',
    boolean
  >
>;

/** An entitlement: the rows it holds, the columns that its condition reads, and what it gives. */
interface Entitlement {
  readonly id: string;
  readonly reads: readonly Column[];
  readonly holds: (row: OracleRow, facts: Facts) => boolean;
  readonly clear: readonly Class[];
  readonly masked?: readonly Class[];
  readonly only?: readonly string[];
  readonly within?: (coordinate: string) => boolean;
  readonly declared?: boolean;
  readonly raw?: boolean;
  readonly throughVoucher?: boolean;
}

const MAY_BE_EMPTY: readonly Column[] = ['publishedUntil', 'actEnd', 'stopped', 'parties'];
const EXPIRED: readonly Column[] = ['heldByBlack', 'nature', 'region'];
const DRAFT: readonly Column[] = ['draft', 'status'];
const PERSON: readonly Column[] = ['subjectKind'];
const EXCEPTED: readonly Column[] = ['subjectKind', 'exception'];
const OPEN: readonly Column[] = ['status', ...EXPIRED, ...DRAFT, 'secrecy', 'severity', ...EXCEPTED, 'valueOpen', 'publishedFrom'];

const ALL_BUSINESS: readonly string[] = [
  'PUBLIC',
  'SUBJECT',
  'AGENCY',
  'CREDIT_BODY',
  'APP_ORG',
  'SUPERVISION',
  'FINANCE',
  'INDUSTRY_ASSOC',
  'OPERATOR',
  'SPECIFIC_PARTY',
];
const AGENCY_PURPOSES: readonly string[] = [
  'LICENSING',
  'BIDDING',
  'PROCUREMENT',
  'FUNDING',
  'QUALIFICATION',
  'SUPERVISION',
  'ENFORCEMENT',
  'AWARDS',
  'PERSONNEL',
  'RECORD_MANAGEMENT',
];
const STRUCTURAL: readonly string[] = ['id', 'recordType', 'publicityStatus', 'dataStatus', 'objectionFlag', 'objectionNote'];
const STRUCTURAL_OF_SUBJECT: readonly string[] = ['id', 'kind'];
const DATES: readonly string[] = ['decisionDate', 'sourceDeptName'];

function factsOf({ gate }: OracleRow, type: OracleType, { today, regionOf }: World): Facts {
  const region = regionOf(gate.region);
  // A kind that nobody stated counts as UNKNOWN.
  const kind = gate.subjectKind ?? 'UNKNOWN';
  const person = kind === 'INDIVIDUAL' || kind === 'UNKNOWN';
  const closedPerson = kind === 'UNKNOWN' || (kind === 'INDIVIDUAL' && gate.exception !== 'PUBLIC');
  const payment = person && gate.exception === 'PAYMENT';
  const gone = gate.stopped !== null && ['REPAIRED', 'SHIELDED', 'WITHDRAWN', 'WRONG_IDENTITY'].includes(gate.stopped);
  const pastMax = gate.publishedUntil !== null && today > gate.publishedUntil;
  const overAge = gate.actEnd !== null && today > yearsLater(gate.actEnd, region.maxDisclosureYears);
  const expired =
    !gone &&
    gate.heldByBlack !== true &&
    (gate.stopped === 'EXPIRED' || gate.stopped === 'ARCHIVED' || pastMax || (gate.nature === 'UNTRUSTWORTHY' && overAge));
  const draft = gate.draft !== 'NO' || gate.status === 'RETURNED';
  const open =
    gate.status === 'PUBLISHED' &&
    !gone &&
    !expired &&
    !draft &&
    gate.secrecy === 'NONE' &&
    (gate.severity !== 'MINOR' || region.publishMinor) &&
    !closedPerson &&
    !type.sourceOnly &&
    gate.valueOpen === true &&
    gate.publishedFrom !== null &&
    gate.publishedFrom <= today;
  return {
    person,
    closedPerson,
    payment,
    gone,
    expired,
    draft,
    open,
    shown: open && !(gate.objection === true && region.hideDuringObjection),
    vouchable:
      (gate.status === 'PUBLISHED' || gate.status === 'NOT_PUBLIC') &&
      !gone &&
      !expired &&
      !draft &&
      gate.secrecy === 'NONE' &&
      !type.sourceOnly &&
      !payment,
    supervisable: !gone && !expired && !draft && !type.sourceOnly && !payment,
    keptArchive: region.afterExpiry === 'ARCHIVE',
  };
}

/** What a row says of its own publicity; it follows the clock. */
export function answeredStatus(row: OracleRow, type: OracleType, world: World): string | null {
  const { stopped, status } = row.gate;
  if (stopped === 'WITHDRAWN' || stopped === 'WRONG_IDENTITY') return 'WITHDRAWN';
  if (stopped === 'REPAIRED' || stopped === 'SHIELDED') return `STOPPED_${stopped}`;
  return status === 'PUBLISHED' && factsOf(row, type, world).expired ? 'STOPPED_EXPIRED' : status;
}

/** The same day so many years later; 29 February counts as 1 March where there is none. */
function yearsLater(day: string, years: number): string {
  const [year = 0, month = 1, date = 1] = day.split('-').map(Number);
  return new Date(Date.UTC(year + years, month - 1, date)).toISOString().slice(0, 10);
}

/** The row's region begins with the code without its trailing zero pairs; no code, no region. */
function isInRegion(region: string | null, code: string | undefined): boolean {
  if (!code || region === null) return false;
  let prefix = code;
  while (prefix.endsWith('00')) prefix = prefix.slice(0, -2);
  return region.startsWith(prefix);
}

/** G1, without what depends on the row. */
function isGrantValid(grant: Grant, caller: OracleCaller, today: string): boolean {
  const grantee = caller.audience === 'SUPERVISION' ? caller.clientId : caller.orgUscc;
  const purpose = caller.audience === 'SUPERVISION' ? 'SUPERVISION' : caller.purpose;
  return (
    grant.status === 'APPROVED' &&
    today <= grant.validTo &&
    (grant.validFrom === undefined || grant.validFrom <= today) &&
    grant.granteeUscc === grantee &&
    grant.approverUscc !== grant.granteeUscc &&
    purpose !== undefined &&
    grant.purposes.includes(purpose) &&
    (grant.matterCodes.length === 0 ||
      (caller.matter !== undefined && grant.matterCodes.includes(caller.matter) && caller.matterFields !== undefined))
  );
}

/** G2 */
function isInGrant(grant: Grant, caller: OracleCaller, coordinate: string): boolean {
  if (!grant.fields.includes(coordinate)) return false;
  return caller.matter === undefined || (caller.matterFields ?? []).includes(coordinate);
}

/** V2 */
function isInVoucher(voucher: Voucher, caller: OracleCaller, type: OracleType, coordinate: string): boolean {
  if (caller.audience === 'CREDIT_BODY') return !voucher.fieldsExcluded.includes(coordinate);
  return voucher.opened.some((scope) => [coordinate, type.section, type.code, type.name].includes(scope));
}

/** E1 … E20 for this caller and type. */
function entitlementsOf(caller: OracleCaller, type: OracleType, world: World): readonly Entitlement[] {
  return type.kind === 'catalogue' ? ofCatalogue(caller, type, world) : ofRecord(caller, type, world);
}

function ofRecord(caller: OracleCaller, type: OracleType, world: World): readonly Entitlement[] {
  const { audience, grants = [], ownSources = [], voucher, revealed } = caller;
  const found: Entitlement[] = [];
  const statesPurpose = caller.purpose !== undefined && AGENCY_PURPOSES.includes(caller.purpose);
  const statesDuty = statesPurpose && caller.purpose !== 'RECORD_MANAGEMENT';
  const valid = grants.filter((grant) => isGrantValid(grant, caller, world.today));
  const covers = (grant: Grant, { gate }: OracleRow) =>
    (grant.recordTypes.includes(type.code) || grant.recordTypes.includes(type.name)) &&
    gate.sourceOrg !== null &&
    grant.sources.includes(gate.sourceOrg) &&
    (grant.region === undefined || isInRegion(gate.region, grant.region));
  const grantColumns: readonly Column[] = ['sourceOrg', 'region'];
  const inRegion = ({ gate }: OracleRow) => isInRegion(gate.region, caller.regionCode);

  if (ALL_BUSINESS.includes(audience))
    found.push({ id: 'E1', reads: [...OPEN, 'objection'], holds: (_row, { shown }) => shown, clear: ['D1'], masked: ['D2'] });
  if (audience === 'AGENCY') {
    if (statesDuty) found.push({ id: 'E2', reads: OPEN, holds: (_row, { open }) => open, clear: ['D1', 'D3'], masked: ['D2'] });
    if (statesDuty) {
      for (const grant of valid) {
        found.push({
          id: 'E3',
          reads: [...grantColumns, ...DRAFT, ...EXPIRED, ...EXCEPTED],
          holds: (row, { gone, draft, expired, keptArchive, payment }) =>
            covers(grant, row) &&
            !gone &&
            !draft &&
            (!expired || keptArchive) &&
            (!type.sourceOnly || caller.orgNature === 'DISCIPLINE' || caller.orgNature === 'ORG_PERSONNEL') &&
            !payment,
          clear: ['D1', 'D2', 'D3', 'D4', 'D5'],
          within: (coordinate) => isInGrant(grant, caller, coordinate),
        });
      }
    }
    found.push({
      id: 'E4',
      reads: ['sourceOrg'],
      holds: ({ gate }) => gate.sourceOrg !== null && ownSources.includes(gate.sourceOrg),
      clear: ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'D8', 'DX'],
      declared: true,
      raw: true,
    });
    if (type.hasParties) found.push(departmentParty(caller));
    if (type.kind === 'subject' && statesPurpose)
      found.push({ id: 'E18', reads: PERSON, holds: (_row, { person }) => !person, clear: [], only: ['id', 'kind', 'uscc'] });
  }
  if (audience === 'SUBJECT') {
    const strong = (caller.authLevel ?? 1) >= 2; // Q7
    found.push({
      id: 'E5',
      reads: ['subjectId', 'draft'],
      holds: ({ gate }) =>
        caller.subjectId !== undefined &&
        gate.subjectId === caller.subjectId &&
        gate.draft !== 'BEFORE_NOTICE' &&
        gate.stopped !== 'WRONG_IDENTITY' &&
        !type.sourceOnly,
      clear: strong ? ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'DX', 'DP'] : ['D1'],
      declared: true,
      raw: true,
    });
  }
  if ((audience === 'CREDIT_BODY' || audience === 'APP_ORG') && voucher) {
    const within = (coordinate: string) => isInVoucher(voucher, caller, type, coordinate);
    const opens = fieldsOf(type).some(
      ({ name }) => ![...STRUCTURAL, ...STRUCTURAL_OF_SUBJECT].includes(name) && within(`${type.name}.${name}`),
    );
    const reads: readonly Column[] = ['subjectId', 'section', 'status', ...EXPIRED, ...DRAFT, 'secrecy', ...EXCEPTED];
    const vouched = ({ gate }: OracleRow, { vouchable }: Facts) =>
      vouchable &&
      opens &&
      gate.subjectId === voucher.subjectId &&
      gate.section !== null &&
      (voucher.sections as readonly string[]).includes(gate.section);
    const through = { reads, within, throughVoucher: true } as const;
    if (audience === 'CREDIT_BODY') {
      found.push({ id: 'E6', ...through, holds: (row, facts) => vouched(row, facts) && facts.person, clear: ['D1', 'D2', 'D5', 'DP'] });
      found.push({
        id: 'E7',
        ...through,
        holds: (row, facts) => vouched(row, facts) && !facts.person,
        clear: ['D1', 'D5', 'DP'],
        masked: ['D2'],
      });
    } else found.push({ id: 'E8', ...through, holds: vouched, clear: ['D1', 'D5', 'DP'], masked: ['D2'] });
  }
  if (audience === 'SUPERVISION') {
    const reads: readonly Column[] = ['region', 'share', ...EXPIRED, ...DRAFT, ...EXCEPTED];
    const supervised = (row: OracleRow, { supervisable }: Facts) =>
      supervisable && inRegion(row) && ['BASIC', 'ENFORCEMENT', 'JOINT', 'COMPLAINT'].includes(row.gate.share ?? '');
    found.push({ id: 'E9', reads, holds: supervised, clear: ['D1', 'D3'], masked: ['D2'] });
    for (const grant of valid) {
      found.push({
        id: 'E10',
        reads: [...reads, ...grantColumns],
        holds: (row, facts) => supervised(row, facts) && covers(grant, row) && !facts.person,
        clear: ['D2', 'D4'],
        within: (coordinate) => isInGrant(grant, caller, coordinate),
      });
    }
  }
  if ((audience === 'FINANCE' || audience === 'INDUSTRY_ASSOC') && type.share === 'EVALUATION') {
    found.push({
      id: 'E11',
      reads: EXPIRED,
      holds: ({ gate }, { gone, expired }) => caller.orgUscc !== undefined && gate.parties.includes(caller.orgUscc) && !gone && !expired,
      clear: [],
      only: ['schemeCode', 'period', 'grade', 'evaluatedOn', 'validTo'],
    });
  }
  if (audience === 'OPERATOR') {
    found.push({
      id: 'E12',
      reads: ['region'],
      holds: (row) => inRegion(row) && !type.sourceOnly,
      clear: ['D1', 'D3', 'D7', 'DP'],
      masked: ['D2', 'D4', 'D5', 'D6'],
    });
    if (revealed !== undefined)
      found.push({
        id: 'E13',
        reads: ['region'],
        holds: (row) => inRegion(row) && !type.sourceOnly && row.key === revealed,
        clear: ['D2', 'D4', 'D5', 'D6'],
        raw: true,
      });
  }
  if (audience === 'SPECIFIC_PARTY') {
    found.push({
      id: 'E14',
      reads: DRAFT,
      holds: ({ gate }, { gone, draft }) =>
        caller.caseId !== undefined &&
        caller.partyId !== undefined &&
        gate.parties.includes(caller.caseId) &&
        gate.parties.includes(caller.partyId) &&
        !gone &&
        !draft &&
        !type.sourceOnly,
      clear: ['DX'],
    });
  }
  return found;
}

/** E20: a department that the document names counts as its source, D8 excepted. */
function departmentParty({ ownSources = [] }: OracleCaller): Entitlement {
  return {
    id: 'E20',
    reads: [],
    holds: ({ gate }) => ownSources.some((own) => gate.parties.includes(own)),
    clear: ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'D7', 'DX'],
    declared: true,
    raw: true,
  };
}

/** E17 and what E2–E13 leave of themselves where there is no record's gate. */
function ofCatalogue(caller: OracleCaller, type: OracleType, { today }: World): readonly Entitlement[] {
  const { audience, orgUscc } = caller;
  const found: Entitlement[] = [];
  const inEffect = ({ gate }: OracleRow) =>
    !type.aboutSubject &&
    (gate.publishedFrom === null || gate.publishedFrom <= today) &&
    (gate.publishedUntil === null || gate.publishedUntil >= today);
  /** A document of which a rule would open nothing is not there through it. */
  const opens = (...classes: readonly Class[]) => type.fields.some((field) => classes.includes(field.class));
  if (ALL_BUSINESS.includes(audience) && opens('D1')) found.push({ id: 'E17', reads: [], holds: inEffect, clear: ['D1'] });
  const statesDuty = caller.purpose !== undefined && AGENCY_PURPOSES.includes(caller.purpose) && caller.purpose !== 'RECORD_MANAGEMENT';
  if (((audience === 'AGENCY' && statesDuty) || audience === 'SUPERVISION') && opens('D1', 'D2', 'D3'))
    found.push({ id: audience === 'AGENCY' ? 'E2' : 'E9', reads: [], holds: inEffect, clear: ['D1', 'D3'], masked: ['D2'] });
  if (audience === 'SUBJECT' && type.aboutSubject) {
    found.push({
      id: 'E5',
      reads: ['subjectId', 'draft'],
      holds: ({ gate }) =>
        caller.subjectId !== undefined &&
        gate.subjectId === caller.subjectId &&
        gate.draft !== 'BEFORE_NOTICE' &&
        gate.stopped !== 'WRONG_IDENTITY',
      clear: (caller.authLevel ?? 1) >= 2 ? ['D1', 'D2', 'D3', 'D4', 'D5', 'D6', 'DX', 'DP'] : ['D1'],
      declared: true,
      raw: true,
    });
  }
  if (audience === 'OPERATOR')
    found.push({ id: 'E12', reads: [], holds: () => true, clear: ['D1', 'D3', 'D7', 'DP'], masked: ['D2', 'D4', 'D5', 'D6'] });
  if (type.audit && audience === 'AUDITOR') found.push({ id: 'E15', reads: [], holds: () => true, clear: ['D7', 'D9'] });
  if (type.hasParties && audience === 'AGENCY') found.push(departmentParty(caller));
  if (type.hasParties && audience === 'SUPERVISION')
    found.push(departmentParty({ ...caller, ownSources: caller.clientId === undefined ? [] : [caller.clientId] }));
  if (type.hasParties && (audience === 'CREDIT_BODY' || audience === 'APP_ORG') && opens('DP'))
    found.push({
      id: 'E20',
      reads: [],
      holds: ({ gate }) => orgUscc !== undefined && gate.parties.includes(orgUscc),
      clear: ['DP'],
      declared: true,
      raw: true,
    });
  return found;
}

/** S1 and C1–C3 */
function classIn(field: OracleField, row: OracleRow, facts: Facts, type: OracleType, declared: boolean): Class {
  if (type.kind === 'catalogue') return field.class;
  const stated =
    field.inState && row.state === field.inState.state
      ? field.inState.class
      : facts.person && field.individual
        ? field.individual
        : field.class;
  if (declared) return stated;
  let moved = stated;
  if (facts.payment && ['D1', 'D2', 'D3', 'D4', 'D5'].includes(moved)) moved = 'D6';
  if (facts.closedPerson && !facts.payment && ['D1', 'D2'].includes(moved)) moved = 'D5';
  if (row.gate.secrecy !== 'NONE' && ['D1', 'D2', 'D3'].includes(moved)) moved = 'D4';
  return moved;
}

function cellOf(entitlement: Entitlement, field: OracleField, row: OracleRow, facts: Facts, type: OracleType): Cell {
  const { only, within, clear, masked = [], raw = false } = entitlement;
  if (only) return only.includes(field.name) ? 'V' : '–';
  if (within && !within(`${type.name}.${field.name}`)) return '–';
  const clazz = classIn(field, row, facts, type, entitlement.declared === true);
  if (clear.includes(clazz)) return field.scrub && !raw ? 'M' : 'V'; // M3
  if (!masked.includes(clazz)) return '–';
  if (field.mask || field.scrub) return 'M'; // M1; scrubbing counts as masking
  return facts.person && type.kind !== 'catalogue' ? '–' : 'C'; // M2
}

const RANK: Readonly<Record<Cell, number>> = { V: 3, C: 2, M: 1, '–': 0 };

function structuralOf(type: OracleType, throughVoucher: boolean): readonly string[] {
  if (type.kind === 'subject') return STRUCTURAL_OF_SUBJECT;
  if (type.kind === 'catalogue') return ['id'];
  return throughVoucher ? STRUCTURAL : [...STRUCTURAL, ...DATES];
}

/** What stands in the row's own record of a type beside what its file declares. */
const DATE_FIELDS: readonly OracleField[] = DATES.map((name) => ({ name, class: 'D1' }));

function fieldsOf(type: OracleType): readonly OracleField[] {
  return type.kind === 'record' ? [...type.fields, ...DATE_FIELDS] : type.fields;
}

export interface Oracle {
  /** Undefined when the row is not there (U2). */
  seen(row: OracleRow): Seen | undefined;
  /** P1: whether the row is among those that a list holds which is filtered or ordered by these fields. L1 is asked of the rules that give them. */
  isListedBy(row: OracleRow, names: readonly string[]): boolean;
}

/** The decision table for one caller and type. */
export function oracleFor(caller: OracleCaller, type: OracleType, world: World): Oracle {
  const entitlements = entitlementsOf(caller, type, world);
  const holding = (row: OracleRow, facts: Facts) =>
    entitlements.filter(
      ({ reads, holds }) =>
        reads.every((column) => MAY_BE_EMPTY.includes(column) || (row.gate[column] !== null && row.gate[column] !== undefined)) &&
        holds(row, facts),
    );
  const isListed = (held: readonly Entitlement[], facts: Facts) =>
    type.kind === 'catalogue' || !facts.person || held.some(({ id }) => id !== 'E1');
  return {
    seen(row) {
      const facts = factsOf(row, type, world);
      const held = holding(row, facts);
      if (held.length === 0) return undefined;
      const cells = new Map<string, Cell>();
      for (const field of fieldsOf(type)) {
        let best: Cell = '–';
        for (const entitlement of held) {
          const cell = cellOf(entitlement, field, row, facts, type);
          if (RANK[cell] > RANK[best]) best = cell;
        }
        cells.set(`${type.name}.${field.name}`, best);
      }
      for (const { throughVoucher = false } of held)
        for (const name of structuralOf(type, throughVoucher)) cells.set(`${type.name}.${name}`, 'V');
      return { cells, rules: held.map(({ id }) => id), listed: isListed(held, facts) };
    },
    isListedBy(row, names) {
      const facts = factsOf(row, type, world);
      const fields = new Map(fieldsOf(type).map((field) => [field.name, field]));
      const giving = holding(row, facts).filter((entitlement) =>
        names.every((name) => {
          const field = fields.get(name);
          if (structuralOf(type, entitlement.throughVoucher === true).includes(name)) return true;
          return field !== undefined && cellOf(entitlement, field, row, facts, type) === 'V';
        }),
      );
      return giving.length > 0 && isListed(giving, facts);
    },
  };
}
