import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';

let hub: TestHub;
beforeEach(async () => {
  hub = await startHub();
}, 60_000);
afterEach(() => hub.close());

const NUMBER = '浉市监罚〔2026〕001号';
const subject = { subjectName: '茶韵食品有限公司', subjectType: 'LEGAL_AND_UNINCORPORATED', uscc: COMPANY };
const office = { sourceDeptName: '信用办', sourceDeptUscc: '11411502MB0TE5T878' };
const repair = (status: string) => ({
  repairNo: 'XF-1',
  ...subject,
  targets: [{ kind: 'PENALTY', recordTypeCode: 'PENALTY', sourceUscc: MARKET, docNo: NUMBER }],
  status,
  decidingOrgUscc: MARKET,
  decisionDate: '2026-10-01',
  ...office,
});
const objection = (status: string) => ({
  objectionNo: 'YY-1',
  ...subject,
  origin: 'SUBJECT_APPLICATION',
  targets: [{ recordType: 'PENALTY', sourceUscc: MARKET, docNo: NUMBER }],
  ground: 'WRONG',
  statement: '罚款金额有误',
  status,
  decidingOrgUscc: MARKET,
  decisionDate: '2026-10-01',
  ...office,
});
const QUERY = '{ penalties { totalCount nodes { documentNo publicityStatus objectionFlag } } }';
const seenBy = async (asking: Parameters<TestHub['ask']>[1] = {}) => (await hub.ask(QUERY, asking)).body;
const numbers = async (asking: Parameters<TestHub['ask']>[1] = {}) =>
  (await seenBy(asking)).data.penalties.nodes.map(({ documentNo }: { documentNo: string }) => documentNo);
const market = () => ({ token: hub.token('AGENCY', { orgUscc: MARKET }) });

describe('a repair case', () => {
  it.each(['SUBMITTED', 'ACCEPTED', 'APPROVED', 'REJECTED'])('stops nothing while it is %s', async (status) => {
    await hub.load('PENALTY', [penalty()]);
    await hub.load('REPAIR_CASE', [repair(status)]);
    expect(await numbers()).toEqual([NUMBER]);
  });

  it('takes a repaired record from the public and other departments, and leaves it to its source and its subject', async () => {
    await hub.load('PENALTY', [penalty()]);
    await hub.load('REPAIR_CASE', [repair('EFFECTIVE')]);
    expect(await numbers()).toEqual([]);
    expect(await numbers({ token: hub.token('AGENCY', { orgUscc: HOUSING }), purpose: 'LICENSING' })).toEqual([]);
    expect((await seenBy(market())).data.penalties.nodes).toMatchObject([{ publicityStatus: 'STOPPED_REPAIRED' }]);
    expect(await numbers({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) })).toEqual([NUMBER]);
  });

  it('takes the same act told by another source with it', async () => {
    await hub.load('PENALTY', [penalty(), penalty({ sourceDeptUscc: HOUSING, sourceDeptName: '住建局' })]);
    await hub.load('REPAIR_CASE', [repair('EFFECTIVE')]);
    expect((await seenBy({ token: hub.token('AGENCY', { orgUscc: HOUSING }) })).data.penalties.nodes).toMatchObject([
      { publicityStatus: 'STOPPED_REPAIRED' },
    ]);
  });

  it('stops a record that comes after it', async () => {
    await hub.load('REPAIR_CASE', [repair('EFFECTIVE')]);
    await hub.load('PENALTY', [penalty()]);
    expect(await numbers()).toEqual([]);
  });

  it('gives the record back when it is revoked', async () => {
    await hub.load('PENALTY', [penalty()]);
    await hub.load('REPAIR_CASE', [repair('EFFECTIVE')]);
    await hub.load('REPAIR_CASE', [repair('REVOKED')]);
    expect(await numbers()).toEqual([NUMBER]);
  });

  it('gives a record that was withdrawn meanwhile back to nobody', async () => {
    const [{ id } = {}] = await hub.load('PENALTY', [penalty()]);
    await hub.load('REPAIR_CASE', [repair('EFFECTIVE')]);
    await hub.ask(`mutation { withdrawRecord(recordId: "${id}", documentRef: "复议决定", reason: "撤销") { id } }`, market());
    await hub.load('REPAIR_CASE', [repair('REVOKED')]);
    expect(await numbers()).toEqual([]);
    expect((await seenBy(market())).data.penalties.nodes).toMatchObject([{ publicityStatus: 'WITHDRAWN' }]);
  });

  it('shields by order of a court and ends the shield when publicity is resumed', async () => {
    await hub.load('PENALTY', [penalty()]);
    await hub.load('REPAIR_CASE', [repair('TEMP_SHIELDED')]);
    expect((await seenBy(market())).data.penalties.nodes).toMatchObject([{ publicityStatus: 'STOPPED_SHIELDED' }]);
    await hub.load('REPAIR_CASE', [repair('RESUMED')]);
    expect(await numbers()).toEqual([NUMBER]);
  });
});

describe('an objection', () => {
  it('marks the record for every reader while it is open, whatever was selected, and no longer', async () => {
    const [{ id } = {}] = await hub.load('PENALTY', [penalty()]);
    await hub.load('OBJECTION', [objection('FORWARDED')]);
    const open = (await hub.ask('{ penalties { nodes { id } } }')).body;
    expect(open.extensions.annotations).toEqual([
      { path: ['penalties', 'nodes', '@'], recordId: id, kind: 'OBJECTION', note: '信息主体已提出异议，正在核查处理' },
    ]);
    await hub.load('OBJECTION', [objection('UPHELD')]);
    expect((await hub.ask('{ penalties { nodes { id objectionFlag } } }')).body).toEqual({
      data: { penalties: { nodes: [{ id, objectionFlag: false }] } },
    });
  });

  it('keeps its mark on a new version of the record', async () => {
    await hub.load('PENALTY', [penalty()]);
    await hub.load('OBJECTION', [objection('ANNOTATED')]);
    await hub.load('PENALTY', [penalty({ fineAmountWan: '3' })]);
    expect((await seenBy()).data.penalties.nodes).toMatchObject([{ objectionFlag: true }]);
  });
});
