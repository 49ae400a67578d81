import { visibleRows } from '../../auth/entitlements.ts';
import { BUSINESS_AUDIENCES } from '../../auth/matrix.ts';
import type { RevealBook } from '../../auth/ports.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { bind, matches } from '../../schema/filter.ts';
import { readerOf, type SubgraphContext } from '../kit/context.ts';
import type { Resolvers, SubgraphDefinition } from '../kit/define-subgraph.ts';
import { stubsOf } from '../kit/expand.ts';
import type { RecordOwner } from '../kit/record-owner.ts';
import { reveal } from './reveal.ts';

const BUSINESS = `audiences: [${BUSINESS_AUDIENCES.join(', ')}]`;

/** The subgraph's own SDL: root fields, and a stub of every record type of the catalogue. */
export function extraOf(catalogue: Catalogue): NonNullable<SubgraphDefinition['extra']> {
  return {
    path: 'subgraphs/changes/resolvers.ts',
    records: true,
    text: `
      type Query {
        "按标识查看一条信用记录；本人无权知悉时为空，与不存在相同"
        record(id: ID!): Record @allow(${BUSINESS})
      }
      type Mutation {
        "撤销记录（来源部门或运营单位）：文书依据与理由必填，撤销后除主体、来源和运营单位外不再可见"
        withdrawRecord(recordId: ID!, documentRef: String!, reason: String!, expectedVersion: Int): Record @allow(audiences: [AGENCY, OPERATOR])
        "更正记录（来源部门或运营单位）：fields 同报送输入，不含标识、主体和来源字段"
        correctRecord(recordId: ID!, fields: JSON!, reason: String!, expectedVersion: Int): Record @allow(audiences: [AGENCY, OPERATOR])
        "明文查看一条记录（运营人员）：理由不少于十个字，仅对本人、仅此一条、十五分钟内有效，并记入访问日志"
        reveal(recordId: ID!, reason: String!): Record @allow(audiences: [OPERATOR])
      }
      ${stubsOf(catalogue)}`,
  };
}

interface Stub {
  readonly __typename: string;
  readonly id: string;
}

/** Resolves ids through `record-index`; everything but the id is the owner's to answer. */
export function changesResolvers(catalogue: Catalogue, owner: RecordOwner, reveals: RevealBook): Resolvers {
  const types = new Map(catalogue.types.filter(({ kind }) => kind === 'record').map((type) => [type.code, type]));
  // Through the gateway the owner answers it; at this subgraph's own door the stub is all there is.
  const stubs = [...types.values()].map((type) => [type.name, { recordType: () => type.code }] as const);
  return {
    ...Object.fromEntries(stubs),
    Query: {
      record: async (_source: unknown, { id }: { id: string }, context: SubgraphContext): Promise<Stub | null> => {
        const [entry] = await readerOf(context).get('record-index', [id]);
        const type = types.get(String(entry?.body.recordType));
        if (!entry || !type) return null;
        const rows = bind(visibleRows(context.accessOf(type)), context.caller.params);
        return matches(rows, entry) ? { __typename: type.name, id } : null;
      },
    },
    Mutation: {
      withdrawRecord: (
        _source: unknown,
        args: { recordId: string; documentRef: string; reason: string; expectedVersion?: number | null },
        context: SubgraphContext,
      ): Promise<Stub> => {
        if (args.documentRef.trim() === '' || args.reason.trim() === '')
          throw new HubError('BAD_USER_INPUT', 'a withdrawal needs a document reference and a reason');
        return owner.withdraw(context.caller, args);
      },
      reveal: (_source: unknown, args: { recordId: string; reason: string }, context: SubgraphContext): Promise<Stub> =>
        reveal({ owner, reveals }, args, context),
      correctRecord: (
        _source: unknown,
        args: { recordId: string; fields: unknown; reason: string; expectedVersion?: number | null },
        context: SubgraphContext,
      ): Promise<Stub> => {
        const { fields } = args;
        if (typeof fields !== 'object' || fields === null || Array.isArray(fields) || Object.keys(fields).length === 0) {
          throw new HubError('BAD_USER_INPUT', 'fields has to be an object that names at least one field');
        }
        if (args.reason.trim() === '') throw new HubError('BAD_USER_INPUT', 'a correction needs a reason');
        return owner.correct(context.caller, { ...args, fields: fields as Readonly<Record<string, unknown>> });
      },
    },
  };
}
