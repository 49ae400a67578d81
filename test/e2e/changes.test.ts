import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, dutyGrant, HOUSING, MARKET, OTHER_COMPANY, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';

const TODAY = new Date('2026-10-08T02:00:00Z');
let now = TODAY;
const clock = { now: () => now };
let hub: TestHub;
beforeAll(async () => {
  hub = await startHub({ clock });
  await hub.turnWindows();
}, 60_000);
afterAll(() => hub.close());
beforeEach(() => {
  now = TODAY;
});

const supervision = (regionCode = '411502', clientId = 'sup-1'): Asking => ({ token: hub.token('SUPERVISION', { clientId, regionCode }) });
const agency = (orgUscc: string, purpose = 'LICENSING'): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose });
const operator = (): Asking => ({ token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'op-1' }) });

const FIELDS = 'id cursor at type recordType recordId changedFields cause tombstone record { id } subject { id }';
interface Page {
  readonly nodes: readonly {
    readonly id: string;
    readonly cursor: string;
    readonly at: string;
    readonly type: string;
    readonly recordType: string;
    readonly recordId: string;
    readonly changedFields: readonly string[];
    readonly cause: string | null;
    readonly tombstone: boolean;
    readonly record: { readonly id: string } | null;
    readonly subject: { readonly id: string } | null;
  }[];
  readonly endCursor: string;
  readonly hasMore: boolean;
  readonly resync: string | null;
}
const READ = `query ($after: Cursor, $first: Int, $where: ChangeFilter) { changes(after: $after, first: $first, where: $where) { nodes { ${FIELDS} } endCursor hasMore resync } }`;
const answer = (asking: Asking, variables: Readonly<Record<string, unknown>> = {}) => hub.ask(READ, { ...asking, variables });
async function read(asking: Asking, variables: Readonly<Record<string, unknown>> = {}): Promise<Page> {
  const { body } = await answer(asking, variables);
  expect(body.errors).toBeUndefined();
  return body.data.changes;
}
const told = ({ nodes }: Page) => nodes.map(({ type, recordId }) => [type, recordId]);
let loaded = 0;
/** Each time another row. */
const load = async (type: string, row: Readonly<Record<string, unknown>>) => {
  loaded++;
  const [outcome] = await hub.load(type, [{ ...row, [type === 'PENALTY' ? 'documentNo' : 'decisionNo']: `第${loaded}号` }]);
  if (!outcome || outcome.outcome === 'rejected') throw new Error(JSON.stringify(outcome));
  return String(outcome.id);
};
const mutate = async (text: string, asking: Asking) => {
  const { body } = await hub.ask(`mutation { ${text} { id } }`, asking);
  expect(body.errors).toBeUndefined();
};
const correct = (id: string, fields: string, asking = agency(MARKET, 'RECORD_MANAGEMENT')) =>
  mutate(`correctRecord(recordId: "${id}", fields: ${fields}, reason: "核对有误")`, asking);
const withdraw = (id: string) =>
  mutate(`withdrawRecord(recordId: "${id}", documentRef: "浉政复决〔2026〕1号", reason: "复议撤销")`, agency(MARKET, 'RECORD_MANAGEMENT'));

describe('a receiver of changes', () => {
  it('begins now, and is told of what comes to be seen, in order', async () => {
    await load('PENALTY', penalty());
    const begun = await read(supervision());
    expect(begun).toMatchObject({ nodes: [], hasMore: false, resync: null });
    const first = await load('PENALTY', penalty({ documentNo: 'A-1' }));
    const second = await load('PENALTY', penalty({ documentNo: 'A-2', uscc: OTHER_COMPANY }));
    const page = await read(supervision(), { after: begun.endCursor });
    expect(told(page)).toEqual([
      ['RECORD_PUBLISHED', first],
      ['RECORD_PUBLISHED', second],
    ]);
    expect(page.nodes[0]).toMatchObject({ tombstone: false, cause: null, recordType: 'PENALTY', record: { id: first } });
    expect(page.nodes[0]?.changedFields).toEqual(expect.arrayContaining(['documentNo', 'violationFacts', 'subject']));
    expect(page.nodes[0]?.changedFields).not.toContain('legalRepIdNumber');
    expect(await read(supervision(), { after: page.endCursor })).toMatchObject({ nodes: [], hasMore: false });
    expect(told(await read(supervision(), { after: page.nodes[0]?.cursor }))).toEqual([['RECORD_PUBLISHED', second]]);
  });

  it('reads page after page without a gap, though rows change in between', async () => {
    const { endCursor } = await read(supervision());
    const ids: string[] = [];
    for (let index = 0; index < 7; index++) ids.push(await load('PENALTY', penalty({ documentNo: `P-${index}` })));
    for (const id of ids.slice(0, 3)) await correct(id, '{ content: "罚款3万元" }');
    const seen: unknown[] = [];
    let after = endCursor;
    for (let more = true; more; ) {
      const page = await read(supervision(), { after, first: 2 });
      seen.push(...told(page));
      more = page.hasMore;
      after = page.endCursor;
    }
    expect(seen).toEqual([...ids.slice(3), ...ids.slice(0, 3)].map((id) => ['RECORD_PUBLISHED', id]));
  });

  it('is told of a field that it sees, once for all changes meanwhile, and of none that it does not see', async () => {
    const id = await load('PENALTY', penalty());
    await correct(id, '{ remark: "第一次更正，数据状态自此为已更正" }');
    const [tax, housing] = [await read(agency(TAX)), await read(agency(HOUSING))];
    await correct(id, '{ remark: "仅供内部" }');
    expect((await read(agency(TAX), { after: tax.endCursor })).nodes).toEqual([]);
    await correct(id, '{ content: "罚款3万元" }');
    const seen = now;
    now = new Date('2026-10-08T03:00:00Z');
    await correct(id, '{ remark: "再次" }');
    const page = await read(agency(HOUSING), { after: housing.endCursor });
    expect(told(page)).toEqual([['RECORD_CHANGED', id]]);
    expect(page.nodes[0]).toMatchObject({ changedFields: ['content'], at: seen.toISOString() });
  });

  it('is told that a row it had seen is gone, and why only where it may know', async () => {
    const id = await load('PENALTY', penalty());
    const before = { supervision: await read(supervision()), agency: await read(agency(HOUSING)), source: await read(agency(MARKET)) };
    await withdraw(id);
    const gone = { type: 'RECORD_GONE', recordId: id, tombstone: true, record: null, subject: null, changedFields: [] };
    const page = await read(supervision(), { after: before.supervision.endCursor });
    expect(page.nodes).toMatchObject([{ ...gone, cause: 'WITHDRAWN' }]);
    expect((await read(agency(HOUSING), { after: before.agency.endCursor })).nodes).toMatchObject([{ ...gone, cause: null }]);
    const own = await read(agency(MARKET), { after: before.source.endCursor });
    expect(own.nodes).toMatchObject([{ type: 'RECORD_CHANGED', tombstone: false }]);
  });

  it('learns nothing of what came and went meanwhile', async () => {
    const { endCursor } = await read(supervision());
    const id = await load('PENALTY', penalty());
    await withdraw(id);
    expect(await read(supervision(), { after: endCursor })).toMatchObject({ nodes: [], hasMore: false, resync: null });
  });

  it('learns nothing of rows that it may not see', async () => {
    const before = { supervision: await read(supervision('410100')), tax: await read(agency(TAX)) };
    const id = await load('PENALTY', personalPenalty());
    await load('LIST_ENTRY', debtorEntry({ entryStatus: 'PROPOSED' }));
    await withdraw(id);
    expect((await read(supervision('410100'), { after: before.supervision.endCursor })).nodes).toEqual([]);
    expect((await read(agency(TAX), { after: before.tax.endCursor })).nodes).toEqual([]);
  });

  it.each([
    ['whatever it asks for', undefined],
    ['by the kind of list', { listKinds: ['BLACK'] }],
    ['by the region', { regions: ['411500'] }],
  ])('is told nothing of a person whose entry everybody may look up and nobody may list, %s (L1)', async (_how, where) => {
    const everybody: Asking = { token: hub.token('AGENCY', { orgUscc: TAX }) };
    const { endCursor } = await read(everybody, { where });
    const id = await load('LIST_ENTRY', debtorEntry({ regionCode: '411502' }));
    const { body } = await hub.ask(`{ record(id: "${id}") { id } }`, everybody);
    expect(body.data.record).toEqual({ id });
    expect(await read(everybody, { where, after: endCursor })).toMatchObject({ nodes: [], hasMore: false, resync: null });
    await hub.load('LIST_ENTRY', [debtorEntry({ regionCode: '411502', decisionNo: `第${loaded}号`, facts: '已部分履行' })]);
    expect(await read(everybody, { where, after: endCursor })).toMatchObject({ nodes: [], hasMore: false, resync: null });
  });

  it('filters by type, kind of list, share, region and subject, and what leaves the filter is gone', async () => {
    const wheres = [
      { recordTypes: ['PENALTY'] },
      { listKinds: ['BLACK'] },
      { share: ['JOINT'] },
      { regions: ['411502'] },
      { regions: ['411503'] },
    ];
    const begun: string[] = [];
    for (const where of wheres) begun.push((await read(supervision('411500'), { where })).endCursor);
    const fine = await load('PENALTY', penalty({ regionCode: '411502' }));
    const entry = await load(
      'LIST_ENTRY',
      debtorEntry({
        subjectType: 'LEGAL_AND_UNINCORPORATED',
        uscc: COMPANY,
        subjectName: '茶韵食品有限公司',
        idType: undefined,
        idNumber: undefined,
        regionCode: '411503',
      }),
    );
    const seen = async () => {
      const pages: unknown[] = [];
      for (const [index, where] of wheres.entries()) {
        const page = await read(supervision('411500'), { where, after: begun[index] });
        pages.push(
          page.nodes.map(({ type, recordId }) => `${type} ${recordId === fine ? 'fine' : recordId === entry ? 'entry' : recordId}`),
        );
        begun[index] = page.endCursor;
      }
      return pages;
    };
    expect(await seen()).toEqual([
      ['RECORD_PUBLISHED fine'],
      ['RECORD_PUBLISHED entry'],
      ['RECORD_PUBLISHED entry'],
      ['RECORD_PUBLISHED fine'],
      ['RECORD_PUBLISHED entry'],
    ]);
    await correct(fine, '{ regionCode: "411503" }');
    expect(await seen()).toEqual([['RECORD_CHANGED fine'], [], [], ['RECORD_GONE fine'], ['RECORD_PUBLISHED fine']]);
  });

  it.each([
    ['no type of record', { recordTypes: ['NONE'] }, 'BAD_USER_INPUT'],
    ['nothing in a list', { regions: [] }, 'BAD_USER_INPUT'],
  ])('is refused a filter that names %s', async (_what, where, code) => {
    const { body } = await answer(supervision(), { where });
    expect(body.errors[0].extensions.code).toBe(code);
  });

  it('is refused a cursor of another client, audience or filter, one that was altered, and one of a list', async () => {
    const { endCursor } = await read(supervision());
    const list = await hub.ask('{ penalties(first: 1) { edges { cursor } } }', supervision());
    expect(list.body.errors).toBeUndefined();
    const refused = async (asking: Asking, variables: Readonly<Record<string, unknown>>) =>
      (await answer(asking, variables)).body.errors?.[0].extensions.code;
    expect(await refused(supervision('411502', 'sup-2'), { after: endCursor })).toBe('BAD_USER_INPUT');
    expect(await refused(agency(TAX), { after: endCursor })).toBe('BAD_USER_INPUT');
    expect(await refused(supervision(), { after: endCursor, where: { share: ['JOINT'] } })).toBe('BAD_USER_INPUT');
    expect(await refused(supervision(), { after: `${endCursor.slice(0, -4)}AAAA` })).toBe('BAD_USER_INPUT');
    expect(await refused(supervision(), { after: endCursor.slice(0, 40) })).toBe('BAD_USER_INPUT');
    expect(await refused(supervision(), { after: 'x' })).toBe('BAD_USER_INPUT');
    expect(await refused(supervision('411503'), { after: endCursor })).toBeUndefined();
  });

  it('reads nothing from the length of a cursor', async () => {
    const { endCursor } = await read(supervision());
    await load('PENALTY', penalty());
    const page = await read(supervision(), { after: endCursor });
    expect(new Set([endCursor, page.endCursor, page.nodes[0]?.cursor].map((cursor) => cursor?.length)).size).toBe(1);
  });

  it.each(['PUBLIC', 'SUBJECT', 'CREDIT_BODY'] as const)('is not %s', async (audience) => {
    const asking =
      audience === 'PUBLIC' ? {} : { token: hub.token(audience, { subjectUscc: COMPANY, authLevel: 2, orgUscc: COMPANY, staffId: 's' }) };
    const { body } = await answer(asking);
    expect(body.errors[0].extensions.code).toBe('FORBIDDEN');
  });
});

describe('access that changes', () => {
  const grant = (status = 'APPROVED') => hub.load('DUTY_GRANT', [dutyGrant({ status })]);

  it('is told once, and the feed goes on under the new access', async () => {
    const id = await load('PENALTY', penalty());
    await correct(id, '{ remark: "第一次更正" }');
    const begun = await read(agency(HOUSING));
    await grant();
    const told = await read(agency(HOUSING), { after: begun.endCursor });
    expect(told).toMatchObject({ nodes: [], resync: 'ACCESS_CHANGED' });
    await correct(id, '{ legalRepIdNumber: "411599196706275684" }');
    const page = await read(agency(HOUSING), { after: told.endCursor });
    expect(page).toMatchObject({ resync: null, nodes: [{ type: 'RECORD_CHANGED', changedFields: ['legalRepIdNumber'] }] });
    const { endCursor } = page;
    const after = await grant('SUSPENDED').then(() => read(agency(HOUSING), { after: endCursor }));
    expect(after).toMatchObject({ nodes: [], resync: 'ACCESS_CHANGED', hasMore: false });
    expect(await read(agency(HOUSING), { after: page.endCursor })).toMatchObject({ nodes: [], resync: 'ACCESS_CHANGED' });
    await correct(id, '{ legalRepIdNumber: "411599197710058716" }');
    expect(await read(agency(HOUSING), { after: page.endCursor })).toMatchObject({ nodes: [], resync: 'ACCESS_CHANGED' });
  });
});

describe('a replay that goes on while rows change', () => {
  it('loses nothing of a row that was put off, though the place is taken up by a hub that does not remember it', async () => {
    const [first, put, last] = [await load('PENALTY', penalty()), await load('PENALTY', penalty()), await load('PENALTY', penalty())];
    for (const id of [first, put, last]) await correct(id, '{ content: "罚款1万元" }');
    const { endCursor } = await read(supervision());
    for (const id of [first, put, last]) await correct(id, '{ content: "罚款2万元" }');
    const begun = await read(supervision(), { after: endCursor, first: 1 });
    expect(told(begun)).toEqual([['RECORD_CHANGED', first]]);
    await correct(put, '{ content: "罚款3万元" }');
    const midway = await read(supervision(), { after: begun.endCursor, first: 1 });
    expect(told(midway)).toEqual([['RECORD_CHANGED', last]]);
    await correct(put, '{ content: "罚款2万元" }');
    const another = await startHub({ clock, dataDir: hub.dataDir });
    try {
      const { body } = await another.ask(READ, { ...supervision(), variables: { after: midway.endCursor } });
      expect(told(body.data.changes)).toEqual([['RECORD_CHANGED', put]]);
    } finally {
      await another.close();
    }
    expect(told(await read(supervision(), { after: midway.endCursor }))).toEqual([['RECORD_CHANGED', put]]);
  }, 60_000);
});

describe('the clock of windows', () => {
  const shared = () => hub;
  let before: TestHub;
  beforeEach(async () => {
    before = shared();
    hub = await startHub({ clock });
    await hub.turnWindows();
  }, 60_000);
  afterEach(async () => {
    await hub.close();
    hub = before;
  });

  it('tells that a window has ended, once', async () => {
    const id = await load('PENALTY', penalty());
    const { body } = await hub.ask(`{ record(id: "${id}") { publicityMaxEndOn } }`, operator());
    const end = new Date(`${body.data.record.publicityMaxEndOn}T02:00:00Z`);
    now = new Date(end.getTime());
    await hub.turnWindows();
    const before = await read(agency(HOUSING));
    now = new Date(end.getTime() + 86_400_000);
    // Whoever reads first on a day does not wait for the clock.
    const page = await read(agency(HOUSING), { after: before.endCursor });
    expect(told(page)).toEqual([['RECORD_GONE', id]]);
    await hub.turnWindows();
    expect((await read(agency(HOUSING), { after: page.endCursor })).nodes).toEqual([]);
  });

  it('tells nothing of a row that came and whose window ended, whatever became of it then', async () => {
    const { endCursor } = await read(supervision());
    const id = await load('PENALTY', penalty());
    const { body } = await hub.ask(`{ record(id: "${id}") { publicityMaxEndOn } }`, operator());
    now = new Date(`${body.data.record.publicityMaxEndOn}T02:00:00Z`);
    const begun = await read(agency(HOUSING));
    const late = await load('PENALTY', penalty());
    now = new Date(now.getTime() + 3 * 86_400_000);
    await withdraw(id);
    await withdraw(late);
    expect(told(await read(agency(HOUSING), { after: begun.endCursor }))).toEqual([['RECORD_GONE', id]]);
    expect((await read(supervision(), { after: endCursor })).resync).toBe('CURSOR_TOO_OLD');
  });

  it('tells it behind days in which no hub ran', async () => {
    const id = await load('PENALTY', penalty());
    const { endCursor } = await read(supervision());
    now = new Date('2026-10-28T02:00:00Z');
    const fresh = await load('PENALTY', penalty({ documentNo: 'B-1', uscc: OTHER_COMPANY }));
    await hub.turnWindows();
    expect(told(await read(supervision(), { after: endCursor }))).toEqual([['RECORD_PUBLISHED', fresh]]);
    now = new Date('2030-01-01T02:00:00Z');
    await hub.turnWindows();
    const later = await read(supervision(), { after: endCursor });
    expect(later).toMatchObject({ nodes: [], resync: 'CURSOR_TOO_OLD' });
    expect(id).not.toBe(fresh);
  });
});
