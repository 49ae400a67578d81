import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { STOPPED, type Stopped } from '../../schema/gate.ts';
import { RECORD_INDEX } from '../../subgraphs/kit/record-collection.ts';
import { type Standing, transition } from '../../subgraphs/kit/record-engine/transition.ts';
import { planOf } from '../../subgraphs/kit/record-engine/type-plan.ts';
import { putRecords } from '../../subgraphs/kit/record-engine/write-records.ts';
import { penalty } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

const TODAY = '2026-11-24';
const NOTHING: Standing = { heldByBlack: false, objection: false, repair: null };

let hub: TemporaryHub;
let id: string;
beforeEach(async () => {
  hub = await openTemporaryHub(TODAY);
  const [outcome] = await hub.submit('PENALTY', [penalty()]);
  id = outcome?.id ?? '';
});
afterEach(() => hub.close());

async function move(standing: Partial<Standing>): Promise<number> {
  const plan = planOf(hub.catalogue, hub.typeOf('PENALTY'));
  const record = await hub.recordOf('PENALTY', id);
  const records = [{ record, standing: { ...NOTHING, ...standing } }];
  return (await hub.store.write((tx) => transition(tx, plan, records, TODAY), { actor: 'test' })).length;
}

async function standAt(stopped: Stopped | null): Promise<void> {
  const { key, version, body, gate, columns } = await hub.recordOf('PENALTY', id);
  if (!gate) throw new Error('a record has a gate');
  await hub.store.write(
    (tx) => putRecords(tx, hub.typeOf('PENALTY'), [{ key, body, expected: version, gate: { ...gate, stopped }, columns }], TODAY),
    {
      actor: 'test',
    },
  );
}

const stopped = async () => (await hub.recordOf('PENALTY', id)).gate?.stopped;

describe('a transition', () => {
  it('changes the record and its entry in the index, and nothing else of either', async () => {
    const before = await hub.recordOf('PENALTY', id);
    expect(await move({ objection: true, heldByBlack: true, repair: 'SHIELDED' })).toBe(1);
    const after = await hub.recordOf('PENALTY', id);
    const [entry] = await hub.store.read((tx) => tx.get(RECORD_INDEX.name, [id]));
    expect(after.gate).toEqual({ ...before.gate, objection: true, heldByBlack: true, stopped: 'SHIELDED' });
    expect(entry?.gate).toEqual(after.gate);
    expect([after.body, after.columns]).toEqual([before.body, before.columns]);
  });

  it('writes nothing where the gate says it already', async () => {
    await move({ objection: true, repair: 'REPAIRED' });
    expect(await move({ objection: true, repair: 'REPAIRED' })).toBe(0);
    const { version } = await hub.recordOf('PENALTY', id);
    expect(version).toBe(2);
  });

  it.each([null, ...STOPPED])('only raises a record that stands at %s, and lets it fall back to there', async (present) => {
    await standAt(present);
    const ranks = [null, ...STOPPED];
    await move({ repair: 'REPAIRED' });
    const raised = await stopped();
    expect(ranks.indexOf(raised ?? null)).toBe(Math.max(ranks.indexOf('REPAIRED'), ranks.indexOf(present)));
    await move({ repair: null });
    // Who stands at one of these without a case that says so is given back.
    expect(await stopped()).toBe(present === 'REPAIRED' || present === 'SHIELDED' ? null : present);
  });

  it('exchanges a shield for a repair and back', async () => {
    await move({ repair: 'SHIELDED' });
    await move({ repair: 'REPAIRED' });
    expect(await stopped()).toBe('REPAIRED');
    await move({ repair: 'SHIELDED' });
    expect(await stopped()).toBe('SHIELDED');
  });

  it('falls back to where the record stood even when it was repaired, shielded and updated in between', async () => {
    await standAt('ARCHIVED');
    await move({ repair: 'SHIELDED' });
    await move({ repair: 'REPAIRED' });
    await hub.submit('PENALTY', [penalty({ content: '改' })]);
    await move({});
    expect(await stopped()).toBe('ARCHIVED');
    expect((await hub.recordOf('PENALTY', id)).body).not.toHaveProperty('$stoppedBefore');
  });
});
