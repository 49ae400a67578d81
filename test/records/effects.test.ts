import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createEffects } from '../../subgraphs/kit/effects.ts';
import { RECORD_INDEX } from '../../subgraphs/kit/record-collection.ts';
import { recordHolding } from '../../subgraphs/records/record-holds.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

type Row = Readonly<Record<string, unknown>>;

let hub: TemporaryHub;
beforeEach(async () => {
  hub = await openTemporaryHub('2026-11-24');
});
afterEach(() => hub.close());

const ORGANISATION = { subjectName: '茶韵食品有限公司', subjectType: 'LEGAL_AND_UNINCORPORATED', uscc: COMPANY };
const PENALTY = { recordTypeCode: 'PENALTY', docNo: '浉市监罚〔2026〕001号', sourceUscc: MARKET };
const ENTRY = debtorEntry({ ...ORGANISATION, idType: undefined, idNumber: undefined });
const LISTED = { kind: 'LIST_ENTRY', recordTypeCode: 'LIST_ENTRY', docNo: ENTRY.decisionNo, sourceUscc: ENTRY.sourceDeptUscc };

function repair(status: string, changes: Row = {}): Row {
  return {
    repairNo: 'XF1',
    ...ORGANISATION,
    targets: [{ kind: 'PENALTY', ...PENALTY }],
    status,
    decidingOrgUscc: MARKET,
    sourceDeptUscc: MARKET,
    ...changes,
  };
}

function objection(status: string, changes: Row = {}): Row {
  const { recordTypeCode, ...named } = PENALTY;
  return {
    objectionNo: 'YY1',
    ...ORGANISATION,
    origin: 'SUBJECT_APPLICATION',
    targets: [{ recordType: recordTypeCode, ...named }],
    ground: 'WRONG',
    statement: '金额有误',
    status,
    sourceDeptUscc: MARKET,
    ...changes,
  };
}

async function take(code: string, row: Row): Promise<string> {
  const [outcome] = await hub.submit(code, [row]);
  if (!outcome?.id) throw new Error(JSON.stringify(outcome));
  await hub.effects.settle();
  return outcome.id;
}

/** As the record and its entry in the index say it, which are one. */
async function gateOf(code: string, id: string) {
  const record = await hub.recordOf(code, id);
  const [entry] = await hub.store.read((tx) => tx.get(RECORD_INDEX.name, [id]));
  expect(entry?.gate).toEqual(record.gate);
  return record.gate;
}
const stopped = async (code: string, id: string) => (await gateOf(code, id))?.stopped;

describe('a repair', () => {
  it("stops the subject's own record, and not another subject's of the same document", async () => {
    const own = await take('PENALTY', penalty());
    const other = await take('PENALTY', penalty({ uscc: OTHER_COMPANY, counterpartName: '另一公司' }));
    await take('REPAIR_CASE', repair('EFFECTIVE'));
    expect([await stopped('PENALTY', own), await stopped('PENALTY', other)]).toEqual(['REPAIRED', null]);
  });

  it('stops the same act of every source, also one that comes later, and gives all of them back', async () => {
    const first = await take('PENALTY', penalty());
    await take('REPAIR_CASE', repair('EFFECTIVE'));
    const second = await take('PENALTY', penalty({ sourceDeptUscc: HOUSING }));
    expect([await stopped('PENALTY', first), await stopped('PENALTY', second)]).toEqual(['REPAIRED', 'REPAIRED']);
    await take('REPAIR_CASE', repair('REVOKED'));
    expect([await stopped('PENALTY', first), await stopped('PENALTY', second)]).toEqual([null, null]);
  });

  it.each([
    ['a shield that the reorganisation completes', 'TEMP_SHIELDED', 'SHIELDED', 'EFFECTIVE', 'REPAIRED'],
    ['a shield that ends', 'TEMP_SHIELDED', 'SHIELDED', 'RESUMED', null],
    ['a repair that is revoked', 'EFFECTIVE', 'REPAIRED', 'REVOKED', null],
  ])('follows its case: %s', async (_what, before, whileSo, after, then) => {
    const id = await take('PENALTY', penalty());
    await take('REPAIR_CASE', repair(before));
    expect(await stopped('PENALTY', id)).toBe(whileSo);
    await take('REPAIR_CASE', repair(after));
    expect(await stopped('PENALTY', id)).toBe(then);
  });

  it('lasts as long as another case stands', async () => {
    const id = await take('PENALTY', penalty());
    await take('REPAIR_CASE', repair('EFFECTIVE'));
    await take('REPAIR_CASE', repair('TEMP_SHIELDED', { repairNo: 'XF2' }));
    await take('REPAIR_CASE', repair('REVOKED'));
    expect(await stopped('PENALTY', id)).toBe('SHIELDED');
  });

  it('leaves a record withdrawn that was withdrawn before or while it stood', async () => {
    const withdrawal = { documentRef: '撤1号', reason: '复议撤销', actor: 'test' };
    const id = await take('PENALTY', penalty());
    await take('REPAIR_CASE', repair('EFFECTIVE'));
    await hub.engine.withdraw(hub.typeOf('PENALTY'), { id, ...withdrawal });
    await take('REPAIR_CASE', repair('REVOKED'));
    expect(await stopped('PENALTY', id)).toBe('WITHDRAWN');
    await take('REPAIR_CASE', repair('EFFECTIVE', { repairNo: 'XF2' }));
    expect(await stopped('PENALTY', id)).toBe('WITHDRAWN');
  });

  it.each([
    ['EXPIRED', 'EXPIRED'],
    ['CORRECTED_IN_TERM', 'REPAIRED'],
  ])('that is revoked does not publish an entry again that was removed on the ground %s', async (removalGround, left) => {
    const id = await take('LIST_ENTRY', ENTRY);
    await take('REPAIR_CASE', repair('EFFECTIVE', { targets: [LISTED] }));
    expect(await stopped('LIST_ENTRY', id)).toBe('REPAIRED');
    await take('LIST_ENTRY', { ...ENTRY, entryStatus: 'REMOVED', removedOn: '2026-11-20', removalGround });
    await take('REPAIR_CASE', repair('REVOKED', { targets: [LISTED] }));
    expect(await stopped('LIST_ENTRY', id)).toBe(left);
  });
});

describe('an objection', () => {
  it.each(['ANNOTATED', 'SELF_HANDLING', 'FORWARDED', 'OVERDUE', 'REVIEW'])('marks its record while it is %s', async (status) => {
    const id = await take('PENALTY', penalty());
    await take('OBJECTION', objection(status));
    expect((await gateOf('PENALTY', id))?.objection).toBe(true);
  });

  it.each(['SUBMITTED', 'NOT_ACCEPTED', 'CORRECTED', 'UPHELD', 'CLOSED'])('does not while it is %s', async (status) => {
    const id = await take('PENALTY', penalty());
    await take('OBJECTION', objection('ANNOTATED'));
    await take('OBJECTION', objection(status));
    expect((await gateOf('PENALTY', id))?.objection).toBe(false);
  });

  it('leaves the mark to another one that is open', async () => {
    const id = await take('PENALTY', penalty());
    await take('OBJECTION', objection('ANNOTATED'));
    await take('OBJECTION', objection('FORWARDED', { objectionNo: 'YY2' }));
    await take('OBJECTION', objection('UPHELD'));
    expect((await gateOf('PENALTY', id))?.objection).toBe(true);
  });
});

describe('effects that are run again from the beginning', () => {
  it('change nothing', async () => {
    await take('PENALTY', penalty());
    await take('LIST_ENTRY', ENTRY);
    await take('REPAIR_CASE', repair('EFFECTIVE'));
    await take(
      'OBJECTION',
      objection('ANNOTATED', { targets: [{ recordType: 'LIST_ENTRY', docNo: LISTED.docNo, sourceUscc: LISTED.sourceUscc }] }),
    );
    const business = async () => (await hub.store.changes(null, 10_000)).filter(({ collection }) => collection !== 'effect-cursor').length;
    const before = await business();
    const handler = { ...recordHolding({ store: hub.store, catalogue: hub.catalogue, clock: hub.clock }), name: 'again' };
    await createEffects({ store: hub.store, handlers: [handler], clock: hub.clock }).settle();
    expect(await business()).toBe(before);
  });
});
