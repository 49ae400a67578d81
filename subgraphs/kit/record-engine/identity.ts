import { itemWithRole, type RecordType } from '../../../schema/catalogue.ts';
import { isCitizenId } from '../../../schema/citizen-id.ts';
import { normaliseHeading } from '../../../schema/headings.ts';
import type { Json } from '../../../schema/json.ts';
import type { Sealer } from '../sealer.ts';
import { canonical } from './content.ts';
import type { Values } from './rows.ts';

/** Keyed digests by which a record is found again. */
export interface Identity {
  /** Source and identity: one record. */
  readonly identity: string;
  /** Identity without the source: the same act as several sources tell it. */
  readonly triple: string;
  /** Source and identity without the subject: one document, about whomever. */
  readonly document: string;
}

/** The identity of a record of this source about this subject (by id). Texts are compared after NFKC and without white space. */
export function identityOf(
  type: RecordType,
  sealer: Sealer,
  values: Values,
  whose: { readonly source: string; readonly subjectId: string },
): Identity {
  const parts = type.identity.map((name) => (name === 'subject' ? whose.subjectId : comparable(values[name])));
  const things = type.identity.flatMap((name, place) => (name === 'subject' ? [] : [parts[place] ?? null]));
  // The number in front keeps the rows of one file together in every index; an import then touches few of their pages.
  const number = numberOf(type, values);
  return {
    identity: `${number}${sealer.digest(text('identity', type, [whose.source, ...parts]))}`,
    triple: `${number}${sealer.digest(text('triple', type, parts))}`,
    document: `${number}${sealer.digest(text('document', type, [whose.source, ...things]))}`,
  };
}

/** The document's number, where it is part of the identity and nobody's identity number. */
function numberOf(type: RecordType, values: Values): string {
  const item = itemWithRole(type, 'DOCUMENT_NUMBER');
  const number = item && type.identity.includes(item.name) ? values[item.name] : undefined;
  return typeof number === 'string' && !isCitizenId(number) ? `${normaliseHeading(number).slice(0, 64)}|` : '';
}

/** The identity of a document without subject and source. */
export function catalogueIdentityOf(type: RecordType, sealer: Sealer, values: Values): string {
  return sealer.digest(
    text(
      'identity',
      type,
      type.identity.map((name) => comparable(values[name])),
    ),
  );
}

function text(what: string, type: RecordType, parts: readonly Json[]): string {
  return `${what}|${type.code}|${JSON.stringify(parts)}`;
}

function comparable(value: Json | undefined): Json {
  if (typeof value === 'string') return normaliseHeading(value);
  return canonical(value ?? null);
}
