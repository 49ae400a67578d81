import type { Explainer } from '../../auth/ports.ts';
import { purposesOf } from '../../auth/principal.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import type { Filter } from '../../schema/filter.ts';
import type { Reader, Store } from '../../store/port.ts';
import { readerOf, type SubgraphContext } from '../kit/context.ts';
import type { Resolvers } from '../kit/define-subgraph.ts';
import { planOf } from '../kit/record-engine/type-plan.ts';
import { type Compute, disclosedRow, fieldResolver, type Row } from '../kit/row.ts';
import type { Sealer } from '../kit/sealer.ts';
import { accessLogResolvers } from './accesses.ts';
import { typeNamed } from './documents.ts';
import { MOST_GRANTS } from './extra.ts';
import { grantStatus } from './grant-terms.ts';
import type { GrantService } from './grants.ts';
import { revealResolvers } from './reveals.ts';
import { transitions } from './transitions.ts';
import { type VoucherFacts, voucherFacts, voucherStatus } from './voucher-state.ts';
import type { VoucherService } from './vouchers.ts';

export interface AccessResolverParts {
  readonly catalogue: Catalogue;
  readonly sealer: Sealer;
  readonly store: Store;
  readonly explainer: Explainer;
  readonly grants: GrantService;
  readonly vouchers: VoucherService;
  /** What the access log is kept in. */
  readonly logStore: Store;
}

/** `me`, the explanations of access, and the transitions of grants and vouchers. */
export function accessResolvers(parts: AccessResolverParts): Resolvers {
  const { catalogue, explainer } = parts;
  const grantType = typeNamed(catalogue, 'DutyGrant');
  const voucherType = typeNamed(catalogue, 'AuthorizationVoucher');
  const accessLog = accessLogResolvers(parts);
  return {
    Subject: { ...accessLog.Subject },
    Query: {
      ...accessLog.Query,
      ...revealResolvers(parts),
      explainAccess: (_source: unknown, { query, variables }: { query: string; variables?: unknown }, { caller }: SubgraphContext) =>
        explainer.explain(caller, query, isObject(variables) ? variables : {}),
      whoMaySee: (_source: unknown, { coordinate }: { coordinate: string }, { caller }: SubgraphContext) =>
        explainer.whoMaySee(caller.today, coordinate),
      me: (_source: unknown, _args: unknown, { caller }: SubgraphContext) => {
        const { principal, profile, subjectId } = caller;
        return {
          audience: principal.audience,
          organisation: principal.orgUscc,
          department: principal.deptCode,
          region: principal.regionCode,
          level: principal.level,
          staff: principal.staffId,
          subject: subjectId,
          authLevel: principal.audience === 'SUBJECT' ? profile.authLevel : null,
          purposes: purposesOf(principal.audience),
          purpose: profile.purpose,
          matter: profile.matter,
        };
      },
    },
    Caller: {
      grants: (_source: unknown, _args: unknown, context: SubgraphContext) => grantsOf(grantType, context),
      voucher: async (_source: unknown, _args: unknown, context: SubgraphContext): Promise<Row | null> => {
        const { voucher } = context.caller.profile;
        if (!voucher) return null;
        const [document] = await readerOf(context).get(voucherType.collection, [voucher.id]);
        return disclosedRow(context, voucherType, document) ?? null;
      },
    },
    DutyGrant: { status: computed(grantType, 'status', parts.sealer, ({ body }, { caller }) => grantStatus(body, caller.today)) },
    AuthorizationVoucher: voucherResolvers(voucherType, parts),
    Mutation: transitions(parts, { grant: grantType, voucher: voucherType }),
  };
}

/** Grants of which the caller is the grantee, those that run longest first. */
async function grantsOf(type: RecordType, context: SubgraphContext): Promise<readonly Row[]> {
  const { audience, orgUscc, clientId } = context.caller.profile;
  const grantee = audience === 'AGENCY' ? orgUscc : clientId;
  if (grantee === undefined) return [];
  const where: Filter = { op: 'eq', field: `column.${audience === 'AGENCY' ? 'granteeUscc' : 'granteeClientId'}`, value: grantee };
  const found = await readerOf(context).find(type.collection, {
    where,
    order: [{ field: 'column.validTo', direction: 'DESC' }],
    limit: MOST_GRANTS,
  });
  return found.flatMap((document) => disclosedRow(context, type, document) ?? []);
}

/** Status and count follow from signature, clock, uses and registry. */
function voucherResolvers(type: RecordType, { catalogue, sealer, store }: AccessResolverParts): Resolvers[string] {
  const plan = planOf(catalogue, type);
  const facts = (document: Parameters<Compute>[0], { tx }: SubgraphContext): Promise<VoucherFacts> => {
    const read = (reader: Reader) => voucherFacts(reader, plan, sealer, document);
    return tx ? read(tx) : store.read(read);
  };
  return {
    status: computed(type, 'status', sealer, async (document, context) =>
      voucherStatus(await facts(document, context), context.caller.now),
    ),
    usedCount: computed(type, 'usedCount', sealer, async (document, context) => (await facts(document, context)).used),
  };
}

function computed(type: RecordType, name: string, sealer: Sealer, compute: Compute): Resolvers[string][string] {
  const item = type.items.find((candidate) => candidate.name === name);
  if (!item) throw new Error(`${type.name} has no field ${name}`);
  return fieldResolver(type, item, sealer, compute) as Resolvers[string][string];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
