import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createPoster, type LookUp, type PosterParts } from '../../changes/post-event.ts';
import { readWebhookHosts } from '../../changes/webhook-hosts.ts';
import { createAuthority } from '../support/certificates.ts';
import { answer, type Inbox, type Receiver, startReceiver } from './receiver.ts';

const authority = createAuthority('Receivers');
const NAME = 'hooks.example';
let receiver: Receiver;
let stranger: Receiver;
beforeAll(async () => {
  receiver = await startReceiver(authority.issue('receiver', { hosts: [NAME, '127.0.0.1'] }));
  stranger = await startReceiver(createAuthority('Somebody').issue('stranger', { hosts: [NAME] }));
});
afterAll(async () => {
  await receiver.close();
  await stranger.close();
});

const named = (inbox: Inbox) => inbox.url.replace('127.0.0.1', NAME);
const post = (url: string, parts: Partial<PosterParts> & { readonly listed?: string } = {}) => {
  const { listed = `${NAME}:${receiver.port}+private`, ...others } = parts;
  const lookUp: LookUp = async () => ['127.0.0.1'];
  const poster = createPoster({ hosts: readWebhookHosts(listed), lookUp, ca: authority.cert, ...others });
  return poster({ url, body: '{}', headers: { 'content-type': 'application/json' } });
};

describe('a delivery', () => {
  it('goes to the address that was looked up once and checked, under the name that the certificate shows', async () => {
    const inbox = receiver.inbox();
    let lookUps = 0;
    // A name that leads elsewhere each time it is asked for.
    const lookUp: LookUp = async () => [['127.0.0.1'], ['127.0.0.2']][lookUps++] ?? [];
    expect(await post(named(inbox), { lookUp })).toEqual({ status: 204 });
    expect(lookUps).toBe(1);
    expect(inbox.received[0]?.headers.host).toBe(`${NAME}:${receiver.port}`);
  });

  it.each([
    ['loopback', ['127.0.0.1']],
    ['one public and one private address', ['8.8.8.8', '10.0.0.1']],
    ['a private network', ['192.168.1.1']],
    ['a carrier’s network', ['100.64.0.1']],
    ['link-local', ['169.254.169.254']],
    ['IPv6 loopback', ['::1']],
    ['loopback within IPv6', ['::ffff:127.0.0.1']],
    ['the same in other letters', ['::ffff:7f00:1']],
    ['a translated address', ['64:ff9b::7f00:1']],
    ['a tunnelled address', ['2002:7f00:1::']],
    ['a unique local address', ['fd00::1']],
    ['nowhere', ['0.0.0.0']],
  ])('does not follow a name to %s', async (_where, addresses) => {
    const inbox = receiver.inbox();
    const listed = `${NAME}:${receiver.port}`;
    expect(await post(named(inbox), { listed, lookUp: async () => addresses })).toEqual({ failure: 'ADDRESS_REFUSED' });
    expect(inbox.received).toEqual([]);
  });

  it.each(['169.254.169.254', '100.100.100.200', 'fe80::1', '0.0.0.0', '::ffff:10.0.0.1', 'fd00:ec2::254'])(
    'does not follow a name to %s though it may lead into private networks',
    async (address) => {
      expect(await post(named(receiver.inbox()), { lookUp: async () => [address] })).toEqual({ failure: 'ADDRESS_REFUSED' });
    },
  );

  it('goes to no host that was taken from the list, and to no port beside the listed one', async () => {
    expect(await post(named(receiver.inbox()), { listed: '' })).toEqual({ failure: 'HOST_NOT_LISTED' });
    expect(await post(named(receiver.inbox()), { listed: `${NAME}+private` })).toEqual({ failure: 'HOST_NOT_LISTED' });
  });

  it('goes to names below a listed suffix, and not to the suffix itself', async () => {
    const listed = `*.example:${receiver.port}+private`;
    expect(await post(named(receiver.inbox()), { listed })).toEqual({ status: 204 });
    expect(await post(`https://example:${receiver.port}/`, { listed })).toEqual({ failure: 'HOST_NOT_LISTED' });
  });

  it('goes to an address that is listed as such', async () => {
    expect(await post(receiver.inbox().url, { listed: `127.0.0.1:${receiver.port}` })).toEqual({ status: 204 });
  });

  it('is not made where the certificate is another’s, or has another name', async () => {
    const listed = `${NAME}:${stranger.port}+private, other.example:${receiver.port}+private`;
    const elsewhere = stranger.inbox();
    expect(await post(named(elsewhere), { listed })).toEqual({ failure: 'CERTIFICATE_REFUSED' });
    expect(await post(named(receiver.inbox()).replace(NAME, 'other.example'), { listed })).toEqual({ failure: 'CERTIFICATE_REFUSED' });
    expect(elsewhere.received).toEqual([]);
  });

  it('ends in time when nobody answers, and when the name is never found', async () => {
    const silent = receiver.inbox(() => undefined);
    expect(await post(named(silent), { timeoutMs: 200 })).toEqual({ failure: 'TIMEOUT' });
    expect(await post(named(silent), { timeoutMs: 200, lookUp: () => new Promise(() => undefined) })).toEqual({ failure: 'TIMEOUT' });
  });

  it('takes the status of an answer that never ends, or is very long, and leaves the rest', async () => {
    const dripping = receiver.inbox((_received, response) => void response.writeHead(200).write('.'));
    expect(await post(named(dripping), { timeoutMs: 300 })).toEqual({ status: 200 });
    const long = receiver.inbox((_received, response) => void response.writeHead(200).end('x'.repeat(5_000_000)));
    expect(await post(named(long))).toEqual({ status: 200 });
  });

  it('is a failure where nobody listens, and where there is no such name', async () => {
    const listed = `${NAME}:1+private`;
    expect(await post(`https://${NAME}:1/`, { listed })).toEqual({ failure: 'NOT_CONNECTED' });
    const lookUp: LookUp = async () => {
      throw new Error('ENOTFOUND');
    };
    expect(await post(named(receiver.inbox()), { lookUp })).toEqual({ failure: 'NAME_NOT_FOUND' });
  });

  it('follows no redirect', async () => {
    const target = receiver.inbox();
    const inbox = receiver.inbox(answer(302, { location: named(target) }));
    expect(await post(named(inbox))).toEqual({ status: 302 });
    expect(target.received).toEqual([]);
  });
});

it.each(['*', 'https://hooks.example', 'hooks.example/path', 'a.*.example', 'hooks.example:x'])(
  'refuses %s as an entry of the list',
  (entry) => {
    expect(() => readWebhookHosts(entry)).toThrow('HUB_WEBHOOK_HOSTS');
  },
);
