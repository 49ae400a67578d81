import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { policyFromFiles } from '../../cli/static-graph.ts';
import { COMPANY, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type LiveStream, overEvents, overSocket } from '../support/live-stream.ts';
import { loggedEntries } from '../support/logged-entries.ts';

const clock = { now: () => new Date('2026-10-08T02:00:00Z') };
let hub: TestHub;
const streams: LiveStream[] = [];
beforeAll(async () => {
  hub = await startHub({ clock, env: { HUB_PUBLIC_FEED: 'on' } });
  await hub.turnWindows();
}, 60_000);
afterAll(() => hub.close());
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

const anybody: Asking = {};
const company = (subjectUscc = COMPANY, claims = {}): Asking => ({ token: hub.token('SUBJECT', { subjectUscc, authLevel: 2, ...claims }) });
const person = (): Asking => ({
  token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }),
});
const market = (): Asking => ({ token: hub.token('AGENCY', { orgUscc: MARKET }), purpose: 'RECORD_MANAGEMENT' });

const FIELDS =
  'type recordId changedFields cause record { id ... on AdministrativePenalty { documentNo legalRepIdNumber } } subject { id }';
const READ = `query ($after: Cursor, $where: ChangeFilter) { changes(after: $after, where: $where) { nodes { ${FIELDS} } endCursor resync } }`;
const answer = (asking: Asking, variables: Readonly<Record<string, unknown>> = {}) => hub.ask(READ, { ...asking, variables });
const read = async (asking: Asking, variables: Readonly<Record<string, unknown>> = {}) => {
  const { body } = await answer(asking, variables);
  expect(body.errors).toBeUndefined();
  return body.data.changes;
};
const codeOf = async (asked: ReturnType<TestHub['ask']>) => (await asked).body.errors?.[0].extensions.code;
const load = async (row: Readonly<Record<string, unknown>>) => {
  const [outcome] = await hub.load('PENALTY', [row]);
  if (!outcome || outcome.outcome === 'rejected') throw new Error(JSON.stringify(outcome));
  return String(outcome.id);
};
const told = ({ nodes }: { readonly nodes: readonly { readonly type: string; readonly recordId: string }[] }) =>
  nodes.map(({ type, recordId }) => [type, recordId]);

describe('a feed that the operator opens', () => {
  it('tells the public of what lists show, in the fields that they show', async () => {
    const { endCursor } = await read(anybody);
    const id = await load(penalty({ documentNo: '公-1' }));
    await load(personalPenalty({ documentNo: '私-1' }));
    await load(penalty({ documentNo: '密-1', penaltyTypes: ['WARNING'] }));
    const listed = await hub.ask('{ penalties(first: 50) { nodes { id documentNo } } }');
    const page = await read(anybody, { after: endCursor });
    expect(page.nodes.map(({ recordId }: { recordId: string }) => recordId)).toEqual(
      listed.body.data.penalties.nodes.map((row: { id: string }) => row.id),
    );
    expect(page.nodes).toMatchObject([
      { type: 'RECORD_PUBLISHED', recordId: id, cause: null, record: { documentNo: '公-1', legalRepIdNumber: null } },
    ]);
    expect(page.nodes[0].changedFields).not.toContain('legalRepIdNumber');
    await hub.ask(`mutation { withdrawRecord(recordId: "${id}", documentRef: "复议〔2026〕1号", reason: "撤销") { id } }`, market());
    const after = await read(anybody, { after: page.endCursor });
    expect(after.nodes).toMatchObject([{ type: 'RECORD_GONE', recordId: id, record: null, subject: null, cause: null }]);
  });

  it('tells subjects of their own as well, and of nobody else’s', async () => {
    const [own, other] = [await read(person()), await read(company())];
    const id = await load(personalPenalty({ documentNo: '私-2' }));
    expect(told(await read(person(), { after: own.endCursor }))).toEqual([['RECORD_PUBLISHED', id]]);
    expect(told(await read(company(), { after: other.endCursor }))).toEqual([]);
  });

  it('binds a cursor to the public as a whole, and to each subject, through whichever client it asks', async () => {
    const [all, one] = [await read(anybody), await read(company(COMPANY, { clientId: 'portal' }))];
    expect(await codeOf(answer(anybody, { after: all.endCursor }))).toBeUndefined();
    expect(await codeOf(answer(company(), { after: one.endCursor }))).toBeUndefined();
    expect(await codeOf(answer(company(OTHER_COMPANY, { clientId: 'portal' }), { after: one.endCursor }))).toBe('BAD_USER_INPUT');
    expect(await codeOf(answer(anybody, { after: one.endCursor }))).toBe('BAD_USER_INPUT');
    expect(await codeOf(answer(company(), { after: all.endCursor }))).toBe('BAD_USER_INPUT');
  });

  it.each([
    ['WebSocket', overSocket],
    ['server-sent events', overEvents],
  ] as const)('streams to the public over %s', async (way, over) => {
    const { endCursor } = await read(anybody);
    const query = `subscription ($after: Cursor) { changes(after: $after) { ... on Change { ${FIELDS} } } }`;
    const stream = over(hub.url, query, { variables: { after: endCursor } });
    streams.push(stream);
    const id = await load(penalty({ documentNo: `流-${way}`, uscc: OTHER_COMPANY }));
    const { data, errors } = await stream.next();
    expect(errors).toBeUndefined();
    expect(data.changes).toMatchObject({ type: 'RECORD_PUBLISHED', recordId: id, record: { legalRepIdNumber: null } });
  });

  it('is in the schema that the public and subjects are shown, webhooks are not', async () => {
    const names = async (asking: Asking) => {
      const { body } = await hub.ask(
        '{ __schema { queryType { fields { name } } subscriptionType { fields { name } } mutationType { fields { name } } } }',
        asking,
      );
      const { queryType, subscriptionType, mutationType } = body.data.__schema;
      return [queryType, subscriptionType, mutationType].flatMap((type) => (type?.fields ?? []).map(({ name }: { name: string }) => name));
    };
    for (const asking of [anybody, company()]) {
      const shown = await names(asking);
      expect(shown.filter((name) => name === 'changes')).toHaveLength(2);
      expect(shown).not.toContain('registerWebhook');
    }
    const register = 'mutation { registerWebhook(input: { url: "https://hooks.example/" }) { id } }';
    expect(await codeOf(hub.ask(register))).toBe('FORBIDDEN');
    expect(await codeOf(hub.ask(register, company()))).toBe('FORBIDDEN');
  });

  it('is logged for subjects, and not for the public', async () => {
    const before = await loggedEntries(hub);
    await read(anybody);
    await read(company());
    const entries = (await loggedEntries(hub)).slice(before.length);
    expect(entries.map(({ audience }) => audience)).toEqual(['SUBJECT']);
  });

  it('still asks credit bodies for a voucher', async () => {
    const bank = { token: hub.token('CREDIT_BODY', { orgUscc: COMPANY, staffId: 's' }) };
    expect(await codeOf(answer(bank))).toBe('FORBIDDEN');
  });
});

describe('the setting', () => {
  it('is another policy, and off unless told', () => {
    const [untold, off, on] = [{}, { HUB_PUBLIC_FEED: 'off' }, { HUB_PUBLIC_FEED: 'on' }].map((env) => policyFromFiles(env).policy);
    expect(off?.hash).toBe(untold?.hash);
    expect(on?.hash).not.toBe(untold?.hash);
    const opened = [...(on?.allow ?? [])].filter(([field, audiences]) => audiences.length !== untold?.allow.get(field)?.length);
    expect(opened.map(([field]) => field)).toEqual(['Query.changes', 'Subscription.changes']);
  });

  it('is refused where it is neither on nor off', () => {
    expect(() => policyFromFiles({ HUB_PUBLIC_FEED: 'yes' })).toThrow('HUB_PUBLIC_FEED');
  });
});
