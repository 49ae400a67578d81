import { hash } from 'node:crypto';

/** The digest by which the access log is chained. One small interface, so that SM3 can take its place. */
export interface Suite {
  /** Stands in the first record of every chain. */
  readonly name: string;
  /** Digest of a text as base64url. */
  digest(text: string): string;
}

export const SHA256: Suite = { name: 'sha256', digest: (text) => hash('sha256', text, 'base64url') };
