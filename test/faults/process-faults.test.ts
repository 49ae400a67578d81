import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runHub, type ServedHub, serveHub } from '../support/command.ts';
import { RATES, startHub } from '../support/hub.ts';
import { dropDatabase, startMongod } from '../support/mongod.ts';
import { type StallingProxy, startStallingProxy } from '../support/stalling-proxy.ts';
import { developmentIssuerSettings } from '../support/test-store.ts';
import { fillHub, meetCallers, OF_RECORDS } from './callers.ts';
import { type DistributedHub, STRUCK, SUBGRAPHS, startDistributedHub, TIMEOUT_MS } from './distributed-hub.ts';
import { type FaultRow, reportFaults, rowOf } from './fault-table.ts';
import type { Load, Tally } from './load.ts';
import { type ProcessFault, type Stage, tryFault } from './try-fault.ts';

const IS_LONG = process.env.HUB_TEST_LONG !== undefined;
const ROUNDS = IS_LONG ? 5 : 1;
const SLOW = 180_000;
const TEN_MINUTES = 600_000;

const mongod = await startMongod();
if (!mongod) process.stderr.write('NO MONGODB HERE: the processes share files, and their database was not cut off (mongod on the path)\n');
const rows: FaultRow[] = [];

afterAll(async () => {
  await mongod?.stop();
  if (mongod) reportFaults('processes', rows, 'answered');
}, 60_000);

const onStruck = { subgraphs: [STRUCK] };
/** Tokens and vouchers of the last ten minutes are not valid yet at a gateway whose clock is behind. */
const anythingTimed = { subgraphs: 'any', refusals: ['UNAUTHENTICATED', 'VOUCHER_INVALID'] } as const;

/** The others are killed when all is tried at length. */
const KILLED_EACH_TIME = SUBGRAPHS.filter((name) => name === STRUCK || name === 'access');
const KILLED: readonly ProcessFault<DistributedHub>[] = (IS_LONG ? SUBGRAPHS : KILLED_EACH_TIME).map((name) => ({
  name: `kill -9 of the subgraph ${name}`,
  costs: { subgraphs: [name], mutations: true },
  strike: ({ subgraphs }) => subgraphs.get(name)?.kill() ?? Promise.reject(new Error(`there is no ${name}`)),
}));

const FAULTS: readonly ProcessFault<DistributedHub>[] = [
  { name: 'kill -9 of the gateway', costs: { connections: true, mutations: true }, strike: ({ gateway }) => gateway.kill() },
  ...KILLED,
  {
    name: 'a subgraph is cut off from the gateway: nothing arrives',
    costs: onStruck,
    strike: ({ link }, load) => during(link.stall, () => load.spoilt(10), link.resume),
  },
  {
    name: 'a subgraph is cut off from the gateway: connections break',
    costs: onStruck,
    strike: ({ link }, load) => during(link.cut, () => load.spoilt(40), link.resume),
  },
  {
    name: 'a subgraph answers late, within the time the gateway waits',
    costs: {},
    strike: ({ link }, load) =>
      during(
        () => link.delay(TIMEOUT_MS / 6),
        () => load.ended(40),
        () => link.delay(0),
      ),
  },
  {
    name: 'a subgraph answers later than the gateway waits',
    costs: onStruck,
    strike: ({ link }, load) =>
      during(
        () => link.delay(TIMEOUT_MS + 500),
        () => load.spoilt(10),
        () => link.delay(0),
      ),
  },
  {
    name: 'another supergraph is put in place',
    costs: {},
    async strike({ gateway, replaceSupergraph }, load) {
      const hash = await replaceSupergraph();
      await logged(gateway.served(), `"supergraph":"${hash}"`);
      await load.ended(20);
    },
  },
  {
    name: 'a supergraph whose catalogue the lint refuses is put in place',
    costs: {},
    async strike({ gateway, departments, replaceSupergraph }, load) {
      const file = join(departments, 'fire.graphql');
      await writeFile(file, WITHOUT_CLASS);
      const before = gateway.served().log().length;
      await replaceSupergraph();
      await logged(gateway.served(), '"event":"reload-failed"', before);
      await load.ended(20);
      await rm(file);
    },
  },
  ...(IS_LONG ? [1, -1] : [-1]).flatMap((sign): readonly ProcessFault<DistributedHub>[] => [
    {
      name: `the clock of the gateway goes ten minutes ${sign > 0 ? 'forth' : 'back'} for a while`,
      costs: anythingTimed,
      strike: ({ setClock }, load) => shifted((shift) => setClock('gateway', shift), sign * TEN_MINUTES, load),
    },
    {
      name: `the clock of a subgraph goes ten minutes ${sign > 0 ? 'forth' : 'back'} for a while`,
      costs: onStruck,
      strike: ({ setClock }, load) => shifted((shift) => setClock(STRUCK, shift), sign * TEN_MINUTES, load),
    },
  ]),
];

const DATABASE_FAULTS: readonly ProcessFault<DistributedHub>[] = [
  {
    name: 'a subgraph is cut off from the database: nothing arrives',
    costs: onStruck,
    strike: ({ database }, load) =>
      during(
        () => database?.stall(),
        () => load.spoilt(10),
        () => database?.resume(),
      ),
  },
  {
    name: 'a subgraph is cut off from the database: connections break',
    costs: onStruck,
    strike: ({ database }, load) =>
      during(
        () => database?.cut(),
        () => load.spoilt(10),
        () => database?.resume(),
      ),
  },
];

/** A record type none of whose fields has a class. */
const WITHOUT_CLASS = `
"消防监督检查记录"
type FireCheck @recordType(code: "FIRE_CHECK", field: "fireChecks", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["checkNo", "subject"]) {
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true)
  "检查记录编号"
  checkNo: String @item(headings: ["检查记录编号"], role: DOCUMENT_NUMBER, required: true, max: 64)
}
`;

describe('a gateway and eight subgraphs, each a process of its own', () => {
  let stage: Stage<DistributedHub>;
  beforeAll(async () => {
    const { dataDir, env } = await filledPlace('distributed');
    const hub = await startDistributedHub({ dataDir, env, databasePort: mongod && Number(new URL(mongod.url).port) });
    stage = { hub, url: hub.url, callers: await meetCallers({ url: hub.url, dataDir }), dataDir, env };
  }, SLOW);
  afterAll(async () => {
    await stage?.hub.stop();
    await removed(stage);
  }, SLOW);

  it.each([...FAULTS, ...(mongod ? DATABASE_FAULTS : [])])(
    'answer rightly or fail cleanly, and are whole again: $name',
    (fault) => expectSound(stage, fault),
    ROUNDS * SLOW,
  );

  it('leave a whole access log', () => expectWholeLog(stage), SLOW);
});

interface Workers {
  readonly served: ServedHub;
  readonly database: StallingProxy;
}

const WORKER_FAULTS: readonly ProcessFault<Workers>[] = [
  {
    name: 'kill -9 of one of two workers',
    costs: { connections: true },
    async strike({ served }) {
      const before = served.log().length;
      const victim = [...served.log().matchAll(/"worker":(\d+),"level":"info","event":"started"/g)].at(-1)?.[1];
      process.kill(Number(victim), 'SIGKILL');
      await logged(served, '"event":"worker-started"', before);
    },
  },
  {
    name: 'the connections of two workers to the database stall for a second and go on',
    costs: {},
    strike: ({ database }) => during(database.stall, () => sleep(1000), database.resume),
  },
];

(mongod ? describe : describe.skip)('two workers on one MongoDB', () => {
  let stage: Stage<Workers>;
  beforeAll(async () => {
    const { dataDir, env } = await filledPlace('workers');
    const database = await startStallingProxy(Number(new URL(env.HUB_STORE ?? '').port));
    const store = `mongodb://127.0.0.1:${database.port}${new URL(env.HUB_STORE ?? '').pathname}?directConnection=true`;
    const served = await serveHub(['--data', dataDir, '--workers', '2'], { env: { ...env, HUB_STORE: store } });
    stage = { hub: { served, database }, url: served.url, callers: await meetCallers({ url: served.url, dataDir }), dataDir, env };
  }, SLOW);
  afterAll(async () => {
    await stage?.hub.served.stop('SIGTERM');
    await stage?.hub.database.close();
    await removed(stage);
  }, SLOW);

  it.each(WORKER_FAULTS)('answer rightly or fail cleanly, and are whole again: $name', (fault) => expectSound(stage, fault), ROUNDS * SLOW);

  it('leave a whole access log', () => expectWholeLog(stage), SLOW);
});

const CAN_LIMIT = spawnSync('prlimit', ['--version']).status === 0;
const fullDisk = (name: string): ProcessFault<ServedHub> => ({
  name,
  costs: { subgraphs: [STRUCK], refusals: ['STORE_UNAVAILABLE'] },
  strike: ({ pid }, load) =>
    during(
      () => limitFiles(pid, '4096'),
      () => load.spoilt(40),
      () => limitFiles(pid, 'unlimited'),
    ),
});
const FULL_DISK = fullDisk('no room on the disk for the access log of a hub');
const FULL_DISK_OF_SUBGRAPH = fullDisk('no room on the disk for the access log of a subgraph that is asked itself');

(CAN_LIMIT ? describe : describe.skip)('on files, with no room for its access log', () => {
  let whole: Stage<ServedHub>;
  let subgraph: Stage<ServedHub>;
  beforeAll(async () => {
    const { dataDir, env } = await filledPlace();
    const hub = await serveHub(['--data', dataDir], { env });
    const part = await serveHub(['subgraph', STRUCK, '--data', dataDir], { env });
    const ofPart = { url: part.url, dataDir, books: hub.url, questions: OF_RECORDS };
    subgraph = { hub: part, url: part.url, callers: await meetCallers(ofPart), dataDir, env };
    // Last, for its callers see all vouchers.
    whole = { hub, url: hub.url, callers: await meetCallers({ url: hub.url, dataDir }), dataDir, env };
  }, SLOW);
  afterAll(async () => {
    await Promise.all([whole, subgraph].map((stage) => stage?.hub.stop('SIGTERM')));
    await removed(whole);
  }, SLOW);

  it('a hub discloses nothing that it cannot log, and is whole again', () => expectSound(whole, FULL_DISK), ROUNDS * SLOW);

  it(
    'a subgraph discloses nothing that it cannot log, and is whole again',
    () => expectSound(subgraph, FULL_DISK_OF_SUBGRAPH),
    ROUNDS * SLOW,
  );

  it('the access log is whole', () => expectWholeLog(whole), SLOW);
});

async function expectSound<Hub>(stage: Stage<Hub>, fault: ProcessFault<Hub>): Promise<void> {
  const tallies: Tally[] = [];
  for (let round = 0; round < ROUNDS; round += 1) tallies.push(await tryFault(stage, fault));
  rows.push(
    rowOf(
      fault.name,
      tallies.map(({ answered, ...tally }) => ({ ...tally, acknowledged: answered })),
    ),
  );
  expect(tallies.map(({ lost, wrong }) => ({ lost, wrong: wrong.slice(0, 5) }))).toEqual(tallies.map(() => ({ lost: 0, wrong: [] })));
}

async function expectWholeLog({ dataDir, env }: Stage<unknown>): Promise<void> {
  expect(await runHub(['audit', 'verify', '--data', dataDir], { env })).toMatchObject({ code: 0 });
}

/** A data folder, and a database of this name where one is asked for and can be had, with what the callers ask about. */
async function filledPlace(database?: string): Promise<Pick<Stage<unknown>, 'dataDir' | 'env'>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hub-process-faults-'));
  const store = mongod && database ? { HUB_STORE: databaseAt(mongod.url, database), ...developmentIssuerSettings(dataDir) } : {};
  const hub = await startHub({ dataDir, env: { ...RATES, ...store } });
  await fillHub(hub);
  await hub.close();
  return { dataDir, env: hub.env };
}

function databaseAt(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/hub_faults_${name}`;
  return url.href;
}

async function removed(stage: Stage<unknown> | undefined): Promise<void> {
  if (!stage) return;
  if (stage.env.HUB_STORE) await dropDatabase(stage.env.HUB_STORE);
  await rm(stage.dataDir, { recursive: true, force: true });
}

/** Whatever happens meanwhile, what was begun is ended. */
async function during(begin: () => void, meanwhile: () => Promise<void>, end: () => void): Promise<void> {
  begin();
  try {
    await meanwhile();
  } finally {
    end();
  }
}

async function shifted(setClock: (shift: number) => Promise<void>, shift: number, load: Load): Promise<void> {
  await setClock(shift);
  try {
    await load.spoilt(40);
  } finally {
    await setClock(0);
  }
}

/** Resolves when the log says so, behind so many characters. */
async function logged(served: ServedHub, text: string, after = 0): Promise<void> {
  while (!served.log().includes(text, after)) await served.written();
}

function limitFiles(pid: number, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);
  if (status !== 0) throw new Error(stderr.toString());
}
