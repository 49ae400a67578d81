import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  hash,
  type KeyObject,
  randomFillSync,
  sign,
  verify,
} from 'node:crypto';
import type { Cipher, Signer, Suite, Suites } from './suite.ts';

const SECRET_BYTES = 32;
/** NIST SP 800-38D: 96 random bits, at most 2^32 texts under one key. */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCES_AT_ONCE = 1024;

/** SHA-256, HMAC-SHA-256, AES-256-GCM, Ed25519. */
const INTL: Suite = {
  name: 'INTL',
  secretBytes: SECRET_BYTES,
  digest: (data) => hash('sha256', data, 'base64url'),
  keyedDigest(secret) {
    const key = secretKey(secret);
    return (text) => createHmac('sha256', key).update(text, 'utf8').digest('base64url');
  },
  cipher,
  newSigningKey: () => String(generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' })),
  signer,
  verifier(pem) {
    const publicKey = ed25519(createPublicKey(pem));
    return (text, signature) => verify(null, Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'));
  },
};

/** The suites that the hub comes with. */
export const SUITES: Suites = [INTL];

function cipher(secret: Buffer): Cipher {
  const key = secretKey(secret);
  return {
    seal(text) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES });
      const head = cipher.update(text, 'utf8');
      const tail = cipher.final();
      return Buffer.concat([nonce, cipher.getAuthTag(), head, tail]).toString('base64url');
    },
    sealBytes(bytes, context) {
      const nonce = nextNonce();
      const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(context));
      const head = cipher.update(bytes);
      const tail = cipher.final();
      return Buffer.concat([nonce, cipher.getAuthTag(), head, tail]);
    },
    openBytes(sealed, context) {
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAAD(Buffer.from(context)).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
    },
    open(sealed) {
      const bytes = Buffer.from(sealed, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
      decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      return decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}

function signer(pem: string): Signer {
  const privateKey = ed25519(createPrivateKey(pem));
  return {
    publicKey: String(createPublicKey(privateKey).export({ format: 'pem', type: 'spki' })),
    sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64url'),
  };
}

const nonces = { pool: Buffer.alloc(NONCE_BYTES * NONCES_AT_ONCE), next: NONCE_BYTES * NONCES_AT_ONCE };

/** Random nonces, drawn many at a time: one call of the generator for each costs more than the encryption. */
function nextNonce(): Buffer {
  if (nonces.next === nonces.pool.length) {
    randomFillSync(nonces.pool);
    nonces.next = 0;
  }
  nonces.next += NONCE_BYTES;
  return nonces.pool.subarray(nonces.next - NONCE_BYTES, nonces.next);
}

function secretKey(secret: Buffer): KeyObject {
  if (secret.length !== SECRET_BYTES) throw new Error(`a secret of this suite has ${SECRET_BYTES} bytes`);
  return createSecretKey(secret);
}

function ed25519(key: KeyObject): KeyObject {
  if (key.asymmetricKeyType !== 'ed25519') throw new Error('a signing key of this suite is an Ed25519 key');
  return key;
}
