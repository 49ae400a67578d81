import type { Caller } from '../../auth/caller.ts';
import { coordinatesOf } from '../../auth/entitlements.ts';
import { AGENCY_PURPOSES } from '../../auth/principal.ts';
import { addYears, shanghaiToday } from '../../schema/calendar-date.ts';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Json } from '../../schema/json.ts';
import { profileOf } from '../../schema/region-profiles.ts';
import { addWorkdays } from '../../schema/working-days.ts';
import type { Document, Reader } from '../../store/port.ts';
import { actorOf } from '../kit/actor.ts';
import { cataloguePut } from '../kit/record-engine/catalogue-document.ts';
import { plainValues } from '../kit/record-engine/content.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import { departmentEntryOf, regionOfDepartment, superiorsOf } from './department-tree.ts';
import { type AccessParts, checkAmong, isVisible, required, typeNamed } from './documents.ts';
import { type GrantStatus, grantStatus } from './grant-terms.ts';
import { mattersOf } from './registry-book.ts';

/** What a department asks another one for. */
export interface GrantRequest {
  readonly providerUscc: string;
  readonly recordTypes: readonly string[];
  readonly fields: readonly string[];
  readonly purposes: readonly string[];
  readonly matterCodes?: readonly string[] | null | undefined;
  readonly region?: string | null | undefined;
  readonly legalBasis: string;
  readonly validTo: string;
}

/** The transitions of a duty grant (domain reference 3.9.11), each for a department's caller. */
export interface GrantService {
  /** @throws BAD_USER_INPUT, NOT_FOUND for a provider that the registry does not know */
  request(caller: Caller, request: GrantRequest): Promise<Document>;
  /** @throws BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION */
  approve(caller: Caller, id: string, validTo: string | undefined): Promise<Document>;
  /** @throws BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION */
  refuse(caller: Caller, id: string, reason: string): Promise<Document>;
  /** @throws BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION */
  revoke(caller: Caller, id: string, reason: string): Promise<Document>;
}

/** Years that a grant may run. */
export const LONGEST_YEARS = 2;
const LONGEST_TEXT = 1000;
const LONGEST_REASON = 500;

export function createGrantService(parts: AccessParts): GrantService {
  const { store, catalogue, sealer, clock, newId } = parts;
  const type = typeNamed(catalogue, 'DutyGrant');
  const plan = planOf(catalogue, type);

  /** One step of the state machine by those who answer for the records. */
  const decide = (caller: Caller, id: string, from: readonly GrantStatus[], step: (present: Document, today: string) => Changes) =>
    store.write(
      async (tx) => {
        const [present] = await tx.get(type.collection, [id]);
        if (!present || !(await answersFor(tx, parts, type, caller, present))) throw new HubError('NOT_FOUND', 'there is no such grant');
        const today = shanghaiToday(clock.now());
        const status = grantStatus(present.body, today);
        if (!from.includes(status)) throw new HubError('INVALID_TRANSITION', `the grant is ${status}`);
        const values = { ...plainValues(plan, sealer, present.body), ...step(present, today) };
        const { key, ...put } = cataloguePut(plan, sealer, values, { key: id, version: present.version });
        return tx.put(type.collection, key, put);
      },
      { actor: actorOf(caller) },
    );

  return {
    async request(caller, request) {
      const grantee = ownDepartment(caller);
      if (caller.profile.ownSources.includes(request.providerUscc))
        throw new HubError('BAD_USER_INPUT', 'a department needs no grant for its own records');
      const today = shanghaiToday(clock.now());
      const values = checkedRequest(parts, request, today);
      return store.write(
        async (tx) => {
          const provider = await departmentEntryOf(tx, request.providerUscc);
          if (!provider) throw new HubError('NOT_FOUND', 'the registry knows no such department');
          const { grantReplyWithin } = profileOf(type.regions, regionOfDepartment(provider));
          const own = mattersOf((await departmentEntryOf(tx, grantee))?.mattersCatalogue)?.map(({ matterCode }) => matterCode) ?? [];
          checkAmong(request.matterCodes ?? [], (code) => own.includes(code), 'matterCodes');
          const key = newId();
          const filled = {
            ...values,
            grantNo: key,
            granteeUscc: grantee,
            approverUscc: request.providerUscc,
            status: 'REQUESTED',
            requestedOn: today,
            replyDueOn: addWorkdays(today, grantReplyWithin).date,
          };
          const { key: stored, ...put } = cataloguePut(plan, sealer, filled, { key, version: 0 });
          return tx.put(type.collection, stored, put);
        },
        { actor: actorOf(caller) },
      );
    },
    async approve(caller, id, validTo) {
      const approver = ownDepartment(caller);
      if (validTo !== undefined && validTo <= shanghaiToday(clock.now()))
        throw new HubError('BAD_USER_INPUT', 'validTo has to be in the future');
      return decide(caller, id, ['REQUESTED'], ({ body }, today) => {
        const asked = String(body.validTo);
        const end = validTo ?? asked;
        if (end > asked) throw new HubError('INVALID_TRANSITION', 'a grant may end earlier than was asked for, not later');
        if (end <= today) throw new HubError('INVALID_TRANSITION', 'the grant that was asked for would have ended');
        return { status: 'APPROVED', approvedBy: approver, approvedOn: today, validFrom: today, validTo: end };
      });
    },
    async refuse(caller, id, reason) {
      const refusalReason = required(reason, 'reason', LONGEST_REASON);
      return decide(caller, id, ['REQUESTED'], (_present, today) => ({ status: 'REFUSED', refusedOn: today, refusalReason }));
    },
    async revoke(caller, id, reason) {
      const revokeReason = required(reason, 'reason', LONGEST_REASON);
      return decide(caller, id, ['APPROVED', 'SUSPENDED'], (_present, today) => ({ status: 'REVOKED', revokedOn: today, revokeReason }));
    },
  };
}

type Changes = Readonly<Record<string, Json>>;

function ownDepartment({ principal }: Caller): string {
  if (principal.audience !== 'AGENCY' || !principal.orgUscc) throw new HubError('FORBIDDEN', 'grants are between departments');
  return principal.orgUscc;
}

/** The department whose records they are, or one above it; never the one that asks for them. */
async function answersFor(tx: Reader, parts: AccessParts, type: RecordType, caller: Caller, grant: Document): Promise<boolean> {
  const { ownSources, orgUscc } = caller.profile;
  const { granteeUscc, approverUscc } = grant.body;
  if (typeof approverUscc !== 'string' || (typeof granteeUscc === 'string' && ownSources.includes(granteeUscc))) return false;
  if (ownSources.includes(approverUscc)) return isVisible(parts, caller, type, grant);
  return orgUscc !== undefined && (await superiorsOf(tx, approverUscc)).includes(orgUscc);
}

/** The request as values of the grant. @throws BAD_USER_INPUT */
function checkedRequest({ catalogue }: AccessParts, request: GrantRequest, today: string): Changes {
  const { recordTypes, fields, purposes, matterCodes, region, validTo } = request;
  for (const [name, list] of Object.entries({ recordTypes, fields, purposes }))
    if (list.length === 0) throw new HubError('BAD_USER_INPUT', `${name} has to name at least one`);
  const shared = catalogue.types.filter(({ kind }) => kind !== 'catalogue');
  checkAmong(recordTypes, (code) => shared.some((type) => type.code === code), 'recordTypes');
  const named = shared.filter(({ code }) => recordTypes.includes(code));
  const coordinates = new Set(named.flatMap((type) => coordinatesOf(type).map(({ coordinate }) => coordinate)));
  checkAmong(fields, (coordinate) => coordinates.has(coordinate), 'fields');
  checkAmong(purposes, (purpose) => DUTIES.includes(purpose), 'purposes');
  const legalBasis = required(request.legalBasis, 'legalBasis', LONGEST_TEXT);
  if (validTo <= today) throw new HubError('BAD_USER_INPUT', 'validTo has to be in the future');
  if (validTo > addYears(today, LONGEST_YEARS)) throw new HubError('BAD_USER_INPUT', `a grant runs for at most ${LONGEST_YEARS} years`);
  return {
    recordTypes: unique(recordTypes),
    fields: unique(fields),
    purposes: unique(purposes),
    ...(matterCodes && matterCodes.length > 0 && { matterCodes: unique(matterCodes) }),
    ...(region && { region }),
    legalBasis,
    validTo,
  };
}

/** A department needs no grant to keep its own records. */
const DUTIES: readonly string[] = AGENCY_PURPOSES.filter((purpose) => purpose !== 'RECORD_MANAGEMENT');

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)];
}
