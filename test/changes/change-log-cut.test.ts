import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { progressPut, sealedCursor, WEBHOOK_PROGRESS, WEBHOOKS, webhookPut } from '../../changes/webhook-documents.ts';
import { cutChangeLog } from '../../cli/change-log-cut.ts';
import { addDays, shanghaiToday } from '../../schema/calendar-date.ts';
import type { Position } from '../../store/port.ts';
import { writeFeedCursor } from '../../subgraphs/changes/feed-cursor.ts';
import { penalty } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

const ACTOR = { actor: 'test' };
const DAY_MS = 86_400_000;
/** What a new hub holds was written by the clock of the machine. */
const TODAY = shanghaiToday(new Date());
let hub: TemporaryHub;
beforeEach(async () => {
  hub = await openTemporaryHub(TODAY);
}, 60_000);
afterEach(() => hub.close());

const submit = (count: number) =>
  hub.submit(
    'PENALTY',
    Array.from({ length: count }, (_, index) => penalty({ documentNo: `第${index}号` })),
  );
const cut = () => cutChangeLog(hub, { isRehearsal: false });

describe('cutting the change log', () => {
  it('waits for effects that have not come so far', async () => {
    await submit(3);
    hub.setToday(addDays(TODAY, 60));
    expect(await cut()).toBe(0);
    await hub.effects.settle();
    expect(await cut()).toBeGreaterThan(3);
  });

  it('keeps what is not older than cursors go on, and a day', async () => {
    await submit(1);
    await hub.effects.settle();
    hub.setToday(addDays(TODAY, 30));
    expect(await cut()).toBe(0);
    hub.setToday(addDays(TODAY, 33));
    expect(await cut()).toBeGreaterThan(0);
  });

  /** A webhook that has come this far, `age` days ago. */
  const webhookAt = async (base: Position | null, age: number): Promise<void> => {
    const day = TODAY;
    const time = hub.clock.now().getTime() - age * DAY_MS;
    const place = { base, at: base, head: base, day, headDay: day, putOff: false, time, access: '', log: hub.store.logId };
    const cursor = sealedCursor(writeFeedCursor(hub.sealer, { client: 'a', where: null }, place));
    const key = hub.sealer.seal('');
    const webhook = { id: 'w', version: 0, owner: 'a', url: 'https://hooks.example/', where: null, registrant: key, key, earlierKey: null };
    const progress = { cursorAt: 0, pausedUntil: 0, nextPlace: 1, lastSuccessAt: null, failures: 0, lastFailure: null };
    await hub.store.write(async (tx) => {
      await tx.putMany(WEBHOOKS.name, [webhookPut({ ...webhook, state: 'ACTIVE', endedBecause: null, registeredAt: '' })]);
      await tx.putMany(WEBHOOK_PROGRESS.name, [progressPut('w', { version: 0, cursor, ...progress })]);
    }, ACTOR);
  };

  it('keeps what a webhook has still to read', async () => {
    await submit(3);
    await hub.effects.settle();
    hub.setToday(addDays(TODAY, 60));
    const [, second] = await hub.store.changes(null, 2);
    await webhookAt(second?.position ?? null, 29);
    await hub.effects.settle();
    expect(await cut()).toBe(2);
    expect(await hub.store.reaches(second?.position ?? null)).toBe(true);
  });

  it('waits for no webhook whose cursor has ended by its age', async () => {
    await submit(3);
    await hub.effects.settle();
    hub.setToday(addDays(TODAY, 60));
    await webhookAt(null, 31);
    await hub.effects.settle();
    expect(await cut()).toBeGreaterThan(3);
  });
});
