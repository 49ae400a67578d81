import type { Caller } from '../../auth/caller.ts';
import type { Principal } from '../../auth/principal.ts';
import { normaliseCitizenId } from '../../schema/citizen-id.ts';
import { HubError } from '../../schema/errors.ts';
import type { JsonObject } from '../../schema/json.ts';
import { normaliseCode } from '../../schema/uscc.ts';
import type { Document } from '../../store/port.ts';
import { actorOf } from '../kit/actor.ts';
import { cataloguePut } from '../kit/record-engine/catalogue-document.ts';
import { isCitizenIdType } from '../kit/record-engine/judge.ts';
import type { Values } from '../kit/record-engine/rows.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import { isSealed } from '../kit/sealer.ts';
import type { SubjectHandle } from '../kit/subject-directory.ts';
import { type AccessParts, isVisible, required, typeNamed } from './documents.ts';
import { serviceBodyOf } from './registry-book.ts';
import { checkedDraft, handleIn, type VoucherDraft } from './voucher-draft.ts';
import { isQualified, signed, type VoucherFacts, type VoucherStatus, voucherFacts, voucherStatus } from './voucher-state.ts';

/** The transitions of a voucher (domain reference 3.9.6). */
export interface VoucherService {
  /** @throws FORBIDDEN, BAD_USER_INPUT, NOT_FOUND for a subject's id that the caller may not see and for a body that the registry does not know */
  draft(caller: Caller, draft: VoucherDraft): Promise<Document>;
  /** By the subject that it is about. @throws FORBIDDEN, NOT_FOUND, INVALID_TRANSITION */
  sign(caller: Caller, id: string): Promise<Document>;
  /** By the subject, at any time; effective at once. @throws BAD_USER_INPUT, NOT_FOUND, INVALID_TRANSITION */
  revoke(caller: Caller, id: string, reason: string | undefined): Promise<Document>;
}

/** Where a draft keeps whom it is about until its subject signs: encrypted, and in no field. */
const HANDLE = '$handle';
const LONGEST_REASON = 500;

export function createVoucherService(parts: AccessParts): VoucherService {
  const { store, catalogue, sealer, directory, clock, newId } = parts;
  const type = typeNamed(catalogue, 'AuthorizationVoucher');
  const subjects = typeNamed(catalogue, 'Subject');
  const plan = planOf(catalogue, type);
  const put = (values: Values, standing: Pick<Document, 'key' | 'version'>, marks?: JsonObject) =>
    signed(plan, sealer, cataloguePut(plan, sealer, values, standing), marks);

  /** The id of the known subject whom the handle names, a person by number and name. */
  const subjectNamed = async (handle: SubjectHandle): Promise<string | undefined> => {
    const found = await directory.find(handle);
    if (!found || handle.kind === 'organisation') return found?.id;
    return (await directory.isNamed(found.id, handle.name)) ? found.id : undefined;
  };

  /** The draft's subject, as far as it is known. What a body is answered does not depend on it. */
  const subjectOf = async (caller: Caller, draft: VoucherDraft): Promise<DraftSubject> => {
    const handle = handleIn(draft);
    if (caller.principal.audience === 'SUBJECT') {
      const own = await ownId(caller);
      const named = handle === undefined ? own : 'id' in handle ? handle.id : await subjectNamed(handle);
      if (named !== own) throw new HubError('FORBIDDEN', 'a subject gives vouchers about itself only');
      return { id: own };
    }
    if (handle === undefined) throw new HubError('BAD_USER_INPUT', 'a voucher names its subject by one of subject, subjectUscc and person');
    if (!('id' in handle)) return { id: await subjectNamed(handle), handle };
    const [subject] = await store.read((tx) => tx.get(subjects.collection, [handle.id]));
    if (!subject || !isVisible(parts, caller, subjects, subject)) throw new HubError('NOT_FOUND', 'there is no such subject');
    return handle;
  };

  /** The caller's own subject; one of whom the hub has nothing yet is entered now, under what its token proves. @throws NOT_FOUND */
  const ownId = async (caller: Caller): Promise<string> => {
    if (caller.subjectId !== undefined) return caller.subjectId;
    const handle = provenHandle(caller.principal);
    const [entered] = handle ? await directory.resolve([handle], actorOf(caller)) : [];
    if (!entered) throw new HubError('NOT_FOUND', 'the hub knows no such subject');
    return entered.id;
  };

  /** Whose voucher it is, when it is the caller's. A draft that was made before the hub knew its subject is matched by the handle that it keeps. @throws NOT_FOUND */
  const match = async (caller: Caller, id: string): Promise<Matched> => {
    const [document] = await store.read((tx) => tx.get(type.collection, [id]));
    if (document && caller.subjectId !== undefined && document.gate?.subjectId === caller.subjectId)
      return { subjectId: caller.subjectId, version: document.version };
    const sealed = document?.body[HANDLE];
    if (document && isSealed(sealed)) {
      const handle: SubjectHandle = JSON.parse(sealer.open(sealed));
      const proven = provenHandle(caller.principal);
      const isTheirs =
        caller.subjectId === undefined ? proven && isSame(handle, proven) : (await subjectNamed(handle)) === caller.subjectId;
      if (isTheirs) return { subjectId: await ownId(caller), version: document.version };
    }
    throw new HubError('NOT_FOUND', 'there is no such voucher');
  };

  /** One step by the subject. */
  const step = async (caller: Caller, id: string, next: (facts: VoucherFacts, now: Date) => Values): Promise<Document> => {
    const { subjectId, version } = await match(caller, id);
    return store.write(
      async (tx) => {
        const [document] = await tx.get(type.collection, [id]);
        if (document?.version !== version) throw new HubError('CONFLICT', 'the voucher has moved on to another version');
        const facts = await voucherFacts(tx, plan, sealer, document);
        const changed = next(facts, clock.now());
        const { key, ...stored } = put({ ...facts.values, subjectId, ...changed }, document);
        return tx.put(type.collection, key, stored);
      },
      { actor: actorOf(caller) },
    );
  };

  return {
    async draft(caller, draft) {
      const { principal } = caller;
      const isBody = principal.audience === 'CREDIT_BODY' || principal.audience === 'APP_ORG';
      if (isBody && draft.granteeUscc !== principal.orgUscc) throw new HubError('FORBIDDEN', 'a body drafts vouchers for itself only');
      const values = checkedDraft(catalogue, caller, draft, clock.now());
      const subject = await subjectOf(caller, draft);
      return store.write(
        async (tx) => {
          const body = await serviceBodyOf(tx, draft.granteeUscc);
          if (!body) throw new HubError('NOT_FOUND', 'the registry knows no such body');
          const key = newId();
          const filled = {
            ...values,
            voucherNo: key,
            status: 'PENDING',
            granteeUscc: draft.granteeUscc,
            ...(body.name && { granteeOrg: body.name }),
            ...(body.qualificationNo && { granteeQualificationNo: body.qualificationNo }),
            ...(!isBody && subject.id !== undefined && { subjectId: subject.id }),
          };
          const { handle } = subject;
          const made = put(filled, { key, version: 0 }, handle && { [HANDLE]: sealer.seal(JSON.stringify(handle)) });
          const { key: stored, ...version } = made;
          return tx.put(type.collection, stored, { ...version, gate: { ...version.gate, subjectId: subject.id ?? null } });
        },
        { actor: actorOf(caller) },
      );
    },
    async sign(caller, id) {
      if (caller.profile.authLevel < 2) throw new HubError('FORBIDDEN', 'a voucher is signed under an identity proof of level 2 at least');
      return step(caller, id, (facts, now) => {
        const status = voucherStatus(facts, now);
        if (status !== 'PENDING') throw new HubError('INVALID_TRANSITION', `the voucher is ${status}`);
        if (!isQualified(facts.body, now))
          throw new HubError('INVALID_TRANSITION', 'the body that the voucher names is not active or not qualified');
        return { status: 'ACTIVE', signedAt: now.toISOString() };
      });
    },
    async revoke(caller, id, reason) {
      const revokeReason = reason === undefined ? undefined : required(reason, 'reason', LONGEST_REASON);
      return step(caller, id, (facts, now) => {
        const status = voucherStatus(facts, now);
        if (!REVOCABLE.includes(status)) throw new HubError('INVALID_TRANSITION', `the voucher is ${status}`);
        return { status: 'REVOKED', revokedAt: now.toISOString(), ...(revokeReason && { revokeReason }) };
      });
    },
  };
}

interface DraftSubject {
  readonly id?: string | undefined;
  readonly handle?: SubjectHandle | undefined;
}
interface Matched {
  readonly subjectId: string;
  readonly version: number;
}

/** What has ended cannot be withdrawn any more. */
const REVOCABLE: readonly VoucherStatus[] = ['PENDING', 'ACTIVE', 'EXHAUSTED', 'SUSPENDED'];

/** Whom the token proves the caller to be, as an identity provider knows it. */
function provenHandle({ subjectUscc, subjectIdNumber, subjectName }: Principal): SubjectHandle | undefined {
  if (subjectUscc) return { kind: 'organisation', uscc: subjectUscc, name: '' };
  return subjectIdNumber && subjectName ? { kind: 'person', idType: '身份证', idNumber: subjectIdNumber, name: subjectName } : undefined;
}

function isSame(drafted: SubjectHandle, proven: SubjectHandle): boolean {
  if (drafted.kind === 'organisation') return proven.kind === 'organisation' && normaliseCode(drafted.uscc) === normaliseCode(proven.uscc);
  return (
    proven.kind === 'person' &&
    isCitizenIdType(drafted.idType) &&
    normaliseCitizenId(drafted.idNumber) === normaliseCitizenId(proven.idNumber) &&
    drafted.name === proven.name.trim()
  );
}
