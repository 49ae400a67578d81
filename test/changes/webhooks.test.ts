import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createAuthority } from '../support/certificates.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, penalty } from '../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../support/hub.ts';
import { answer, type Inbox, type Received, type Receiver, startReceiver } from './receiver.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;
let now = Date.parse('2026-10-08T02:00:00Z');
const clock = { now: () => new Date(now) };
let folder: string;
let receiver: Receiver;
/** Nobody may come here. */
let inside: Receiver;
let hub: TestHub;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'webhooks-'));
  const authority = createAuthority('Receivers');
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, authority.cert);
  receiver = await startReceiver(authority.issue('receiver', { hosts: ['127.0.0.1'] }));
  inside = await startReceiver();
  const env = { HUB_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}, hooks.example`, HUB_WEBHOOK_CA: ca };
  hub = await startHub({ clock, env });
  await hub.turnWindows();
}, 60_000);
afterAll(async () => {
  await hub.close();
  await receiver.close();
  await inside.close();
  await rm(folder, { recursive: true });
});

let clients = 0;
/** Another one each time, so that no test sees what another one has registered. */
let clientId: string;
beforeEach(() => {
  clients++;
  clientId = `sup-${clients}`;
});
const supervision = (id = clientId): Asking => ({ token: hub.token('SUPERVISION', { clientId: id, regionCode: '411502' }) });
const agency = (orgUscc: string): Asking => ({ token: hub.token('AGENCY', { orgUscc }), purpose: 'LICENSING' });
const operator = (): Asking => ({ token: hub.token('OPERATOR', { regionCode: '411502', staffId: 'op-1' }) });

const FIELDS =
  'id url state endedBecause lastSuccessAt failures lastFailure waiting deadLetterCount deadLetters { id recordId failure replayFrom } signingKey';
const ask = async (query: string, asking: Asking, variables: Readonly<Record<string, unknown>> = {}) =>
  (await hub.ask(query, { ...asking, variables })).body;
const attempt = (input: Readonly<Record<string, unknown>>, asking = supervision()) =>
  ask(`mutation ($input: WebhookInput!) { registerWebhook(input: $input) { ${FIELDS} } }`, asking, { input });
interface Shown {
  readonly id: string;
  readonly url: string;
  readonly signingKey: string;
  readonly deadLetters: readonly { readonly id: string; readonly replayFrom: string }[];
  readonly [field: string]: unknown;
}
const register = async (inbox: Inbox, asking = supervision(), input = {}): Promise<Shown> => {
  const { data, errors } = await attempt({ url: inbox.url, ...input }, asking);
  expect(errors).toBeUndefined();
  return data.registerWebhook;
};
const list = async (asking = supervision()): Promise<readonly Shown[]> => (await ask(`{ webhooks { ${FIELDS} } }`, asking)).data.webhooks;
/** Until the hub has noted what a test waits for: it does so behind the delivery. */
const untilShown = async (expected: Readonly<Record<string, unknown>>, asking = supervision()): Promise<Shown> => {
  for (;;) {
    const [webhook] = await list(asking);
    if (webhook && Object.entries(expected).every(([field, value]) => webhook[field] === value)) return webhook;
  }
};
/** What the log says of a webhook: it does so behind the note in the store. */
const logged = async (event: string, id: string) => {
  for (;;) {
    const line = hub.lines.find((told) => told.event === event && told.webhook === id);
    if (line) return line;
    await list(operator());
  }
};
const remove = (id: string, asking = supervision()) => ask('mutation ($id: ID!) { removeWebhook(id: $id) { id } }', asking, { id });
afterEach(async () => {
  for (const { id } of await list(operator())) await remove(id, operator());
});

let loaded = 0;
const load = async (uscc = COMPANY) => {
  loaded++;
  const [outcome] = await hub.load('PENALTY', [penalty({ documentNo: `第${loaded}号`, uscc })]);
  return String(outcome?.outcome === 'rejected' ? JSON.stringify(outcome) : outcome?.id);
};
const recordsOf = ({ received }: Inbox) => received.map(({ event }) => event.data.recordId);

/** By the specification of Standard Webhooks, apart from how the hub does it. */
function isSignedBy(signingKey: string, { headers, text }: Received): boolean {
  const key = Buffer.from(signingKey.replace('whsec_', ''), 'base64');
  const content = Buffer.from([headers['webhook-id'], headers['webhook-timestamp'], text].join('.'));
  const signature = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return String(headers['webhook-signature']).split(' ').includes(signature);
}

describe('a webhook', () => {
  it('is told of each change behind its registration, thinly, signed and in order', async () => {
    await load();
    const inbox = receiver.inbox();
    const { signingKey, id } = await register(inbox);
    expect(Buffer.from(signingKey.slice('whsec_'.length), 'base64')).toHaveLength(32);
    const [first, second] = [await load(), await load()];
    await inbox.until(2);
    expect(recordsOf(inbox)).toEqual([first, second]);
    const [received] = inbox.received;
    if (!received) throw new Error('nothing was received');
    expect(received.event).toEqual({
      specversion: '1.0',
      id: received.headers['webhook-id'],
      source: `urn:credit-hub:webhook:${id}`,
      type: 'cn.gov.credit-hub.record.published',
      time: expect.any(String),
      datacontenttype: 'application/json',
      data: { recordType: 'PENALTY', recordId: first, tombstone: false, cursor: expect.any(String) },
    });
    expect(received.headers['content-type']).toContain('application/cloudevents+json');
    expect(Number(received.headers['webhook-timestamp'])).toBe(now / SECOND);
    expect(isSignedBy(signingKey, received)).toBe(true);
    expect(isSignedBy(signingKey, { ...received, text: received.text.replace(first, second) })).toBe(false);
    const shown = await untilShown({ lastSuccessAt: new Date(now).toISOString() });
    expect(shown).toMatchObject({ state: 'ACTIVE', failures: 0, waiting: 0, deadLetterCount: 0, signingKey: null });
  });

  it('is told of what its filter names, as its registrant may see it', async () => {
    const [narrow, wide] = [receiver.inbox(), receiver.inbox()];
    await register(narrow, supervision(), { where: { recordTypes: ['LICENSE'] } });
    await register(wide);
    const seen = await load();
    await wide.until(1);
    expect(recordsOf(wide)).toEqual([seen]);
    expect(narrow.received).toEqual([]);
  });

  it('is told of many changes without a gap, those of one subject in order', async () => {
    const inbox = receiver.inbox();
    await register(inbox, agency(HOUSING));
    const loadedIds: string[] = [];
    for (let count = 0; count < 45; count++) loadedIds.push(await load());
    await inbox.until(45);
    expect(recordsOf(inbox)).toEqual(loadedIds);
  });

  it('keeps the order of one subject behind a failure, and lets other subjects pass', async () => {
    let isBroken = true;
    const inbox = receiver.inbox(({ event }, response) => {
      answer(isBroken && event.data.recordId === failing ? 500 : 204)({} as Received, response);
    });
    await register(inbox);
    const failing = await load();
    await inbox.until(1);
    const [behind, other] = [await load(), await load(OTHER_COMPANY)];
    await inbox.until(2);
    expect(recordsOf(inbox)).toEqual([failing, other]);
    await untilShown({ waiting: 2, lastFailure: 'HTTP_500' });
    isBroken = false;
    now += 7 * SECOND;
    await inbox.until(4);
    expect(recordsOf(inbox)).toEqual([failing, other, failing, behind]);
    expect(inbox.received[2]?.event.id).toBe(inbox.received[0]?.event.id);
    await untilShown({ waiting: 0, failures: 0 });
  });

  it('keeps a thousand that wait, reads no further, and goes on from there when its receiver is back', async () => {
    const inbox = receiver.inbox(answer(500));
    await register(inbox);
    const rows = Array.from({ length: 1050 }, (_row, index) => penalty({ documentNo: `成批第${index}号` }));
    const ids = (await hub.load('PENALTY', rows)).map((outcome) => (outcome.outcome === 'rejected' ? undefined : outcome.id));
    await untilShown({ waiting: 1000 });
    expect(new Set(recordsOf(inbox))).toEqual(new Set([ids[0]]));
    const before = inbox.received.length;
    inbox.respond = answer(204);
    now += 7 * SECOND;
    await inbox.until(before + 150);
    expect(recordsOf(inbox).slice(before, before + 150)).toEqual(ids.slice(0, 150));
  }, 120_000);

  it('waits as long as its receiver asks', async () => {
    const [inbox, beside] = [receiver.inbox(answer(429, { 'retry-after': '3600' })), receiver.inbox()];
    await register(inbox);
    const first = await load();
    await inbox.until(1);
    await untilShown({ waiting: 1, lastFailure: 'HTTP_429' });
    inbox.respond = answer(204);
    await register(beside);
    now += HOUR / 2;
    const second = await load(OTHER_COMPANY);
    await beside.until(1);
    expect(inbox.received).toHaveLength(1);
    now += HOUR / 2;
    await inbox.until(3);
    expect(recordsOf(inbox).slice(1).sort()).toEqual([first, second].sort());
  });

  it('is told of what is gone meanwhile as gone, and of nothing before that', async () => {
    const inbox = receiver.inbox(answer(500));
    await register(inbox);
    const id = await load();
    await untilShown({ waiting: 1 });
    const operated = await ask(
      `mutation { withdrawRecord(recordId: "${id}", documentRef: "浉政复决〔2026〕1号", reason: "复议撤销") { id } }`,
      { ...agency(MARKET), purpose: 'RECORD_MANAGEMENT' },
    );
    expect(operated.errors).toBeUndefined();
    await inbox.until(2);
    await untilShown({ waiting: 1, failures: 2 });
    inbox.respond = answer(204);
    now += 7 * SECOND;
    await inbox.until(3);
    expect(inbox.received.map(({ event }) => [event.type, event.data.recordId, event.data.tombstone]).slice(1)).toEqual([
      ['cn.gov.credit-hub.record.gone', id, true],
      ['cn.gov.credit-hub.record.gone', id, true],
    ]);
  });

  it('ends when its receiver is gone', async () => {
    const inbox = receiver.inbox(answer(410));
    const { id } = await register(inbox);
    await load();
    await inbox.until(1);
    await untilShown({ state: 'ENDED', endedBecause: 'GONE' });
    expect(await logged('webhook-ended', id)).toMatchObject({ level: 'warn', because: 'GONE' });
    expect(await hub.metrics()).toMatch(/^hub_webhooks_ended_total\{because="GONE"\} [1-9]/m);
    now += DAY;
    await load();
    await untilShown({ deadLetterCount: 1, waiting: 0 });
    expect(inbox.received).toHaveLength(1);
  });

  it('follows no redirect', async () => {
    const target = inside.inbox();
    const inbox = receiver.inbox(answer(307, { location: target.url }));
    await register(inbox);
    await load();
    await untilShown({ lastFailure: 'HTTP_307', waiting: 1 });
    expect(target.received).toEqual([]);
  });

  it('signs by the key before as well for a day after a rotation', async () => {
    const inbox = receiver.inbox();
    const { id, signingKey } = await register(inbox);
    const rotated = await ask(`mutation ($id: ID!) { rotateWebhookKey(id: $id) { ${FIELDS} } }`, supervision(), { id });
    const next = rotated.data.rotateWebhookKey.signingKey;
    expect(next).not.toBe(signingKey);
    const signers = () => inbox.received.map((received) => [isSignedBy(signingKey, received), isSignedBy(next, received)]);
    await load();
    await inbox.until(1);
    now += DAY;
    await load();
    await inbox.until(2);
    expect(signers()).toEqual([
      [true, true],
      [false, true],
    ]);
  });

  it('gives a delivery up after five days, shows it, and delivers it at a replay from there', async () => {
    const inbox = receiver.inbox(answer(500));
    const { id } = await register(inbox);
    const lost = await load();
    await inbox.until(1);
    for (let failed = 1; (await untilShown({ failures: failed })).deadLetterCount === 0; failed++) {
      now += 14.5 * HOUR;
      await inbox.until(failed + 1);
    }
    expect(await logged('webhook-deliveries-given-up', id)).toMatchObject({ level: 'warn', deliveries: 1 });
    expect(await hub.metrics()).toMatch(/^hub_webhook_deliveries_given_up_total [1-9]/m);
    const [webhook] = await list();
    expect(webhook).toMatchObject({ state: 'ACTIVE', waiting: 0, deadLetters: [{ recordId: lost, failure: 'HTTP_500' }] });
    const letter = webhook?.deadLetters[0];
    inbox.respond = answer(204);
    const before = inbox.received.length;
    const replay = `mutation ($id: ID!, $after: Cursor!) { replayWebhook(id: $id, after: $after) { id } }`;
    expect((await ask(replay, supervision(), { id, after: letter?.replayFrom })).errors).toBeUndefined();
    await inbox.until(before + 1);
    expect(inbox.received.at(-1)?.event).toMatchObject({ id: letter?.id, data: { recordId: lost } });
    await untilShown({ deadLetterCount: 0 });
  }, 60_000);

  it('replays from any cursor of its own feed', async () => {
    const inbox = receiver.inbox();
    const { id } = await register(inbox);
    const [first, second] = [await load(), await load()];
    await inbox.until(2);
    await untilShown({ lastSuccessAt: new Date(now).toISOString() });
    const after = inbox.received[0]?.event.data.cursor;
    await ask('mutation ($id: ID!, $after: Cursor!) { replayWebhook(id: $id, after: $after) { id } }', supervision(), { id, after });
    await inbox.until(3);
    expect(recordsOf(inbox)).toEqual([first, second, second]);
    expect(inbox.received[2]?.event.id).toBe(inbox.received[1]?.event.id);
  });

  it('is told to fetch everything anew when its registrant may see something else', async () => {
    const entry = { clientId, audience: 'SUPERVISION', regionCode: '411502', status: 'ACTIVE' };
    await hub.load('CLIENT', [entry]);
    const inbox = receiver.inbox();
    await register(inbox);
    await hub.load('CLIENT', [{ ...entry, regionCode: '411503' }]);
    await inbox.until(1);
    expect(inbox.received[0]?.event).toMatchObject({
      type: 'cn.gov.credit-hub.resync',
      data: { reason: 'ACCESS_CHANGED', cursor: expect.any(String) },
    });
  });

  it('ends with the account that registered it', async () => {
    const entry = { clientId, audience: 'SUPERVISION', regionCode: '411502', status: 'ACTIVE' };
    await hub.load('CLIENT', [entry]);
    const inbox = receiver.inbox(answer(500));
    const { id } = await register(inbox);
    await load();
    await inbox.until(1);
    await untilShown({ waiting: 1 });
    await hub.load('CLIENT', [{ ...entry, status: 'SUSPENDED' }]);
    const ended = async () => (await list(operator())).find(({ state, endedBecause }) => state === 'ENDED' && endedBecause === 'FORBIDDEN');
    while (!(await ended())) await load();
    now += HOUR;
    await load();
    expect(inbox.received).toHaveLength(1);
    expect(await ended()).toMatchObject({ waiting: 0, deadLetterCount: 1 });
    expect(await logged('webhook-ended', id)).toMatchObject({ because: 'FORBIDDEN' });
  });
});

describe('the register of webhooks', () => {
  it.each([
    ['a host that the operator has not listed', 'https://other.example/hook'],
    ['a port that the operator has not listed', 'https://hooks.example:8443/hook'],
    ['plain http', 'http://hooks.example/hook'],
    ['a password', 'https://user:secret@hooks.example/hook'],
    ['a query, which could hold a secret', 'https://hooks.example/hook?token=secret'],
    ['a name below a listed one', 'https://a.hooks.example/hook'],
    ['another spelling of loopback', 'https://2130706433/hook'],
    ['no URL', 'hooks'],
  ])('refuses %s', async (_what, url) => {
    const { errors } = await attempt({ url });
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });

  it('knows nothing of the webhooks of others', async () => {
    const inbox = receiver.inbox();
    const { id } = await register(inbox, agency(MARKET));
    const cursor = (await ask('{ changes { endCursor } }', agency(HOUSING))).data.changes.endCursor;
    const attempts = [
      ['mutation ($id: ID!) { removeWebhook(id: $id) { id } }', { id }],
      ['mutation ($id: ID!) { rotateWebhookKey(id: $id) { id } }', { id }],
      ['mutation ($id: ID!, $after: Cursor!) { replayWebhook(id: $id, after: $after) { id } }', { id, after: cursor }],
    ] as const;
    for (const asking of [agency(HOUSING), supervision()]) {
      expect(await list(asking)).toEqual([]);
      for (const [query, variables] of attempts) expect((await ask(query, asking, variables)).errors[0].extensions.code).toBe('NOT_FOUND');
    }
    expect((await list(agency(MARKET))).map((webhook) => webhook.id)).toEqual([id]);
  });

  it('shows the operator every webhook, but no path, no key and no cursor', async () => {
    const inbox = receiver.inbox();
    const { id } = await register(inbox);
    const shown = (await list(operator())).find((webhook) => webhook.id === id);
    expect(shown).toMatchObject({ url: new URL(inbox.url).origin, signingKey: null });
  });

  it('removes a webhook with all that waits for it', async () => {
    const inbox = receiver.inbox(answer(500));
    const { id } = await register(inbox);
    await load();
    await untilShown({ waiting: 1 });
    const removed = await remove(id);
    expect(removed.data.removeWebhook).toEqual({ id });
    expect(await list()).toEqual([]);
  });

  it('is closed to everyone else', async () => {
    const { errors } = await attempt({ url: receiver.inbox().url }, { token: hub.token('CREDIT_BODY', { orgUscc: COMPANY }) });
    expect(errors[0].extensions.code).toBe('FORBIDDEN');
  });

  it('takes no cursor of another feed', async () => {
    const cursor = (await ask('{ changes { endCursor } }', agency(HOUSING))).data.changes.endCursor;
    const { errors } = await attempt({ url: receiver.inbox().url, after: cursor });
    expect(errors[0].extensions.code).toBe('BAD_USER_INPUT');
  });
});
