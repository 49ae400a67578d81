import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SUITES } from '../../schema/intl-suite.ts';
import type { Suites } from '../../schema/suite.ts';
import { dropFieldKey, readFieldKeys, rotateFieldKey } from '../../subgraphs/kit/field-keys.ts';
import { openSealer } from '../../subgraphs/kit/file-sealer.ts';
import { GM } from '../support/gm-suite.ts';

const AT = new Date('2026-11-24T04:00:00Z');

describe('the sealer', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealer-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('gives back every text that it sealed', () => {
    const sealer = openSealer(folder);
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(sealer.open(sealer.seal(text))).toBe(text)));
  });

  it('never seals a text the same way twice', () => {
    const sealer = openSealer(folder);
    const sealed = new Set(Array.from({ length: 3000 }, () => sealer.seal('411599196706275684').$sealed));
    expect(sealed.size).toBe(3000);
  });

  it('refuses a value of which any character was changed', () => {
    const sealer = openSealer(folder);
    const { $sealed } = sealer.seal('411599196706275684');
    const start = $sealed.indexOf('.') + 1;
    for (let place = start; place < $sealed.length - 1; place++) {
      const altered = `${$sealed.slice(0, place)}${$sealed[place] === 'A' ? 'B' : 'A'}${$sealed.slice(place + 1)}`;
      expect(() => sealer.open({ $sealed: altered })).toThrow();
    }
  });

  it('refuses a value under a key that it does not hold', () => {
    const sealer = openSealer(folder);
    expect(() => sealer.open({ $sealed: sealer.seal('text').$sealed.replace(/^k1/, 'k9') })).toThrow('does not hold');
  });

  it('finds the same keys again, for values, digests and indexes', () => {
    const first = openSealer(folder);
    const again = openSealer(folder);
    expect(again.open(first.seal('text'))).toBe('text');
    expect([again.digest('text'), again.blindIndex('text')]).toEqual([first.digest('text'), first.blindIndex('text')]);
  });

  it('digests and indexes under keys that differ from each other and from those of another hub', async () => {
    const own = openSealer(folder);
    const other = openSealer(join(folder, 'other'));
    expect(new Set([own.digest('text'), own.blindIndex('text'), other.digest('text'), other.blindIndex('text')]).size).toBe(4);
  });

  it('keeps its keys in a file that only the owner can read', () => {
    openSealer(join(folder, 'keys'));
    expect(statSync(join(folder, 'keys/field-keys.json')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'keys')).mode & 0o777).toBe(0o700);
  });

  it('opens what was sealed under an older key after the current one has changed', () => {
    const old = openSealer(folder).seal('text');
    const path = join(folder, 'field-keys.json');
    const file = JSON.parse(readFileSync(path, 'utf8'));
    writeFileSync(path, JSON.stringify({ ...file, current: 'k2', keys: { ...file.keys, k2: Buffer.alloc(32, 7).toString('base64') } }));
    const rotated = openSealer(folder);
    expect(rotated.open(old)).toBe('text');
    expect(rotated.seal('text').$sealed).toMatch(/^k2\./);
  });

  it('says that a file is no key file instead of making new keys', () => {
    writeFileSync(join(folder, 'field-keys.json'), '{"current":"k1"}');
    expect(() => openSealer(folder)).toThrow('not a key file');
  });

  it('ends with one set of keys when several processes start at once', async () => {
    const script = `import { openSealer } from '${new URL('../../subgraphs/kit/file-sealer.ts', import.meta.url).href}'; console.log(openSealer(process.argv[1]).digest('text'));`;
    const digests = await Promise.all(Array.from({ length: 4 }, () => printed(script, folder)));
    expect(new Set(digests)).toEqual(new Set([openSealer(folder).digest('text')]));
  });
});

describe('keys that rotate', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sealer-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const rotate = (suites: Suites = SUITES) => rotateFieldKey(folder, suites, AT);

  it('are taken up by a sealer that is open: after two seconds to seal, at once to open', () => {
    let now = AT.getTime();
    const running = openSealer(folder, { clock: { now: () => new Date(now) } });
    const before = running.seal('text');
    expect(rotate()).toBe('k2');
    const elsewhere = openSealer(folder).seal('elsewhere');
    expect(elsewhere.$sealed).toMatch(/^k2\./);
    now += 1999;
    expect(running.seal('text').$sealed).toMatch(/^k1\./);
    now += 1;
    expect(running.seal('text').$sealed).toMatch(/^k2\./);
    expect([running.open(before), running.open(elsewhere)]).toEqual(['text', 'elsewhere']);

    expect(rotate()).toBe('k3');
    expect(running.open(openSealer(folder).seal('at once'))).toBe('at once');
  });

  it('leave digests and indexes as they are', () => {
    const before = openSealer(folder);
    rotate();
    const after = openSealer(folder);
    expect([after.digest('text'), after.blindIndex('text')]).toEqual([before.digest('text'), before.blindIndex('text')]);
  });

  it('never give an id to a second key, and leave only the key file behind', () => {
    openSealer(folder);
    expect([rotate(), rotate()]).toEqual(['k2', 'k3']);
    dropFieldKey(folder, SUITES, 'k1');
    dropFieldKey(folder, SUITES, 'k2');
    expect(rotate()).toBe('k4');
    expect(Object.keys(readFieldKeys(folder, SUITES)?.keys ?? {})).toEqual(['k3', 'k4']);
    expect(() => dropFieldKey(folder, SUITES, 'k4')).toThrow('current');
    expect(readdirSync(folder)).toEqual(['field-keys.json']);
    expect(statSync(join(folder, 'field-keys.json')).mode & 0o777).toBe(0o600);
  });

  it('open nothing any more once they are dropped, but for a process that has read them before', () => {
    const running = openSealer(folder);
    const sealed = running.seal('text');
    rotate();
    dropFieldKey(folder, SUITES, 'k1');
    expect(running.open(sealed)).toBe('text');
    expect(() => openSealer(folder).open(sealed)).toThrow('does not hold');
  });

  it('are all kept when several processes rotate at once, each of which rotates or says that another one does', async () => {
    openSealer(folder);
    const from = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);
    const script = `
      import { rotateFieldKey } from ${from('subgraphs/kit/field-keys.ts')};
      import { SUITES } from ${from('schema/intl-suite.ts')};
      try { console.log(rotateFieldKey(process.argv[1], SUITES, new Date())); } catch (error) { console.log(error.lock ? 'busy' : error.stack); }`;
    const told = await Promise.all(Array.from({ length: 4 }, () => printed(script, folder)));
    const made = told.filter((id) => id !== 'busy');
    expect(made.length).toBeGreaterThan(0);
    expect(new Set(made).size).toBe(made.length);
    expect(Object.keys(readFieldKeys(folder, SUITES)?.keys ?? {})).toEqual(['k1', ...made.sort()]);
  });

  it('are left alone while another process changes them', () => {
    openSealer(folder);
    writeFileSync(join(folder, '.field-keys.json.lock'), '');
    expect(() => rotate()).toThrow('another process');
    expect(Object.keys(readFieldKeys(folder, SUITES)?.keys ?? {})).toEqual(['k1']);
  });

  it('carry another suite from the next rotation on, under which what was sealed before is still read', () => {
    const before = openSealer(folder);
    const sealed = before.seal('text');
    const suites: Suites = [GM, ...SUITES];
    rotate(suites);
    const after = openSealer(folder, { suites });
    const { $sealed } = after.seal('another text');
    expect($sealed).toMatch(/^k2\./);
    expect([after.open(sealed), after.open({ $sealed })]).toEqual(['text', 'another text']);
    expect([after.digest('text'), after.blindIndex('text')]).toEqual([before.digest('text'), before.blindIndex('text')]);
    expect(() => openSealer(folder)).toThrow('GM');
  });

  it('are of another suite from the beginning where it is the first', () => {
    const sealer = openSealer(folder, { suites: [GM] });
    expect(sealer.open(sealer.seal('text'))).toBe('text');
    expect(sealer.digest('text')).toHaveLength(22);
    expect(readFieldKeys(folder, [GM])).toMatchObject({ keys: { k1: { suite: 'GM' } }, digest: { suite: 'GM' }, blind: { suite: 'GM' } });
  });
});

async function printed(script: string, folder: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child, 'close');
  return text.trim();
}
