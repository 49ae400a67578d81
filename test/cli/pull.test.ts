import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, type FSWatcher, watch } from 'node:fs';
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ROOT, runHub } from '../support/command.ts';
import { penalty } from '../support/fixtures.ts';
import { startHub, type TestHub } from '../support/hub.ts';
import { PATIENCE } from '../support/patience.ts';

const TIME = 120_000 * PATIENCE;
let hub: TestHub;
let token: string;
let folder: string;
beforeAll(async () => {
  hub = await startHub();
  await hub.turnWindows();
  token = hub.token('SUPERVISION', { clientId: 'night', regionCode: '411502' });
}, TIME);
afterAll(() => hub.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pull-'));
  await writeFile(join(folder, 'token'), `${token}\n`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const out = () => join(folder, 'changes.jsonl');
const cursor = () => join(folder, 'cursor');
const argv = (more: readonly string[] = [], url = hub.url) => [
  ...['pull', '--url', url, '--token-file', join(folder, 'token'), '--out', out(), '--cursor', cursor()],
  ...['--where', '{"recordTypes":["PENALTY"]}', '--fields', 'documentNo', '--json', ...more],
];
interface Line {
  readonly type: string;
  readonly id?: string;
  readonly recordId?: string;
  readonly record?: { readonly documentNo: string };
}
const lines = async (): Promise<readonly Line[]> =>
  (await readFile(out(), 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
/** Each page appends a line and replaces the cursor: the work stands at another place at each number of events. */
async function seen(changes: FSWatcher, count: number): Promise<void> {
  for (let index = 0; index < count; index++) await once(changes, 'change');
}
let loaded = 0;
const load = async (count: number): Promise<readonly string[]> => {
  const numbers = Array.from({ length: count }, () => `拉取第${++loaded}号`);
  await hub.load(
    'PENALTY',
    numbers.map((documentNo) => penalty({ documentNo })),
  );
  return numbers;
};
const pull = async (more?: readonly string[], url?: string) => {
  const { code, stdout, stderr } = await runHub(argv(more, url));
  return { code, stderr, summary: stdout === '' ? undefined : JSON.parse(stdout) };
};

describe('hub pull', () => {
  it(
    'begins now, then appends a line for each change with the fields that were asked for',
    async () => {
      expect(await pull()).toMatchObject({ code: 0, summary: { pages: 1, changes: 0, resyncs: 0, error: null } });
      expect(await lines()).toEqual([{ type: 'BEGUN' }]);
      const numbers = await load(3);
      expect(await pull(['--first', '2'])).toMatchObject({ code: 0, summary: { pages: 2, changes: 3 } });
      const told = (await lines()).slice(1);
      expect(told.map(({ type, record }) => [type, record?.documentNo])).toEqual(numbers.map((number) => ['RECORD_PUBLISHED', number]));
      expect((await stat(cursor())).mode & 0o777).toBe(0o600);
      expect((await stat(out())).mode & 0o777).toBe(0o600);
      expect(await pull()).toMatchObject({ code: 0, summary: { changes: 0 } });
    },
    TIME,
  );

  it(
    'takes away what a kill left of a line, and goes on',
    async () => {
      await pull();
      await appendFile(out(), '{"type":"RECORD_PUB');
      const [number] = await load(1);
      expect(await pull()).toMatchObject({ code: 0 });
      expect((await lines()).map(({ type, record }) => record?.documentNo ?? type)).toEqual(['BEGUN', number]);
    },
    TIME,
  );

  it(
    'loses no change, however often it is killed',
    async () => {
      await pull();
      const numbers: string[] = [];
      const folderChanges = watch(folder);
      for (let kills = 0; kills < 8; kills++) {
        numbers.push(...(await load(4)));
        const child = spawn(process.execPath, [join(ROOT, 'cli/hub.ts'), ...argv(['--first', '1', '--follow', '60'])], { stdio: 'ignore' });
        const ended = once(child, 'close');
        await seen(folderChanges, 1 + 2 * kills);
        child.kill('SIGKILL');
        await ended;
      }
      folderChanges.close();
      expect(await pull()).toMatchObject({ code: 0 });
      const told = (await lines()).flatMap(({ record }) => (record ? [record.documentNo] : []));
      expect([...new Set(told)]).toEqual(numbers);
    },
    TIME,
  );

  it(
    'leaves a cursor alone that another run works from, and takes over from one that was killed',
    async () => {
      await pull();
      const numbers = await load(2);
      const folderChanges = watch(folder);
      const child = spawn(process.execPath, [join(ROOT, 'cli/hub.ts'), ...argv(['--follow', '60'])], { stdio: 'ignore' });
      const ended = once(child, 'close');
      while (!existsSync(`${cursor()}.lock`)) await once(folderChanges, 'change');
      folderChanges.close();
      const { code, stderr } = await pull();
      expect([code, stderr]).toEqual([2, expect.stringContaining(`pid ${child.pid}`)]);
      child.kill('SIGKILL');
      await ended;
      expect(await Promise.all([pull(), pull()])).toEqual(
        expect.arrayContaining([expect.objectContaining({ code: 0 }), expect.objectContaining({ code: expect.any(Number) })]),
      );
      expect(await pull()).toMatchObject({ code: 0, summary: { changes: 0 } });
      expect(existsSync(`${cursor()}.lock`)).toBe(false);
      const told = (await lines()).flatMap(({ record }) => (record ? [record.documentNo] : []));
      expect([...new Set(told)]).toEqual(numbers);
    },
    TIME,
  );

  it.each([
    ['that names no process', 'somebody\n'],
    ['of a process that runs', `${process.pid} 00000000-0000-4000-8000-000000000000\n`],
  ])(
    'is stopped by a lock %s',
    async (_what, text) => {
      await writeFile(`${cursor()}.lock`, text);
      expect((await pull()).code).toBe(2);
      expect(await readFile(`${cursor()}.lock`, 'utf8')).toBe(text);
    },
    TIME,
  );

  it(
    'waits as long as it is told to, and asks again',
    async () => {
      const answers = [
        { status: 429, headers: { 'retry-after': '1' }, body: { errors: [{ message: 'slower', extensions: { code: 'RATE_LIMITED' } }] } },
        {
          status: 503,
          headers: { 'retry-after': '0' },
          body: { errors: [{ message: 'later', extensions: { code: 'STORE_UNAVAILABLE' } }] },
        },
        { status: 200, headers: {}, body: { data: { changes: { nodes: [], endCursor: 'c', hasMore: true, resync: 'ACCESS_CHANGED' } } } },
        { status: 200, headers: {}, body: { data: { changes: { nodes: [{ id: '1' }], endCursor: 'd', hasMore: false, resync: null } } } },
      ];
      const asked: unknown[] = [];
      await writeFile(cursor(), 'b\n');
      await answering(
        (body) => {
          asked.push(body.variables.after);
          return answers[asked.length - 1];
        },
        async (url) => {
          const begun = performance.now();
          expect(await pull([], url)).toMatchObject({ code: 0, summary: { changes: 1, resyncs: 1, error: null } });
          expect(performance.now() - begun).toBeGreaterThan(1000);
        },
      );
      expect(asked).toEqual(['b', 'b', 'b', 'c']);
      expect(await lines()).toEqual([{ type: 'RESYNC', reason: 'ACCESS_CHANGED' }, { id: '1' }]);
      expect(await readFile(cursor(), 'utf8')).toBe('d\n');
    },
    TIME,
  );

  it(
    'keeps nothing of an answer that is not whole',
    async () => {
      const partly = { changes: { nodes: [{ id: '1', record: null }], endCursor: 'c', hasMore: false, resync: null } };
      const errors = [{ message: 'a document is not readable', extensions: { code: 'FORBIDDEN' } }];
      await writeFile(cursor(), 'b\n');
      await answering(
        () => ({ status: 200, headers: {}, body: { data: partly, errors } }),
        async (url) => expect(await pull([], url)).toMatchObject({ code: 2, summary: { changes: 0, error: 'FORBIDDEN' } }),
      );
      expect(await lines()).toEqual([]);
      expect(await readFile(cursor(), 'utf8')).toBe('b\n');
    },
    TIME,
  );

  it.each([
    ['a cursor of another feed', async () => writeFile(cursor(), 'another\n'), [], 'BAD_USER_INPUT'],
    ['a token that is none', async () => writeFile(join(folder, 'token'), 'none'), [], 'UNAUTHENTICATED'],
  ])(
    'says with a code that it needs a person for %s',
    async (_what, given, more, code) => {
      await given();
      expect(await pull(more)).toMatchObject({ code: 2, summary: { error: code } });
    },
    TIME,
  );

  it.each([
    ['a field that no type has', ['--fields', 'nothing'], '--fields'],
    ['an address to which a token would travel openly', ['--url', 'http://hub.example/'], '--url'],
    ['a filter that is no object', ['--where', '[]'], '--where'],
    ['a token among the arguments', ['--token', 'x'], '--token'],
  ])(
    'refuses %s',
    async (_what, more, named) => {
      const { code, stderr } = await runHub(argv(more));
      expect([code, stderr]).toEqual([2, expect.stringContaining(named)]);
    },
    TIME,
  );
});

describe('hub feed status', () => {
  it(
    'says how far the change log goes and what the streams do',
    async () => {
      await load(1);
      const metrics = await hub.metrics();
      const server = createServer((_request, response) => void response.end(metrics));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const { code, stdout } = await runHub(['feed', 'status', '--json', '--data', hub.dataDir, '--metrics', address], { env: hub.env });
      server.close();
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({
        oldestChange: expect.stringMatching(/^\d{4}-.*Z$/),
        newestChange: expect.stringMatching(/^\d{4}-.*Z$/),
        windowDays: 30,
        windowsTurnedUpTo: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
        streams: { subscribers: 0, lagged: 0, deliveries: 0, meanDeliverySeconds: null },
      });
      const said = await runHub(['feed', 'status', '--data', hub.dataDir], { env: hub.env });
      expect(said.stdout).toContain('游标有效期 cursors go on for: 30 天 days');
    },
    TIME,
  );
});

type Answered = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown } | undefined;
interface Asked {
  readonly variables: { readonly after: unknown };
}

/** A server that answers as told, while the work is done. */
async function answering(answer: (asked: Asked) => Answered, work: (url: string) => Promise<unknown>): Promise<void> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const given = answer(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    response.writeHead(given?.status ?? 500, { ...given?.headers, 'content-type': 'application/json' }).end(JSON.stringify(given?.body));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    await once(server, 'close');
  }
}
