import type { GraphQLResolveInfo } from 'graphql';
import { visibleRows } from '../../auth/entitlements.ts';
import { BUSINESS_AUDIENCES } from '../../auth/matrix.ts';
import type { Catalogue } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import { allOf, bind } from '../../schema/filter.ts';
import { annotate } from '../kit/connection.ts';
import { placeOf, readerOf, type SubgraphContext } from '../kit/context.ts';
import type { Resolvers, SubgraphDefinition } from '../kit/define-subgraph.ts';
import { personTailOf, TAIL_COLUMN } from '../kit/person-tail.ts';
import { disclosedRow } from '../kit/row.ts';
import type { Sealer } from '../kit/sealer.ts';

const BUSINESS = `audiences: [${BUSINESS_AUDIENCES.join(', ')}]`;
const MOST_ENTRIES = 100;

/** Root fields of the subgraph, beside what follows from its types. */
export const EXTRA: NonNullable<SubgraphDefinition['extra']> = {
  path: 'subgraphs/lists/resolvers.ts',
  text: `
    type Query {
      "按姓名全称和证件号码后四位查询个人的公示名单记录（失信被执行人等）；须两者同时准确"
      listEntriesOfPerson(name: String!, idTail: String!): [ListEntry!] @allow(${BUSINESS})
    }`,
};

/** The one way to a person's published entries beside their ids: the exact name and the last four characters of the number together. */
export function listResolvers(catalogue: Catalogue, sealer: Sealer): Resolvers {
  const found = catalogue.types.find(({ name }) => name === 'ListEntry');
  if (!found) throw new Error('the catalogue has no type ListEntry');
  const type = found;
  return {
    Query: {
      listEntriesOfPerson: async (
        _source: unknown,
        { name, idTail }: { name: string; idTail: string },
        context: SubgraphContext,
        info: GraphQLResolveInfo,
      ) => {
        if (!/^[0-9A-Za-z]{4}$/.test(idTail))
          throw new HubError('BAD_USER_INPUT', 'idTail has to be the last four characters of the number');
        if (name.trim() === '') throw new HubError('BAD_USER_INPUT', 'name has to be the whole name');
        const visible = bind(visibleRows(context.accessOf(type)), context.caller.params);
        const where = allOf(
          { op: 'eq', field: `column.${TAIL_COLUMN}`, value: personTailOf(sealer, name, idTail) },
          { op: 'eq', field: 'gate.subjectKind', value: 'INDIVIDUAL' },
          { op: 'eq', field: 'gate.status', value: 'PUBLISHED' },
          visible,
        );
        const documents = await readerOf(context).find(type.collection, {
          where,
          order: [{ field: 'column.decisionDate', direction: 'DESC' }],
          limit: MOST_ENTRIES,
        });
        const rows = documents.flatMap((document) => disclosedRow(context, type, document) ?? []);
        annotate(context, () => [placeOf(context, info.path, '@')], rows);
        return rows;
      },
    },
  };
}
