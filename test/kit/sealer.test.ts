import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openSealer } from '../../subgraphs/kit/file-sealer.ts';

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

async function printed(script: string, folder: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += String(chunk);
  });
  await once(child, 'close');
  return text.trim();
}
