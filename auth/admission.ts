import type { FragmentDefinitionNode, GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { HubError } from '../schema/errors.ts';
import type { Params } from '../schema/filter.ts';
import type { RegionProfiles } from '../schema/region-profiles.ts';
import type { AccessBook } from './access-book.ts';
import { askedOf, type Operation } from './asked.ts';
import { type AskedLists, askedListsOf } from './asked-lists.ts';
import { type Caller, keyOfProfile, type Profile } from './caller.ts';
import { paramsOfDay } from './params-of-day.ts';
import { isStructural, type Policy } from './policy.ts';
import type { GrantBook, RevealBook, VoucherBook, VoucherCheck, VoucherFault } from './ports.ts';
import { type Audience, type Principal, purposesOf } from './principal.ts';
import { checkAccount, type Registry, type RegistryFor, type RegistryMode, registryOf } from './registry.ts';

/** What stands behind every door: the same for the gateway and for a subgraph of its own. */
export interface AdmissionParts {
  readonly policy: Policy;
  readonly access: AccessBook;
  readonly grants: GrantBook;
  readonly vouchers: VoucherBook;
  readonly reveals: Pick<RevealBook, 'revealedTo'>;
  readonly registryMode: RegistryMode;
  /** The registry as far as it concerns this principal. */
  readonly registryFor: RegistryFor;
  /** The id of the token's own subject, undefined for an unknown one. */
  readonly ownSubject: (principal: Principal) => Promise<string | undefined>;
}

export interface AdmissionRequest {
  readonly principal: Principal;
  readonly purpose?: string | undefined;
  readonly matter?: string | undefined;
  readonly voucher?: string | undefined;
  readonly withheld: 'extensions' | 'errors' | 'reject';
  readonly requestId: string;
  readonly now: Date;
  readonly today: string;
  readonly schema: GraphQLSchema;
  readonly operation: OperationDefinitionNode;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  /** Coerced. */
  readonly variables: Readonly<Record<string, unknown>>;
  /** A subscription is a use of its own, wherever its cursor comes from. */
  readonly beginsStream?: boolean | undefined;
}

export interface Admitted {
  readonly caller: Caller;
  readonly asked: Operation;
}

/**
 * The checks of a request in their fixed order (disclosure design, "Order of steps"), the first failure winning, before anything is run:
 * account and operation (Q2), purpose (Q3), grants and voucher (G1, V1, Q6), filters (Q4), rejection (Q5), the voucher's use (V3).
 * @throws FORBIDDEN, PURPOSE_REQUIRED, VOUCHER_INVALID
 */
export async function admit(parts: AdmissionParts, request: AdmissionRequest): Promise<Admitted> {
  const { principal } = request;
  const { registry, asked } = await permitted(parts, request);
  const purpose = purposeOf(request);
  if (needsPurpose(principal.audience, request.voucher !== undefined) && purpose === undefined && namesMoreThanOpen(parts.policy, asked)) {
    throw new HubError('PURPOSE_REQUIRED', 'this operation names coordinates that are not open: state a purpose in the header Hub-Purpose');
  }
  const { voucher, fault, continues } = await voucherOf(parts, request, purpose);
  if (presentsVoucher(request) && !voucher) throw unusable(fault);
  const voucherUse = voucher && (continues ?? request.requestId);
  const revealed = await revealedRows(parts, request, asked);
  const caller: Caller = { ...(await callerOf(parts, request, registry, { purpose, voucher })), voucherUse, revealed };
  checkFilters(parts, caller, asked);
  if (request.withheld === 'reject') checkSelections(parts, caller, asked);
  if (continues === undefined) await claimVoucher(parts, request, caller);
  return { caller, asked };
}

/** The same caller for an explanation, which stops after account and operation: a purpose that is missing and a voucher that cannot be used explain themselves. @throws FORBIDDEN */
export async function admitToExplain(parts: AdmissionParts, request: AdmissionRequest): Promise<Admitted> {
  const { registry, asked } = await permitted(parts, request);
  const purpose = purposeOf(request);
  const { voucher } = await voucherOf(parts, request, purpose);
  return { caller: await callerOf(parts, request, registry, { purpose, voucher }), asked };
}

/** What a gateway has found out about a request, of which a subgraph takes the caller's own subject as told and looks up the rest. */
export interface Forwarded {
  readonly subjectId?: string | undefined;
  readonly counted?: { readonly id: string; readonly use: string } | undefined;
  readonly revealed: readonly string[];
}

/**
 * The caller of a request that a gateway has admitted, by the books of this subgraph: account, operation, purpose, grants, the counted use of the voucher,
 * reveals and filters are looked at anew. @throws FORBIDDEN, PURPOSE_REQUIRED, VOUCHER_INVALID
 */
export async function readmit(parts: AdmissionParts, request: AdmissionRequest, forwarded: Forwarded): Promise<Caller> {
  const { principal, now } = request;
  const { counted, subjectId } = forwarded;
  const { registry, asked } = await permitted(parts, request);
  const purpose = purposeOf(request);
  if (needsPurpose(principal.audience, counted !== undefined) && purpose === undefined && namesMoreThanOpen(parts.policy, asked)) {
    throw new HubError('PURPOSE_REQUIRED', 'this operation names coordinates that are not open: no purpose was stated');
  }
  const { voucher, fault } = counted ? await parts.vouchers.counted(counted.id, counted.use, { principal, purpose, now }) : {};
  if (counted && !voucher) throw unusable(fault);
  const told = { ...parts, ownSubject: async () => subjectId };
  const revealed = await stillRevealed(parts, request, forwarded);
  const caller: Caller = { ...(await callerOf(told, request, registry, { purpose, voucher })), voucherUse: counted?.use, revealed };
  checkFilters(parts, caller, asked);
  return caller;
}

async function stillRevealed(
  { reveals }: AdmissionParts,
  { principal, now }: AdmissionRequest,
  { revealed }: Forwarded,
): Promise<readonly string[] | undefined> {
  if (principal.audience !== 'OPERATOR' || revealed.length === 0) return undefined;
  const standing = new Set(await reveals.revealedTo(principal, now));
  return revealed.filter((id) => standing.has(id));
}

/** Q2: the account is active, and the operation is for this audience. */
async function permitted(
  { policy, registryFor, registryMode }: AdmissionParts,
  request: AdmissionRequest,
): Promise<{ readonly registry: Registry; readonly asked: Operation }> {
  const registry = await registryOf(registryFor, request.principal);
  checkAccount(request.principal, registry, { mode: registryMode, today: request.today });
  const asked = askedOf(request.schema, policy, request.operation, request.fragments, request.variables);
  checkOperation(policy, asked, request.principal.audience);
  return { registry, asked };
}

function purposeOf({ principal, purpose }: AdmissionRequest): string | undefined {
  return purposesOf(principal.audience).find((known) => known === purpose);
}

function presentsVoucher({ principal: { audience }, voucher }: AdmissionRequest): boolean {
  return (audience === 'CREDIT_BODY' || audience === 'APP_ORG') && voucher !== undefined;
}

/** V1. */
async function voucherOf({ vouchers }: AdmissionParts, request: AdmissionRequest, purpose: string | undefined): Promise<VoucherCheck> {
  return request.voucher !== undefined && presentsVoucher(request)
    ? vouchers.usable(request.voucher, { ...request, ...listsOf(request), purpose })
    : {};
}

function listsOf({ schema, operation, fragments, variables, beginsStream }: AdmissionRequest): AskedLists {
  const lists = askedListsOf(schema, operation, fragments, variables);
  return beginsStream ? { ...lists, cursors: [] } : lists;
}

/** Q6: without a fault that the caller may know, an unknown voucher and another's are answered alike. */
function unusable(fault: VoucherFault | undefined): HubError {
  return new HubError('VOUCHER_INVALID', fault ? VOUCHER_FAULTS[fault] : 'there is no such voucher that this caller could use');
}

const VOUCHER_FAULTS: Readonly<Record<VoucherFault, string>> = {
  PENDING: 'PENDING: the subject has not signed the voucher',
  REFUSED: 'REFUSED: the subject has refused to sign the voucher',
  LAPSED: 'LAPSED: the draft was not signed in time',
  NOT_YET_VALID: 'NOT_YET_VALID: the voucher is not valid yet',
  EXPIRED: 'EXPIRED: the voucher has expired',
  EXHAUSTED: 'EXHAUSTED: every use of the voucher has been made',
  REVOKED: 'REVOKED: the subject has withdrawn the voucher',
  SUSPENDED: 'SUSPENDED: the body that the voucher names is not active or not qualified',
  VOID: 'VOID: the voucher is void',
  OTHER_PURPOSE: 'OTHER_PURPOSE: the voucher was given for another purpose than the one stated in the header Hub-Purpose',
};

function checkOperation(policy: Policy, { rootFields }: Operation, audience: Audience): void {
  for (const field of rootFields) {
    if (!policy.allow.get(field)?.includes(audience)) throw new HubError('FORBIDDEN', `${field} is not for this audience`);
  }
}

function needsPurpose(audience: Audience, withVoucher: boolean): boolean {
  return audience === 'AGENCY' || ((audience === 'CREDIT_BODY' || audience === 'APP_ORG') && withVoucher);
}

/** Q3: variants for persons and states do not count, structural coordinates neither. */
function namesMoreThanOpen({ items }: Policy, { selected, filtered }: Operation): boolean {
  return [...selected, ...filtered].some(({ coordinate }) =>
    items
      .get(coordinate)
      ?.some((entry) => !isStructural(entry) && entry.item.disclosure.class !== 'OPEN' && entry.item.disclosure.class !== 'OPEN_MASKED'),
  );
}

async function callerOf(
  parts: AdmissionParts,
  request: AdmissionRequest,
  registry: Registry,
  { purpose, voucher }: Pick<Profile, 'purpose' | 'voucher'>,
): Promise<Caller> {
  const { principal } = request;
  const { audience, orgUscc } = principal;
  const clientId = audience === 'SUPERVISION' ? principal.clientId : undefined;
  const grantee = audience === 'AGENCY' && orgUscc !== undefined ? { orgUscc } : clientId !== undefined ? { clientId } : undefined;
  const department = orgUscc ? registry.department(orgUscc) : undefined;
  const profile: Profile = {
    audience,
    orgUscc,
    clientId,
    orgNature: principal.orgNature,
    registryNature: audience === 'AGENCY' ? department?.orgNature : undefined,
    regionCode: principal.regionCode,
    authLevel: principal.authLevel ?? 1,
    purpose,
    matter: audience === 'AGENCY' ? request.matter : undefined,
    matterFields: department?.matters?.find(({ matterCode }) => matterCode === request.matter)?.allowFields,
    ownSources: audience === 'AGENCY' && orgUscc ? [orgUscc, ...registry.departmentsSucceededBy(orgUscc)] : [],
    grants: grantee ? await parts.grants.grantsOf(grantee) : [],
    voucher,
  };
  const subjectId = audience === 'SUBJECT' ? await parts.ownSubject(principal) : undefined;
  return {
    principal,
    profile,
    profileKey: keyOfProfile(profile),
    subjectId,
    requestId: request.requestId,
    today: request.today,
    now: request.now,
    params: paramsOf({ ...request, regions: parts.policy.catalogue.regions }, subjectId, voucher?.subjectId),
  };
}

/** What reveals opened to this member of staff of the operator (E13), where the operation looks up rows by their ids. */
async function revealedRows(
  { reveals }: AdmissionParts,
  { principal, now }: AdmissionRequest,
  { rootFields }: Operation,
): Promise<readonly string[] | undefined> {
  const looksUp = rootFields.some((field) => LOOK_UPS.includes(field));
  return principal.audience === 'OPERATOR' && looksUp ? reveals.revealedTo(principal, now) : undefined;
}
const LOOK_UPS: readonly string[] = ['Query.record', 'Query._entities'];

/** Values that are bound to filters for this request alone. */
export function paramsOf(
  { today, principal, regions }: Pick<AdmissionRequest, 'today' | 'principal'> & { readonly regions: RegionProfiles },
  subjectId: string | undefined,
  voucherSubject: string | undefined,
): Params {
  return { ...paramsOfDay(today, regions), subjectId, voucherSubject, caseId: principal.caseId, partyId: principal.partyId };
}

/** Q4. */
function checkFilters({ policy, access }: AdmissionParts, caller: Caller, { filtered }: Operation): void {
  for (const { coordinate, typeName } of filtered) {
    const type = policy.typesByName.get(typeName);
    const structural = policy.items.get(coordinate)?.some(isStructural) || coordinate === 'Subject.kind';
    if (type && !structural && access.accessOf(caller, type).best.get(coordinate) !== 'VALUE')
      throw new HubError('FORBIDDEN', `${coordinate} may not be filtered or ordered by`);
  }
}

/** Q5: closed for this profile whatever the row. */
function checkSelections({ policy, access }: AdmissionParts, caller: Caller, { selected }: Operation): void {
  for (const { coordinate } of selected) {
    const closed = policy.items.get(coordinate)?.every(({ type }) => !access.accessOf(caller, type).best.has(coordinate));
    if (closed) throw new HubError('FORBIDDEN', `${coordinate} is closed for this caller`);
  }
}

/** V3: one use a request that goes on with none, after every static check and before anything is read. */
async function claimVoucher({ vouchers }: AdmissionParts, request: AdmissionRequest, { profile, requestId }: Caller): Promise<void> {
  if (!profile.voucher) return;
  const { asked } = listsOf(request);
  if (!(await vouchers.claim(profile.voucher.id, requestId, { ...request, asked }))) throw unusable('EXHAUSTED');
}
