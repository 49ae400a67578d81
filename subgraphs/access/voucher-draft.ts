import type { Caller } from '../../auth/caller.ts';
import { coordinatesOf } from '../../auth/entitlements.ts';
import { VOUCHER_PURPOSES } from '../../auth/principal.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { SECTIONS } from '../../schema/gate.ts';
import type { Values } from '../kit/record-engine/rows.ts';
import type { SubjectHandle } from '../kit/subject-directory.ts';
import { checkAmong, required } from './documents.ts';

export interface VoucherDraft {
  readonly type: 'PAPER' | 'E_SIGN' | 'E_CERT' | 'COURT_ORDER';
  readonly subject?: string | null | undefined;
  readonly subjectUscc?: string | null | undefined;
  readonly person?: { readonly idType?: string | null | undefined; readonly idNumber: string; readonly name: string } | null | undefined;
  readonly granteeUscc: string;
  readonly granteeStaff?: readonly string[] | null | undefined;
  readonly sections: readonly string[];
  readonly opened?: readonly string[] | null | undefined;
  readonly fieldsExcluded?: readonly string[] | null | undefined;
  readonly purpose: string;
  readonly purposeText?: string | null | undefined;
  readonly validFrom?: string | null | undefined;
  readonly validTo: string;
  readonly maxUses: number;
}

const DAY_MS = 86_400_000;
/** Days that a voucher may run. */
export const LONGEST_DAYS = { E_CERT: 365, other: 90 } as const;
const LONGEST_TEXT = 200;
const LONGEST_STAFF_ID = 64;
/** The text by which the subject is told what it agrees to (个人信息保护法 §17, §23). */
const NOTICE_VERSION = '1';

/** Who drafts which kinds: a credit body the one that its staff uses, an application organisation the one that its certificate uses. */
const DRAFTED_BY: Readonly<Partial<Record<string, readonly VoucherDraft['type'][]>>> = {
  CREDIT_BODY: ['PAPER', 'E_SIGN'],
  APP_ORG: ['E_CERT'],
  SUBJECT: ['PAPER', 'E_SIGN'],
};

/** How the draft names its subject. @throws BAD_USER_INPUT for more than one handle */
export function handleIn({ subject, subjectUscc, person }: VoucherDraft): SubjectHandle | { readonly id: string } | undefined {
  if ([subject, subjectUscc, person].filter((handle) => handle !== null && handle !== undefined).length > 1)
    throw new HubError('BAD_USER_INPUT', 'a voucher names its subject by one of subject, subjectUscc and person');
  if (subject) return { id: subject };
  if (subjectUscc) return { kind: 'organisation', uscc: subjectUscc, name: '' };
  if (!person) return undefined;
  return {
    kind: 'person',
    idType: person.idType?.trim() || '身份证',
    idNumber: required(person.idNumber, 'person.idNumber', 64),
    name: required(person.name, 'person.name', 50),
  };
}

/** What the draft says, as values of the voucher; without subject and grantee. @throws FORBIDDEN, BAD_USER_INPUT */
export function checkedDraft(catalogue: Catalogue, { principal }: Caller, draft: VoucherDraft, now: Date): Values {
  const { type, sections, purpose, maxUses } = draft;
  const { audience, certSerial } = principal;
  if (!DRAFTED_BY[audience]?.includes(type))
    throw new HubError('BAD_USER_INPUT', `this caller drafts vouchers of the types ${DRAFTED_BY[audience]?.join(', ') ?? 'none'}`);
  if (type === 'E_CERT' && !certSerial)
    throw new HubError('FORBIDDEN', 'a voucher of the type E_CERT is drafted under the certificate that will use it');
  if (sections.length === 0) throw new HubError('BAD_USER_INPUT', 'sections has to name at least one');
  checkAmong(sections, (section) => SECTIONS.some((known) => known === section), 'sections');
  checkAmong([purpose], (given) => VOUCHER_PURPOSES.some((known) => known === given), 'purpose');
  if (maxUses < 1) throw new HubError('BAD_USER_INPUT', 'maxUses has to be at least 1');
  return {
    type,
    sections: unique(sections),
    purpose,
    ...(draft.purposeText?.trim() && { purposeText: required(draft.purposeText, 'purposeText', LONGEST_TEXT) }),
    maxUses,
    onwardProvision: false,
    noticeVersion: NOTICE_VERSION,
    draftedAt: now.toISOString(),
    ...period(draft, now),
    ...scope(catalogue, draft),
    ...(type === 'E_CERT' ? { certSerial: certSerial ?? '' } : { granteeStaff: staffIn(draft) }),
  };
}

function period({ type, validFrom, validTo }: VoucherDraft, now: Date): Values {
  const from = Math.max(validFrom ? Date.parse(validFrom) : now.getTime(), now.getTime());
  const to = Date.parse(validTo);
  const days = LONGEST_DAYS[type === 'E_CERT' ? 'E_CERT' : 'other'];
  if (to <= from) throw new HubError('BAD_USER_INPUT', 'validTo has to be later than validFrom and in the future');
  if (to > from + days * DAY_MS) throw new HubError('BAD_USER_INPUT', `a voucher of this type runs for at most ${days} days`);
  return { validFrom: new Date(from).toISOString(), validTo: new Date(to).toISOString() };
}

/** Excluded are fields; opened may be sections, record types or fields. */
function scope({ types }: Catalogue, { type, opened, fieldsExcluded }: VoucherDraft): Values {
  const shared = types.filter(({ kind }) => kind !== 'catalogue');
  const coordinates = new Set(shared.flatMap((shape) => coordinatesOf(shape).map(({ coordinate }) => coordinate)));
  const units = new Set<string>([...SECTIONS, ...shared.flatMap(({ code, name }) => [code, name]), ...coordinates]);
  checkAmong(fieldsExcluded ?? [], (coordinate) => coordinates.has(coordinate), 'fieldsExcluded');
  checkAmong(opened ?? [], (unit) => units.has(unit), 'opened');
  if (type === 'E_CERT' && !opened?.length) throw new HubError('BAD_USER_INPUT', 'opened has to name at least one');
  return {
    ...(fieldsExcluded?.length && { fieldsExcluded: unique(fieldsExcluded) }),
    ...(opened?.length && { opened: unique(opened) }),
  };
}

function staffIn({ granteeStaff }: VoucherDraft): readonly string[] {
  const staff = unique((granteeStaff ?? []).map((id, place) => required(id, `granteeStaff[${place}]`, LONGEST_STAFF_ID)));
  if (staff.length === 0) throw new HubError('BAD_USER_INPUT', 'granteeStaff has to name at least one');
  return staff;
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
