import type { Exception } from '../../schema/gate.ts';
import { isGround } from '../../schema/region-profiles.ts';
import type { TypeRules } from '../kit/record-engine/rows.ts';
import { listByCode } from './list-catalogue.ts';

/** What the list's own terms decide about an entry: that it is kept at all, whom it names, and whether a person's is public. */
export const LIST_ENTRY_RULES: TypeRules = {
  check(values, kind) {
    const list = typeof values.listCode === 'string' ? listByCode(values.listCode) : undefined;
    if (!list) return [{ code: 'UNKNOWN_VALUE', item: 'listCode' }];
    const otherKind = values.kind !== list.kind;
    // Responsible persons are named on the organisation's row alone.
    const namesNobody = values.responsiblePersons === undefined || (list.responsiblePersonsNamed && kind !== 'INDIVIDUAL');
    return [
      ...(otherKind ? [{ code: 'UNKNOWN_VALUE', item: 'kind' } as const] : []),
      ...(namesNobody ? [] : [{ code: 'PROHIBITED', item: 'responsiblePersons' } as const]),
    ];
  },
  exception({ listCode, publicityBasis }, profile): Exception {
    const publicity = typeof listCode === 'string' ? listByCode(listCode)?.publicForIndividuals : undefined;
    if (publicity === 'YES') return 'PUBLIC';
    return isGround(publicity, profile) && typeof publicityBasis === 'string' ? 'PUBLIC' : 'NONE';
  },
};
