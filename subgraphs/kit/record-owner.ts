import type { AccessBook } from '../../auth/access-book.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Effect } from '../../auth/entitlements.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Document, Store } from '../../store/port.ts';
import { actorOf } from './actor.ts';
import type { RecordEngine } from './record-engine/engine.ts';
import { rulesOf } from './row.ts';

export interface Withdrawal {
  readonly recordId: string;
  readonly documentRef: string;
  readonly reason: string;
  readonly expectedVersion?: number | null | undefined;
}
export interface Correction {
  readonly recordId: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly expectedVersion?: number | null | undefined;
}
interface Changed {
  readonly __typename: string;
  readonly id: string;
}

/** A record of the caller's, and the rules beyond those of everybody by which it is the caller's. */
export interface FoundRecord {
  readonly type: RecordType;
  readonly document: Document;
  readonly rules: readonly string[];
}

/** The subgraph that owns a record, as the subgraph `changes` calls it: in process, or across the network. */
export interface RecordOwner {
  /** A record that is the caller's to change or to reveal. @throws NOT_FOUND */
  find(caller: Caller, recordId: string): Promise<FoundRecord>;
  /** @throws NOT_FOUND, CONFLICT, INVALID_TRANSITION */
  withdraw(caller: Caller, withdrawal: Withdrawal): Promise<Changed>;
  /** @throws NOT_FOUND, BAD_USER_INPUT, CONFLICT, INVALID_TRANSITION */
  correct(caller: Caller, correction: Correction): Promise<Changed>;
}

/** The owner of records in this process. `settle` waits until what follows in other subgraphs has been done. */
export function createRecordOwner({
  store,
  catalogue,
  access,
  engine,
  settle,
}: {
  store: Store;
  catalogue: Catalogue;
  access: AccessBook;
  engine: RecordEngine;
  settle: () => Promise<void>;
}): RecordOwner {
  const types = new Map(catalogue.types.filter(({ kind }) => kind === 'record').map((type) => [type.code, type]));
  const find = async (caller: Caller, recordId: string) => {
    const found = await store.read(async (tx) => {
      const [entry] = await tx.get('record-index', [recordId]);
      const type = types.get(String(entry?.body.recordType));
      const [document] = type ? await tx.get(type.collection, [recordId]) : [];
      if (!type || !document) return undefined;
      const view = access.accessOf(caller, type).disclose(document, caller.params);
      return view?.heldBy.some((rule) => MAY_CHANGE.includes(rule)) ? { type, document, view } : undefined;
    });
    if (!found) throw new HubError('NOT_FOUND', 'there is no such record');
    return found;
  };
  const typeOf = async (
    caller: Caller,
    { recordId, expectedVersion }: Pick<Withdrawal, 'recordId' | 'expectedVersion'>,
  ): Promise<RecordType> => {
    const { type, view } = await find(caller, recordId);
    if (typeof expectedVersion === 'number' && !READS.includes(view.effects.get(`${type.name}.version`)))
      throw new HubError('BAD_USER_INPUT', 'a version is expected by those who may read it');
    return type;
  };
  return {
    async find(caller, recordId) {
      const { type, document, view } = await find(caller, recordId);
      return { type, document, rules: rulesOf(view) };
    },
    async withdraw(caller, { recordId, documentRef, reason, expectedVersion }) {
      const type = await typeOf(caller, { recordId, expectedVersion });
      await engine.withdraw(type, {
        id: recordId,
        documentRef,
        reason,
        expectedVersion: expectedVersion ?? undefined,
        actor: actorOf(caller),
      });
      await settle();
      return { __typename: type.name, id: recordId };
    },
    async correct(caller, { recordId, fields, reason, expectedVersion }) {
      const type = await typeOf(caller, { recordId, expectedVersion });
      await engine.correct(type, { id: recordId, fields, reason, expectedVersion: expectedVersion ?? undefined, actor: actorOf(caller) });
      await settle();
      return { __typename: type.name, id: recordId };
    },
  };
}

/** By what a record is the caller's to change: it is the source department's own (E4), or stands in the operator's region (E12). */
const MAY_CHANGE: readonly string[] = ['E4', 'E12'];
const READS: readonly (Effect | undefined)[] = ['VALUE', 'CLEAR'];
