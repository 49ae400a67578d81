import { SUITES } from '../../schema/intl-suite.ts';
import type { Cipher, Suites } from '../../schema/suite.ts';
import type { Clock } from '../../store/port.ts';
import { fieldKeyFile, readFieldKeys, secretOf, standingFieldKeys } from './field-keys.ts';
import { followKeyFile } from './key-file.ts';
import { keyIdOf, type Sealer } from './sealer.ts';

/** 132 bits: enough never to meet twice, and half the room in every index. */
const DIGEST_LENGTH = 22;

export interface SealerOptions {
  readonly suites?: Suites;
  readonly clock?: Clock;
}

/**
 * A sealer whose keys stand in `<keyDir>/field-keys.json`, made at first use. When the file is replaced it seals under the new current key within two
 * seconds, and at once opens what another process has sealed under it. @throws when the file is not a key file
 */
export function openSealer(keyDir: string, { suites = SUITES, clock = { now: () => new Date() } }: SealerOptions = {}): Sealer {
  const { digest, blind } = standingFieldKeys(keyDir, suites, clock.now());
  // A key that is dropped goes on opening what this process has read before.
  const ciphers = new Map<string, Cipher>();
  const read = () => {
    const standing = readFieldKeys(keyDir, suites);
    if (!standing) throw new Error('the file with the keys of fields is gone');
    for (const [id, key] of Object.entries(standing.keys)) {
      const { suite, secret } = secretOf(suites, key);
      if (!ciphers.has(id)) ciphers.set(id, suite.cipher(secret));
    }
    return standing.current;
  };
  const current = followKeyFile(fieldKeyFile(keyDir), read, clock);
  const cipherOf = (id: string): Cipher => {
    const cipher = ciphers.get(id);
    if (!cipher) throw new Error('a value is sealed under a key that this hub does not hold');
    return cipher;
  };
  const digestOf = keyedDigest(suites, digest);
  const blindIndexOf = keyedDigest(suites, blind);
  return {
    seal(text) {
      const id = current.recent();
      return { $sealed: `${id}.${cipherOf(id).seal(text)}` };
    },
    open(sealed) {
      const id = keyIdOf(sealed);
      if (!ciphers.has(id)) current.present();
      return cipherOf(id).open(sealed.$sealed.slice(id.length + 1));
    },
    digest: (text) => digestOf(text).slice(0, DIGEST_LENGTH),
    blindIndex: (text) => `${blind.id}.${blindIndexOf(text)}`,
  };
}

function keyedDigest(suites: Suites, key: Parameters<typeof secretOf>[1]): (text: string) => string {
  const { suite, secret } = secretOf(suites, key);
  return suite.keyedDigest(secret);
}
