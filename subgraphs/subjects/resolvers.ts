import { type GraphQLResolveInfo, Kind } from 'graphql';
import { grantFault } from '../../auth/grants.ts';
import { BUSINESS_AUDIENCES } from '../../auth/matrix.ts';
import type { Catalogue, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { Filter } from '../../schema/filter.ts';
import { normaliseCode } from '../../schema/uscc.ts';
import { type ListArguments, listConnection } from '../kit/connection.ts';
import { placeOf, readerOf, type SubgraphContext } from '../kit/context.ts';
import type { Resolvers, SubgraphDefinition } from '../kit/define-subgraph.ts';
import { disclosedRow, noteDisclosed, type Row } from '../kit/row.ts';
import type { Sealer } from '../kit/sealer.ts';
import { whereFilter } from '../kit/where.ts';
import { personIndexOf } from './person-index.ts';

const BUSINESS = `audiences: [${BUSINESS_AUDIENCES.join(', ')}]`;

/** Root fields of the subgraph, beside what follows from the type Subject. */
export const EXTRA: NonNullable<SubgraphDefinition['extra']> = {
  path: 'subgraphs/subjects/resolvers.ts',
  text: `
    type Query {
      "按一个标识查找信用主体（id、统一社会信用代码、个人三者取一）；本人无权知悉时为空，与不存在相同"
      subject(id: ID, uscc: UnifiedSocialCreditCode, person: PersonHandle): Subject @allow(${BUSINESS})
      "按名称、代码、区划查找法人和非法人组织；个人不在其中"
      subjects(where: SubjectFilter, first: Int = 20, after: Cursor): SubjectConnection @allow(${BUSINESS})
    }
    "主体筛选条件：各项同时成立" input SubjectFilter { name: TextFilter uscc: TextFilter kind: SubjectKindFilter region: TextFilter and: [SubjectFilter!] or: [SubjectFilter!] not: SubjectFilter }
    input SubjectKindFilter { eq: SubjectKind in: [SubjectKind!] }
    "个人的证件与姓名；只能经变量传入，证件类型默认身份证" input PersonHandle { idType: String idNumber: String! name: String! }`,
};

interface Handles {
  readonly id?: string | null;
  readonly uscc?: string | null;
  readonly person?: { readonly idType?: string | null; readonly idNumber: string; readonly name: string } | null;
}

/** Resolvers of `subject`, `subjects` and `Subject.kind`. */
export function subjectResolvers(catalogue: Catalogue, sealer: Sealer): Resolvers {
  const found = catalogue.types.find(({ kind }) => kind === 'subject');
  if (!found) throw new Error('the catalogue has no type Subject');
  const type: RecordType = found;
  return {
    Subject: { kind: (row: Row) => row.document.gate?.subjectKind ?? 'UNKNOWN' },
    Query: {
      subject: async (_source: unknown, handles: Handles, context: SubgraphContext, info: GraphQLResolveInfo) => {
        const row = await lookUp(type, sealer, handles, context, info);
        // That a person is known here is something to tell, whatever is selected.
        if (row && handles.person) noteDisclosed(context, row, 'Subject.id', info);
        if (asksForAnother(handles, row, context)) {
          const { audience } = context.caller.profile;
          const reason = audience === 'SUBJECT' ? 'NOT_YOUR_SUBJECT' : 'VOUCHER_SUBJECT';
          context.remarks.withheld.push({
            ...placeOf(context, info.path),
            coordinate: 'Query.subject',
            effect: 'DENIED',
            class: 'BY_AUTHORIZATION',
            reason,
          });
        }
        return row ?? null;
      },
      subjects: (_source: unknown, args: ListArguments, context: SubgraphContext, info: GraphQLResolveInfo) => {
        const organisation: Filter = { op: 'in', field: 'gate.subjectKind', values: ['ENTERPRISE', 'NON_ENTERPRISE_ORG'] };
        return listConnection(
          { type, sealer, base: organisation, compileWhere: (where) => subjectWhere(type, where) },
          args,
          context,
          info,
        );
      },
    },
  };
}

async function lookUp(
  type: RecordType,
  sealer: Sealer,
  handles: Handles,
  context: SubgraphContext,
  info: GraphQLResolveInfo,
): Promise<Row | undefined> {
  const given = [handles.id, handles.uscc, handles.person].filter((handle) => handle !== null && handle !== undefined);
  if (given.length !== 1) throw new HubError('BAD_USER_INPUT', 'a subject is asked for by exactly one of id, uscc and person');
  const tx = readerOf(context);
  if (handles.id) return disclosedRow(context, type, (await tx.get(type.collection, [handles.id]))[0]);
  if (handles.uscc) {
    const where: Filter = { op: 'eq', field: 'column.uscc', value: normaliseCode(handles.uscc) };
    return disclosedRow(context, type, (await tx.find(type.collection, { where, order: [], limit: 1 }))[0]);
  }
  const { person } = handles;
  if (!person) return undefined;
  if (!isFromVariables('person', info)) throw new HubError('BAD_USER_INPUT', 'a person is asked for through variables only');
  if (!mayAskForPersons(context)) return undefined;
  const where: Filter = { op: 'eq', field: 'column.personIndex', value: personIndexOf(sealer, person.idType ?? '身份证', person.idNumber) };
  const [document] = await tx.find(type.collection, { where, order: [], limit: 1 });
  return document?.body.name === person.name.trim() ? exactPerson(context, type, document) : undefined;
}

/** The value stands neither in the document nor in a default of its variable, so that no document that is kept or logged holds it. */
function isFromVariables(argument: string, { fieldNodes, operation }: GraphQLResolveInfo): boolean {
  const withDefault = new Set(
    operation.variableDefinitions?.flatMap(({ variable, defaultValue }) => (defaultValue ? [variable.name.value] : [])),
  );
  return fieldNodes.every((node) =>
    node.arguments?.every(
      ({ name, value }) => name.value !== argument || (value.kind === Kind.VARIABLE && !withDefault.has(value.name.value)),
    ),
  );
}

/** E5 and E18: a person is found by the exact handle by itself, by an operator, by the holder of a usable voucher, and by a department with a valid grant. */
function mayAskForPersons({ caller }: SubgraphContext): boolean {
  const { profile, today } = caller;
  const { audience, voucher, grants } = profile;
  if (audience === 'SUBJECT' || audience === 'OPERATOR') return true;
  if (audience === 'CREDIT_BODY' || audience === 'APP_ORG') return voucher !== undefined;
  return audience === 'AGENCY' && grants.some((grant) => grantFault(grant, profile, today) === undefined);
}

/** Whoever may ask by the exact handle reads id and kind at least. */
function exactPerson(context: SubgraphContext, type: RecordType, document: Parameters<typeof disclosedRow>[2] & object): Row | undefined {
  const row = disclosedRow(context, type, document);
  const { audience, voucher } = context.caller.profile;
  if (row || audience === 'SUBJECT') return row;
  if (voucher && voucher.subjectId !== document.key) return undefined;
  const variant = { person: 'CLOSED_PERSON', secret: false, state: null } as const;
  return {
    __typename: type.name,
    type,
    document,
    view: {
      effects: new Map([
        ['Subject.id', 'VALUE'],
        ['Subject.kind', 'VALUE'],
      ]),
      variant,
      heldBy: ['E18'],
      beyondPublic: new Set(['Subject.id', 'Subject.kind']),
      bases: new Map(['Subject.id', 'Subject.kind'].map((coordinate) => [coordinate, { coordinate, by: ['E18'] }])),
    },
  };
}

/** Told from the id that was asked for, for unknown ids too. */
function asksForAnother(handles: Handles, row: Row | undefined, { caller }: SubgraphContext): boolean {
  const { audience, voucher } = caller.profile;
  const own = audience === 'SUBJECT' ? caller.subjectId : voucher?.subjectId;
  if (audience !== 'SUBJECT' && !voucher) return false;
  if (handles.id) return handles.id !== own;
  return row === undefined || row.document.key !== own;
}

function subjectWhere(type: RecordType, where: unknown): Filter {
  const kind = {
    ...(type.items[0] as RecordType['items'][number]),
    name: 'kind',
    type: 'SubjectKind',
    shape: 'enum' as const,
    list: false,
  };
  const region = type.items.find(({ name }) => name === 'regionCode');
  const items = [...type.items.filter(({ filter }) => filter), kind, ...(region ? [{ ...region, name: 'region' }] : [])];
  return whereFilter({ ...type, items }, where, (item) =>
    item.name === 'kind' ? 'gate.subjectKind' : `column.${item.name === 'region' ? 'regionCode' : item.name}`,
  );
}
