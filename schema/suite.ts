/**
 * The cryptography of what the hub keeps: encryption of fields and cursors, content hashes and indexes, the chain and the signatures of the access log.
 * One interface, so that a suite of 国密 algorithms can stand beside the shipped one. Every key and every chain names its suite.
 */
export interface Suite {
  readonly name: string;
  /** Length of a secret for `keyedDigest` and `cipher`. */
  readonly secretBytes: number;
  /** As base64url. */
  digest(data: string | Buffer): string;
  /** Gives digests under a secret, as base64url. @throws when the secret has another length */
  keyedDigest(secret: Buffer): (text: string) => string;
  /** @throws when the secret has another length */
  cipher(secret: Buffer): Cipher;
  /** A new private key as PEM (PKCS #8). */
  newSigningKey(): string;
  /** @throws when the private key is of another kind */
  signer(privateKey: string): Signer;
  /** Says whether a signature of a text is by the holder of this public key. */
  verifier(publicKey: string): (text: string, signature: string) => boolean;
}

/** Authenticated encryption under one secret. */
export interface Cipher {
  /** As base64url; never twice the same. */
  seal(text: string): string;
  /** @throws when the text was sealed under another secret or was altered */
  open(sealed: string): string;
  /** Seals bytes together with what they stand for: they open in no other context. */
  sealBytes(bytes: Buffer, context: string): Buffer;
  /** @throws when the bytes were sealed under another secret or in another context, or were altered */
  openBytes(sealed: Buffer, context: string): Buffer;
}

export interface Signer {
  /** PEM (SPKI). */
  readonly publicKey: string;
  /** As base64url. */
  sign(text: string): string;
}

/** The first makes what is new; what names another one is read with that one. */
export type Suites = readonly [Suite, ...Suite[]];

/** @throws when there is no suite of this name */
export function suiteNamed(suites: Suites, name: string): Suite {
  const suite = suites.find((candidate) => candidate.name === name);
  if (!suite) throw new Error(`there is no cryptographic suite ${name}`);
  return suite;
}
