import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** A certificate with its private key, both in PEM. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

export interface Authority extends Certified {
  issue(name: string, options?: { readonly hosts?: readonly string[]; readonly until?: Date }): Certified;
}

const DAY = 86_400_000;
/** Object identifiers, encoded. */
const OIDS = {
  ecdsaWithSha256: Buffer.from('06082a8648ce3d040302', 'hex'),
  commonName: Buffer.from('0603550403', 'hex'),
  basicConstraints: Buffer.from('0603551d13', 'hex'),
  alternativeNames: Buffer.from('0603551d11', 'hex'),
};
const TAGS = { boolean: 0x01, integer: 0x02, bits: 0x03, octets: 0x04, utf8: 0x0c, time: 0x18, sequence: 0x30, set: 0x31 };
const ALGORITHM = sequence(OIDS.ecdsaWithSha256);

/** Makes a certificate authority of its own, whose certificates are real in everything but who trusts them. */
export function createAuthority(name: string): Authority {
  const { publicKey, privateKey } = newKeys();
  const until = new Date(Date.now() + DAY);
  const constraints = extension(OIDS.basicConstraints, sequence(der(TAGS.boolean, Buffer.from([0xff]))));
  const cert = certify({ subject: name, publicKey, issuer: name, issuerKey: privateKey, until, extensions: [constraints] });
  return {
    cert,
    key: pemOf(privateKey),
    issue(subject, options = {}) {
      const keys = newKeys();
      const extensions = options.hosts ? [extension(OIDS.alternativeNames, sequence(...options.hosts.map(alternativeName)))] : [];
      const given = { subject, publicKey: keys.publicKey, until: options.until ?? until, extensions };
      return { cert: certify({ ...given, issuer: name, issuerKey: privateKey }), key: pemOf(keys.privateKey) };
    },
  };
}

interface Certificate {
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly issuer: string;
  readonly issuerKey: KeyObject;
  readonly until: Date;
  readonly extensions: readonly Buffer[];
}

/** RFC 5280 §4.1. */
function certify({ subject, publicKey, issuer, issuerKey, until, extensions }: Certificate): string {
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(8)]);
  const content = sequence(
    der(0xa0, der(TAGS.integer, Buffer.from([2]))),
    der(TAGS.integer, serial),
    ALGORITHM,
    nameOf(issuer),
    sequence(timeOf(new Date(Date.now() - 2 * DAY)), timeOf(until)),
    nameOf(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length > 0 ? [der(0xa3, sequence(...extensions))] : []),
  );
  const signature = der(TAGS.bits, Buffer.concat([Buffer.from([0]), sign('sha256', content, issuerKey)]));
  const lines =
    sequence(content, ALGORITHM, signature)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function newKeys() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function nameOf(name: string): Buffer {
  return sequence(der(TAGS.set, sequence(OIDS.commonName, der(TAGS.utf8, Buffer.from(name)))));
}

function timeOf(date: Date): Buffer {
  return der(TAGS.time, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\.\d+Z$/g, '')}Z`));
}

function alternativeName(host: string): Buffer {
  const address = /^\d+\.\d+\.\d+\.\d+$/.test(host) ? Buffer.from(host.split('.').map(Number)) : undefined;
  return address ? der(0x87, address) : der(0x82, Buffer.from(host));
}

function extension(oid: Buffer, value: Buffer): Buffer {
  return sequence(oid, der(TAGS.octets, value));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(TAGS.sequence, ...parts);
}

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
