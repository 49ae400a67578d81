import type { AccessBook } from '../../auth/access-book.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Clock, Document, Store } from '../../store/port.ts';
import type { Sealer } from '../kit/sealer.ts';
import type { SubjectDirectory } from '../kit/subject-directory.ts';

/** What the services of this subgraph are made of. */
export interface AccessParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly access: AccessBook;
  readonly sealer: Sealer;
  readonly directory: SubjectDirectory;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** The catalogue's type of this name. */
export function typeNamed({ types }: Catalogue, name: string): RecordType {
  const found = types.find((type) => type.name === name);
  if (!found) throw new Error(`the catalogue has no type ${name}`);
  return found;
}

/** True when some rule of the decision table holds the document for this caller. */
export function isVisible({ access }: Pick<AccessParts, 'access'>, caller: Caller, type: RecordType, document: Document): boolean {
  return access.accessOf(caller, type).disclose(document, caller.params) !== undefined;
}

/** A text that somebody has to give, without the white space around it. @throws BAD_USER_INPUT */
export function required(text: string, what: string, max: number): string {
  const given = text.trim();
  if (given === '') throw new HubError('BAD_USER_INPUT', `${what} has to be given`);
  if (given.length > max) throw new HubError('BAD_USER_INPUT', `${what} may have at most ${max} characters`);
  return given;
}

/** Refuses what does not stand among the values known. @throws BAD_USER_INPUT naming the list, never a value */
export function checkAmong(given: readonly string[], isKnown: (value: string) => boolean, what: string): void {
  if (given.length > MOST_VALUES) throw new HubError('BAD_USER_INPUT', `${what} may hold at most ${MOST_VALUES} values`);
  const place = given.findIndex((value) => !isKnown(value));
  if (place >= 0) throw new HubError('BAD_USER_INPUT', `${what}[${place}] is not known`);
}

const MOST_VALUES = 1000;
