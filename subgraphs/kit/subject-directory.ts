import type { SubjectKind } from '../../schema/gate.ts';

/** How a row or a token names its subject. A person's `region` is that of the row, which is where a new person is looked after. */
export type SubjectHandle =
  | { readonly kind: 'organisation'; readonly uscc: string; readonly name: string }
  | {
      readonly kind: 'person';
      readonly idType: string;
      readonly idNumber: string;
      readonly name: string;
      readonly region?: string | null | undefined;
    };

export interface KnownSubject {
  readonly id: string;
  readonly kind: SubjectKind;
  readonly uscc?: string | undefined;
}

/** What an open row tells about the organisation it names. */
export interface SubjectFacts {
  readonly name: string;
  readonly regionCode?: string | undefined;
  /** Values of the row's fields that `Subject` has under the same name (legalRepName, orgCode …). */
  readonly fields: Readonly<Record<string, string>>;
}

/** What the other subgraphs may ask of `subjects`, which alone holds the index that finds a person. */
export interface SubjectDirectory {
  /** Finds or creates each, in the same order. A new organisation is not public before an open row has named it. */
  resolve(handles: readonly SubjectHandle[], actor: string): Promise<readonly KnownSubject[]>;
  find(handle: SubjectHandle): Promise<KnownSubject | undefined>;
  byId(id: string): Promise<KnownSubject | undefined>;
  /** The subject has exactly this name. */
  isNamed(id: string, name: string): Promise<boolean>;
  /** An open row named these organisations: they are public from now on. The first row's facts stay; a differing name goes to the work-list. Idempotent. */
  named(namings: readonly { readonly subjectId: string; readonly facts: SubjectFacts }[], actor: string): Promise<void>;
}
