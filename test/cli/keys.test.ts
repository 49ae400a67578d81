import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Hub, openHub } from '../../cli/open-hub.ts';
import { countSealed } from '../../subgraphs/kit/sealed-bodies.ts';
import { type Finished, ROOT, runHub, type ServedHub, serveHub } from '../support/command.ts';
import { MARKET, PERSON, penalty, personalPenalty } from '../support/fixtures.ts';
import type { Answer } from '../support/hub.ts';

const SLOW = 120_000;
const STORED = 4000;
const NUMBER = '411599197710058716';
const SUBMIT = 'mutation ($records: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $records) { accepted } }';
const PAGE =
  'query ($after: Cursor) { penalties(first: 100, after: $after) { nodes { documentNo legalRepIdNumber personIdNumber } pageInfo { hasNextPage endCursor } } }';

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const IN_FORCE = { decisionDate: daysAgo(30), validTo: daysAgo(-300) };
const jsonOf = ({ stdout }: Finished) => JSON.parse(stdout.trim());

let folder: string;
let served: ServedHub;
let token: string;
/** The same data folder, as an import beside the hub has it. */
let beside: Hub;
let loaded = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hub-keys-'));
  served = await serveHub(['--data', folder], { env: { HUB_RATE_CLIENT: '100000', HUB_RATE_PUBLIC: '100000' } });
  token = (await runHub(['token', '--audience', 'AGENCY', '--dept', MARKET, '--region', '411502', '--data', folder])).stdout.trim();
  beside = await openHub({ dataDir: folder, env: {}, untouched: true });
  await load(STORED);
}, SLOW);
afterAll(async () => {
  await served.stop('SIGTERM');
  await beside.close();
  await rm(folder, { recursive: true });
});

const keys = (...args: readonly string[]) => runHub(['keys', ...args, '--json', '--data', folder]);
const keyFile = () => join(folder, 'keys/field-keys.json');

async function load(count: number): Promise<void> {
  const type = beside.catalogue.types.find(({ code }) => code === 'PENALTY');
  if (!type) throw new Error('there is no type PENALTY');
  const number = loaded;
  loaded += count;
  const rows = Array.from({ length: count }, (_, index) => ({
    row: index + 1,
    values: (index === 0 ? personalPenalty : penalty)({ ...IN_FORCE, documentNo: `存〔${number + index}〕号` }),
  }));
  for (let from = 0; from < count; from += 1000)
    await beside.engine.submit(type, rows.slice(from, from + 1000), { actor: 'test', mode: 'MANUAL', viaToken: false });
}

async function ask(query: string, asking: { readonly token?: string; readonly variables?: object } = {}): Promise<Answer['body']> {
  const response = await fetch(`${served.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${asking.token ?? token}`, 'hub-purpose': 'RECORD_MANAGEMENT' },
    body: JSON.stringify({ query, variables: asking.variables }),
  });
  return response.json();
}

async function submit(documentNo: string): Promise<void> {
  const record = penalty({ ...IN_FORCE, documentNo });
  const { data, errors } = await ask(SUBMIT, { variables: { records: [record] } });
  expect(errors).toBeUndefined();
  expect(data.submitAdministrativePenalty.accepted).toBe(1);
  loaded += 1;
}

/** Reads every penalty through HTTP, and sees that each of its numbers is the one that was sent. */
async function expectAllOpen(): Promise<void> {
  const numbers: (string | null)[] = [];
  for (let after: string | null = null; ; ) {
    const { data, errors } = await ask(PAGE, { variables: { after } });
    expect(errors).toBeUndefined();
    for (const { legalRepIdNumber, personIdNumber } of data.penalties.nodes) numbers.push(personIdNumber ?? legalRepIdNumber);
    if (!data.penalties.pageInfo.hasNextPage) break;
    after = data.penalties.pageInfo.endCursor;
  }
  expect(numbers).toHaveLength(loaded);
  expect(new Set(numbers)).toEqual(new Set([NUMBER, PERSON.idNumber]));
}
const counts = async () => Object.fromEntries(await countSealed(beside.store));

describe('hub keys', () => {
  it(
    'lists keys with purpose and age, and never a key',
    async () => {
      // The access log makes its key with its first entry.
      await ask(PAGE);
      const finished = await keys('list');
      expect(finished.code).toBe(0);
      expect(jsonOf(finished).keys).toEqual([
        { id: 'k1', purpose: 'FIELDS', state: 'CURRENT', suite: 'INTL', createdAt: expect.any(String), ageDays: 0 },
        expect.objectContaining({ id: 'digest', purpose: 'DIGEST', state: 'FIXED' }),
        expect.objectContaining({ id: 'b1', purpose: 'BLIND_INDEX', state: 'FIXED' }),
        expect.objectContaining({ purpose: 'ACCESS_LOG', state: 'CURRENT' }),
      ]);
      const told = `${finished.stdout}${(await runHub(['keys', 'list', '--data', folder])).stdout}`;
      for (const name of await readdir(join(folder, 'keys'))) {
        const secrets = (await readFile(join(folder, 'keys', name), 'utf8')).match(/[\w+/=-]{40,}/g) ?? [];
        for (const secret of secrets) expect(told).not.toContain(secret);
      }
    },
    SLOW,
  );

  it(
    'rotates under a running hub: what was sealed before and what another process seals now both open',
    async () => {
      const finished = await keys('rotate');
      expect(jsonOf(finished)).toEqual({ current: 'k2', before: 'k1' });
      expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
      const elsewhere = await openHub({ dataDir: folder, env: {}, untouched: true });
      const type = elsewhere.catalogue.types.find(({ code }) => code === 'PENALTY');
      if (!type) throw new Error('there is no type PENALTY');
      const row = { row: 1, values: penalty({ ...IN_FORCE, documentNo: '新密钥号' }) };
      await elsewhere.engine.submit(type, [row], { actor: 'test', mode: 'MANUAL', viaToken: false });
      loaded += 1;
      await elsewhere.close();
      expect(await counts()).toEqual({ k1: expect.any(Number), k2: 1 });
      await expectAllOpen();
    },
    SLOW,
  );

  it(
    'refuses to drop a key that has values, the current one, and one that does not exist',
    async () => {
      const refused = await keys('drop', 'k1');
      expect(refused.code).toBe(1);
      expect(jsonOf(refused)).toMatchObject({ id: 'k1', dropped: false, values: expect.any(Number) });
      for (const id of ['k2', 'k9', 'b1', 'constructor']) expect((await keys('drop', id)).code).toBe(2);
      expect(Object.keys(JSON.parse(await readFile(keyFile(), 'utf8')).keys)).toEqual(['k1', 'k2']);
    },
    SLOW,
  );

  it(
    'reseals beside a hub that writes, and leaves nothing under the old key',
    async () => {
      const resealing = keys('reseal');
      let writing = true;
      const written = (async () => {
        for (let number = 0; writing; number += 1) await submit(`边写〔${number}〕号`);
      })();
      const finished = await resealing;
      writing = false;
      await written;
      expect(finished.code).toBe(0);
      expect(jsonOf(finished)).toEqual({ resealed: expect.any(Number), done: true, unreadable: [] });
      expect(Object.keys(await counts())).toEqual(['k2']);
      await expectAllOpen();
      const made = await runHub(['token', '--audience', 'OPERATOR', '--region', '411502', '--staff', 'XY-1', '--data', folder]);
      const found = await ask('query ($person: PersonHandle!) { subject(person: $person) { kind } }', {
        token: made.stdout.trim(),
        variables: { person: PERSON },
      });
      expect(found.data.subject).toEqual({ kind: 'INDIVIDUAL' });
    },
    SLOW,
  );

  it(
    'goes on where a reseal was killed; no version and no change comes of it',
    async () => {
      await keys('rotate');
      const position = await beside.store.position();
      const [someone] = await beside.store.read((tx) => tx.bodies({ collection: 'administrative-penalty', key: '', version: 0 }, 1));
      const versions = () => beside.store.read((tx) => tx.versions('administrative-penalty', someone?.key ?? ''));
      const before = await versions();
      await killedInTheMiddle(['keys', 'reseal', '--data', folder]);
      expect(await counts()).toEqual({ k2: expect.any(Number), k3: expect.any(Number) });
      await expectAllOpen();

      expect(jsonOf(await keys('reseal'))).toMatchObject({ done: true });
      expect(Object.keys(await counts())).toEqual(['k3']);
      expect(jsonOf(await keys('reseal'))).toEqual({ resealed: 0, done: true, unreadable: [] });
      expect(await beside.store.position()).toBe(position);
      const told = (all: typeof before) => all.map(({ version, at, actor, gate, columns }) => ({ version, at, actor, gate, columns }));
      expect(told(await versions())).toEqual(told(before));
      await expectAllOpen();
    },
    SLOW,
  );

  it(
    'drops a key when the store was found free of it a minute ago, and everything still opens',
    async () => {
      const early = await keys('drop', 'k1');
      expect(early.code).toBe(1);
      expect(jsonOf(early)).toMatchObject({ dropped: false, values: 0 });
      await backdate(61_000);
      for (const id of ['k1', 'k2']) expect(jsonOf(await keys('drop', id))).toMatchObject({ id, dropped: true, values: 0 });
      expect(Object.keys(JSON.parse(await readFile(keyFile(), 'utf8')).keys)).toEqual(['k3']);
      expect((await readdir(join(folder, 'keys'))).filter((name) => name.startsWith('.'))).toEqual([]);
      await expectAllOpen();
      await submit('删除密钥之后');
      await served.stop('SIGKILL');
      served = await serveHub(['--data', folder], { env: { HUB_RATE_CLIENT: '100000' } });
      await expectAllOpen();
    },
    SLOW,
  );

  it(
    'refuses to drop a key under which something came back after the store was found free of it',
    async () => {
      const old = beside.sealer.seal('old');
      await keys('rotate');
      await keys('reseal');
      await backdate(61_000);
      const [document] = await beside.store.read((tx) => tx.bodies({ collection: 'administrative-penalty', key: '', version: 0 }, 1));
      if (!document) throw new Error('there is no penalty');
      const put = { ...document, body: { ...document.body, legalRepIdNumber: old } };
      await beside.store.write((tx) => tx.rewrite([put]), { actor: 'test' });
      const refused = await keys('drop', 'k3');
      expect([refused.code, jsonOf(refused)]).toMatchObject([1, { dropped: false, values: 1 }]);
      await beside.store.write((tx) => tx.rewrite([document]), { actor: 'test' });
    },
    SLOW,
  );

  it(
    'says which values cannot be opened, and reseals the others',
    async () => {
      const [document] = await beside.store.read((tx) => tx.bodies({ collection: 'administrative-penalty', key: '', version: 0 }, 1));
      if (!document) throw new Error('there is no penalty');
      const lost = { ...document, body: { ...document.body, legalRepIdNumber: { $sealed: 'k77.AAAA' } } };
      await beside.store.write((tx) => tx.rewrite([lost]), { actor: 'test' });
      const finished = await keys('reseal');
      const { collection, key, version } = document;
      expect([finished.code, jsonOf(finished)]).toEqual([1, { resealed: 0, done: false, unreadable: [{ collection, key, version }] }]);
      await beside.store.write((tx) => tx.rewrite([document]), { actor: 'test' });
      expect((await keys('reseal')).code).toBe(0);
    },
    SLOW,
  );

  it(
    'rotates the key of the access log, whose older chains are still verified',
    async () => {
      await ask(PAGE);
      const rotated = await keys('rotate', '--log');
      expect(rotated.code).toBe(0);
      await served.stop('SIGTERM');
      served = await serveHub(['--data', folder]);
      await ask(PAGE);
      await served.stop('SIGTERM');
      const audited = await runHub(['audit', 'verify', '--json', '--data', folder]);
      expect([audited.code, jsonOf(audited)]).toMatchObject([0, { ok: true, faults: 0 }]);
      const { keys: listed } = jsonOf(await keys('list'));
      const log = listed.filter(({ purpose }: { purpose: string }) => purpose === 'ACCESS_LOG');
      expect(log.map(({ state }: { state: string }) => state)).toEqual(['OLD', 'CURRENT']);
      expect(log[1].id).toBe(jsonOf(rotated).current);
    },
    SLOW,
  );

  it.each([
    ['nothing', []],
    ['an action that does not exist', ['turn']],
    ['an option that does not exist', ['rotate', '--fast']],
    ['the log where it has no part', ['reseal', '--log']],
    ['no key to drop', ['drop']],
    ['one key too many', ['drop', 'k1', 'k2']],
  ])(
    'ends with 2 for %s',
    async (_what, args) => {
      const { code, stdout, stderr } = await keys(...args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).not.toContain('    at ');
    },
    SLOW,
  );

  it(
    'makes no keys where there are none, and says who holds the lock where there is one',
    async () => {
      const nowhere = join(folder, 'nowhere');
      for (const args of [['list'], ['rotate'], ['rotate', '--log'], ['reseal'], ['drop', 'k1']])
        expect((await runHub(['keys', ...args, '--data', nowhere])).code).toBe(2);
      await expect(stat(nowhere)).rejects.toThrow('ENOENT');

      const lock = join(folder, 'keys/.field-keys.json.lock');
      await writeFile(lock, '');
      const { code, stderr } = await keys('rotate');
      expect(code).toBe(2);
      expect(stderr).toContain(lock);
      await rm(lock);
    },
    SLOW,
  );
});

/** What a minute later would be. */
async function backdate(ms: number): Promise<void> {
  const file = JSON.parse(await readFile(keyFile(), 'utf8'));
  const earlier = (time: string) => new Date(Date.parse(time) - ms).toISOString();
  const aged = Object.entries<{ idleSince?: string }>(file.keys).map(([id, key]) => [
    id,
    key.idleSince === undefined ? key : { ...key, idleSince: earlier(key.idleSince) },
  ]);
  await writeFile(keyFile(), JSON.stringify({ ...file, keys: Object.fromEntries(aged) }));
}

/** Kills the command as soon as it has told of its first batch. */
async function killedInTheMiddle(args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [join(ROOT, 'cli/hub.ts'), ...args], { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  const exit = once(child, 'close');
  child.stderr.once('data', () => child.kill('SIGKILL'));
  expect(await exit).toEqual([null, 'SIGKILL']);
}
