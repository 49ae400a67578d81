import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { DoorOptions } from '../../gateway/door.ts';
import { createAuthority } from '../support/certificates.ts';
import { runHub, type ServedHub, serveHub } from '../support/command.ts';
import { exchange, openTinyDoor, type TinyDoor } from './tiny-door.ts';

const ours = createAuthority('Test root');
const departments = createAuthority('Departments');
const strangers = createAuthority('Departments');
const HOSTS = ['localhost', '127.0.0.1'];
const server = ours.issue('hub', { hosts: HOSTS });
const renewed = ours.issue('hub renewed', { hosts: HOSTS });
const department = departments.issue('market');
const expired = departments.issue('market', { until: new Date(Date.now() - 86_400_000) });

interface Answered {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Who the other side says it is. */
  readonly peer: string | undefined;
}

/** Asks over TLS, trusting our root alone. */
function ask(port: number, options: ConnectionOptions & { headers?: Record<string, string>; agent?: Agent } = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const { headers = {}, agent = new Agent({ ca: ours.cert, ...options }) } = options;
    const asked = request({ host: '127.0.0.1', port, path: '/graphql?query={greeting}', headers, agent }, (response) => {
      const { socket } = response;
      const peer = 'getPeerCertificate' in socket ? Reflect.apply(socket.getPeerCertificate as () => unknown, socket, []) : undefined;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        if (!options.agent) agent.destroy();
        const { subject } = (peer ?? {}) as { subject?: { CN?: string } };
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString(), peer: subject?.CN });
      });
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end();
  });
}

let door: TinyDoor;
const open = async (options: Partial<DoorOptions>) => {
  door = await openTinyDoor(options);
  return door.port;
};

describe('a door with a certificate', () => {
  afterEach(() => door.close());

  it('answers over TLS, shows its certificate and tells browsers to come no other way', async () => {
    const { status, headers, body, peer } = await ask(await open({ tls: server }));
    expect([status, JSON.parse(body), peer]).toEqual([200, { data: { greeting: 'hello world' } }, 'hub']);
    expect(headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('says so on what it refuses as well', async () => {
    const { status, headers } = await ask(await open({ tls: server }), { headers: { host: 'evil.example' }, servername: 'localhost' });
    expect([status, headers['strict-transport-security']]).toEqual([403, 'max-age=31536000']);
  });

  it('is not believed by a client that does not know who has signed', async () => {
    await expect(ask(await open({ tls: server }), { ca: strangers.cert })).rejects.toMatchObject({
      code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    });
  });

  it.each(['TLSv1', 'TLSv1.1'] as const)('does not speak %s', async (version) => {
    const port = await open({ tls: server });
    const old = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    await expect(ask(port, old)).rejects.toMatchObject({ code: 'EPROTO' });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('speaks %s', async (version) => {
    expect(await ask(await open({ tls: server }), { minVersion: version, maxVersion: version })).toMatchObject({ status: 200 });
  });

  it('answers nothing without TLS, and stays open for others', async () => {
    const port = await open({ tls: server });
    expect(await exchange(port, 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => '')).not.toContain('HTTP/1.1');
    expect((await ask(port)).status).toBe(200);
  });

  it('cuts off who connects and does not begin to speak TLS', async () => {
    const port = await open({ tls: server, limits: { headerTime: 100 } });
    expect(await exchange(port).catch(() => '')).toBe('');
  });

  it('takes a page that came without TLS for a foreign one', async () => {
    const port = await open({ tls: server });
    const from = async (origin: string) => (await ask(port, { headers: { host: `localhost:${port}`, origin } })).status;
    expect([await from(`https://localhost:${port}`), await from(`http://localhost:${port}`)]).toEqual([200, 403]);
  });

  it('shows metrics without TLS, on loopback alone', async () => {
    await open({ tls: server, metricsPort: 0 });
    const metrics = await fetch(`http://127.0.0.1:${door.metricsPort}/metrics`);
    expect([metrics.status, metrics.headers.get('strict-transport-security')]).toEqual([200, null]);
  });

  it('shows a renewed certificate to whoever connects from then on, and keeps open connections', async () => {
    const port = await open({ tls: server });
    const agent = new Agent({ ca: ours.cert, keepAlive: true, maxSockets: 1, maxCachedSessions: 0 });
    const before = await ask(port, { agent });
    door.renewTls(renewed);
    expect([before.peer, (await ask(port, { agent })).peer, (await ask(port)).peer]).toEqual(['hub', 'hub', 'hub renewed']);
    agent.destroy();
  });
});

describe('a door that demands a certificate', () => {
  const demanding = () => open({ tls: { ...server, clientCa: departments.cert } });
  const refused = { code: expect.stringMatching(/^(ERR_SSL_|EPROTO|ECONNRESET|EPIPE)/) };
  afterEach(() => door.close());

  it.each(['TLSv1.2', 'TLSv1.3'] as const)('answers a client that shows one of its authority, in %s', async (version) => {
    const port = await demanding();
    expect(await ask(port, { ...department, minVersion: version, maxVersion: version })).toMatchObject({ status: 200 });
  });

  it.each([
    ['no certificate', {}],
    ['one of another authority of the same name', strangers.issue('market')],
    ['one that has expired', expired],
    ['one that it has signed itself', createAuthority('market')],
    ["the hub's own", server],
  ])('refuses a client that shows %s, and runs nothing', async (_what, { cert, key }: { cert?: string; key?: string }) => {
    const port = await demanding();
    const shown = cert !== undefined && key !== undefined ? { cert, key } : {};
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      await expect(ask(port, { ...shown, minVersion: version, maxVersion: version })).rejects.toMatchObject(refused);
    }
    expect(door.asked).toEqual([]);
    expect(await ask(port, department)).toMatchObject({ status: 200 });
  });

  it('goes on demanding it after a renewal, from whom the new authority has signed', async () => {
    const port = await demanding();
    door.renewTls({ ...renewed, clientCa: strangers.cert });
    await expect(ask(port)).rejects.toMatchObject(refused);
    await expect(ask(port, department)).rejects.toMatchObject(refused);
    expect(await ask(port, strangers.issue('market'))).toMatchObject({ status: 200, peer: 'hub renewed' });
  });
});

describe('hub serve', () => {
  let folder: string;
  const files: Record<string, string> = {};
  const write = async (name: string, text: string) => {
    files[name] = join(folder, name);
    await writeFile(files[name], text);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hub-tls-'));
    await write('server.pem', server.cert);
    await write('server.key', server.key);
    await write('other.key', renewed.key);
    await write('empty.pem', '');
    await write('departments.pem', departments.cert);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const environment = (given: Readonly<Record<string, string>>) => ({
    HUB_DATA: join(folder, 'data'),
    ...Object.fromEntries(Object.entries(given).map(([name, file]) => [name, files[file] ?? join(folder, file)])),
  });

  it.each([
    ['without the key', { HUB_TLS_CERT: 'server.pem' }, 'HUB_TLS_CERT 与 HUB_TLS_KEY 须同时给出'],
    ['without the certificate', { HUB_TLS_KEY: 'server.key' }, 'are needed together'],
    ['with an authority alone', { HUB_TLS_CLIENT_CA: 'departments.pem' }, 'are needed together'],
    [
      'when a file is missing',
      { HUB_TLS_CERT: 'missing.pem', HUB_TLS_KEY: 'server.key' },
      'the file that HUB_TLS_CERT names cannot be read',
    ],
    ['when the key is of another certificate', { HUB_TLS_CERT: 'server.pem', HUB_TLS_KEY: 'other.key' }, 'is not the key of HUB_TLS_CERT'],
    ['when the key is none', { HUB_TLS_CERT: 'server.pem', HUB_TLS_KEY: 'server.pem' }, 'HUB_TLS_KEY 不是 HUB_TLS_CERT 的私钥'],
    ['when the certificate is none', { HUB_TLS_CERT: 'empty.pem', HUB_TLS_KEY: 'server.key' }, 'HUB_TLS_CERT names is no certificate'],
    [
      'when the authority is none',
      { HUB_TLS_CERT: 'server.pem', HUB_TLS_KEY: 'server.key', HUB_TLS_CLIENT_CA: 'empty.pem' },
      'HUB_TLS_CLIENT_CA 指向的文件不是 PEM 证书',
    ],
  ])(
    'does not start %s',
    async (_when, given, told) => {
      const { code, stderr } = await runHub(['serve', '--port', '0'], { env: environment(given) });
      expect([code, stderr]).toEqual([2, expect.stringContaining(told)]);
      expect(stderr).not.toMatch(/PRIVATE KEY|\bat .*\.ts/);
    },
    30_000,
  );

  it('reads its files anew when it is told to, and goes on with those it has when they cannot be used', async () => {
    const settings = { HUB_TLS_CERT: 'server.pem', HUB_TLS_KEY: 'server.key', HUB_TLS_CLIENT_CA: 'departments.pem' };
    const hub = await serveHub([], { env: environment(settings) });
    const port = Number(new URL(hub.url).port);
    expect(hub.url).toMatch(/^https:/);
    const told = async (event: string, count: number) => {
      process.kill(hub.pid, 'SIGHUP');
      await until(hub, (log) => log.split(`"event":"${event}"`).length - 1 === count);
    };
    try {
      expect((await ask(port, department)).peer).toBe('hub');
      await write('server.pem', renewed.cert);
      await told('reload-failed', 1);
      expect((await ask(port, department)).peer).toBe('hub');
      await write('server.key', renewed.key);
      await told('reloaded', 1);
      expect((await ask(port, department)).peer).toBe('hub renewed');
      expect(hub.log()).not.toContain('PRIVATE KEY');
    } finally {
      expect(await hub.stop('SIGTERM')).toBe(0);
    }
  }, 60_000);
});

async function until(hub: ServedHub, isThere: (log: string) => boolean): Promise<void> {
  while (!isThere(hub.log())) await hub.written();
}
