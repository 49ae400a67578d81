import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Suite, type Suites, suiteNamed } from '../../schema/suite.ts';
import { changeKeyFile, createKeyFile, readKeyFile } from './key-file.ts';

const KEY_FILE = 'field-keys.json';

/** A secret, and what it is used with. */
export interface StoredKey {
  /** Name of the suite. */
  readonly suite: string;
  /** base64. */
  readonly key: string;
  /** RFC 3339; missing where the key file did not say so yet. */
  readonly createdAt?: string | undefined;
}

/** A secret under which fields are encrypted. */
export interface FieldKey extends StoredKey {
  /** When the last look at the whole store found no value under this key. */
  readonly idleSince?: string | undefined;
}

/** What stands in `<keyDir>/field-keys.json` (mode 600). */
export interface FieldKeys {
  /** Under this one is sealed; the others open what was sealed before. */
  readonly current: string;
  readonly keys: Readonly<Record<string, FieldKey>>;
  readonly digest: StoredKey;
  readonly blind: StoredKey & { readonly id: string };
}

/** Where the key file stands. */
export function fieldKeyFile(keyDir: string): string {
  return join(keyDir, KEY_FILE);
}

/** Undefined when there is no key file. @throws when the file is not a key file, or names a suite that is not there */
export function readFieldKeys(keyDir: string, suites: Suites): FieldKeys | undefined {
  const text = readKeyFile(fieldKeyFile(keyDir));
  if (text === undefined) return undefined;
  const keys = parsed(JSON.parse(text));
  if (!keys) throw new Error(`${KEY_FILE} is not a key file`);
  if (!Object.hasOwn(keys.keys, keys.current)) throw new Error(`${KEY_FILE} names a current key that it does not hold`);
  for (const stored of [...Object.values(keys.keys), keys.digest, keys.blind]) secretOf(suites, stored);
  return keys;
}

/** The keys that stand, made now if there are none. */
export function standingFieldKeys(keyDir: string, suites: Suites, at: Date): FieldKeys {
  const standing = readFieldKeys(keyDir, suites);
  if (standing) return standing;
  const [suite] = suites;
  const made: FieldKeys = {
    current: 'k1',
    keys: { k1: newKey(suite, at) },
    digest: newKey(suite, at),
    blind: { id: 'b1', ...newKey(suite, at) },
  };
  createKeyFile(fieldKeyFile(keyDir), written(made));
  return requireFieldKeys(keyDir, suites);
}

/** Makes a key of the first suite under which everything is sealed from now on; gives back its id, which no key ever had. @throws KeysAreBusy */
export function rotateFieldKey(keyDir: string, suites: Suites, at: Date): string {
  let id = '';
  changeFieldKeys(keyDir, suites, ({ keys, ...rest }) => {
    id = `k${Math.max(...Object.keys(keys).map((known) => Number(known.slice(1)))) + 1}`;
    return { ...rest, current: id, keys: { ...keys, [id]: newKey(suites[0], at) } };
  });
  return id;
}

/** Notes under which keys a look at the whole store found no value. @throws KeysAreBusy */
export function noteIdleKeys(keyDir: string, suites: Suites, ids: readonly string[], at: Date): void {
  const idleSince = at.toISOString();
  changeFieldKeys(keyDir, suites, ({ keys, ...rest }) => ({
    ...rest,
    keys: Object.fromEntries(Object.entries(keys).map(([id, key]) => [id, ids.includes(id) ? { ...key, idleSince } : key])),
  }));
}

/** Takes an old key out of the file, for good. @throws KeysAreBusy, and for the current key */
export function dropFieldKey(keyDir: string, suites: Suites, id: string): void {
  changeFieldKeys(keyDir, suites, ({ keys, ...rest }) => {
    if (id === rest.current) throw new Error('the current key cannot be dropped');
    return { ...rest, keys: Object.fromEntries(Object.entries(keys).filter(([other]) => other !== id)) };
  });
}

/** The suite of a key, and its secret. @throws when the suite is not there or takes secrets of another length */
export function secretOf(suites: Suites, { suite: name, key }: StoredKey): { readonly suite: Suite; readonly secret: Buffer } {
  const suite = suiteNamed(suites, name);
  const secret = Buffer.from(key, 'base64');
  if (secret.length !== suite.secretBytes) throw new Error(`a key of ${KEY_FILE} does not have ${suite.secretBytes} bytes`);
  return { suite, secret };
}

function changeFieldKeys(keyDir: string, suites: Suites, change: (keys: FieldKeys) => FieldKeys): void {
  changeKeyFile(fieldKeyFile(keyDir), () => written(change(requireFieldKeys(keyDir, suites))));
}

function requireFieldKeys(keyDir: string, suites: Suites): FieldKeys {
  const standing = readFieldKeys(keyDir, suites);
  if (!standing) throw new Error(`there is no ${KEY_FILE}`);
  return standing;
}

function newKey({ name, secretBytes }: Suite, at: Date): StoredKey {
  return { suite: name, key: randomBytes(secretBytes).toString('base64'), createdAt: at.toISOString() };
}

function written(keys: FieldKeys): string {
  return `${JSON.stringify(keys, null, 2)}\n`;
}

function parsed(value: unknown): FieldKeys | undefined {
  if (!isObject(value) || !isObject(value.keys) || !isObject(value.blind)) return undefined;
  const { current, blind } = value;
  const digest = storedKey(value.digest);
  const blindKey = storedKey(blind);
  const keys = Object.entries(value.keys).flatMap(([id, key]): (readonly [string, FieldKey])[] => {
    const stored = storedKey(key);
    return stored ? [[id, { ...stored, ...(isObject(key) && typeof key.idleSince === 'string' && { idleSince: key.idleSince }) }]] : [];
  });
  if (keys.length < Object.keys(value.keys).length || !keys.every(([id]) => /^k\d+$/.test(id))) return undefined;
  if (typeof current !== 'string' || typeof blind.id !== 'string' || !digest || !blindKey) return undefined;
  return { current, keys: Object.fromEntries(keys), digest, blind: { id: blind.id, ...blindKey } };
}

/** A key that stands as a mere text, or names no suite, is one of the suite that a hub has without choosing. */
function storedKey(value: unknown): StoredKey | undefined {
  if (typeof value === 'string') return { suite: DEFAULT_SUITE, key: value };
  if (!isObject(value) || typeof value.key !== 'string') return undefined;
  return {
    suite: typeof value.suite === 'string' ? value.suite : DEFAULT_SUITE,
    key: value.key,
    ...(typeof value.createdAt === 'string' && { createdAt: value.createdAt }),
  };
}
const DEFAULT_SUITE = 'INTL';

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
