import type { Json, JsonObject } from '../../schema/json.ts';

/** An encrypted value as it stands in a body. */
export interface Sealed extends JsonObject {
  readonly $sealed: string;
}

/** The hub's keyed cryptography: encryption at rest, content hashes and blind indexes. */
export interface Sealer {
  /** Encrypts under the current key; the key id stands in the result, so that keys can rotate. */
  seal(text: string): Sealed;
  /** @throws when the value was made with an unknown key or was altered */
  open(sealed: Sealed): string;
  /** Keyed digest (content hashes): a plain hash of a short number could be guessed. */
  digest(text: string): string;
  /** Keyed index of a normalised identity number, by which only `subjects` finds a person. */
  blindIndex(text: string): string;
}

/** True for an encrypted value. */
export function isSealed(value: Json | undefined): value is Sealed {
  return typeof value === 'object' && value !== null && '$sealed' in value;
}

/** Under which key a value is encrypted. */
export function keyIdOf({ $sealed }: Sealed): string {
  return $sealed.slice(0, Math.max(0, $sealed.indexOf('.')));
}
