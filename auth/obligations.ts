import type { Caller } from './caller.ts';
import type { Audience } from './principal.ts';

/** What whoever received an authorised answer is bound to (`extensions.obligations`). */
export interface Obligations {
  /** For nothing else may it be used. */
  readonly purpose: string;
  /** The voucher under which it was read. */
  readonly voucher?: string | undefined;
  /** Grants without which something of it would have been closed. */
  readonly grants?: readonly string[] | undefined;
  /** Until then it may be kept: the end of the voucher, or of the grant that ends first (RFC 3339; a grant names a day). Undefined where neither was needed. */
  readonly retainUntil?: string | undefined;
  readonly onwardTransfer: false;
}

/** What is read by these rules is read under an obligation; whoever reads by another one (its own records, its own case) owes nothing for it. */
const OBLIGING: readonly string[] = ['E2', 'E3', 'E6', 'E7', 'E8', 'E10', 'E18'];
/** Of those, the rules that need a purpose alone. */
const BY_PURPOSE_ALONE: readonly string[] = ['E2', 'E18'];
const OBLIGED: Readonly<Partial<Record<Audience, (caller: Caller) => string | undefined>>> = {
  AGENCY: ({ profile }) => profile.purpose,
  CREDIT_BODY: ({ profile }) => profile.purpose,
  APP_ORG: ({ profile }) => profile.purpose,
  SUPERVISION: () => 'SUPERVISION',
};

/** By what a coordinate is read that not everybody may read; `by` names the rules, and the grant of each that has one. */
export interface Basis {
  readonly coordinate: string;
  readonly by: readonly string[];
}

/** The least binding of the entitlements that give a coordinate its effect; undefined when one of them obliges to nothing. */
export function basisOf(coordinate: string, givers: readonly string[]): Basis | undefined {
  const rules = givers.map(ruleIn);
  if (givers.length === 0 || !rules.every((rule) => OBLIGING.includes(rule))) return undefined;
  const plain = rules.filter((rule) => BY_PURPOSE_ALONE.includes(rule));
  return { coordinate, by: plain.length > 0 ? plain : givers };
}

/** The obligations of an answer that was read by these rules; undefined for one that holds nothing but what everybody may read, or what is the caller's own. */
export function obligationsOf(caller: Caller, readBy: ReadonlySet<string>): Obligations | undefined {
  const { audience, voucher, grants } = caller.profile;
  const purpose = OBLIGED[audience]?.(caller);
  if (purpose === undefined || readBy.size === 0) return undefined;
  const named = new Set([...readBy].flatMap((by) => by.split(':')[1] ?? []));
  const used = grants.filter(({ id }) => named.has(id));
  const [retainUntil] = [...used, ...(voucher ? [voucher] : [])].map(({ validTo }) => validTo).sort();
  return {
    purpose,
    ...(voucher && { voucher: voucher.id }),
    ...(used.length > 0 && { grants: used.map(({ id }) => id) }),
    ...(retainUntil !== undefined && { retainUntil }),
    onwardTransfer: false,
  };
}

function ruleIn(giver: string): string {
  return giver.split(':')[0] ?? giver;
}
