import { type FragmentDefinitionNode, Kind, type OperationDefinitionNode, visit } from 'graphql';
import { isCitizenId } from '../schema/citizen-id.ts';
import type { ErrorCode } from '../schema/errors.ts';
import type { AccessEntry, DisclosedRow, DisclosedRows, Outcome } from './access-entry.ts';
import type { AdmissionRequest } from './admission.ts';
import type { Operation } from './asked.ts';
import type { Caller, Grant } from './caller.ts';
import { grantFault } from './grants.ts';
import { applyMask } from './masks.ts';
import { isStructural, type Policy } from './policy.ts';
import { purposesOf } from './principal.ts';

/** A request as the log tells of it. */
export interface LoggedRequest extends AdmissionRequest {
  readonly channel: string;
  readonly signature: string;
  readonly asked: Operation;
}

/** Organisations whose inquiries a subject may not be told of: discipline inspection, and the judiciary in criminal matters. */
const NOT_TOLD_TO_SUBJECT: readonly string[] = ['DISCIPLINE', 'JUDICIAL'];
/** By what a person is asked for, and fields that show the log itself or what became of rows: not open, though no coordinate of a record. */
const PERSON_ARGUMENTS: readonly string[] = ['person', 'idTail'];
const CLOSED_FIELDS: readonly string[] = ['accesses', 'accessLog', 'reveals', 'changes'];
const MOST_COORDINATES = 1000;

/**
 * Whether a request is logged follows from its operation and from who asks, never from what is found, so that waiting for the log tells nothing:
 * everyone's but PUBLIC's that changes something, that selects, filters or orders by anything not open, that asks for a person, or that holds a grant
 * or a voucher by which open coordinates of closed rows may be read. Classes for persons and states do not count, structural coordinates neither.
 */
export function isLogged(
  policy: Policy,
  request: Pick<LoggedRequest, 'principal' | 'voucher' | 'operation' | 'fragments' | 'asked'>,
  caller?: Caller,
): boolean {
  const { principal, voucher, operation, fragments, asked } = request;
  if (principal.audience === 'PUBLIC') return false;
  if (operation.operation === 'mutation' || voucher !== undefined) return true;
  if (closedCoordinates(policy, asked).length > 0 || namesMore(operation, fragments)) return true;
  return caller !== undefined && opensByGrant(caller);
}

/** The entry of a request that was answered. */
export function answeredEntry(policy: Policy, request: LoggedRequest, caller: Caller, outcome: Outcome): AccessEntry {
  const { profile, subjectId } = caller;
  const { disclosed, signals, error, isAnswered } = outcome;
  const filtered = request.asked.filtered.length > 0 ? closedCoordinates(policy, { ...request.asked, selected: [] }) : [];
  const granted = isAnswered ? listed(outcome.granted, filtered) : [];
  const [masked, denied] = [listed(outcome.masked), listed(outcome.denied)];
  const rows = grouped(disclosed);
  const grants = [...new Set(rows.flatMap(({ rules }) => rules.flatMap((rule) => rule.split(':')[1] ?? [])))];
  const isWhole = masked.length === 0 && denied.length === 0 && error === undefined;
  const isNothing = !isAnswered || (denied.length > 0 && granted.length === 0 && masked.length === 0 && rows.length === 0);
  return {
    ...whoAndWhat(policy, request),
    asker: subjectId,
    purpose: profile.purpose,
    matter: profile.matterFields ? profile.matter : undefined,
    ...(grants.length > 0 && { grants }),
    voucher: profile.voucher?.id,
    decision: isNothing ? 'DENY' : isWhole ? 'ALLOW' : 'PARTIAL',
    granted,
    masked,
    denied,
    disclosed: rows,
    ...(signals.length > 0 && { signals }),
    error,
    ...(NOT_TOLD_TO_SUBJECT.includes(profile.orgNature ?? '') && { withheldFromSubject: true }),
  };
}

/** The entry of a request that was stopped by an error; denied is all that it named and that is not open. */
export function stoppedEntry(policy: Policy, request: LoggedRequest, asker: string | undefined, error: ErrorCode): AccessEntry {
  const { principal, purpose, voucher } = request;
  return {
    ...whoAndWhat(policy, request),
    asker,
    purpose: purposesOf(principal.audience).find((known) => known === purpose),
    voucher: voucher !== undefined && ID.test(voucher) ? voucher : undefined,
    decision: 'DENY',
    granted: [],
    masked: [],
    denied: listed(closedCoordinates(policy, request.asked)),
    disclosed: [],
    error,
    ...(NOT_TOLD_TO_SUBJECT.includes(principal.orgNature ?? '') && { withheldFromSubject: true }),
  };
}

/** Ids of the hub's own; anything else that stands in the header could be anybody's number. */
const ID = /^[A-Za-z0-9_-]{22}$/;

function whoAndWhat(
  policy: Policy,
  { principal, now, requestId, channel, signature, operation, asked }: LoggedRequest,
): Pick<
  AccessEntry,
  'at' | 'requestId' | 'channel' | 'audience' | 'organisation' | 'department' | 'staff' | 'client' | 'kind' | 'policy' | 'operation'
> {
  return {
    at: now.toISOString(),
    requestId,
    channel,
    audience: principal.audience,
    organisation: principal.orgUscc,
    department: principal.deptCode,
    staff: withoutNumber(principal.staffId),
    client: withoutNumber(principal.clientId),
    kind: asked.rootFields.includes('Mutation.reveal') ? 'REVEAL' : operation.operation === 'mutation' ? 'MUTATION' : 'QUERY',
    policy: policy.hash,
    operation: signature,
  };
}

/** An issuer that takes people's numbers for ids does not put them into the log. */
export function withoutNumber(text: string | undefined): string | undefined {
  return text !== undefined && text.length >= 15 && isCitizenId(text) ? (applyMask('ID', text) ?? undefined) : text;
}

/** Coordinates that an operation names and that are not open by their declared class. */
function closedCoordinates({ items }: Policy, asked: Operation): readonly string[] {
  const known = CLOSED.get(asked);
  if (known) return known;
  const named = new Set([...asked.selected, ...asked.filtered].map(({ coordinate }) => coordinate));
  const closed = [...named].filter((coordinate) =>
    items.get(coordinate)?.some((entry) => entry.item.disclosure.class !== 'OPEN' && !isStructural(entry)),
  );
  CLOSED.set(asked, closed);
  return closed;
}
const CLOSED = new WeakMap<Operation, readonly string[]>();

function namesMore(operation: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): boolean {
  const known = NAMES_MORE.get(operation);
  if (known !== undefined) return known;
  let names = false;
  for (const node of [operation, ...fragments.values()]) {
    visit(node, {
      Field({ name, arguments: args }) {
        names ||= CLOSED_FIELDS.includes(name.value) || args?.some((argument) => PERSON_ARGUMENTS.includes(argument.name.value)) === true;
      },
      ObjectField({ name, value }) {
        names ||= PERSON_ARGUMENTS.includes(name.value) && value.kind !== Kind.NULL;
      },
    });
  }
  NAMES_MORE.set(operation, names);
  return names;
}
const NAMES_MORE = new WeakMap<OperationDefinitionNode, boolean>();

function opensByGrant({ profile, today }: Caller): boolean {
  return profile.grants.some((grant: Grant) => grantFault(grant, profile, today) === undefined);
}

function listed(...parts: readonly Iterable<string>[]): readonly string[] {
  return [...new Set(parts.flatMap((part) => [...part]))].sort().slice(0, MOST_COORDINATES);
}

function grouped(disclosed: readonly DisclosedRow[]): readonly DisclosedRows[] {
  const groups = new Map<string, DisclosedRows & { readonly rows: string[] }>();
  const placed = new Set<string>();
  for (const { subjectId, section, sourceOrg, recordType, rules, row } of disclosed) {
    const key = `${subjectId} ${section} ${sourceOrg} ${recordType} ${rules.join()}`;
    let group = groups.get(key);
    if (!group) {
      group = { subject: subjectId, section: section ?? undefined, source: sourceOrg ?? undefined, recordType, rules, rows: [] };
      groups.set(key, group);
    }
    // A mutation that discloses a row and the reading of its answer tell of the same row.
    if (row === undefined || placed.has(`${key} ${row}`)) continue;
    placed.add(`${key} ${row}`);
    group.rows.push(row);
  }
  return [...groups.values()];
}
