import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { createAuthority } from '../support/certificates.ts';
import { runHub, type ServedHub, serveHub } from '../support/command.ts';
import { penalty } from '../support/fixtures.ts';
import { askAt, RATES, tokenOf } from '../support/hub.ts';
import { answer, type Receiver, startReceiver } from './receiver.ts';

const SLOW = 120_000;
const clock = { now: () => new Date() };
let dataDir: string;
let receiver: Receiver;
let env: Readonly<Record<string, string>>;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'webhooks-'));
  const authority = createAuthority('Receivers');
  const ca = join(dataDir, 'ca.pem');
  await writeFile(ca, authority.cert);
  receiver = await startReceiver(authority.issue('receiver', { hosts: ['127.0.0.1'] }));
  env = { ...RATES, HUB_WEBHOOK_HOSTS: `127.0.0.1:${receiver.port}`, HUB_WEBHOOK_CA: ca };
});
afterAll(async () => {
  await receiver.close();
  await rm(dataDir, { recursive: true, force: true });
});

const start = (): Promise<ServedHub> => serveHub(['--data', dataDir], { env });
const register = async (url: string, to: string) => {
  const token = tokenOf(dataDir, clock, { audience: 'SUPERVISION', clientId: 'sup-1', regionCode: '411502' });
  const query = `mutation { registerWebhook(input: { url: "${to}" }) { id signingKey } }`;
  const { body } = await askAt(url, query, { token });
  return body.data.registerWebhook;
};
const load = async (documentNo: string) => {
  const hub = await openHub({ dataDir, env, untouched: true });
  const type = hub.catalogue.types.find(({ code }) => code === 'PENALTY');
  if (!type) throw new Error('there are no penalties');
  const today = penalty({ documentNo });
  const [outcome] = await hub.engine.submit(type, [{ row: 1, values: today }], { actor: 'test', mode: 'MANUAL', viaToken: false });
  await hub.close();
  return outcome?.outcome === 'rejected' ? outcome : outcome?.id;
};

it(
  'delivers again, under the same id, what a process had delivered that was killed before it could note it',
  async () => {
    let hub = await start();
    const inbox = receiver.inbox(() => undefined);
    const { id, signingKey } = await register(hub.url, inbox.url);
    const recordId = await load('浉市监罚〔2026〕101号');
    await inbox.until(1);
    await hub.stop('SIGKILL');
    inbox.respond = answer(204);
    hub = await start();
    await inbox.until(2);
    const [before, after] = inbox.received;
    expect(after?.event.data.recordId).toBe(recordId);
    expect(after?.headers['webhook-id']).toBe(before?.headers['webhook-id']);
    const next = await load('浉市监罚〔2026〕102号');
    await inbox.until(3);
    expect(inbox.received[2]?.event.data.recordId).toBe(next);
    await hub.stop('SIGTERM');

    const { code, stdout } = await runHub(['feed', 'webhooks', '--data', dataDir, '--json'], { env });
    const { webhooks } = JSON.parse(stdout);
    expect([code, webhooks]).toMatchObject([0, [{ id, state: 'ACTIVE', waiting: 0, dead: 0, url: new URL(inbox.url).origin }]]);
    expect(stdout).not.toContain(signingKey);
    const told = await runHub(['feed', 'webhooks', '--data', dataDir], { env });
    expect(told.stdout).toContain(`${id}  ACTIVE`);
    const files = (await readdir(dataDir)).filter((name) => name.startsWith('hub.sqlite'));
    expect(files).not.toEqual([]);
    for (const name of files) expect((await readFile(join(dataDir, name))).includes(signingKey)).toBe(false);
  },
  SLOW,
);
