import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { type Finished, ROOT, runHub, type ServedHub, serveHub } from '../support/command.ts';
import { penalty } from '../support/fixtures.ts';
import { dropDatabase, type Mongod, startMongod } from '../support/mongod.ts';

// Each test runs several commands, each in a process of its own.
jest.setTimeout(120_000);

const MANY = 3000;
const QUERY = '{ subject(uscc: "91411599MAQH10013U") { name penalties { totalCount nodes { documentNo remark } } } }';
const server: Mongod | undefined = await startMongod();
const jsonOf = ({ stdout }: Finished) => JSON.parse(stdout.trim());

let folder: string;
let served: ServedHub;
let token: string;
const at = (name: string) => join(folder, name);
const key = () => at('dump.key');
/** Where the middle of the journey is: another kind of store, where one can be had. */
const middle = () => {
  if (!server) return [];
  const url = new URL(server.url);
  url.pathname = '/hub_dump_test';
  return ['--store', url.href];
};
const dump = (data: string, file: string, ...more: readonly string[]) =>
  runHub(['dump', '--to', at(file), '--key', key(), '--json', '--data', at(data), ...more]);
const restore = (file: string, data: string, ...more: readonly string[]) =>
  runHub(['restore', '--from', at(file), '--key', key(), '--json', '--data', at(data), ...more]);

async function ask(url: string): Promise<unknown> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'hub-purpose': 'RECORD_MANAGEMENT' },
    body: JSON.stringify({ query: QUERY }),
  });
  return response.json();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-dump-'));
  served = await serveHub(['--samples', '--data', at('a')]);
  const claims = ['--audience', 'AGENCY', '--org', '11411599MB1QH00172', '--dept', 'QH-SJ', '--data', at('a')];
  token = (await runHub(['token', ...claims])).stdout.trim();
  expect((await runHub(['dump', '--new-key', key()])).code).toBe(0);
});
afterAll(async () => {
  await served.stop('SIGTERM');
  const [, url] = middle();
  if (url) await dropDatabase(url);
  await server?.stop();
  await rm(folder, { recursive: true });
});

describe('hub dump and hub restore', () => {
  it(`move a hub that serves from SQLite to ${server ? 'MongoDB' : 'another SQLite file (no MongoDB here)'} and back, with the same content`, async () => {
    const answer = await ask(served.url);
    const first = jsonOf(await dump('a', 'first.dump', '--with-keys'));
    expect(first).toMatchObject({ keys: true, changes: expect.any(Number), documents: expect.any(Number) });
    expect(first.documents).toBeGreaterThan(100);
    expect(first.entries).toBeGreaterThan(1);
    await mkdir(at('b'));
    const there = jsonOf(await restore('first.dump', 'b', ...middle()));
    expect(there).toEqual({ ...first, keys: undefined, file: there.file });
    const second = jsonOf(await dump('b', 'second.dump', '--with-keys', ...middle()));
    expect([second.records, second.documents, second.changes]).toEqual([first.records, first.documents, first.changes]);
    const back = await restore('second.dump', 'c');
    expect([back.code, jsonOf(back).records]).toEqual([0, first.records]);

    await cp(at('a/keys/dev-key.json'), at('c/keys/dev-key.json'));
    const again = await serveHub(['--data', at('c')]);
    expect(await ask(again.url)).toEqual(answer);
    expect(JSON.stringify(answer)).toContain('documentNo');
    await again.stop('SIGTERM');
  });

  it('stand in the access log, which is whole wherever it was moved', async () => {
    const exports = async (data: string) => {
      const { stdout } = await runHub(['audit', 'search', '--json', '--data', at(data)]);
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ kind }) => kind === 'EXPORT');
    };
    const [dumped] = await exports('a');
    expect(dumped).toMatchObject({ channel: 'command-line', audience: 'OPERATOR', decision: 'ALLOW', operation: 'hub dump --with-keys' });
    expect(typeof dumped.staff).toBe('string');
    expect((await exports('c')).map(({ operation }) => operation)).toEqual([
      'hub dump --with-keys',
      'hub restore',
      'hub dump --with-keys',
      'hub restore',
    ]);
    const { code, stdout } = await runHub(['audit', 'verify', '--json', '--data', at('c')]);
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { ok: true }]);
  });

  it('let effects go on where they were', async () => {
    const hub = await openHub({ dataDir: at('c'), env: {}, untouched: true });
    const cursors = await hub.store.read((tx) => tx.get('effect-cursor', ['subject-naming', 'record-holding']));
    const left = await Promise.all(cursors.map((cursor) => hub.store.changes(String(cursor?.body.position), 1000)));
    const names = left.flatMap((changes) => changes.map(({ collection }) => collection));
    await hub.close();
    expect(new Set(names)).toEqual(new Set(['effect-cursor']));
  });

  it('are for the owner alone, and tell nothing to whoever has no key', async () => {
    expect((await stat(at('first.dump'))).mode & 0o777).toBe(0o600);
    expect((await stat(key())).mode & 0o777).toBe(0o600);
    const bytes = await readFile(at('first.dump'), 'latin1');
    for (const word of ['documentNo', '91411599', 'field-keys', 'PENALTY']) expect(bytes).not.toContain(word);
    expect((await runHub(['dump', '--new-key', key()])).code).toBe(2);
  });

  it('refuse a folder without the keys that a dump leaves out', async () => {
    const dumped = await dump('a', 'keyless.dump');
    expect(jsonOf(dumped).keys).toBe(false);
    const refused = await restore('keyless.dump', 'fresh');
    expect([refused.code, refused.stdout]).toEqual([2, '']);
    expect(refused.stderr).toContain('--with-keys');
    expect(existsSync(at('fresh/hub.sqlite'))).toBe(false);
    await cp(at('a/keys'), at('with-keys/keys'), { recursive: true });
    expect((await restore('keyless.dump', 'with-keys')).code).toBe(0);
  });

  it('refuse a folder that holds other keys, and a store that holds anything', async () => {
    const other = await openHub({ dataDir: at('other'), env: {}, untouched: true });
    await other.close();
    expect((await restore('first.dump', 'other')).stderr).toContain('field-keys.json');
    const before = await runHub(['audit', 'search', '--json', '--data', at('c')]);
    const { code, stderr } = await restore('first.dump', 'c');
    expect([code, stderr]).toEqual([2, expect.stringContaining('not empty')]);
    expect(await runHub(['audit', 'search', '--json', '--data', at('c')])).toEqual(before);
  });

  describe('a dump that is not as it was written', () => {
    /** Frames of the file: the line it begins with, then chunk by chunk. */
    const framesOf = (bytes: Buffer): readonly Buffer[] => {
      const frames: Buffer[] = [];
      let place = bytes.indexOf('\n') + 1;
      frames.push(bytes.subarray(0, place));
      while (place < bytes.length) {
        const end = place + 5 + bytes.readUInt32BE(place + 1);
        frames.push(bytes.subarray(place, end));
        place = end;
      }
      return frames;
    };
    const flipped = (bytes: Buffer, place: number) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
      return changed;
    };
    const last = (frames: readonly Buffer[]) => frames.at(-1) ?? Buffer.alloc(0);

    beforeAll(bigDump);

    it.each<[string, (frames: readonly Buffer[], foreign: readonly Buffer[]) => Buffer]>([
      ['is empty', () => Buffer.alloc(0)],
      ['is something else', () => Buffer.from('credit-hub dumb 1 INTL abc\n')],
      ['has lost its end', (frames) => Buffer.concat(frames.slice(0, -1))],
      ['has lost its last byte', (frames) => Buffer.concat(frames).subarray(0, -1)],
      ['has lost a chunk', (frames) => Buffer.concat([...frames.slice(0, 1), ...frames.slice(2)])],
      [
        'has two chunks in another order',
        ([head, one, two, ...rest]) => Buffer.concat([head, two, one, ...rest].map((each) => each ?? Buffer.alloc(0))),
      ],
      ['has a chunk twice', ([head, one, ...rest]) => Buffer.concat([head, one, one, ...rest].map((each) => each ?? Buffer.alloc(0)))],
      ['has a changed byte', (frames) => flipped(Buffer.concat(frames), 3000)],
      ['has a changed byte at its end', (frames) => flipped(Buffer.concat(frames), Buffer.concat(frames).length - 1)],
      ['has another head', (frames) => flipped(Buffer.concat(frames), 30)],
      ['calls its first chunk the last', (frames) => flipped(Buffer.concat(frames), frames[0]?.length ?? 0)],
      ['goes on behind its end', (frames) => Buffer.concat([...frames, last(frames)])],
      ['has the end of another one', (frames, foreign) => Buffer.concat([...frames.slice(0, -1), last(foreign)])],
    ])('is refused before anything is kept: it %s', async (_what, change) => {
      const whole = framesOf(await readFile(at('big.dump')));
      expect(whole.length).toBeGreaterThan(3);
      await writeFile(at('changed.dump'), change(whole, framesOf(await readFile(at('first.dump')))));
      const { code, stdout, stderr } = await restore('changed.dump', 'never');
      expect([code, stdout, existsSync(at('never'))]).toEqual([2, '', false]);
      expect(stderr).not.toContain('    at ');
    });

    it('is refused under another key', async () => {
      await runHub(['dump', '--new-key', at('other.key')]);
      const { code, stderr } = await runHub(['restore', '--from', at('big.dump'), '--key', at('other.key'), '--data', at('never')]);
      expect([code, existsSync(at('never'))]).toEqual([2, false]);
      expect(stderr).toContain('密钥不符');
      await writeFile(at('short.key'), 'AAAA\n');
      expect((await runHub(['restore', '--from', at('big.dump'), '--key', at('short.key'), '--data', at('never')])).code).toBe(2);
    });
  });

  it.each([
    ['a file', () => ['--data', at('killed')]],
    ...(server
      ? [['a database', () => ['--data', at('killed-beside'), '--store', middle()[1]?.replace('dump_test', 'killed') ?? '']] as const]
      : []),
  ])('leave %s that nobody opens when a restore is killed, until it is run again', async (_what, place) => {
    await killedInTheMiddle(['restore', '--from', at('big.dump'), '--key', key(), ...place()]);
    for (const command of ['doctor', 'dump']) {
      const args = command === 'dump' ? ['--to', at('half.dump'), '--key', key()] : [];
      const [data, ...more] = [place().slice(0, 2), ...place().slice(2)];
      const env = { HUB_STORE: more[1] ?? '' };
      const { code, stdout, stderr } = await runHub([command, ...args, ...(data ?? [])], more[1] ? { env } : {});
      expect(code).not.toBe(0);
      expect(stdout + stderr).toContain('restore');
    }
    expect(existsSync(at('half.dump'))).toBe(false);
    const again = await runHub(['restore', '--from', at('big.dump'), '--key', key(), '--json', ...place()]);
    expect([again.code, jsonOf(again).documents]).toEqual([0, expect.any(Number)]);
    const dumped = await runHub(['dump', '--to', at(`again${place().length}.dump`), '--key', key(), '--json', ...place()]);
    expect(jsonOf(dumped).records).toBe(jsonOf(again).records);
    const [, , , url] = place();
    if (url) await dropDatabase(url);
  });

  it.each([
    ['nothing', ['dump']],
    ['no key', ['dump', '--to', 'x']],
    ['a key file that is not there', ['dump', '--to', 'x', '--key', 'nowhere.key']],
    ['nothing to restore from', ['restore', '--key', 'x']],
    ['an option that does not exist', ['restore', '--fast']],
    ['a store of another kind', ['dump', '--to', 'x', '--key', 'KEY', '--store', 'redis://x']],
    ['a folder without data', ['dump', '--to', 'x', '--key', 'KEY', '--data', 'nowhere']],
    ['a file that is there already', ['dump', '--to', 'KEY', '--key', 'KEY']],
  ])('end with 2 for %s', async (_what, args) => {
    const { code, stdout, stderr } = await runHub(args.map((each) => (each === 'KEY' ? key() : each)));
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).not.toContain('    at ');
  });
});

/** A dump of several chunks. */
async function bigDump(): Promise<void> {
  const hub = await openHub({ dataDir: at('big'), env: {} });
  const type = hub.catalogue.types.find(({ code }) => code === 'PENALTY');
  if (!type) throw new Error('there is no type PENALTY');
  for (let from = 0; from < MANY; from += 500) {
    const rows = Array.from({ length: 500 }, (_, index) => ({
      row: index + 1,
      values: penalty({ documentNo: `存〔${from + index}〕号` }),
    }));
    await hub.engine.submit(type, rows, { actor: 'test', mode: 'MANUAL', viaToken: false });
  }
  await hub.effects.settle();
  await hub.close();
  expect((await dump('big', 'big.dump', '--with-keys')).code).toBe(0);
}

/** Kills the command as soon as it has said that it writes. */
async function killedInTheMiddle(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'cli/hub.ts'), ...args], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'close');
  child.stderr.on('data', (text) => String(text).includes('writing') && child.kill('SIGKILL'));
  expect(await exit).toEqual([null, 'SIGKILL']);
}
