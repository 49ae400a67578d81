import type { Draft, Nature, Section, Severity, Share, Status, Stopped } from './gate.ts';
import type { RegionProfiles } from './region-profiles.ts';

export const CLASSES = [
  'OPEN',
  'OPEN_MASKED',
  'SHARED',
  'SHARED_BY_DUTY',
  'BY_AUTHORIZATION',
  'SUBJECT_AND_SOURCE',
  'HANDLING',
  'SOURCE_ONLY',
  'AUDIT',
  'CASE_PARTIES',
  'VOUCHER_PARTIES',
] as const;
export type DisclosureClass = (typeof CLASSES)[number];
export const MASKS = ['ID', 'NAME', 'PHONE', 'ADDR', 'ACCT', 'PLATE', 'TEXT', 'EMAIL'] as const;
export type Mask = (typeof MASKS)[number];
export const ROLES = [
  'SUBJECT_NAME',
  'SUBJECT_KIND',
  'SUBJECT_CODE',
  'SUBJECT_ID_TYPE',
  'SUBJECT_ID_NUMBER',
  'LEGAL_REPRESENTATIVE',
  'DOCUMENT_NUMBER',
  'DECISION_DATE',
  'ACT_END',
  'AUTHORITY',
  'AUTHORITY_CODE',
  'SOURCE',
  'SOURCE_CODE',
  'REGION',
  'STATE',
  'PROCEDURE',
  'PUBLICITY_DEADLINE',
  'PUBLICITY_BASIS',
  'SECRECY',
  'SEVERITY',
  'EFFECTIVE_FROM',
  'EFFECTIVE_TO',
  'PARTY',
  'REMARK',
] as const;
export type Role = (typeof ROLES)[number];
export type PublicForIndividuals = 'NO' | 'YES' | 'BY_LAW' | 'WITH_CONSENT' | 'NEVER';

/** `field` holds one of `values`. */
export interface ValueInField {
  readonly field: string;
  readonly values: readonly string[];
}

/** What `@disclose` says of one field. */
export interface FieldDisclosure {
  readonly class: DisclosureClass;
  readonly individual?: DisclosureClass | undefined;
  readonly inState: readonly { readonly state: string; readonly class: DisclosureClass }[];
  readonly mask?: Mask | undefined;
  readonly scrub: boolean;
}

/** One enum value with what `@value` and `@state` say of it. */
export interface EnumValue {
  readonly name: string;
  readonly label: string;
  readonly code?: string | undefined;
  /** Chinese words by which files name it. */
  readonly labels: readonly string[];
  readonly section?: Section | undefined;
  readonly nature?: Nature | undefined;
  readonly severity?: Severity | undefined;
  readonly stopped?: Stopped | undefined;
  readonly state?:
    | {
        readonly status?: Status | undefined;
        readonly draft: Draft;
        readonly stopped?: Stopped | undefined;
        readonly keep: boolean;
        readonly stoppedBy?: string | undefined;
      }
    | undefined;
}

/** One field of a record or catalogue type. */
export interface Item {
  readonly name: string;
  /** Chinese label: the description in the SDL. */
  readonly label: string;
  /** Named type without list and non-null wrappers: a scalar, an enum, or a nested value type. */
  readonly type: string;
  readonly list: boolean;
  readonly shape: 'scalar' | 'enum' | 'object';
  /** Of a nested value type: its own fields. */
  readonly fields: readonly Item[];
  /** Exchange code (`CF_WSH`). */
  readonly code?: string | undefined;
  readonly headings: readonly string[];
  readonly role?: Role | undefined;
  readonly required: boolean;
  readonly requiredWhen: readonly ValueInField[];
  /** Name of the field whose value stands in when this one is empty. */
  readonly fallback?: string | undefined;
  readonly max?: number | undefined;
  readonly min?: number | undefined;
  /** Characters that part the values of a list in one cell. */
  readonly split?: string | undefined;
  readonly encrypted: boolean;
  readonly filter: boolean;
  readonly order: boolean;
  /** It can be imported and submitted (it carries `@item`); otherwise the hub computes it. */
  readonly input: boolean;
  /** It comes from the record envelope, not from the type's own file. */
  readonly envelope: boolean;
  readonly disclosure: FieldDisclosure;
}

/** A type of shared document, read from one SDL file. */
export interface RecordType {
  /** `subject`: the type Subject itself, read like a record (decision table, E18). */
  readonly kind: 'record' | 'catalogue' | 'subject';
  /** GraphQL type name, `AdministrativePenalty`. */
  readonly name: string;
  readonly label: string;
  /** `PENALTY`. */
  readonly code: string;
  /** Root and Subject field, `penalties`. */
  readonly field: string;
  /** Store collection, `administrative-penalty`. */
  readonly collection: string;
  /** The subgraph that owns it. */
  readonly subgraph: string;
  readonly section: Section;
  readonly share: Share;
  readonly nature: Nature;
  /** Field names; `subject` stands for the subject. The source organisation is always part of it. */
  readonly identity: readonly string[];
  readonly publishable: boolean;
  readonly publicForIndividuals: PublicForIndividuals;
  readonly sourceOnly: boolean;
  readonly submit: boolean;
  readonly openWhen: readonly ValueInField[];
  /** Of a catalogue type: names of the fields that hold its parties. */
  readonly parties: readonly string[];
  /** Of a catalogue type that is about a subject: the name of the field that holds the subject's id. */
  readonly about?: string | undefined;
  /** Of a catalogue type: its documents tell how access was given, which is the auditor's to read (E15). */
  readonly audit: boolean;
  /** What the regions of its rows decide for themselves. */
  readonly regions: RegionProfiles;
  /** Envelope and own fields, in the order of the SDL. */
  readonly items: readonly Item[];
}

/** Everything that is shared: the types of all subgraphs, and the enums that they use. */
export interface Catalogue {
  readonly types: readonly RecordType[];
  readonly enums: ReadonlyMap<string, readonly EnumValue[]>;
  readonly regions: RegionProfiles;
}

/** The field of this type that plays the role. */
export function itemWithRole(type: RecordType, role: Role): Item | undefined {
  return type.items.find((item) => item.role === role);
}
