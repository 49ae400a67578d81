import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import type { Document } from '../../store/port.ts';
import { coveringPoints, crossedPoints, drawsFrom, spaceOf } from '../disclosure/generated-rows.ts';
import {
  CITY_MARKET,
  callersOf,
  FORMER,
  type HubCaller,
  OTHER_PERSON,
  PARTIES,
  registryOf,
  type Scope,
  type Subjects,
  signVouchers,
} from '../disclosure/hub-callers.ts';
import {
  answeredStatus,
  type Cell,
  type OracleCaller,
  type OracleField,
  type OracleRegion,
  type OracleRow,
  type OracleType,
  oracleFor,
  type World,
} from '../disclosure/oracle.ts';
import { PROBE_FIELDS, probeFor, probeSdl } from '../disclosure/probe-type.ts';
import { COMPANY, MARKET, OTHER_COMPANY, PERSON } from '../support/fixtures.ts';
import { type Answer, startHub, type TestHub } from '../support/hub.ts';
import { PATIENCE } from '../support/patience.ts';

// Every cell: callers in every state over rows in every state, as a client gets them, each value compared with the oracle's.

const LONG = process.env.HUB_TEST_LONG !== undefined;
const SEED = 20_261_124;
const TODAY = '2026-11-24';
const START = Date.parse(`${TODAY}T01:00:00Z`);
const PAGE = 200;
// Regions in which every switch of a region's profile is set somewhere: no shipped one sets all of them.
const USUAL: OracleRegion = { publishMinor: false, hideDuringObjection: false, afterExpiry: 'ARCHIVE', maxDisclosureYears: 5 };
const REGIONS: Readonly<Record<string, Partial<OracleRegion>>> = {
  '37': { afterExpiry: 'REMOVE' },
  '90': { publishMinor: true },
  '91': { hideDuringObjection: true },
  '92': { maxDisclosureYears: 3 },
};
const WORLD: World = { today: TODAY, regionOf: (region) => ({ ...USUAL, ...REGIONS[region?.slice(0, 2) ?? ''] }) };

const CLEAR = '13812345678';
const MASKED = '138****5678';
const PROSE = '联系电话13812345678。';
const SCRUBBED = '联系电话138****5678。';

const EVALUATION_FIELDS: readonly OracleField[] = [
  { name: 'schemeCode', class: 'D3' },
  { name: 'grade', class: 'D6' },
  { name: 'evaluatedOn', class: 'D1' },
  { name: 'score', class: 'D6' },
];
const EVALUATION_SDL = `"方案" schemeCode: String @item @disclose(class: SHARED) "等级" grade: String @item @disclose(class: SUBJECT_AND_SOURCE)
  "日期" evaluatedOn: String @item @disclose(class: OPEN) "得分" score: String @item @disclose(class: SUBJECT_AND_SOURCE)`;
const MARKS = {
  probes: { name: 'Probe', code: 'PROBE', field: 'probes' },
  archives: { name: 'Archive', code: 'ARCHIVE', field: 'archives', sourceOnly: true },
  ratings: { name: 'Rating', code: 'RATING', field: 'ratings', section: 'TAX', share: 'EVALUATION', more: EVALUATION_SDL },
  caseFiles: {
    name: 'CaseFile',
    code: 'CASE_FILE',
    field: 'caseFiles',
    more: '"办理单位" handler: String @item(role: PARTY) @disclose(class: HANDLING)',
  },
} as const;
type ListName = keyof typeof MARKS;
const TYPES: Readonly<Record<ListName, OracleType>> = {
  probes: probeFor(MARKS.probes),
  archives: probeFor(MARKS.archives),
  ratings: { ...probeFor(MARKS.ratings), fields: [...PROBE_FIELDS, ...EVALUATION_FIELDS] },
  caseFiles: { ...probeFor(MARKS.caseFiles), hasParties: true },
};
const LISTS = Object.keys(TYPES) as readonly ListName[];
const DATES: readonly OracleField[] = [
  { name: 'decisionDate', class: 'D1' },
  { name: 'sourceDeptName', class: 'D1' },
];
const SOURCE_NAME = '浉河区市场监督管理局';
const DECIDED = '2026-09-01';
const SCOPE: Scope = {
  coordinates: LISTS.flatMap((list) => [...TYPES[list].fields, ...DATES].map(({ name }) => `${TYPES[list].name}.${name}`)),
  recordTypes: LISTS.map((list) => TYPES[list].code),
};

interface Row extends OracleRow {
  readonly list: ListName;
}

let departments: string;
let hub: TestHub;
let door: TestHub;
let callers: readonly HubCaller[];
let rows: ReadonlyMap<string, Row>;
let rowsOf: Readonly<Record<ListName, readonly Row[]>>;
/** The clock goes on within the day with what is asked, so that no rate limit is met. */
let now = START;
const compared: Record<Cell | 'structural' | 'absent', number> = { V: 0, C: 0, M: 0, '–': 0, structural: 0, absent: 0 };
let requests = 0;
const answered = () => compared.V + compared.C + compared.M + compared['–'] + compared.structural;

beforeAll(async () => {
  departments = await mkdtemp(join(tmpdir(), 'hub-departments-'));
  await writeFile(join(departments, 'probe.graphql'), LISTS.map((list) => probeSdl(MARKS[list])).join('\n'));
  const regions = Object.entries(REGIONS).map(([prefix, settings]) => ({ prefix, name: prefix, ...settings }));
  await writeFile(join(departments, 'regions.json'), JSON.stringify({ regions }));
  const env = { HUB_DEPARTMENTS: departments, HUB_REGION_PROFILES: join(departments, 'regions.json') };
  const clock = { now: () => new Date(now) };
  hub = await startHub({ env, clock });
  const registry = registryOf(SCOPE);
  await accepted('DEPARTMENT', registry.departments);
  await accepted('SERVICE_BODY', registry.bodies);
  await accepted('DUTY_GRANT', registry.grants);
  for (const list of LISTS) await accepted(TYPES[list].code, modelsOf(list));
  const subjects = await writeRows();
  callers = callersOf(hub, SCOPE, subjects, await signVouchers(hub, SCOPE));
  door = await startHub({ env, clock, dataDir: hub.dataDir, subgraph: 'probe' });
}, 600_000);
afterAll(async () => {
  await door?.close();
  await hub.close();
  await rm(departments, { recursive: true, force: true });
  const { V, C, M, absent } = compared;
  process.stdout.write(
    `disclosure matrix: ${answered().toLocaleString('en')} cells agree (${(V + C).toLocaleString('en')} clear, ${M.toLocaleString('en')} masked, ${compared['–'].toLocaleString('en')} closed, ${compared.structural.toLocaleString('en')} structural), and ${absent.toLocaleString('en')} rows are not there, in ${requests.toLocaleString('en')} requests of ${callers.length} callers over ${rows.size.toLocaleString('en')} rows\n`,
  );
});

async function accepted(typeCode: string, given: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const outcomes = await hub.load(typeCode, given);
  expect(outcomes.flatMap(({ outcome, reasons }) => (outcome === 'accepted' ? [] : [[outcome, reasons]]))).toEqual([]);
}

/** One imported row of each subject, of which the others are made. */
function modelsOf(list: ListName): readonly Readonly<Record<string, unknown>>[] {
  const values = TYPES[list].fields.map(({ name, scrub }) => [name, scrub ? PROSE : CLEAR]);
  const base = {
    ...Object.fromEntries(values),
    probeState: 'NORMAL',
    sourceDeptUscc: MARKET,
    sourceDeptName: SOURCE_NAME,
    regionCode: '411502',
    decisionDate: DECIDED,
    severity: 'GENERAL',
  };
  return [
    { ...base, subjectName: '甲公司', uscc: COMPANY, probeNo: 'P-1' },
    { ...base, subjectName: '乙公司', uscc: OTHER_COMPANY, probeNo: 'P-2' },
    { ...base, subjectName: PERSON.name, idNumber: PERSON.idNumber, probeNo: 'P-3' },
    { ...base, subjectName: OTHER_PERSON.name, idNumber: OTHER_PERSON.idNumber, probeNo: 'P-4' },
  ];
}

const COLLECTIONS: Readonly<Record<ListName, string>> = { probes: 'probe', archives: 'archive', ratings: 'rating', caseFiles: 'case-file' };

/** Puts the generated rows in place of the imported ones, each with its gate as an import or a state machine would leave it. */
async function writeRows(): Promise<Subjects> {
  const direct = await openHub({ dataDir: hub.dataDir, env: hub.env, clock: { now: () => new Date(now) }, untouched: true });
  try {
    const models = await direct.store.read(async (tx) => {
      const found = LISTS.map((list) => tx.find(COLLECTIONS[list], { where: { op: 'all', of: [] }, order: [], limit: 10 }));
      return Object.fromEntries((await Promise.all(found)).map((some, index) => [LISTS[index], some])) as Record<
        ListName,
        readonly Document[]
      >;
    });
    const subjectOf = (number: string) => models.probes.find(({ body }) => body.probeNo === number)?.gate?.subjectId ?? '';
    const subjects = { company: subjectOf('P-1'), otherCompany: subjectOf('P-2'), person: subjectOf('P-3'), otherPerson: subjectOf('P-4') };
    rowsOf = generated(subjects);
    rows = new Map(LISTS.flatMap((list) => rowsOf[list].map((row) => [row.key, row])));
    for (const list of LISTS) {
      for (let from = 0; from < rowsOf[list].length; from += 1000) {
        const some = rowsOf[list].slice(from, from + 1000).map((row) => ({ row, model: modelFor(row, models[list]) }));
        await direct.store.write(
          async (tx) => {
            await tx.putMany(
              COLLECTIONS[list],
              some.map(({ row: { key, gate, state = null }, model }) => ({
                key,
                gate,
                expected: 0,
                body: { ...model.body, probeState: state },
                columns: { ...model.columns, identity: key, triple: key, document: key, state },
              })),
            );
            await tx.putMany(
              'record-index',
              some.map(({ row: { key, gate } }) => ({
                key,
                gate,
                expected: 0,
                body: { recordType: TYPES[list].code },
                columns: { recordType: TYPES[list].code },
              })),
            );
          },
          { actor: 'test' },
        );
      }
      await direct.store.write(
        async (tx) => {
          for (const { key, version } of models[list]) {
            const [entry] = await tx.get('record-index', [key]);
            await tx.remove(COLLECTIONS[list], key, { expected: version });
            await tx.remove('record-index', key, { expected: entry?.version ?? 0 });
          }
        },
        { actor: 'test' },
      );
    }
    return subjects;
  } finally {
    await direct.close();
  }
}

function modelFor({ gate }: Row, models: readonly Document[]): Document {
  const model = models.find((candidate) => candidate.gate?.subjectId === gate.subjectId) ?? models[0];
  if (!model) throw new Error('a model row is missing');
  return model;
}

/** The rows of each type: of the plain one the covering selection, or every combination; of the others a part of the covering selection. */
function generated({ company, otherCompany, person, otherPerson }: Subjects): typeof rowsOf {
  const space = spaceOf({
    organisations: [company, otherCompany],
    persons: [person, otherPerson],
    sources: [MARKET, FORMER, CITY_MARKET],
    parties: PARTIES,
  });
  const covering = coveringPoints(space, SEED);
  const draw = drawsFrom(SEED);
  const rowsIn = (list: ListName, points: typeof covering): readonly Row[] =>
    points.map((point) => ({ ...space.rowAt(point), key: randomBytes(16).toString('base64url'), list }));
  const part = () => covering.filter(() => LONG || draw() < 0.08);
  return {
    probes: rowsIn(
      'probes',
      LONG
        ? [...covering, ...crossedPoints(space, SEED), ...crossedPoints(space, SEED + 1).filter((_point, index) => index % 2 === 0)]
        : covering,
    ),
    archives: rowsIn('archives', part()),
    ratings: rowsIn('ratings', part()),
    caseFiles: rowsIn('caseFiles', part()),
  };
}

interface Column {
  readonly name: string;
  readonly coordinate: string;
  readonly clear: unknown;
  readonly masked: unknown;
}
const STRUCTURAL = ['id', 'recordType', 'publicityStatus', 'dataStatus', 'objectionFlag'];

/** What this caller may select, and what it says clear and masked. */
function columnsOf(list: ListName, openOnly = false): readonly Column[] {
  const { name: owner, fields } = TYPES[list];
  const asked = fields.filter(({ class: clazz }) => !openOnly || clazz === 'D1' || clazz === 'D2');
  const column = (name: string, clear: unknown, masked: unknown): Column => ({ name, coordinate: `${owner}.${name}`, clear, masked });
  return [
    ...asked.map(({ name, scrub }) => (scrub ? column(name, PROSE, SCRUBBED) : column(name, CLEAR, MASKED))),
    column('decisionDate', DECIDED, undefined),
    column('sourceDeptName', SOURCE_NAME, undefined),
  ];
}

/** What the oracle says of each row, worked out once for each caller. */
class Judge {
  readonly columns: readonly Column[];
  readonly #oracle;
  readonly #known = new Map<string, string | undefined>();
  readonly #listed = new Map<string, boolean>();
  readonly #list: ListName;
  constructor(caller: OracleCaller, list: ListName, openOnly?: boolean) {
    this.#list = list;
    this.columns = columnsOf(list, openOnly);
    this.#oracle = oracleFor(caller, TYPES[list], WORLD);
  }

  /** One letter for each column; undefined where the row is not there. */
  cells(row: Row): string | undefined {
    if (!this.#known.has(row.key)) this.#look(row);
    return this.#known.get(row.key);
  }

  isListed(row: Row): boolean {
    if (!this.#known.has(row.key)) this.#look(row);
    return this.#listed.get(row.key) === true;
  }

  isHeldBy(row: Row, rule: string): boolean {
    return this.#oracle.seen(row)?.rules.includes(rule) === true;
  }

  #look(row: Row): void {
    const seen = this.#oracle.seen(row);
    this.#known.set(row.key, seen && this.columns.map(({ coordinate }) => seen.cells.get(coordinate) ?? '–').join(''));
    this.#listed.set(row.key, seen?.listed === true);
  }

  get list(): ListName {
    return this.#list;
  }
}

type Node = Readonly<Record<string, unknown>>;

/** Compares one row as it was answered; tells the first differences. */
function differences(judge: Judge, row: Row, node: Node): readonly string[] {
  const cells = judge.cells(row);
  if (cells === undefined) return [`${told(row)} is there`];
  const wrong: string[] = [];
  for (const [index, { name, clear, masked }] of judge.columns.entries()) {
    const cell = cells[index] as Cell;
    compared[cell] += 1;
    const wanted = cell === '–' ? null : cell === 'M' ? masked : clear;
    if (node[name] !== wanted) wrong.push(`${told(row)} ${name}: is ${JSON.stringify(node[name])}, should be ${JSON.stringify(wanted)}`);
  }
  const { stopped, objection } = row.gate;
  const facts: Node = {
    id: row.key,
    recordType: TYPES[row.list].code,
    publicityStatus: answeredStatus(row, TYPES[row.list], WORLD),
    dataStatus: stopped === 'WITHDRAWN' || stopped === 'ARCHIVED' ? stopped : 'VALID',
    objectionFlag: objection,
  };
  compared.structural += STRUCTURAL.length;
  for (const name of STRUCTURAL)
    if (node[name] !== facts[name])
      wrong.push(`${told(row)} ${name}: is ${JSON.stringify(node[name])}, should be ${JSON.stringify(facts[name])}`);
  return wrong;
}

const told = ({ gate, state, list }: Row) => `${list} ${state} ${JSON.stringify(gate)}`;

/** W1 by its counts: how many objects of a page are not clear, for each coordinate and effect. */
function withheldDifferences(judge: Judge, there: readonly Row[], answer: Answer): readonly string[] {
  const wanted = new Map<string, number>();
  for (const row of there)
    for (const [index, { coordinate }] of judge.columns.entries()) {
      const cell = judge.cells(row)?.[index];
      const effect = cell === 'M' ? 'MASKED' : cell === '–' ? 'DENIED' : undefined;
      if (effect) wanted.set(`${coordinate} ${effect}`, there.length);
    }
  const entries: readonly { readonly coordinate: string; readonly effect: string; readonly objects: number }[] =
    answer.body.extensions?.withheld ?? [];
  const found = new Map(entries.map(({ coordinate, effect, objects }) => [`${coordinate} ${effect}`, objects]));
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((key) =>
    wanted.get(key) === found.get(key) ? [] : [`withheld ${key}: is ${found.get(key)}, should be ${wanted.get(key)}`],
  );
}

const selectionOf = (judge: Judge) => [...STRUCTURAL, ...judge.columns.map(({ name }) => name)].join(' ');

async function ask(of: TestHub, caller: HubCaller, query: string, variables: Readonly<Record<string, unknown>>): Promise<Answer> {
  requests += 1;
  now += 500;
  const answer = await of.ask(query, { ...caller.asking(), variables });
  if (answer.body.errors) throw new Error(`${caller.name}: ${JSON.stringify(answer.body.errors)}`);
  return answer;
}

/** All pages of a list: exactly the rows that belong there, each with exactly its values. */
async function compareList(of: TestHub, caller: HubCaller, list: ListName): Promise<readonly string[]> {
  const judge = new Judge(caller.oracle, list, caller.openOnly);
  const query = `query ($after: Cursor) { ${list}(first: ${PAGE}, after: $after) { totalCount nodes { ${selectionOf(judge)} } pageInfo { hasNextPage endCursor } } }`;
  const wrong: string[] = [];
  const listed = new Set<string>();
  for (let after: string | null = null; wrong.length < 5; ) {
    const answer = await ask(of, caller, query, { after });
    const { nodes, pageInfo, totalCount } = answer.body.data[list];
    const there = (nodes as readonly { readonly id: string }[]).flatMap(({ id }) => rows.get(id) ?? []);
    if (there.length !== nodes.length) wrong.push('a row is there that nobody wrote');
    for (const [index, row] of there.entries()) {
      wrong.push(...differences(judge, row, nodes[index]));
      if (!judge.isListed(row) || listed.has(row.key)) wrong.push(`${told(row)} is listed`);
      listed.add(row.key);
    }
    wrong.push(...withheldDifferences(judge, there, answer));
    if (pageInfo.hasNextPage) {
      after = pageInfo.endCursor;
      continue;
    }
    if (totalCount !== listed.size) wrong.push(`there are ${listed.size} rows, counted are ${totalCount}`);
    break;
  }
  for (const row of rowsOf[list]) {
    if (listed.has(row.key)) continue;
    compared.absent += 1;
    if (judge.isListed(row)) wrong.push(`${told(row)} is not listed`);
  }
  return wrong.slice(0, 5);
}

/** These rows by their ids, as another subgraph would ask for them. */
async function compareEntities(caller: HubCaller, list: ListName, some: readonly Row[]): Promise<readonly string[]> {
  const judge = new Judge(caller.oracle, list, caller.openOnly);
  const { name } = TYPES[list];
  const query = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ${name} { ${selectionOf(judge)} } } }`;
  const wrong: string[] = [];
  for (let from = 0; from < some.length && wrong.length < 5; from += PAGE) {
    const asked = some.slice(from, from + PAGE);
    const answer = await ask(door, caller, query, { r: asked.map(({ key }) => ({ __typename: name, id: key })) });
    const there = asked.filter((row, index) => {
      const node: Node | null = answer.body.data._entities[index];
      if (node) wrong.push(...differences(judge, row, node));
      else if (judge.cells(row) !== undefined) wrong.push(`${told(row)} is not there`);
      else compared.absent += 1;
      return node !== null;
    });
    wrong.push(...withheldDifferences(judge, there, answer));
  }
  return wrong.slice(0, 5);
}
const AT_ONCE = 15;

/** These rows by their ids, through the whole graph; `query` asks for one of them. */
async function compareRecords(caller: HubCaller, list: ListName, some: readonly Row[]): Promise<readonly string[]> {
  const judge = new Judge(caller.oracle, list, caller.openOnly);
  const fragment = `fragment F on ${TYPES[list].name} { ${selectionOf(judge)} }`;
  const wrong: string[] = [];
  for (let from = 0; from < some.length && wrong.length < 5; from += AT_ONCE) {
    const asked = some.slice(from, from + AT_ONCE);
    const query = `query (${asked.map((_row, index) => `$i${index}: ID!`).join(' ')}) { ${asked.map((_row, index) => `r${index}: record(id: $i${index}) { ...F }`).join(' ')} } ${fragment}`;
    const answer = await ask(hub, caller, query, Object.fromEntries(asked.map(({ key }, index) => [`i${index}`, key])));
    for (const [index, row] of asked.entries()) {
      const node: Node | null = answer.body.data[`r${index}`];
      if (node) wrong.push(...differences(judge, row, node));
      else if (judge.cells(row) !== undefined) wrong.push(`${told(row)} is not there`);
      else compared.absent += 1;
    }
  }
  return wrong.slice(0, 5);
}

/** Reveals each row in turn; the answer, the row by its id and the row at the door of its subgraph are what the oracle says of a revealed one. */
async function compareReveals(caller: HubCaller, some: readonly Row[]): Promise<readonly string[]> {
  const wrong: string[] = [];
  for (const row of some) {
    const judge = new Judge({ ...caller.oracle, revealed: row.key }, row.list);
    if (!judge.isHeldBy(row, 'E13')) continue;
    const { name } = TYPES[row.list];
    const selection = `... on ${name} { ${selectionOf(judge)} }`;
    const mutation = `mutation ($id: ID!) { reveal(recordId: $id, reason: "核实主体身份信息，办理异议") { ${selection} } }`;
    const made = await ask(hub, caller, mutation, { id: row.key });
    const again = await ask(hub, caller, `query ($id: ID!) { record(id: $id) { ${selection} } }`, { id: row.key });
    const atDoor = await ask(door, caller, `query ($r: [_Any!]!) { _entities(representations: $r) { ${selection} } }`, {
      r: [{ __typename: name, id: row.key }],
    });
    for (const node of [made.body.data.reveal, again.body.data.record, atDoor.body.data._entities[0]])
      wrong.push(...(node ? differences(judge, row, node) : [`${told(row)} is not there`]));
  }
  return wrong.slice(0, 5);
}

/** Some rows, others for each caller; a third of them are there and in no list. */
function sample(caller: HubCaller, list: ListName, size: number): readonly Row[] {
  const judge = new Judge(caller.oracle, list, caller.openOnly);
  const unlisted = rowsOf[list].filter((row) => judge.cells(row) !== undefined && !judge.isListed(row));
  const draw = drawsFrom(SEED + caller.name.length + callers.indexOf(caller) * 977);
  const drawn = (from: readonly Row[], length: number) =>
    Array.from({ length }, () => from[Math.floor(draw() * from.length)]).flatMap((row) => row ?? []);
  return [...new Set([...drawn(unlisted, Math.ceil(size / 3)), ...drawn(rowsOf[list], size)])].slice(0, size);
}

/** Runs for each caller in turn, and tells whose answers differ. */
async function ofEach(some: readonly HubCaller[], compare: (caller: HubCaller) => Promise<readonly string[]>): Promise<void> {
  for (const caller of some) expect([caller.name, await compare(caller)]).toEqual([caller.name, []]);
}
const AUDIENCES = [
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
const of = (audience: string) => callers.filter(({ oracle }) => oracle.audience === audience);
const TIME = (LONG ? 3_600_000 : 120_000) * PATIENCE;

describe('every cell of the disclosure matrix', () => {
  it.each(AUDIENCES)(
    'is in lists for %s as the decision table says',
    (audience) =>
      ofEach(of(audience), async (caller) => {
        if (caller.likeAnother && !LONG) return [];
        for (const list of LISTS) {
          const wrong = await compareList(hub, caller, list);
          if (wrong.length > 0) return wrong;
        }
        return [];
      }),
    TIME,
  );

  it.each(AUDIENCES)(
    'is by id for %s as the decision table says',
    (audience) => ofEach(of(audience), (caller) => compareRecords(caller, 'probes', sample(caller, 'probes', LONG ? 600 : 30))),
    TIME,
  );

  it.each(AUDIENCES)(
    'is at the door of the subgraph for %s as the decision table says',
    (audience) =>
      ofEach(of(audience), async (caller) => [
        ...(await compareEntities(caller, 'probes', sample(caller, 'probes', LONG ? 10_000 : PAGE))),
        ...(await compareList(door, caller, LONG ? 'probes' : 'ratings')),
      ]),
    TIME,
  );

  it(
    'is clear to an operator on a row that is revealed, where it is looked up by its id and for as long as that holds',
    () =>
      ofEach(of('OPERATOR'), async (caller) => {
        const some = sample(caller, 'ratings', LONG ? 200 : 30);
        const wrong = [...(await compareReveals(caller, some)), ...(await compareList(hub, caller, 'ratings'))];
        now += 16 * 60_000;
        return [...wrong, ...(await compareRecords(caller, 'ratings', some))];
      }),
    TIME,
  );

  it('was compared for enough of them', () => {
    expect(answered()).toBeGreaterThan(LONG ? 30_000_000 : 1_000_000);
  });
});
