import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { COMPANY, HOUSING, MARKET, TAX } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { PATIENCE } from '../support/patience.ts';
import { begin, type Kept, listAnew, type Receiver, readOn, readPage, readToEnd } from './changes-property/consumer.ts';
import { named, seenWrites, unseenWrites, type World, type Write, writes } from './changes-property/world.ts';
import { BANK, bank } from './no-leak/callers.ts';

const SEED = Number(process.env.HUB_TEST_SEED ?? 20_261_124);
const TIMES = process.env.HUB_TEST_LONG ? 20 : 1;
const TIME = 300_000 * TIMES * PATIENCE;

const clock = { now: new Date('2026-11-24T04:00:00Z') };
const shared = { now: () => clock.now };
/** Two over the same data: what one of them remembers of its readers, the other has to find again. */
let hubs: readonly [TestHub, TestHub];
/** Over data of its own. */
let apart: TestHub;
beforeAll(async () => {
  const first = await startHub({ clock: shared });
  hubs = [first, await startHub({ clock: shared, dataDir: first.dataDir })];
  apart = await startHub({ clock: shared });
  for (const hub of [first, apart]) await hub.turnWindows();
  await first.load('SERVICE_BODY', [{ orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' }]);
}, 120_000 * PATIENCE);
afterAll(async () => {
  await apart.close();
  await hubs[1].close();
  await hubs[0].close();
}, 30_000);

const agency = (orgUscc: string) => ({ token: hubs[0].token('AGENCY', { orgUscc }) });
let voucher = '';
const RECEIVERS: readonly Receiver[] = [
  { name: 'supervision of a district', asks: () => ({ token: hubs[0].token('SUPERVISION', { clientId: 's-1', regionCode: '411502' }) }) },
  {
    name: 'supervision of the city, filtered by a district',
    asks: () => ({ token: hubs[0].token('SUPERVISION', { clientId: 's-2', regionCode: '411500' }) }),
    where: { regions: ['411503'] },
  },
  { name: 'another department', asks: () => ({ ...agency(HOUSING), purpose: 'LICENSING' }) },
  { name: 'a department without a purpose', asks: () => agency(TAX), openFieldsOnly: true },
  { name: 'the source', asks: () => ({ ...agency(MARKET), purpose: 'RECORD_MANAGEMENT' }) },
  { name: 'a bank with a voucher', asks: () => ({ ...bank(hubs[0]), headers: { 'hub-voucher': voucher } }) },
];

const VOUCHER_DAYS = 90;
let signedAt = 0;
async function signVoucher(): Promise<string> {
  signedAt = clock.now.getTime();
  const validTo = new Date(clock.now.getTime() + VOUCHER_DAYS * 86_400_000).toISOString();
  const terms = { type: 'E_SIGN', granteeUscc: BANK, granteeStaff: ['clerk-1'], sections: ['BASIC', 'ADMINISTRATIVE'], purpose: 'LOAN' };
  const input = { ...terms, subjectUscc: COMPANY, validTo, maxUses: 1_000_000_000 };
  const text = 'mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }';
  const { body } = await hubs[0].ask(text, { ...bank(hubs[0]), variables: { input } });
  expect(body.errors).toBeUndefined();
  const { id } = body.data.draftVoucher;
  const signed = await hubs[0].ask(`mutation { signVoucher(id: "${id}") { status } }`, {
    token: hubs[0].token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }),
  });
  expect(signed.body.data.signVoucher.status).toBe('ACTIVE');
  return id;
}

/** One consumer with every place that it might go back to. */
interface Consumer {
  readonly receiver: Receiver;
  now: Kept;
  readonly kept: Kept[];
}
type Step = (consumers: readonly Consumer[], world: World) => Promise<void>;

const at = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to choose from');
  return item;
};
const reads = fc
  .record({ who: fc.nat(5), size: fc.constantFrom(1, 1, 2, 3, 200), via: fc.nat(1), back: fc.option(fc.nat(99), { freq: 4 }) })
  .map(({ who, size, via, back }) =>
    named(`${who} reads ${size} by ${via} from ${back}`, async (consumers: readonly Consumer[], { writes: { made } }: World) => {
      const consumer = at(consumers, who);
      const from = back === null ? consumer.now : at(consumer.kept, back);
      const { kept } = await readOn({ hub: at(hubs, via), size, writes: made }, consumer.receiver, from);
      consumer.kept.push(...kept);
      consumer.now = kept.at(-1) ?? from;
    }),
  );
const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.oneof({ arbitrary: writes.map(stepOf), weight: 3 }, { arbitrary: reads, weight: 2 }),
  { minLength: 10, maxLength: 30 },
);

/** A voucher runs out as the days go by; with another one, its holder is told that its access has changed. */
function stepOf(write: Write): Step {
  return named(String(write), async (_consumers, world) => {
    world.writes.made++;
    await write(world);
    if (clock.now.getTime() - signedAt > (VOUCHER_DAYS / 2) * 86_400_000) voucher = await signVoucher();
  });
}

let runs = 0;
const newWorld = (hub: TestHub): World => ({ hub, clock, rows: [], writes: { made: 0 }, run: `第${runs}组` });
/** Behind the present place, so many of the others are read on from. */
const ALSO_FROM = 2;

describe('a consumer of the feed', () => {
  it(
    'ends with exactly what a fresh query gives it, from whatever place it goes on, and is told of nothing else',
    () =>
      fc.assert(
        fc.asyncProperty(steps, fc.array(fc.nat(), { minLength: ALSO_FROM, maxLength: ALSO_FROM }), async (taken, others) => {
          runs++;
          voucher = await signVoucher();
          const world = newWorld(hubs[0]);
          const consumers: Consumer[] = [];
          for (const receiver of RECEIVERS) {
            const now = await begin(hubs[0], receiver, 0);
            consumers.push({ receiver, now, kept: [now] });
          }
          for (const step of taken) await step(consumers, world);
          await hubs[0].turnWindows();
          let turn = 0;
          const inTurn = () => ({ hub: at(hubs, turn++), size: 1 + (turn % 3), writes: world.writes.made });
          for (const { receiver, now, kept } of consumers) {
            const fresh = await listAnew(hubs[0], receiver);
            for (const from of [now, ...others.map((index) => at(kept, index))]) {
              const { rows } = await readToEnd(inTurn, receiver, from);
              expect([receiver.name, sorted(rows)]).toEqual([receiver.name, sorted(fresh)]);
            }
          }
        }),
        { seed: SEED, numRuns: 12 * TIMES, interruptAfterTimeLimit: TIME * 0.8, endOnFailure: true },
      ),
    TIME,
  );
});

const sorted = (rows: ReadonlyMap<string, unknown>) => [...rows].sort(([left], [right]) => (left < right ? -1 : 1));

describe('two hubs that differ in what a department may not see', () => {
  const receiver: Receiver = { ...at(RECEIVERS, 2), name: 'a department without a grant' };
  let compared = 0;
  const sequence = async (hub: TestHub, from: string, sizes: readonly number[]) => {
    const said: unknown[] = [];
    let after = from;
    for (let index = 0, more = true; more; index++) {
      const page = await readPage(
        hub,
        { ...receiver, asks: () => ({ token: hub.token('AGENCY', { orgUscc: TAX }), purpose: 'LICENSING' }) },
        after,
        at(sizes, index),
      );
      said.push([
        page.hasMore,
        page.resync,
        page.nodes.map(({ cursor: _cursor, recordId: _id, record, ...node }) => ({ ...node, record: record?.documentNo ?? null })),
      ]);
      more = page.hasMore;
      after = page.endCursor;
    }
    return said;
  };
  const both = fc.record({
    write: seenWrites,
    unseen: fc.tuple(fc.array(unseenWrites, { maxLength: 2 }), fc.array(unseenWrites, { maxLength: 2 })),
  });

  it(
    'tell it the same, page by page',
    () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(both, { minLength: 3, maxLength: 8 }),
          fc.array(fc.constantFrom(1, 2, 3), { minLength: 3, maxLength: 3 }),
          async (written, sizes) => {
            runs++;
            const sides = [hubs[0], apart].map((hub) => newWorld(hub));
            const begun = await Promise.all(
              sides.map(({ hub }) =>
                readPage(
                  hub,
                  { ...receiver, asks: () => ({ token: hub.token('AGENCY', { orgUscc: TAX }), purpose: 'LICENSING' }) },
                  null,
                  1,
                ),
              ),
            );
            for (const { write, unseen } of written)
              for (const [side, world] of sides.entries()) {
                await write(world);
                for (const hidden of at(unseen, side)) await hidden(world);
              }
            const [here, there] = await Promise.all(sides.map(({ hub }, side) => sequence(hub, at(begun, side).endCursor, sizes)));
            expect(there).toEqual(here);
            compared += here?.length ?? 0;
          },
        ),
        { seed: SEED, numRuns: 15 * TIMES, interruptAfterTimeLimit: TIME * 0.8 },
      ),
    TIME,
  );

  it('are compared over pages enough', () => {
    expect(compared).toBeGreaterThan(20);
  });
});
