import { ApolloClient, ApolloLink, gql, InMemoryCache } from '@apollo/client/core';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { COMPANY, debtorEntry, dutyGrant, HOUSING, MARKET, OTHER_COMPANY, penalty, personalPenalty, TAX } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { type Delivery, follow, type LiveStream, overEvents, overSocket, type Subscribing, socketClient } from '../support/live-stream.ts';

const TODAY = new Date('2026-10-08T02:00:00Z');
const BANK = '91411502MA3TE5T03U';
const STAFF = 'clerk-1';
let now = TODAY;
const clock = { now: () => now };
let hub: TestHub;
const streams: LiveStream[] = [];
beforeAll(async () => {
  hub = await startHub({ clock });
  await hub.turnWindows();
  await hub.load('SERVICE_BODY', [
    { orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', validTo: '2027-12-31', status: 'ACTIVE' },
  ]);
}, 60_000);
afterAll(() => hub.close());
beforeEach(() => {
  now = TODAY;
});
afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

const supervision = (regionCode = '411502', clientId = 'sup-1'): Asking => ({ token: hub.token('SUPERVISION', { clientId, regionCode }) });
const agency = (orgUscc: string, purpose = 'LICENSING'): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose });
const bank = (voucher?: string): Asking => ({
  token: hub.token('CREDIT_BODY', { orgUscc: BANK, staffId: STAFF }),
  purpose: 'LOAN',
  ...(voucher ? { headers: { 'hub-voucher': voucher } } : {}),
});
const company = (): Asking => ({ token: hub.token('SUBJECT', { subjectUscc: COMPANY, authLevel: 2 }) });

const CHANGE = 'id cursor at type recordType recordId changedFields cause tombstone record { id } subject { id }';
const subscription = (change = CHANGE) => `subscription ($after: Cursor, $where: ChangeFilter) { changes(after: $after, where: $where) {
  __typename ... on Change { ${change} } ... on Resync { reason cursor } ... on Lagged { resumeFrom } } }`;

type Over = (url: string, query: string, subscribing: Subscribing) => LiveStream;
const paramsOf = ({ token, purpose, headers }: Asking) => ({
  ...(token ? { Authorization: `Bearer ${token}` } : {}),
  ...(purpose ? { 'Hub-Purpose': purpose } : {}),
  ...headers,
});
const subscribe = (asking: Asking, variables: Readonly<Record<string, unknown>> = {}, query = subscription(), over: Over = overSocket) => {
  const stream = over(hub.url, query, { params: paramsOf(asking), variables });
  streams.push(stream);
  return stream;
};
/** Where a receiver stands now. */
const here = async (asking: Asking, where?: object): Promise<string> => {
  const { body } = await hub.ask('query ($where: ChangeFilter) { changes(where: $where) { endCursor } }', {
    ...asking,
    variables: { where },
  });
  expect(body.errors).toBeUndefined();
  return body.data.changes.endCursor;
};
const change = async (stream: LiveStream): Promise<Delivery> => {
  const { data, errors } = await stream.next();
  expect(errors).toBeUndefined();
  return data.changes;
};
const changes = async (stream: LiveStream, count: number): Promise<Delivery[]> => {
  const found: Delivery[] = [];
  while (found.length < count) found.push(await change(stream));
  return found;
};
const codeOf = (error: unknown) => {
  const [first] = error as { extensions: { code: string } }[];
  return first?.extensions.code;
};
/** By which every stream ends that the hub refuses or ends, whichever way it is told. */
const endOf = async (stream: LiveStream): Promise<string | undefined> => {
  const first = await stream.next().catch((error: unknown) => ({ errors: error }));
  return codeOf(first.errors);
};

let loaded = 0;
const load = async (type: string, row: Readonly<Record<string, unknown>>) => {
  loaded++;
  const [outcome] = await hub.load(type, [{ ...row, [type === 'PENALTY' ? 'documentNo' : 'decisionNo']: `第${loaded}号` }]);
  if (!outcome || outcome.outcome === 'rejected') throw new Error(JSON.stringify(outcome));
  return String(outcome.id);
};
const mutate = async (text: string, asking: Asking) => {
  const { body } = await hub.ask(`mutation { ${text} }`, asking);
  expect(body.errors).toBeUndefined();
  return body.data;
};
const correct = (id: string, fields: string) =>
  mutate(`correctRecord(recordId: "${id}", fields: ${fields}, reason: "核对有误") { id }`, agency(MARKET, 'RECORD_MANAGEMENT'));
const companyEntry = (changes: Readonly<Record<string, unknown>> = {}) =>
  debtorEntry({
    subjectType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    subjectName: '茶韵食品有限公司',
    idType: undefined,
    idNumber: undefined,
    regionCode: '411502',
    ...changes,
  });

describe.each([
  ['WebSocket', overSocket],
  ['server-sent events', overEvents],
] as const)('a subscription over %s', (_way, over) => {
  const follows = (asking: Asking, variables: Readonly<Record<string, unknown>> = {}) => subscribe(asking, variables, subscription(), over);

  it('tells first what was missed and then what comes, each change once', async () => {
    const after = await here(supervision());
    const missed = [await load('PENALTY', penalty()), await load('PENALTY', penalty({ uscc: OTHER_COMPANY }))];
    const stream = follows(supervision(), { after });
    const replayed = await changes(stream, 2);
    const live: Delivery[] = [];
    for (let index = 0; index < 3; index++) {
      missed.push(await load('PENALTY', penalty()));
      live.push(await change(stream));
    }
    const told = [...replayed, ...live];
    expect(told.map(({ type, recordId }) => [type, recordId])).toEqual(missed.map((id) => ['RECORD_PUBLISHED', id]));
    expect(new Set(told.map(({ cursor }) => cursor)).size).toBe(5);
    expect(new Set(told.map(({ id }) => id)).size).toBe(5);
    const again = follows(supervision(), { after: told[1]?.cursor });
    expect((await changes(again, 3)).map(({ recordId }) => recordId)).toEqual(missed.slice(2));
  });

  it.each([
    ['the public', () => ({}), 'FORBIDDEN'],
    ['a subject', company, 'FORBIDDEN'],
    ['a body without a voucher', bank, 'FORBIDDEN'],
  ])('is refused to %s', async (_who, who, code) => {
    expect(await endOf(follows(who()))).toBe(code);
  });

  it('is refused from a cursor that is foreign or made up, and with a filter that names nothing', async () => {
    const after = await here(supervision());
    expect(await endOf(follows(supervision('411502', 'sup-2'), { after }))).toBe('BAD_USER_INPUT');
    expect(await endOf(follows(agency(TAX), { after }))).toBe('BAD_USER_INPUT');
    expect(await endOf(follows(supervision(), { after: 'x' }))).toBe('BAD_USER_INPUT');
    expect(await endOf(follows(supervision(), { where: { regions: [] } }))).toBe('BAD_USER_INPUT');
  });

  it('withholds and masks as a query does', async () => {
    const after = await here(agency(HOUSING));
    const id = await load('PENALTY', penalty());
    const fields = 'documentNo legalRepName legalRepIdNumber remark';
    const selected = `recordId record { id ... on AdministrativePenalty { ${fields} } }`;
    const delivery = await subscribe(agency(HOUSING), { after }, subscription(selected), over).next();
    const { body } = await hub.ask(`{ record(id: "${id}") { id ... on AdministrativePenalty { ${fields} } } }`, agency(HOUSING));
    expect(delivery.data.changes.record).toEqual(body.data.record);
    const said = ({ coordinate, effect, reason }: Record<string, unknown>) => ({ coordinate, effect, reason });
    expect(body.extensions.withheld.length).toBeGreaterThan(0);
    expect(delivery.extensions.withheld.map(said)).toEqual(body.extensions.withheld.map(said));
    expect(delivery.extensions.withheld[0].path.slice(0, 2)).toEqual(['changes', 'record']);
  });

  it('ends when the token does', async () => {
    const stream = follows(supervision(), { after: await here(supervision()) });
    await load('PENALTY', penalty());
    await change(stream);
    now = new Date(TODAY.getTime() + 3_601_000);
    if (over === overSocket) expect(await stream.ended).toMatchObject({ code: 4403, reason: 'UNAUTHENTICATED: the token has expired' });
    else expect(await endOf(stream)).toBe('UNAUTHENTICATED');
  });
});

describe('a receiver on a live stream', () => {
  it('of a supervision system is told of list entries and penalties of its region in order, and of no more than it may read (A-16)', async () => {
    const where = { share: ['JOINT', 'ENFORCEMENT'], regions: ['411502'] };
    const after = await here(supervision(), where);
    const selected = `recordType recordId changedFields subject { id } record { id
      ... on AdministrativePenalty { legalRepIdNumber personIdNumber remark } ... on ListEntry { idNumber } }`;
    const stream = subscribe(supervision(), { after, where }, subscription(selected));
    const ids = [
      await load('PENALTY', penalty({ regionCode: '411502' })),
      await load('LIST_ENTRY', debtorEntry({ regionCode: '411502' })),
      await load('PENALTY', penalty({ regionCode: '411503', uscc: OTHER_COMPANY })),
      await load('PENALTY', personalPenalty({ regionCode: '411502' })),
      await load('PENALTY', penalty({ regionCode: '411502', uscc: OTHER_COMPANY })),
    ];
    const told = await changes(stream, 3);
    expect(told.map(({ recordId }) => recordId)).toEqual([ids[0], ids[1], ids[4]]);
    for (const { record, changedFields } of told) {
      expect(JSON.stringify(record)).not.toMatch(/\d{17}[\dX]/);
      for (const name of ['legalRepIdNumber', 'personIdNumber', 'remark']) {
        expect(record[name] ?? null).toBeNull();
        expect(changedFields).not.toContain(name);
      }
    }
    expect(told[1].subject.id).toMatch(/^[\w-]{22}$/);
  });

  it('gets a tombstone when a repair takes effect (A-17)', async () => {
    loaded++;
    const documentNo = `浉市监罚〔2026〕${loaded}号`;
    const [row] = await hub.load('PENALTY', [penalty({ documentNo })]);
    const after = { supervision: await here(supervision()), agency: await here(agency(HOUSING)), source: await here(agency(MARKET)) };
    const where = { recordTypes: ['PENALTY'] };
    const stream = subscribe(supervision(), { after: await here(supervision(), where), where });
    const other = subscribe(agency(HOUSING), { after: after.agency });
    await hub.load('REPAIR_CASE', [
      {
        repairNo: `XF${loaded}`,
        subjectName: '茶韵食品有限公司',
        subjectType: 'LEGAL_AND_UNINCORPORATED',
        uscc: COMPANY,
        targets: [{ kind: 'PENALTY', recordTypeCode: 'PENALTY', docNo: documentNo, sourceUscc: MARKET }],
        status: 'EFFECTIVE',
        decidingOrgUscc: MARKET,
        sourceDeptUscc: MARKET,
      },
    ]);
    const tombstone = { type: 'RECORD_GONE', tombstone: true, recordId: row?.id, record: null, subject: null, changedFields: [] };
    expect(await change(stream)).toMatchObject({ ...tombstone, cause: 'REPAIRED' });
    for (;;) {
      const told = await change(other);
      if (told.recordId !== row?.id) continue;
      expect(told).toMatchObject({ ...tombstone, cause: null });
      break;
    }
  });

  it('with a voucher is told until the subject takes it back, and then the stream ends with the reason (A-13)', async () => {
    await load('PENALTY', penalty());
    const input = {
      type: 'E_SIGN',
      subjectUscc: COMPANY,
      granteeUscc: BANK,
      granteeStaff: [STAFF],
      sections: ['BASIC', 'ADMINISTRATIVE'],
      purpose: 'LOAN',
      validTo: '2026-11-30T00:00:00Z',
      maxUses: 5,
    };
    const drafting = 'mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }';
    const { id } = (await hub.ask(drafting, { ...bank(), variables: { input } })).body.data.draftVoucher;
    await mutate(`signVoucher(id: "${id}") { id }`, company());
    const stream = subscribe(bank(id), { after: await here(bank(id)) });
    const penaltyId = await load('PENALTY', penalty());
    expect(await change(stream)).toMatchObject({ recordId: penaltyId });
    await mutate(`revokeVoucher(id: "${id}") { id }`, company());
    const end = await stream.next().catch((error: unknown) => error);
    expect(end).toMatchObject([{ message: expect.stringContaining('REVOKED'), extensions: { code: 'VOUCHER_INVALID' } }]);
    // Each operation that is started is one use: the page, and the stream that goes on from it.
    const { body } = await hub.ask('{ vouchers(first: 200) { nodes { id usedCount } } }', company());
    expect(body.data.vouchers.nodes).toContainEqual({ id, usedCount: 2 });
  });

  it('is told nothing more when its account is suspended', async () => {
    const client = (status: string) =>
      hub.load('CLIENT', [{ clientId: 'sup-9', audience: 'SUPERVISION', name: '监管系统', regionCode: '411502', status }]);
    expect((await client('ACTIVE'))[0]?.outcome).toBe('accepted');
    const asking: Asking = { token: hub.token('SUPERVISION', { clientId: 'sup-9', regionCode: '411502' }) };
    const stream = subscribe(asking, { after: await here(asking) });
    const first = await load('PENALTY', penalty());
    expect(await change(stream)).toMatchObject({ recordId: first });
    await client('SUSPENDED');
    await load('PENALTY', penalty());
    expect(await endOf(stream)).toBe('FORBIDDEN');
  });

  it('is told once that its access changed, and goes on under the new one', async () => {
    const grant = (status: string) => hub.load('DUTY_GRANT', [dutyGrant({ status })]);
    const id = await load('PENALTY', penalty());
    await correct(id, '{ remark: "第一次更正" }');
    const stream = subscribe(agency(HOUSING), { after: await here(agency(HOUSING)) });
    await grant('APPROVED');
    expect(await change(stream)).toMatchObject({ __typename: 'Resync', reason: 'ACCESS_CHANGED' });
    await correct(id, '{ legalRepIdNumber: "411599196706275684" }');
    expect(await change(stream)).toMatchObject({ recordId: id, changedFields: ['legalRepIdNumber'] });
    await grant('SUSPENDED');
    expect(await change(stream)).toMatchObject({ __typename: 'Resync', reason: 'ACCESS_CHANGED' });
    await correct(id, '{ legalRepIdNumber: "411599197710058716" }');
    await correct(id, '{ content: "罚款3万元" }');
    expect(await change(stream)).toMatchObject({ recordId: id, changedFields: ['content'] });
  });

  it('is told of what its own filter names, and of nothing that is hidden from it', async () => {
    const where = { recordTypes: ['LIST_ENTRY'] };
    const stream = subscribe(agency(TAX), { after: await here(agency(TAX), where), where });
    await load('LIST_ENTRY', companyEntry({ entryStatus: 'PROPOSED' }));
    await load('PENALTY', penalty());
    const id = await load('LIST_ENTRY', companyEntry());
    expect(await change(stream)).toMatchObject({ recordId: id });
  });

  it('never gets what another one may see: of many that follow the same rows, each has its own view', async () => {
    const selected = 'recordId cause record { id ... on AdministrativePenalty { documentNo legalRepIdNumber remark } }';
    const askers = [
      supervision(),
      supervision('410000', 'sup-2'),
      agency(MARKET, 'RECORD_MANAGEMENT'),
      agency(MARKET),
      agency(HOUSING),
      agency(TAX),
    ];
    const followed: { asking: Asking; stream: LiveStream }[] = [];
    for (const asking of askers) {
      for (let twin = 0; twin < 2; twin++)
        followed.push({ asking, stream: subscribe(asking, { after: await here(asking) }, subscription(selected)) });
    }
    for (let round = 0; round < 2; round++) {
      const id = await load('PENALTY', penalty());
      for (const { asking, stream } of followed) {
        const { data, extensions } = await stream.next();
        const { body } = await hub.ask(
          `{ record(id: "${id}") { id ... on AdministrativePenalty { documentNo legalRepIdNumber remark } } }`,
          asking,
        );
        expect(data.changes.record).toEqual(body.data.record);
        expect(extensions?.withheld?.map(({ coordinate }: Delivery) => coordinate)).toEqual(
          body.extensions?.withheld?.map(({ coordinate }: Delivery) => coordinate),
        );
      }
    }
  });
});

describe('clients', () => {
  it('of Apollo follow changes over their own link', async () => {
    const after = await here(supervision());
    const wire = socketClient(hub.url, paramsOf(supervision()));
    const client = new ApolloClient({ link: ApolloLink.from([new GraphQLWsLink(wire)]), cache: new InMemoryCache() });
    const observed = client.subscribe({ query: gql(subscription()), variables: { after } });
    const stream = follow((sink) => {
      const following = observed.subscribe(sink);
      return () => following.unsubscribe();
    });
    const id = await load('PENALTY', penalty());
    expect((await stream.next()).data.changes).toMatchObject({ __typename: 'Change', recordId: id });
    stream.close();
    client.stop();
    await wire.dispose();
  });

  it('that read events come back with Last-Event-ID to where they were', async () => {
    const asking = supervision();
    const after = await here(asking);
    const open = async (headers: Record<string, string>) => {
      const response = await fetch(
        `${hub.url}/graphql/stream?${new URLSearchParams({ query: subscription(), variables: JSON.stringify({ after }) })}`,
        {
          headers: { accept: 'text/event-stream', authorization: `Bearer ${asking.token}`, ...headers },
        },
      );
      expect(response.headers.get('content-type')).toMatch('text/event-stream');
      expect(response.headers.get('cache-control')).toBe('no-store');
      return response;
    };
    const first = await load('PENALTY', penalty());
    const second = await load('PENALTY', penalty());
    const [event] = await eventsOf(await open({}), 1);
    expect([event?.event, event?.data.data.changes.recordId]).toEqual(['next', first]);
    expect(event?.id).toBe(event?.data.data.changes.cursor);
    const [next] = await eventsOf(await open({ 'last-event-id': String(event?.id) }), 1);
    expect(next?.data.data.changes.recordId).toBe(second);
  });
});

async function eventsOf(response: Response, count: number) {
  const found: { event: string; id: string | undefined; data: Delivery }[] = [];
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = '';
  while (reader && found.length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      if (fields.event) found.push({ event: fields.event, id: fields.id, data: fields.data ? JSON.parse(fields.data) : undefined });
    }
  }
  await reader?.cancel();
  return found;
}
