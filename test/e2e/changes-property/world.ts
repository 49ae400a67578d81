import fc from 'fast-check';
import { addDays, shanghaiToday } from '../../../schema/calendar-date.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty, personalPenalty } from '../../support/fixtures.ts';
import type { TestHub } from '../../support/hub.ts';

/** The hub that is written to, the clock of all, and what has been written in this run. */
export interface World {
  readonly hub: TestHub;
  readonly clock: { now: Date };
  readonly rows: WrittenRow[];
  readonly writes: { made: number };
  /** Makes numbers of documents that no other run has. */
  readonly run: string;
}
interface WrittenRow {
  readonly type: 'PENALTY' | 'LIST_ENTRY';
  readonly id: string;
  readonly values: Readonly<Record<string, unknown>>;
}

export type Write = (world: World) => Promise<void>;

const REGIONS = ['411502', '411503'];
const SUBJECTS = [
  { counterpartName: '茶韵食品有限公司', uscc: COMPANY },
  { counterpartName: '申城贸易有限公司', uscc: OTHER_COMPANY },
];
const office = { sourceDeptName: '信用办', sourceDeptUscc: '11411502MB0TE5T878' };

async function load(world: World, type: WrittenRow['type'], values: WrittenRow['values']): Promise<void> {
  const [outcome] = await world.hub.load(type, [values]);
  if (outcome?.id === undefined || outcome.outcome === 'rejected') return;
  const { id } = outcome;
  if (!world.rows.some((row) => row.id === id)) world.rows.push({ type, id, values });
}

const numberOf = ({ run, rows }: World) => `${run}-${rows.length}`;
/** Days after which a window ends that began this long ago. */
const ago = ({ clock }: World, years: number, days: number) => {
  const today = shanghaiToday(clock.now);
  return addDays(`${Number(today.slice(0, 4)) - years}${today.slice(4).replace('02-29', '02-28')}`, days);
};

/** A penalty of an organisation, young or so old that a window of it ends within days. */
const submitted = fc
  .record({
    subject: fc.constantFrom(...SUBJECTS),
    regionCode: fc.constantFrom(...REGIONS),
    secretMark: fc.constantFrom(undefined, undefined, undefined, 'TRADE_SECRET'),
    years: fc.constantFrom(0, 0, 0, 1, 3),
    days: fc.integer({ min: -2, max: 3 }),
    minor: fc.constantFrom(false, false, false, true),
  })
  .map(
    ({ subject, regionCode, secretMark, years, days, minor }): Write =>
      (world) => {
        const decided = ago(world, years, years === 0 ? -60 : days);
        const light = minor ? { penaltyTypes: ['WARNING'], fineAmountWan: undefined } : {};
        const dates = { decisionDate: decided, validTo: addDays(decided, 200) };
        return load(world, 'PENALTY', penalty({ ...subject, regionCode, secretMark, ...light, ...dates, documentNo: numberOf(world) }));
      },
  );

/** One that everybody sees. */
const published = fc.constantFrom(...SUBJECTS).map(
  (subject): Write =>
    (world) => {
      const dates = { decisionDate: ago(world, 0, -60), validTo: ago(world, 0, 200) };
      return load(world, 'PENALTY', penalty({ ...subject, ...dates, documentNo: numberOf(world) }));
    },
);

const STATES = ['PROPOSED', 'NOTICED', 'PUBLISHED', 'REMOVED'];
const listed = fc
  .record({ entryStatus: fc.constantFrom(...STATES), regionCode: fc.constantFrom(...REGIONS), inDays: fc.integer({ min: -3, max: 3 }) })
  .map(
    ({ entryStatus, regionCode, inDays }): Write =>
      (world) => {
        const listedFrom = addDays(shanghaiToday(world.clock.now), inDays);
        const organisation = { subjectType: 'LEGAL_AND_UNINCORPORATED', subjectName: '茶韵食品有限公司', uscc: COMPANY, idType: undefined };
        const number = { decisionNo: numberOf(world), entryNo: numberOf(world) };
        return load(
          world,
          'LIST_ENTRY',
          debtorEntry({ ...organisation, ...number, idNumber: undefined, entryStatus, regionCode, listedFrom }),
        );
      },
  );

type OnRow = (world: World, row: WrittenRow) => Promise<unknown>;
const onRow = (make: fc.Arbitrary<OnRow>) =>
  fc.tuple(fc.nat(), make).map(
    ([index, act]): Write =>
      async (world) => {
        const row = world.rows[index % Math.max(1, world.rows.length)];
        if (row) await act(world, row);
      },
  );

const source = ({ hub }: World) => ({ token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'RECORD_MANAGEMENT' });
const corrected = (fields: Readonly<Record<string, unknown>>): OnRow => {
  const text = 'mutation ($id: ID!, $fields: JSON!) { correctRecord(recordId: $id, fields: $fields, reason: "核对有误") { id } }';
  return (world, { id }) => written(world, text, { id, fields });
};
/** Lets pass what the state of a row forbids. */
async function written(world: World, text: string, variables: Readonly<Record<string, unknown>>): Promise<void> {
  const { body } = await world.hub.ask(text, { ...source(world), variables });
  const code = body.errors?.[0].extensions.code;
  if (code !== undefined && !['INVALID_TRANSITION', 'NOT_FOUND', 'FORBIDDEN'].includes(code)) throw new Error(JSON.stringify(body.errors));
}
const openly = fc.constantFrom('罚款1万元', '罚款2万元', '罚款3万元').map((content) => corrected({ content }));
/** Values that only the source sees, or those with a grant. */
export const hiddenly = fc.oneof(
  fc.constantFrom('甲', '乙', '丙').map((remark) => corrected({ remark })),
  fc.constantFrom('411599197710058716', '411599199108284357').map((legalRepIdNumber) => corrected({ legalRepIdNumber })),
);
const elsewhere = fc.constantFrom(...REGIONS).map((regionCode) => corrected({ regionCode }));
const loosened = fc.constant(corrected({ secretMark: 'NONE' }));
const tightened: OnRow = (world, { type, values }) => load(world, type, { ...values, secretMark: 'TRADE_SECRET' });
const moved = fc.constantFrom(...STATES).map(
  (entryStatus): OnRow =>
    async (world, { type, values }) => {
      if (type === 'LIST_ENTRY') await load(world, type, { ...values, entryStatus });
    },
);
const withdrawn: OnRow = (world, { id }) =>
  written(world, 'mutation ($id: ID!) { withdrawRecord(recordId: $id, documentRef: "复决1号", reason: "复议撤销") { id } }', { id });
const caseOf = ({ values: { documentNo, counterpartName, uscc } }: WrittenRow) => ({
  subject: { subjectName: counterpartName, subjectType: 'LEGAL_AND_UNINCORPORATED', uscc },
  target: { sourceUscc: MARKET, docNo: documentNo },
  decided: { decidingOrgUscc: MARKET, decisionDate: '2026-10-01' },
});
const repaired = fc.constantFrom('SUBMITTED', 'EFFECTIVE', 'REVOKED', 'TEMP_SHIELDED', 'RESUMED').map(
  (status): OnRow =>
    async ({ hub }, row) => {
      const { subject, target, decided } = caseOf(row);
      const targets = [{ kind: 'PENALTY', recordTypeCode: 'PENALTY', ...target }];
      if (row.type === 'PENALTY')
        await hub.load('REPAIR_CASE', [{ repairNo: `X-${row.id}`, ...subject, targets, status, ...decided, ...office }]);
    },
);
const objected = fc.constantFrom('FORWARDED', 'UPHELD', 'ANNOTATED').map(
  (status): OnRow =>
    async ({ hub }, row) => {
      const { subject, target, decided } = caseOf(row);
      const targets = [{ recordType: 'PENALTY', ...target }];
      const words = { origin: 'SUBJECT_APPLICATION', ground: 'WRONG', statement: '罚款金额有误' };
      if (row.type === 'PENALTY')
        await hub.load('OBJECTION', [{ objectionNo: `Y-${row.id}`, ...subject, targets, ...words, status, ...decided, ...office }]);
    },
);

const passed = fc.tuple(fc.constantFrom(1, 1, 1, 2, 3, 40), fc.boolean()).map(
  ([days, turns]): Write =>
    async ({ hub, clock }) => {
      clock.now = new Date(clock.now.getTime() + days * 86_400_000);
      if (turns) await hub.turnWindows();
    },
);
const granted = fc.constantFrom('APPROVED', 'SUSPENDED').map(
  (status): Write =>
    async ({ hub, clock }) => {
      const terms = {
        granteeUscc: HOUSING,
        approverUscc: MARKET,
        recordTypes: ['PENALTY'],
        purposes: ['LICENSING'],
        legalBasis: '依法履职',
      };
      const fields = ['AdministrativePenalty.legalRepIdNumber'];
      const year = clock.now.getUTCFullYear();
      await hub.load('DUTY_GRANT', [{ grantNo: 'G-1', ...terms, fields, validFrom: `${year}-01-01`, validTo: `${year}-12-31`, status }]);
    },
);

/** So that a counterexample can be read. */
export function named<Act extends object>(name: string, act: Act): Act {
  return Object.assign(act, { [fc.toStringMethod]: () => name, toString: () => name });
}
const called = (name: string, made: fc.Arbitrary<Write>) => made.map((write) => named(name, write));

/** Whatever may happen to records, to the day, and to what a receiver may see. */
export const writes: fc.Arbitrary<Write> = fc.oneof(
  { arbitrary: called('submitted', submitted), weight: 6 },
  { arbitrary: called('listed', listed), weight: 3 },
  { arbitrary: called('openly', onRow(openly)), weight: 4 },
  { arbitrary: called('hiddenly', onRow(hiddenly)), weight: 3 },
  { arbitrary: called('elsewhere', onRow(elsewhere)), weight: 2 },
  { arbitrary: called('loosened', onRow(loosened)), weight: 1 },
  { arbitrary: called('tightened', onRow(fc.constant(tightened))), weight: 1 },
  { arbitrary: called('moved', onRow(moved)), weight: 2 },
  { arbitrary: called('withdrawn', onRow(fc.constant(withdrawn))), weight: 2 },
  { arbitrary: called('repaired', onRow(repaired)), weight: 3 },
  { arbitrary: called('objected', onRow(objected)), weight: 2 },
  { arbitrary: called('passed', passed), weight: 2 },
  { arbitrary: called('granted', granted), weight: 1 },
);

/** Writes of which a department without rights of its own sees nothing. */
export const unseenWrites: fc.Arbitrary<Write> = fc.oneof(
  onRow(hiddenly),
  fc.constantFrom('PROPOSED', 'NOTICED').map(
    (entryStatus): Write =>
      async (world) => {
        await world.hub.load('LIST_ENTRY', [debtorEntry({ decisionNo: `${world.run}-u${world.clock.now.getTime()}`, entryStatus })]);
      },
  ),
  fc.constantFrom('罚款1万元', '罚款2万元').map(
    (content): Write =>
      async ({ hub, run }) => {
        await hub.load('PENALTY', [personalPenalty({ documentNo: `${run}-u`, content })]);
      },
  ),
  fc.constantFrom('罚款1万元', '罚款2万元').map(
    (content): Write =>
      async ({ hub, run }) => {
        await hub.load('PENALTY', [penalty({ documentNo: `${run}-s`, content, secretMark: 'TRADE_SECRET' })]);
      },
  ),
);

const andCorrected =
  (submit: Write): Write =>
  async (world) => {
    await submit(world);
    const row = world.rows.at(-1);
    if (row) await corrected({ content: '罚款4万元' })(world, row);
  };

/** Writes that two hubs make alike. A first correction shows in the state of the data, whatever it corrects: so each row has one. */
export const seenWrites: fc.Arbitrary<Write> = fc.oneof(
  { arbitrary: called('published', published.map(andCorrected)), weight: 3 },
  { arbitrary: called('openly', onRow(openly)), weight: 2 },
  { arbitrary: called('withdrawn', onRow(fc.constant(withdrawn))), weight: 1 },
  { arbitrary: called('repaired', onRow(repaired)), weight: 1 },
);
