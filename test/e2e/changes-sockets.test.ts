import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addDays, shanghaiToday } from '../../schema/calendar-date.ts';
import { COMPANY, HOUSING, MARKET } from '../support/fixtures.ts';
import { PATIENCE } from '../support/patience.ts';
import { named } from './changes-property/world.ts';
import { DisclosureLedger, mayRead } from './changes-sockets/disclosure-ledger.ts';
import {
  deadlyWrites,
  grantTurns,
  makeSubjectsKnown,
  markedWrites,
  submitForAll,
  type World,
  type Write,
} from './changes-sockets/marked-writes.ts';
import { type OperatedHub, operateHub } from './changes-sockets/operated-hub.ts';
import { type ConsumerParts, SocketConsumer } from './changes-sockets/socket-consumer.ts';
import { BANK, bank } from './no-leak/callers.ts';

const SEED = Number(process.env.HUB_TEST_SEED ?? 20_261_124);
const TIMES = process.env.HUB_TEST_LONG ? 10 : 1;
const TIME = 300_000 * TIMES * PATIENCE;

let hub: OperatedHub;
let voucher = '';
let world: World;
beforeAll(async () => {
  hub = await operateHub();
  world = { hub, ledger: new DisclosureLedger(), rows: new Map() };
  await hub.load('SERVICE_BODY', [{ orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' }]);
  voucher = await signVoucher();
  await makeSubjectsKnown(world);
}, 120_000 * PATIENCE);
afterAll(() => hub.close(), 30_000);

async function signVoucher(): Promise<string> {
  const validTo = `${addDays(shanghaiToday(new Date()), 30)}T00:00:00Z`;
  const terms = { type: 'E_SIGN', granteeUscc: BANK, granteeStaff: ['clerk-1'], sections: ['BASIC', 'ADMINISTRATIVE'], purpose: 'LOAN' };
  const input = { ...terms, subjectUscc: COMPANY, validTo, maxUses: 1_000_000 };
  const text = 'mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }';
  const { body } = await hub.ask(text, { ...bank(hub), variables: { input } });
  const { id } = body.data.draftVoucher;
  const signed = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, {
    token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }),
  });
  expect(signed.body.data.signVoucher.status).toBe('ACTIVE');
  return id;
}

const supervision = (clientId: string, regionCode: string) => ({ token: hub.token('SUPERVISION', { clientId, regionCode }) });
const agency = (orgUscc: string, purpose: string) => ({ token: hub.token('AGENCY', { orgUscc }), purpose });
const CONSUMERS: readonly ConsumerParts[] = [
  {
    reader: 'district',
    receiver: { name: 'supervision of a district', asks: () => supervision('s-1', '411502') },
    by: 'WebSocket',
  },
  {
    reader: 'city',
    receiver: {
      name: 'supervision of the city, filtered by a district',
      asks: () => supervision('s-2', '411500'),
      where: { regions: ['411503'] },
    },
    by: 'server-sent events',
  },
  {
    reader: 'department',
    receiver: { name: 'another department', asks: () => agency(HOUSING, 'LICENSING') },
    by: 'WebSocket',
  },
  {
    reader: 'source',
    receiver: { name: 'the source', asks: () => agency(MARKET, 'RECORD_MANAGEMENT') },
    by: 'server-sent events',
  },
  {
    reader: 'bank',
    receiver: { name: 'a bank with a voucher', asks: () => ({ ...bank(hub), headers: { 'hub-voucher': voucher } }) },
    by: 'server-sent events',
  },
];

type Consumers = readonly SocketConsumer[];
type Step = (consumers: Consumers) => Promise<void>;
const happened = { kills: 0, returnsToOlder: 0, changes: 0, resyncs: 0 };

const at = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};

/** What a receiver lists anew it lists while nothing is written. */
async function listWhereLost(consumers: Consumers): Promise<void> {
  if (!hub.isAlive) return;
  for (const consumer of consumers) if (consumer.isLost) await consumer.begin();
}

/** Whom the death of the hub cut off comes back by itself. */
async function awaken(consumers: Consumers, cutOff: Consumers): Promise<void> {
  await hub.start();
  for (const consumer of consumers) if (cutOff.includes(consumer) && !consumer.isLost) consumer.comeBack();
}

const connected = (consumers: Consumers) => consumers.filter(({ isConnected }) => isConnected);
const stepOf = (write: Write): Step => named(String(write), async () => void (await write(world)));
const diesWriting = deadlyWrites.map((write: Write) =>
  named(String(write), async (consumers: Consumers) => {
    const before = connected(consumers);
    happened.kills++;
    await write(world);
    if (hub.isAlive) await awaken(consumers, before);
  }),
);
const leaves = fc
  .nat(CONSUMERS.length - 1)
  .map((who) => named(`${who} leaves`, async (consumers: Consumers) => at(consumers, who).disconnect()));
const returns = fc.tuple(fc.nat(CONSUMERS.length - 1), fc.option(fc.nat(99), { freq: 2 })).map(([who, older]) =>
  named(`${who} returns to ${older}`, async (consumers: Consumers) => {
    const consumer = at(consumers, who);
    if (!hub.isAlive || consumer.isLost) return;
    if (older !== null) happened.returnsToOlder++;
    consumer.comeBack(older ?? undefined);
  }),
);
const dies = fc.array(markedWrites, { maxLength: 4 }).map((meanwhile) =>
  named(`dies during ${meanwhile}`, async (consumers: Consumers) => {
    const before = connected(consumers);
    happened.kills++;
    await hub.kill();
    for (const write of meanwhile) await write(world);
    await awaken(consumers, before);
  }),
);
/** So that some deliveries are waited for, and others are overtaken. */
const hears = fc.nat(CONSUMERS.length - 1).map((who) =>
  named(`${who} hears`, async (consumers: Consumers) => {
    const consumer = at(consumers, who);
    if (consumer.isConnected) await consumer.untilTold(await submitForAll(world));
  }),
);
/** There are some rows by then. */
const BEFORE_ANY_TURN = 5;
const steps: fc.Arbitrary<readonly Step[]> = fc
  .tuple(
    fc.array(
      fc.oneof(
        { arbitrary: markedWrites.map(stepOf), weight: 12 },
        { arbitrary: leaves, weight: 3 },
        { arbitrary: returns, weight: 4 },
        { arbitrary: hears, weight: 3 },
      ),
      { minLength: 24, maxLength: 36 },
    ),
    fc.tuple(dies, diesWriting, grantTurns.map(stepOf)),
    fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
  )
  .map(([usual, turns, places]) => {
    const all: Step[] = [...usual];
    for (const [index, turn] of turns.entries()) all.splice(BEFORE_ANY_TURN + (at(places, index) % all.length), 0, turn);
    return all;
  });

/** What everybody was told last is behind everything else. */
async function expectFreshState(consumers: Consumers): Promise<void> {
  await listWhereLost(consumers);
  const last = await submitForAll(world);
  for (const consumer of consumers) {
    await consumer.untilTold(last);
    if (consumer.isLost) await consumer.begin();
  }
  for (const consumer of consumers) {
    consumer.checkDisclosure();
    const { name } = consumer.parts.receiver;
    expect([name, sorted(consumer.rows)]).toEqual([name, sorted(await consumer.listing())]);
  }
}
const sorted = (rows: ReadonlyMap<string, unknown>) => [...rows].sort(([left], [right]) => (left < right ? -1 : 1));

describe('consumers over sockets', () => {
  it(
    'end with exactly what a fresh query gives them, whatever is written, cut off or killed, and are told of nothing that is not theirs',
    () =>
      fc.assert(
        fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: 5, maxLength: 5 }), async (taken, olders) => {
          const consumers = CONSUMERS.map((parts) => new SocketConsumer(parts, world));
          try {
            for (const consumer of consumers) await consumer.begin();
            for (const step of taken) {
              await listWhereLost(consumers);
              await step(consumers);
              for (const consumer of consumers) consumer.check();
            }
            await expectFreshState(consumers);
            for (const [index, consumer] of consumers.entries()) consumer.comeBack(at(olders, index));
            happened.returnsToOlder += consumers.length;
            await expectFreshState(consumers);
          } finally {
            for (const consumer of consumers) {
              consumer.disconnect();
              happened.changes += consumer.changes;
              happened.resyncs += consumer.resyncs;
            }
          }
        }),
        { seed: SEED, numRuns: 4 * TIMES, interruptAfterTimeLimit: TIME * 0.8, endOnFailure: true },
      ),
    TIME,
  );

  it('read what the decision table says, and no less', async () => {
    for (const parts of CONSUMERS) {
      const rows = await new SocketConsumer(parts, world).listing();
      const read = [...rows.values()].flatMap((row) => [...JSON.stringify(row).matchAll(/明(\d+)号/g)].map(([, mark]) => Number(mark)));
      const written = [...world.rows.values()].filter(
        ({ state }) => mayRead(parts.reader, state) && (parts.reader !== 'city' || state.regionCode === '411503'),
      );
      expect([parts.reader, read.sort(ascending)]).toEqual([parts.reader, written.map(({ state: { mark } }) => mark).sort(ascending)]);
    }
  });

  it('were cut off, told and sent back often enough', () => {
    expect(happened.kills).toBeGreaterThanOrEqual(4);
    expect(happened.returnsToOlder).toBeGreaterThan(2);
    expect(happened.resyncs).toBeGreaterThan(0);
    expect(happened.changes).toBeGreaterThan(100);
  });
});

const ascending = (left: number, right: number) => left - right;
