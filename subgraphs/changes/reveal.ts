import type { RevealBook } from '../../auth/ports.ts';
import { HubError } from '../../schema/errors.ts';
import type { SubgraphContext } from '../kit/context.ts';
import type { RecordOwner } from '../kit/record-owner.ts';
import { aboutOf } from '../kit/row.ts';

const SHORTEST_REASON = 10;
const LONGEST_REASON = 500;

/** Reveals one row that the operator sees to this member of staff; the answer shows it, and the access log tells of it whatever is read of the answer. @throws FORBIDDEN without staff in the token, BAD_USER_INPUT, NOT_FOUND */
export async function reveal(
  { owner, reveals }: { readonly owner: RecordOwner; readonly reveals: RevealBook },
  { recordId, reason }: { readonly recordId: string; readonly reason: string },
  { caller, remarks }: SubgraphContext,
): Promise<{ readonly __typename: string; readonly id: string }> {
  const { staffId } = caller.principal;
  if (staffId === undefined) throw new HubError('FORBIDDEN', 'a row is revealed to one member of staff: the token has to name it');
  const given = checkedReason(reason);
  const { type, document, rules } = await owner.find(caller, recordId);
  await reveals.reveal(caller, { staffId, recordId, recordType: type.code, reason: given });
  remarks.revealed.push(recordId);
  const about = aboutOf(type, document);
  if (about) remarks.disclosed.push({ ...about, rules: [...rules, 'E13'], row: recordId });
  return { __typename: type.name, id: recordId };
}

function checkedReason(reason: string): string {
  const given = reason.trim();
  const length = [...given].length;
  if (length < SHORTEST_REASON) throw new HubError('BAD_USER_INPUT', `a reveal needs a reason of at least ${SHORTEST_REASON} characters`);
  if (length > LONGEST_REASON) throw new HubError('BAD_USER_INPUT', `reason may have at most ${LONGEST_REASON} characters`);
  return given;
}
