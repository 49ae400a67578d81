import { randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SUITES } from '../../schema/intl-suite.ts';
import { type Suite, suiteNamed } from '../../schema/suite.ts';
import { GM } from '../support/gm-suite.ts';

const [INTL] = SUITES;

describe.each<[string, Suite, Suite]>([
  ['INTL', INTL, GM],
  ['GM, which only the tests have,', GM, INTL],
])('the suite %s', (_name, suite, other) => {
  const secret = randomBytes(suite.secretBytes);

  it('opens every text that it sealed, and never seals one twice the same way', () => {
    const cipher = suite.cipher(secret);
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => expect(cipher.open(cipher.seal(text))).toBe(text)));
    expect(new Set(Array.from({ length: 3000 }, () => cipher.seal('411599196706275684'))).size).toBe(3000);
  });

  it('opens nothing that was altered, cut, or sealed under another secret', () => {
    const cipher = suite.cipher(secret);
    const sealed = cipher.seal('411599196706275684');
    for (let place = 0; place < sealed.length - 1; place++) {
      const altered = `${sealed.slice(0, place)}${sealed[place] === 'A' ? 'B' : 'A'}${sealed.slice(place + 1)}`;
      expect(() => cipher.open(altered)).toThrow();
      expect(() => cipher.open(sealed.slice(0, place))).toThrow();
    }
    expect(() => suite.cipher(randomBytes(suite.secretBytes)).open(sealed)).toThrow();
  });

  it('opens bytes in the context in which they were sealed, and in no other', () => {
    const cipher = suite.cipher(secret);
    const bytes = randomBytes(5000);
    const sealed = cipher.sealBytes(bytes, 'first');
    expect(cipher.openBytes(sealed, 'first').equals(bytes)).toBe(true);
    const altered = Buffer.from(sealed);
    altered.writeUInt8(altered.readUInt8(100) ^ 1, 100);
    expect(() => cipher.openBytes(sealed, 'second')).toThrow();
    expect(() => cipher.openBytes(altered, 'first')).toThrow();
    expect(() => cipher.openBytes(sealed.subarray(0, -1), 'first')).toThrow();
    expect(() => suite.cipher(randomBytes(suite.secretBytes)).openBytes(sealed, 'first')).toThrow();
  });

  it('gives digests of 256 bits, and others under another secret', () => {
    const digests = [suite.digest('abc'), suite.keyedDigest(secret)('abc'), suite.keyedDigest(randomBytes(suite.secretBytes))('abc')];
    expect(new Set(digests).size).toBe(3);
    for (const digest of digests) expect(digest).toMatch(/^[\w-]{43}$/);
    expect(suite.keyedDigest(secret)('abc')).toBe(suite.keyedDigest(Buffer.from(secret))('abc'));
  });

  it('takes no secret of another length', () => {
    expect(() => suite.cipher(randomBytes(suite.secretBytes - 1))).toThrow('bytes');
    expect(() => suite.keyedDigest(randomBytes(suite.secretBytes - 1))).toThrow('bytes');
  });

  it('verifies what its key has signed, and nothing else', () => {
    const signer = suite.signer(suite.newSigningKey());
    const isBy = suite.verifier(signer.publicKey);
    const signature = signer.sign('text');
    expect(isBy('text', signature)).toBe(true);
    expect(isBy('another text', signature)).toBe(false);
    expect(isBy('text', 'AAAA')).toBe(false);
    expect(suite.verifier(suite.signer(suite.newSigningKey()).publicKey)('text', signature)).toBe(false);
  });

  it('is found by its name among others', () => {
    expect(suiteNamed([other, suite], suite.name)).toBe(suite);
    expect(() => suiteNamed([other], suite.name)).toThrow(suite.name);
  });
});

describe('a digest', () => {
  it.each([
    ['SHA-256', INTL, 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['SM3', GM, '66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'],
  ])('is the one of the standard: %s', (_name, suite, hex) => {
    expect(Buffer.from(suite.digest('abc'), 'base64url').toString('hex')).toBe(hex);
  });
});
