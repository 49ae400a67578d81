import { HubError } from '../schema/errors.ts';
import type { Audience, Principal } from './principal.ts';

/** What the hub's registry says of one department, body, client or member of staff; an empty text says nothing. */
export interface RegistryEntry {
  readonly kind: 'DEPARTMENT' | 'SERVICE_BODY' | 'CLIENT' | 'STAFF';
  readonly key: string;
  readonly name?: string | undefined;
  /** Empty means ACTIVE. */
  readonly status: string;
  /** Last day, `YYYY-MM-DD` of Asia/Shanghai. */
  readonly validTo?: string | undefined;
  readonly level?: string | undefined;
  readonly regionCode?: string | undefined;
  readonly orgNature?: string | undefined;
  readonly qualificationNo?: string | undefined;
  readonly successor?: string | undefined;
  readonly parent?: string | undefined;
  readonly audience?: string | undefined;
  readonly orgUscc?: string | undefined;
  readonly matters?: readonly { readonly matterCode: string; readonly allowFields: readonly string[] }[] | undefined;
}

/** One snapshot of the registry. */
export interface Registry {
  department(uscc: string): RegistryEntry | undefined;
  serviceBody(uscc: string): RegistryEntry | undefined;
  client(id: string): RegistryEntry | undefined;
  staff(orgUscc: string, staffId: string): RegistryEntry | undefined;
  /** Departments whose successor this one is. */
  departmentsSucceededBy(uscc: string): readonly string[];
}

export const REGISTRY_MODES = ['required', 'optional'] as const;
/** `required` refuses whom the registry does not know. */
export type RegistryMode = (typeof REGISTRY_MODES)[number];

export interface AccountCheck {
  readonly mode: RegistryMode;
  /** `YYYY-MM-DD` of Asia/Shanghai. */
  readonly today: string;
}

/**
 * The principal with level, region, nature and qualification as the registry has them, and none where it has none; unchanged when the registry does not
 * know the organisation or client (decision table, Q1).
 * @throws UNAUTHENTICATED when a claim contradicts the registry
 */
export function completePrincipal(principal: Principal, registry: Registry): Principal {
  const entry = FIND_ENTRY[principal.audience]?.(registry, principal);
  if (!entry) return principal;
  if (entry.audience && entry.audience !== principal.audience) throw contradiction('audience');
  const known = Object.fromEntries(FROM_REGISTRY.map((claim) => [claim, entry[claim] || undefined]));
  if (entry.kind === 'CLIENT' && entry.orgUscc) known.orgUscc = entry.orgUscc;
  for (const claim of [...FROM_REGISTRY, 'orgUscc'] as const) {
    if (principal[claim] !== undefined && known[claim] !== undefined && !sameClaim(principal[claim], known[claim]))
      throw contradiction(claim);
  }
  return { ...principal, ...known };
}

/** Reads the registry as far as it concerns one principal. */
export type RegistryFor = (principal: Principal) => Promise<Registry>;

/** What was read to complete a principal, which stands for one request. */
const read = new WeakMap<Principal, Registry>();

/** Completes the principal of one request, and keeps with it what was read for that. @throws UNAUTHENTICATED as `completePrincipal` */
export async function completeFrom(registryFor: RegistryFor, principal: Principal): Promise<Principal> {
  const registry = await registryFor(principal);
  // One that came with a remembered token stands for many requests.
  const completed = { ...completePrincipal(principal, registry) };
  // An organisation that only its client's entry has named was not looked up yet.
  if (completed.orgUscc === principal.orgUscc) read.set(completed, registry);
  return completed;
}

/** The principal of what was begun before and goes on: what the registry has said of it, it says again as it stands now. @throws UNAUTHENTICATED as `completePrincipal` */
export async function completeAnew(registryFor: RegistryFor, principal: Principal): Promise<Principal> {
  const registry = await registryFor(principal);
  const { level: _level, regionCode: _region, orgNature: _nature, qualificationNo: _qualification, ...claimed } = principal;
  const told = completePrincipal(claimed, registry);
  const completed = { ...(told === claimed ? principal : told) };
  if (completed.orgUscc === principal.orgUscc) read.set(completed, registry);
  return completed;
}

/** What the registry says in the request of this principal: it is read once. */
export async function registryOf(registryFor: RegistryFor, principal: Principal): Promise<Registry> {
  return read.get(principal) ?? registryFor(principal);
}

/**
 * Lets through whose department, body or client and whose staff account are active and, where the registry is optional, whom it does not know
 * (decision table, Q2).
 * @throws FORBIDDEN
 */
export function checkAccount(principal: Principal, registry: Registry, { mode, today }: AccountCheck): void {
  const find = FIND_ENTRY[principal.audience];
  if (!find) return;
  const check = (entry: RegistryEntry | undefined, who: string) => {
    if (!entry && mode === 'required') throw new HubError('FORBIDDEN', `the registry does not know the ${who} of this token`);
    if (entry && !isActive(entry, today)) throw new HubError('FORBIDDEN', `the ${who} of this token is not active in the registry`);
  };
  const entry = find(registry, principal);
  check(entry, 'organisation or client');
  if (principal.staffId === undefined) return;
  const employer = principal.orgUscc ?? entry?.orgUscc;
  check(employer ? registry.staff(employer, principal.staffId) : undefined, 'staff member');
}

/** Codes are written in capitals by some and small by others. */
function sameClaim(claimed: string | undefined, known: string | undefined): boolean {
  return claimed?.toUpperCase() === known?.toUpperCase();
}

const FROM_REGISTRY = ['level', 'regionCode', 'orgNature', 'qualificationNo'] as const;

type FindEntry = (registry: Registry, caller: Principal) => RegistryEntry | undefined;
const findDepartment: FindEntry = (registry, { orgUscc }) => (orgUscc === undefined ? undefined : registry.department(orgUscc));
const findServiceBody: FindEntry = (registry, { orgUscc }) => (orgUscc === undefined ? undefined : registry.serviceBody(orgUscc));
const findClient: FindEntry = (registry, { clientId }) => (clientId === undefined ? undefined : registry.client(clientId));
const findReceiver: FindEntry = (registry, { clientId, orgUscc }) => {
  const id = clientId ?? orgUscc;
  return id === undefined ? undefined : registry.client(id);
};

/** Who has to stand in the registry, and where; callers of the other audiences have no entry. */
const FIND_ENTRY: Partial<Record<Audience, FindEntry>> = {
  AGENCY: findDepartment,
  CREDIT_BODY: findServiceBody,
  APP_ORG: findServiceBody,
  SUPERVISION: findClient,
  FINANCE: findReceiver,
  INDUSTRY_ASSOC: findReceiver,
};

/** The entry is in force on this day. */
export function isActive({ status, validTo }: RegistryEntry, today: string): boolean {
  return (status === '' || status === 'ACTIVE') && (!validTo || today <= validTo);
}

function contradiction(claim: string): HubError {
  return new HubError('UNAUTHENTICATED', `the claim ${claim} of the token contradicts the registry`);
}
