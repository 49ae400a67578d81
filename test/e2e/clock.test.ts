import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { runHub } from '../support/command.ts';
import { COMPANY, HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';

const NOW = new Date('2026-10-08T02:00:00Z');
const MINUTE = 60_000;
const DAY = 86_400_000;

let now = NOW;
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ clock: { now: () => now } });
  await hub.load('PENALTY', [penalty()]);
  await hub.load('DUTY_GRANT', [
    {
      grantNo: 'G-1',
      granteeUscc: HOUSING,
      approverUscc: MARKET,
      recordTypes: ['PENALTY'],
      fields: ['AdministrativePenalty.performanceStatus'],
      purposes: ['LICENSING'],
      legalBasis: '依据',
      validFrom: '2026-10-08',
      validTo: '2026-12-31',
      status: 'APPROVED',
    },
  ]);
}, 60_000);
afterAll(() => hub.close());
beforeEach(() => {
  now = NOW;
});

const jump = (milliseconds: number) => {
  now = new Date(NOW.getTime() + milliseconds);
};
const housing = (): Asking => ({ token: hub.token('AGENCY', { orgUscc: HOUSING, staffId: 'clerk-1' }), purpose: 'LICENSING' });
const QUERY = `{ subject(uscc: "${COMPANY}") { penalties { totalCount nodes { documentNo performanceStatus } } } }`;
const seenBy = async (asking: Asking) => (await hub.ask(QUERY, asking)).body.data?.subject?.penalties;

describe('a clock that jumps', () => {
  it('over the end of a grant and of a publicity window, and back again, opens nothing that its present day does not', async () => {
    const before = await seenBy(housing());
    expect(before).toMatchObject({ totalCount: 1, nodes: [{ performanceStatus: expect.any(String) }] });
    jump(100 * DAY);
    expect(await seenBy(housing())).toMatchObject({ totalCount: 1, nodes: [{ performanceStatus: null }] });
    jump(6 * 366 * DAY);
    expect(await seenBy(housing())).toMatchObject({ totalCount: 0, nodes: [] });
    expect(await seenBy({})).toMatchObject({ totalCount: 0, nodes: [] });
    jump(-2 * DAY);
    expect(await seenBy(housing())).toMatchObject({ nodes: expect.not.arrayContaining([{ performanceStatus: expect.any(String) }]) });
    jump(0);
    expect(await seenBy(housing())).toEqual(before);
  });

  it('refuses tokens of another time, and takes those of a minute’s difference', async () => {
    const asking = housing();
    const statusAt = async (milliseconds: number) => {
      jump(milliseconds);
      return (await hub.ask('{ me { audience } }', asking)).status;
    };
    expect(await statusAt(-10 * MINUTE)).toBe(401);
    expect(await statusAt(-0.5 * MINUTE)).toBe(200);
    expect(await statusAt(70 * MINUTE)).toBe(401);
  });

  it('leaves the access log whole', async () => {
    for (const days of [3, -3, 400, 0]) {
      jump(days * DAY);
      await seenBy(housing());
    }
    const { code, stdout } = await runHub(['audit', 'verify', '--data', hub.dataDir, '--json'], { env: hub.env });
    expect([code, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ ok: true })]);
  });
});
