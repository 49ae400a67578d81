import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { Suite } from '../../schema/suite.ts';

const CIPHER_KEY_BYTES = 16;
const MAC_KEY_BYTES = 32;
const IV_BYTES = 16;
const TAG_BYTES = 32;

/**
 * A suite of 国密 algorithms, by which the tests see that the interface carries one: SM3, HMAC-SM3, SM4-CTR with HMAC-SM3 over initial vector and
 * ciphertext, SM2 with SM3. It is not shipped: Node.js signs with an empty distinguishing identifier, GM/T 0009 prescribes 1234567812345678.
 */
export const GM: Suite = {
  name: 'GM',
  secretBytes: CIPHER_KEY_BYTES + MAC_KEY_BYTES,
  digest: (data) => hash('sm3', data, 'base64url'),
  keyedDigest(secret) {
    refuseOtherLength(secret);
    return (text) => createHmac('sm3', secret).update(text, 'utf8').digest('base64url');
  },
  cipher(secret) {
    refuseOtherLength(secret);
    const key = createSecretKey(secret.subarray(0, CIPHER_KEY_BYTES));
    const tagOf = (bytes: Buffer, context = '') => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(Buffer.byteLength(context));
      return createHmac('sm3', secret.subarray(CIPHER_KEY_BYTES)).update(length).update(context).update(bytes).digest();
    };
    return {
      sealBytes(plain, context) {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv('sm4-ctr', key, iv);
        const bytes = Buffer.concat([iv, cipher.update(plain), cipher.final()]);
        return Buffer.concat([tagOf(bytes, context), bytes]);
      },
      openBytes(sealed, context) {
        const bytes = sealed.subarray(TAG_BYTES);
        if (bytes.length < IV_BYTES || !timingSafeEqual(sealed.subarray(0, TAG_BYTES), tagOf(bytes, context)))
          throw new Error('the bytes were altered');
        const decipher = createDecipheriv('sm4-ctr', key, bytes.subarray(0, IV_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(IV_BYTES)), decipher.final()]);
      },
      seal(text) {
        const iv = randomBytes(IV_BYTES);
        const cipher = createCipheriv('sm4-ctr', key, iv);
        const bytes = Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final()]);
        return Buffer.concat([tagOf(bytes), bytes]).toString('base64url');
      },
      open(sealed) {
        const whole = Buffer.from(sealed, 'base64url');
        const bytes = whole.subarray(TAG_BYTES);
        if (bytes.length < IV_BYTES || !timingSafeEqual(whole.subarray(0, TAG_BYTES), tagOf(bytes)))
          throw new Error('the text was altered');
        const decipher = createDecipheriv('sm4-ctr', key, bytes.subarray(0, IV_BYTES));
        return decipher.update(bytes.subarray(IV_BYTES), undefined, 'utf8') + decipher.final('utf8');
      },
    };
  },
  newSigningKey: () => String(generateKeyPairSync('ec', { namedCurve: 'SM2' }).privateKey.export({ format: 'pem', type: 'pkcs8' })),
  signer(pem) {
    // Only a key that was read from PEM signs by SM2; the one that was generated signs by ECDSA over the same curve.
    const privateKey = createPrivateKey(pem);
    return {
      publicKey: String(createPublicKey(pem).export({ format: 'pem', type: 'spki' })),
      sign: (text) => sign('sm3', Buffer.from(text), privateKey).toString('base64url'),
    };
  },
  verifier(pem) {
    const publicKey = createPublicKey(pem);
    return (text, signature) => verify('sm3', Buffer.from(text), publicKey, Buffer.from(signature, 'base64url'));
  },
};

function refuseOtherLength(secret: Buffer): void {
  if (secret.length !== CIPHER_KEY_BYTES + MAC_KEY_BYTES) throw new Error('a secret of this suite has 48 bytes');
}
