import { type GraphQLResolveInfo, Kind, type ValueNode } from 'graphql';
import type { RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Document } from '../../store/port.ts';
import type { SubgraphContext } from '../kit/context.ts';
import type { Resolvers } from '../kit/define-subgraph.ts';
import { disclosedRow, type Row } from '../kit/row.ts';
import type { GrantRequest, GrantService } from './grants.ts';
import type { VoucherDraft } from './voucher-draft.ts';
import type { VoucherService } from './vouchers.ts';

/** The mutations: each answers what it changed as the caller may see it. */
export function transitions(
  { grants, vouchers }: { readonly grants: GrantService; readonly vouchers: VoucherService },
  { grant, voucher }: { readonly grant: RecordType; readonly voucher: RecordType },
): Resolvers[string] {
  const answer = async (type: RecordType, context: SubgraphContext, changed: Promise<Document>): Promise<Row | null> =>
    disclosedRow(context, type, await changed) ?? null;
  return {
    requestGrant: (_source: unknown, { input }: { input: GrantRequest }, context: SubgraphContext) =>
      answer(grant, context, grants.request(context.caller, input)),
    approveGrant: (_source: unknown, { id, validTo }: { id: string; validTo?: string | null }, context: SubgraphContext) =>
      answer(grant, context, grants.approve(context.caller, id, validTo ?? undefined)),
    refuseGrant: (_source: unknown, { id, reason }: { id: string; reason: string }, context: SubgraphContext) =>
      answer(grant, context, grants.refuse(context.caller, id, reason)),
    revokeGrant: (_source: unknown, { id, reason }: { id: string; reason: string }, context: SubgraphContext) =>
      answer(grant, context, grants.revoke(context.caller, id, reason)),
    draftVoucher: (_source: unknown, { input }: { input: VoucherDraft }, context: SubgraphContext, info: GraphQLResolveInfo) => {
      if (input.person && !isPersonFromVariables(info)) throw new HubError('BAD_USER_INPUT', 'a person is named through variables only');
      return ofSubject(voucher, context, vouchers.draft(context.caller, input));
    },
    signVoucher: (_source: unknown, { id }: { id: string }, context: SubgraphContext) =>
      ofSubject(voucher, context, vouchers.sign(context.caller, id)),
    revokeVoucher: (_source: unknown, { id, reason }: { id: string; reason?: string | null }, context: SubgraphContext) =>
      ofSubject(voucher, context, vouchers.revoke(context.caller, id, reason ?? undefined)),
  };
}

/** A subject of whom the hub had nothing before is known from now on, by what the service made sure of. */
async function ofSubject(type: RecordType, context: SubgraphContext, changed: Promise<Document>): Promise<Row | null> {
  const document = await changed;
  const { caller } = context;
  const params = { ...caller.params, ...(caller.principal.audience === 'SUBJECT' && { subjectId: document.gate?.subjectId ?? undefined }) };
  return disclosedRow({ ...context, caller: { ...caller, params } }, type, document) ?? null;
}

/** No document that is kept or logged holds a person's number: `input` or its `person` is a variable without a default. */
function isPersonFromVariables({ fieldNodes, operation }: GraphQLResolveInfo): boolean {
  const withDefault = new Set(
    operation.variableDefinitions?.flatMap(({ variable, defaultValue }) => (defaultValue ? [variable.name.value] : [])),
  );
  const isVariable = (node: ValueNode) => node.kind === Kind.VARIABLE && !withDefault.has(node.name.value);
  const valuesIn = (node: ValueNode | undefined, name: string) =>
    node?.kind === Kind.OBJECT ? node.fields.filter((field) => field.name.value === name).map(({ value }) => value) : [];
  return fieldNodes.every(({ arguments: args = [] }) =>
    args.every(({ value: input }) => isVariable(input) || valuesIn(input, 'person').every(isVariable)),
  );
}
