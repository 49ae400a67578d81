import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { COMPANY, HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type Delivery, type LiveStream, overEvents, overSocket } from '../support/live-stream.ts';
import { PATIENCE } from '../support/patience.ts';
import { dropStore, storeSettings } from '../support/test-store.ts';

const FIRE = '11411502MB1TE5T21X';
/** A record type of a department, whose facts are public or for those who handle the case, as its policy has it. */
const sdlWith = (classOfFacts: string) => `
"消防监督检查记录"
type FireCheck
  @recordType(code: "FIRE_CHECK", field: "fireChecks", section: ADMINISTRATIVE, share: ENFORCEMENT, nature: BASIC, identity: ["checkNo", "subject"]) {
  "单位名称"
  unitName: String @item(headings: ["单位名称"], role: SUBJECT_NAME, required: true, max: 200) @disclose(class: OPEN, mask: NAME)
  "统一社会信用代码"
  uscc: UnifiedSocialCreditCode @item(headings: ["统一社会信用代码"], role: SUBJECT_CODE, required: true) @disclose(class: OPEN)
  "检查记录编号"
  checkNo: String @item(headings: ["检查记录编号"], role: DOCUMENT_NUMBER, required: true, max: 64, filter: true) @disclose(class: OPEN)
  "检查日期"
  decisionDate: Date @item(headings: ["检查日期"], role: DECISION_DATE, required: true) @disclose(class: OPEN)
  "得分"
  score: Int @item(headings: ["得分"], min: 0) @disclose(class: OPEN)
  "隐患说明"
  description: String @item(headings: ["隐患说明"], max: 500) @disclose(class: ${classOfFacts})
}
`;
/** What no answer may hold once it is closed. */
const FACTS = '东侧疏散通道堵塞，编号三一四一';
const FINE = '罚款三万一千四百一十五元';

let folder: string;
let hub: TestHub;
const streams: LiveStream[] = [];
const settings = (policy: string) => {
  const dataDir = join(folder, 'data');
  return { dataDir, env: { HUB_DEPARTMENTS: join(folder, policy), ...storeSettings(dataDir) } };
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-replay-'));
  for (const [policy, classOfFacts] of Object.entries({ before: 'OPEN', after: 'HANDLING' })) {
    await mkdir(join(folder, policy));
    await writeFile(join(folder, policy, 'fire.graphql'), sdlWith(classOfFacts));
  }
  hub = await startHub(settings('before'));
  await hub.turnWindows();
}, 60_000 * PATIENCE);
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});
afterAll(async () => {
  await hub.close();
  await dropStore(hub.dataDir);
  await rm(folder, { recursive: true });
}, 30_000);

const supervision = (): Asking => ({ token: hub.token('SUPERVISION', { clientId: 'sup-1', regionCode: '411502' }) });
const agency = (orgUscc: string, purpose = 'LICENSING'): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose });
const source = () => agency(FIRE, 'RECORD_MANAGEMENT');

const CHANGE =
  'type recordId changedFields tombstone record { id ... on FireCheck { score description } ... on AdministrativePenalty { documentNo content } }';
const read = async (asking: Asking, after?: string) => {
  const query = `query ($after: Cursor) { changes(after: $after) { nodes { ${CHANGE} } endCursor hasMore resync } }`;
  const { body } = await hub.ask(query, { ...asking, variables: { after } });
  expect(body.errors).toBeUndefined();
  return body.data.changes;
};
const follow = (over: typeof overSocket, { token, purpose }: Asking, after: string): LiveStream => {
  const query = `subscription ($after: Cursor) { changes(after: $after) { __typename ... on Change { ${CHANGE} } ... on Resync { reason cursor } } }`;
  const params = { authorization: `Bearer ${token}`, ...(purpose && { 'hub-purpose': purpose }) };
  const stream = over(hub.url, query, { params, variables: { after } });
  streams.push(stream);
  return stream;
};
const next = async (stream: LiveStream): Promise<Delivery> => (await stream.next()).data.changes;

const submitted = async (type: string, row: Readonly<Record<string, unknown>>): Promise<string> => {
  const [outcome] = await hub.load(type, [row]);
  if (outcome?.outcome !== 'accepted') throw new Error(JSON.stringify(outcome));
  return String(outcome.id);
};
const check = (checkNo: string) =>
  submitted('FIRE_CHECK', {
    unitName: '茶韵食品有限公司',
    uscc: COMPANY,
    checkNo,
    decisionDate: '2026-09-01',
    score: 40,
    description: FACTS,
    sourceDeptName: '浉河区消防救援大队',
    sourceDeptUscc: FIRE,
  });
const correct = async (id: string, fields: string) => {
  const { body } = await hub.ask(`mutation { correctRecord(recordId: "${id}", fields: ${fields}, reason: "核对有误") { id } }`, source());
  expect(body.errors).toBeUndefined();
};
const repair = (documentNo: string) =>
  submitted('REPAIR_CASE', {
    repairNo: `X-${documentNo}`,
    subjectName: '茶韵食品有限公司',
    subjectType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    targets: [{ kind: 'PENALTY', recordTypeCode: 'PENALTY', docNo: documentNo, sourceUscc: MARKET }],
    status: 'EFFECTIVE',
    decidingOrgUscc: MARKET,
    sourceDeptUscc: MARKET,
  });

describe('a repair between a change and its replay', () => {
  it('leaves nothing of a record that the receiver had not seen, and of one that it had seen a tombstone', async () => {
    const [missed, seen] = ['浉市监罚〔2026〕801号', '浉市监罚〔2026〕802号'];
    const known = await submitted('PENALTY', penalty({ documentNo: seen, content: FINE }));
    const { endCursor } = await read(agency(HOUSING));
    await submitted('PENALTY', penalty({ documentNo: missed, content: FINE }));
    await repair(missed);
    await repair(seen);
    const tombstone = { type: 'RECORD_GONE', recordId: known, changedFields: [], tombstone: true, record: null };
    const page = await read(agency(HOUSING), endCursor);
    expect(page).toMatchObject({ nodes: [tombstone], resync: null, hasMore: false });
    const live = [follow(overSocket, agency(HOUSING), endCursor), follow(overEvents, agency(HOUSING), endCursor)];
    for (const stream of live) expect(await next(stream)).toMatchObject(tombstone);
    // What comes next is what happens next: there is nothing in between.
    const later = await submitted('PENALTY', penalty({ documentNo: '浉市监罚〔2026〕803号' }));
    for (const stream of live) expect(await next(stream)).toMatchObject({ type: 'RECORD_PUBLISHED', recordId: later });
  }, 30_000);
});

describe('a change of the policy between a change and its replay', () => {
  it('closes to a receiver, old events included, what it may not see any more', async () => {
    const receivers = { supervision, department: () => agency(HOUSING) };
    const places = new Map<string, string>();
    for (const [name, asks] of Object.entries(receivers)) places.set(name, (await read(asks())).endCursor);
    const ofSource = (await read(source())).endCursor;
    const id = await check('消检801');
    await correct(id, '{ score: 45 }'); // that a record was corrected is told with its first correction
    const before = await read(agency(HOUSING), places.get('department'));
    expect(before.nodes).toMatchObject([{ type: 'RECORD_PUBLISHED', recordId: id, record: { description: FACTS } }]);

    await hub.close();
    hub = await startHub(settings('after'));
    await hub.turnWindows();
    const told: unknown[] = [];
    for (const [name, asks] of Object.entries(receivers)) {
      const after = places.get(name) ?? '';
      const page = await read(asks(), after);
      expect([name, page]).toMatchObject([name, { nodes: [], resync: 'ACCESS_CHANGED' }]);
      const [socket, events] = [follow(overSocket, asks(), after), follow(overEvents, asks(), after)];
      for (const stream of [socket, events])
        expect(await next(stream)).toMatchObject({ __typename: 'Resync', reason: 'ACCESS_CHANGED', cursor: expect.any(String) });
      // Of the closed field alone nobody is told; of the open one with it, without what is closed.
      await correct(id, `{ description: "${FACTS}，复查${name}" }`);
      await correct(id, `{ description: "${FACTS}，再查${name}", score: ${50 + name.length} }`);
      const change = {
        type: 'RECORD_CHANGED',
        recordId: id,
        changedFields: ['score'],
        record: { score: 50 + name.length, description: null },
      };
      const [pulled, ...more] = (await read(asks(), page.endCursor)).nodes;
      expect(more).toEqual([]);
      for (const one of [pulled, await next(socket), await next(events)]) {
        expect(one).toMatchObject(change);
        told.push(one);
      }
    }
    expect(JSON.stringify(told)).not.toContain(FACTS);
    // The department that has handed it in reads on under the new policy, facts and all.
    const anew = await read(source(), ofSource);
    expect(anew).toMatchObject({ resync: 'ACCESS_CHANGED' });
    await correct(id, `{ description: "${FACTS}，整改完成" }`);
    expect((await read(source(), anew.endCursor)).nodes).toMatchObject([
      { type: 'RECORD_CHANGED', changedFields: expect.arrayContaining(['description']), record: { description: `${FACTS}，整改完成` } },
    ]);
  }, 60_000);
});
