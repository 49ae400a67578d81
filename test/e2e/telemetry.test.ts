import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { run, serveHub } from '../support/command.ts';

const RECORDER = fileURLToPath(new URL('../support/record-connections.ts', import.meta.url));
const LOOPBACK: readonly unknown[] = ['127.0.0.1', '::1', 'localhost'];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-silence-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** What was recorded beside the fact that it was. */
async function recorded(name: string): Promise<readonly (readonly [string, unknown])[]> {
  const lines = (await readFile(join(folder, name), 'utf8')).trim().split('\n');
  const [first, ...rest] = lines.map((line): readonly [string, unknown] => JSON.parse(line));
  expect(first).toEqual(['recording', null]);
  return rest;
}
const env = (name: string) => ({ RECORD_CONNECTIONS: join(folder, name) });

it('sees every way to another host that a program could take', async () => {
  const script = join(folder, 'reach.mjs');
  await writeFile(
    script,
    `import { connect } from 'node:net';
     import { connect as secure } from 'node:tls';
     import { createSocket } from 'node:dgram';
     import { lookup } from 'node:dns';
     import { resolve4 } from 'node:dns/promises';
     const quiet = (thing) => thing.on('error', () => {});
     quiet(connect(9, '127.0.0.1'));
     quiet(secure({ host: '127.0.0.2', port: 9 }));
     const socket = quiet(createSocket('udp4'));
     socket.send('x', 9, '127.0.0.3', () => socket.close());
     lookup('localhost', () => {});
     await resolve4('name.invalid').catch(() => {});
     await fetch('http://127.0.0.4:65001/').catch(() => {});`,
  );
  expect((await run(['--import', RECORDER, script], { env: env('reach') })).code).toBe(0);
  const found = await recorded('reach');
  for (const [way, to] of [
    ['connect', '127.0.0.1'],
    ['connect', '127.0.0.2'],
    ['send', '127.0.0.3'],
    ['lookup', 'localhost'],
    ['resolve4', 'name.invalid'],
    ['connect', '127.0.0.4'],
  ])
    expect(found).toContainEqual([way, to]);
}, 30_000);

it('a hub connects to nothing but this host, from its start to its end', async () => {
  const served = await serveHub(['--data', join(folder, 'data'), '--metrics-port', '0'], { env: env('hub'), node: ['--import', RECORDER] });
  for (const query of [
    '{ penalties { totalCount } }',
    '{ __schema { types { name } } }',
    '{ no such',
    '{ unknown }',
    'mutation { nothing }',
  ]) {
    const response = await fetch(`${served.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    await response.text();
  }
  expect(await served.stop('SIGTERM')).toBe(0);
  const elsewhere = (await recorded('hub')).filter(([, to]) => !LOOPBACK.includes(to));
  expect(elsewhere).toEqual([]);
}, 30_000);
