import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { addDays, shanghaiToday } from '../../../schema/calendar-date.ts';
import { COMPANY, debtorEntry, dutyGrant, MARKET, OTHER_COMPANY, penalty } from '../../support/fixtures.ts';
import { named } from '../changes-property/world.ts';
import { type DisclosureLedger, hiddenText, openText, type RowState } from './disclosure-ledger.ts';
import type { OperatedHub } from './operated-hub.ts';

type Values = Readonly<Record<string, unknown>>;
interface WrittenRow {
  readonly id: string;
  readonly values: Values;
  readonly state: RowState;
}
type Version = Omit<WrittenRow, 'id'>;

/** The hub that is written to, what was open to whom, and the rows of this run. */
export interface World {
  readonly hub: OperatedHub;
  readonly ledger: DisclosureLedger;
  readonly rows: Map<string, WrittenRow>;
}
export type Write = (world: World) => Promise<unknown>;

const REGIONS = ['411502', '411503'];
const SUBJECTS = [
  { counterpartName: '茶韵食品有限公司', uscc: COMPANY },
  { counterpartName: '申城贸易有限公司', uscc: OTHER_COMPANY },
];
/** So that no window of a row ends while the test runs. */
const decidedOn = () => addDays(shanghaiToday(new Date()), -60);

/** Makes a version that is named by the number of its write, sends it, and notes what that opened and closed; undefined where it was refused. */
async function write(
  { ledger, rows }: World,
  before: WrittenRow | undefined,
  { make, send }: { make(number: number): Version; send(version: Version): Promise<string | undefined> },
): Promise<string | undefined> {
  const version = make(ledger.begin());
  ledger.mayOpen(version.state);
  const id = await send(version);
  ledger.end(before?.state, id === undefined ? undefined : version.state);
  if (id !== undefined) rows.set(id, { ...version, id });
  return id;
}

async function load({ hub }: World, typeCode: string, values: Values): Promise<string | undefined> {
  const [outcome] = await hub.load(typeCode, [values]);
  return outcome?.outcome === 'accepted' || outcome?.outcome === 'updated' ? outcome.id : undefined;
}

const texts = (mark: number) => ({ content: `罚款2.5万元，${openText(mark)}`, remark: hiddenText(mark) });

interface Submission {
  readonly subject: { readonly counterpartName: string; readonly uscc: string };
  readonly regionCode: string;
  readonly isSecret: boolean;
  readonly isMinor: boolean;
}
const submit = (world: World, { subject, regionCode, isSecret, isMinor }: Submission) =>
  write(world, undefined, {
    make: (mark) => {
      const gates = {
        ...(isSecret && { secretMark: 'TRADE_SECRET' }),
        ...(isMinor && { penaltyTypes: ['WARNING'], fineAmountWan: undefined }),
      };
      const dates = { decisionDate: decidedOn(), validTo: addDays(decidedOn(), 300) };
      const values = penalty({ ...subject, ...texts(mark), ...gates, ...dates, regionCode, documentNo: `套接${mark}` });
      return {
        values,
        state: { type: 'PENALTY', uscc: subject.uscc, regionCode, isSecret, isMinor, isDraft: false, isGone: false, mark },
      };
    },
    send: ({ values }) => load(world, 'PENALTY', values),
  });
const submitted = fc
  .record({
    subject: fc.constantFrom(...SUBJECTS),
    regionCode: fc.constantFrom(...REGIONS),
    isSecret: fc.constantFrom(false, false, false, true),
    isMinor: fc.boolean(),
  })
  .map(
    (submission): Write =>
      (world) =>
        submit(world, submission),
  );

/** A row that every receiver is told of; returns its id. */
export async function submitForAll(world: World, [subject] = SUBJECTS): Promise<string> {
  const id = subject && (await submit(world, { subject, regionCode: '411503', isSecret: false, isMinor: false }));
  if (id === undefined) throw new Error('a row for all was refused');
  return id;
}
/** That an organisation is known here shows at every row of it from its first public one on. */
export async function makeSubjectsKnown(world: World): Promise<void> {
  for (const subject of SUBJECTS) await submitForAll(world, [subject]);
}

const STATES = ['PROPOSED', 'NOTICED', 'PUBLISHED'];
const isDraft = (entryStatus: string) => entryStatus !== 'PUBLISHED';
const factsOf = (mark: number) => `有履行能力而拒不履行，${openText(mark)}`;
const listed = fc.record({ entryStatus: fc.constantFrom(...STATES), regionCode: fc.constantFrom(...REGIONS) }).map(
  ({ entryStatus, regionCode }): Write =>
    (world) =>
      write(world, undefined, {
        make: (mark) => {
          const organisation = { subjectType: 'LEGAL_AND_UNINCORPORATED', subjectName: '茶韵食品有限公司', uscc: COMPANY };
          const nobody = { idType: undefined, idNumber: undefined };
          const dates = { decisionDate: decidedOn(), listedFrom: decidedOn() };
          const numbers = { decisionNo: `套接${mark}`, entryNo: `套接${mark}` };
          const values = debtorEntry({ ...organisation, ...nobody, ...dates, ...numbers, regionCode, entryStatus, facts: factsOf(mark) });
          const gates = { isSecret: false, isMinor: false, isDraft: isDraft(entryStatus), isGone: false };
          return { values, state: { type: 'LIST_ENTRY', uscc: COMPANY, regionCode, ...gates, mark } };
        },
        send: ({ values }) => load(world, 'LIST_ENTRY', values),
      }),
);

/** Asks as the department that decided; lets pass what the state of a row forbids. */
async function asked({ hub }: World, text: string, variables: Values): Promise<boolean> {
  const source = { token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'RECORD_MANAGEMENT' };
  const { body } = await hub.ask(text, { ...source, variables });
  if (!body.errors) return true;
  if (['INVALID_TRANSITION', 'NOT_FOUND', 'FORBIDDEN'].includes(body.errors[0].extensions.code)) return false;
  throw new Error(JSON.stringify(body.errors));
}

const CORRECTION = 'mutation ($id: ID!, $fields: JSON!) { correctRecord(recordId: $id, fields: $fields, reason: "核对有误") { id } }';
/** Over HTTP by the department, or by the operator's import while the hub is dead. */
async function rewrite(world: World, { id, values }: WrittenRow, fields: Values): Promise<string | undefined> {
  if (!world.hub.isAlive) return load(world, 'PENALTY', { ...values, ...fields });
  return (await asked(world, CORRECTION, { id, fields })) ? id : undefined;
}

type Rewriting = (world: World, row: WrittenRow) => Promise<unknown>;
/** Rows that are gone stay as they are. */
const onRow = (type: RowState['type'], made: fc.Arbitrary<Rewriting>) =>
  fc.tuple(fc.nat(), made).map(
    ([index, act]): Write =>
      async (world) => {
        const some = [...world.rows.values()].filter(({ state }) => state.type === type && !state.isGone);
        const row = some[index % Math.max(1, some.length)];
        if (row) await act(world, row);
      },
  );

interface Rewritten {
  readonly fields?: Values;
  readonly state?: Partial<RowState>;
}
const corrected = ({ fields = {}, state = {} }: Rewritten): Rewriting => {
  return (world, row) =>
    write(world, row, {
      make: (mark) => ({ values: { ...row.values, ...texts(mark), ...fields }, state: { ...row.state, ...state, mark } }),
      send: ({ state: { mark } }) => rewrite(world, row, { ...texts(mark), ...fields }),
    });
};
const elsewhere = fc.constantFrom(...REGIONS).map((regionCode) => corrected({ fields: { regionCode }, state: { regionCode } }));
const loosened: Rewriting = async (world, row) => {
  const opening = corrected({ fields: { secretMark: 'NONE' }, state: { isSecret: false } });
  if (row.state.isSecret && world.hub.isAlive) await opening(world, row);
};
const tightened: Rewriting = (world, row) =>
  write(world, row, {
    make: () => ({ values: { ...row.values, secretMark: 'TRADE_SECRET' }, state: { ...row.state, isSecret: true } }),
    send: ({ values }) => load(world, 'PENALTY', values),
  });
/** Only the source is told. */
const hidden: Rewriting = (world, row) => {
  let remark = '';
  return write(world, row, {
    make: (number) => {
      remark = hiddenText(number);
      return { values: { ...row.values, remark }, state: row.state };
    },
    send: () => rewrite(world, row, { remark }),
  });
};
const withdrawn: Rewriting = async (world, row) => {
  const text = 'mutation ($id: ID!) { withdrawRecord(recordId: $id, documentRef: "复决1号", reason: "复议撤销") { id } }';
  if (!world.hub.isAlive) return;
  await write(world, row, {
    make: () => ({ values: row.values, state: { ...row.state, isGone: true } }),
    send: async () => ((await asked(world, text, { id: row.id })) ? row.id : undefined),
  });
};
const repaired: Rewriting = (world, row) => {
  const { id, values, state } = row;
  const subject = { subjectName: values.counterpartName, subjectType: 'LEGAL_AND_UNINCORPORATED', uscc: values.uscc };
  const targets = [{ kind: 'PENALTY', recordTypeCode: 'PENALTY', sourceUscc: MARKET, docNo: values.documentNo }];
  const decided = { status: 'EFFECTIVE', decidingOrgUscc: MARKET, decisionDate: shanghaiToday(new Date()) };
  const office = { sourceDeptName: '信用办', sourceDeptUscc: '11411502MB0TE5T878' };
  return write(world, row, {
    make: () => ({ values, state: { ...state, isGone: true } }),
    send: async () => (await load(world, 'REPAIR_CASE', { repairNo: `X-${id}`, ...subject, targets, ...decided, ...office })) && id,
  });
};
const moved = fc.constantFrom(...STATES).map(
  (entryStatus): Rewriting =>
    (world, row) =>
      write(world, row, {
        make: (mark) => {
          const values = { ...row.values, entryStatus, facts: factsOf(mark) };
          // Only a transition ends a draft, never an import.
          return { values, state: { ...row.state, isDraft: row.state.isDraft || isDraft(entryStatus), mark } };
        },
        send: ({ values }) => load(world, 'LIST_ENTRY', values),
      }),
);

/** The hub is killed while it corrects; then the department looks whether it was done, and does it again where it was not. */
const correctedInDeath = fc.integer({ min: 0, max: 60 }).map(
  (milliseconds): Rewriting =>
    async (world, row) => {
      const { hub } = world;
      if (!hub.isAlive) return;
      await write(world, row, {
        make: (mark) => ({ values: { ...row.values, ...texts(mark) }, state: { ...row.state, mark } }),
        send: async ({ state: { mark } }) => {
          const asking = rewrite(world, row, texts(mark)).catch(() => undefined);
          await sleep(milliseconds);
          await hub.kill();
          await asking;
          await hub.start();
          return (await shows(world, row.id, mark)) ? row.id : rewrite(world, row, texts(mark));
        },
      });
    },
);
async function shows({ hub }: World, id: string, mark: number): Promise<boolean> {
  const { body } = await hub.ask(`{ record(id: "${id}") { ... on AdministrativePenalty { content } } }`, {
    token: hub.token('AGENCY', { orgUscc: MARKET }),
  });
  return body.data.record.content === texts(mark).content;
}

/** Opens the numbers of persons to another department, or closes them again; its access changes with it. */
const grantTurned: Write = async (world) => {
  const { ledger } = world;
  const year = shanghaiToday(new Date()).slice(0, 4);
  const isClosing = ledger.isGranted;
  ledger.begin();
  if (!isClosing) ledger.grantOpens();
  const status = isClosing ? 'SUSPENDED' : 'APPROVED';
  await load(world, 'DUTY_GRANT', dutyGrant({ status, validFrom: `${year}-01-01`, validTo: `${year}-12-31` }));
  ledger.end(undefined, undefined);
  if (isClosing) ledger.grantCloses();
};

const called = (name: string, made: fc.Arbitrary<Write>) => made.map((one) => named(name, one));
const penalties = (made: fc.Arbitrary<Rewriting>) => onRow('PENALTY', made);

export const grantTurns: fc.Arbitrary<Write> = fc.constant(named('grant turned', grantTurned));
export const markedWrites: fc.Arbitrary<Write> = fc.oneof(
  { arbitrary: called('submitted', submitted), weight: 6 },
  { arbitrary: called('listed', listed), weight: 2 },
  { arbitrary: called('corrected', penalties(fc.constant(corrected({})))), weight: 4 },
  { arbitrary: called('elsewhere', penalties(elsewhere)), weight: 2 },
  { arbitrary: called('hidden', penalties(fc.constant(hidden))), weight: 2 },
  { arbitrary: called('tightened', penalties(fc.constant(tightened))), weight: 2 },
  { arbitrary: called('loosened', penalties(fc.constant(loosened))), weight: 1 },
  { arbitrary: called('moved', onRow('LIST_ENTRY', moved)), weight: 2 },
  { arbitrary: called('withdrawn', penalties(fc.constant(withdrawn))), weight: 1 },
  { arbitrary: called('repaired', penalties(fc.constant(repaired))), weight: 1 },
  { arbitrary: grantTurns, weight: 1 },
);
export const deadlyWrites: fc.Arbitrary<Write> = called('corrected in death', penalties(correctedInDeath));
