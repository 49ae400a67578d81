import { buildSubgraphSchema } from '@apollo/subgraph';
import {
  type DocumentNode,
  type ExecutionResult,
  execute,
  type GraphQLFieldResolver,
  type GraphQLSchema,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
} from 'graphql';
import type { AccessBook } from '../../auth/access-book.ts';
import type { Caller } from '../../auth/caller.ts';
import type { Catalogue, Item, RecordType } from '../../schema/catalogue.ts';
import { HubError } from '../../schema/errors.ts';
import type { CatalogueFile } from '../../schema/read-catalogue.ts';
import { SCALARS } from '../../schema/scalars.ts';
import type { Reader, Store } from '../../store/port.ts';
import { type ListArguments, listConnection } from './connection.ts';
import { noRemarks, type Remarks, reportWithheld, type SubgraphContext } from './context.ts';
import { type Extra, expand } from './expand.ts';
import { fieldResolver, lookedUpRow, nestedResolver, noteDisclosed, OBJECTION_NOTE, type Row } from './row.ts';
import type { Sealer } from './sealer.ts';
import type { SubmitMutation } from './submit-mutation.ts';

export type Resolvers = Readonly<Record<string, Readonly<Record<string, GraphQLFieldResolver<never, SubgraphContext>>>>>;

/** What a subgraph is: its files, and what it does beyond what follows from them. */
export interface SubgraphDefinition {
  readonly name: string;
  readonly files: readonly CatalogueFile[];
  readonly extra?: Extra | undefined;
  readonly resolvers?: Resolvers | undefined;
}

export interface SubgraphParts {
  readonly store: Store;
  readonly catalogue: Catalogue;
  readonly access: AccessBook;
  readonly sealer: Sealer;
  /** Needed where the subgraph has types that can be submitted. */
  readonly submit?: SubmitMutation | undefined;
}

/** One operation for one caller; the document is parsed and valid. */
export interface SubgraphRequest {
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly caller: Caller;
}
export interface SubgraphResponse extends ExecutionResult {
  readonly remarks: Remarks;
}
export interface Subgraph {
  readonly name: string;
  readonly typeDefs: DocumentNode;
  readonly schema: GraphQLSchema;
  execute(request: SubgraphRequest): Promise<SubgraphResponse>;
}

/** Builds a subgraph: every field of every type resolves through the reader's view of its row, and through nothing else. */
export function defineSubgraph(definition: SubgraphDefinition, parts: SubgraphParts): Subgraph {
  const { name } = definition;
  const types = parts.catalogue.types.filter(({ subgraph }) => subgraph === name);
  const typeDefs = expand(name, definition.files, parts.catalogue, definition.extra);
  const schema = buildSubgraphSchema({ typeDefs });
  attach(schema, derivedResolvers(types, parts));
  if (definition.resolvers) attach(schema, definition.resolvers as ResolverMap);
  attachScalars(schema);
  attachEntities(schema, types);
  return {
    name,
    typeDefs,
    schema,
    async execute({ document, operation, variables, caller }) {
      const remarks = noRemarks();
      const run = (tx: Reader | undefined) => {
        const context: SubgraphContext = {
          caller,
          tx,
          remarks,
          pages: new Map(),
          accessOf: (type, as = caller) => parts.access.accessOf(as, type),
        };
        return execute({ schema, document, operationName: operation.name?.value, variableValues: variables, contextValue: context });
      };
      const result = operation.operation === 'query' ? await parts.store.read(run) : await run(undefined);
      return { ...result, remarks };
    },
  };
}

type ResolverMap = Record<string, Record<string, GraphQLFieldResolver<unknown, SubgraphContext>>>;

function derivedResolvers(types: readonly RecordType[], parts: SubgraphParts): ResolverMap {
  const { sealer } = parts;
  const map: ResolverMap = {};
  const put = (type: string, field: string, resolver: GraphQLFieldResolver<never, SubgraphContext>) => {
    map[type] ??= {};
    map[type][field] = resolver as GraphQLFieldResolver<unknown, SubgraphContext>;
  };
  for (const type of types) {
    put(type.name, 'id', (row: Row) => row.document.key);
    if (type.kind === 'record') {
      put(type.name, 'recordType', () => type.code);
      put(type.name, 'subject', subjectReference(type));
    }
    for (const item of type.items) {
      put(type.name, item.name, fieldResolver(type, item, sealer) as GraphQLFieldResolver<never, SubgraphContext>);
      nestedResolvers(type, item, sealer, put);
    }
    if (type.kind === 'subject') continue;
    put('Query', type.field, (_source: unknown, args: ListArguments, context, info) =>
      listConnection({ type, sealer }, args, context, info),
    );
    if (type.kind !== 'record' && type.about === undefined) continue;
    put('Subject', type.field, (source: { id: string }, args: ListArguments, context, info) =>
      listConnection({ type, sealer, subjectId: source.id }, args, context, info),
    );
    const { submit } = parts;
    if (type.submit && submit)
      put('Mutation', `submit${type.name}`, (_source: unknown, args: { records: readonly Readonly<Record<string, unknown>>[] }, context) =>
        submit(type, args.records, context.caller),
      );
  }
  return map;
}

function nestedResolvers(
  type: RecordType,
  item: Item,
  sealer: Sealer,
  put: (type: string, field: string, resolver: GraphQLFieldResolver<never, SubgraphContext>) => void,
): void {
  for (const inner of item.fields) {
    put(item.type, inner.name, nestedResolver(type, item.type, inner, sealer) as GraphQLFieldResolver<never, SubgraphContext>);
    nestedResolvers(type, inner, sealer, put);
  }
}

/** The one reference a record holds: its subject, by id alone. */
function subjectReference(type: RecordType): GraphQLFieldResolver<never, SubgraphContext> {
  const coordinate = `${type.name}.subject`;
  return (row: Row, _args, context, info) => {
    const effect = row.view.effects.get(coordinate);
    const cause = context.accessOf(type).withheld(coordinate, effect);
    if (cause) reportWithheld(context, info, cause);
    if (effect) noteDisclosed(context, row, coordinate, info);
    const id = row.document.gate?.subjectId;
    return (effect === 'VALUE' || effect === 'CLEAR') && id ? { __typename: 'Subject', id } : null;
  };
}

function attach(schema: GraphQLSchema, resolvers: ResolverMap): void {
  for (const [typeName, fields] of Object.entries(resolvers)) {
    const type = schema.getType(typeName);
    if (!isObjectType(type)) throw new Error(`${typeName} is no object type of this subgraph`);
    const declared = type.getFields();
    for (const [name, resolve] of Object.entries(fields)) {
      const field = declared[name];
      if (!field) throw new Error(`${typeName}.${name} is not declared`);
      field.resolve = resolve;
    }
  }
}

function attachScalars(schema: GraphQLSchema): void {
  for (const [name, scalar] of Object.entries(SCALARS)) {
    const declared = schema.getType(name);
    if (declared && 'parseValue' in declared && 'serialize' in declared)
      Object.assign(declared, { serialize: scalar.serialize, parseValue: scalar.parseValue, parseLiteral: scalar.parseLiteral });
  }
}

/** `_entities` goes the same way as every other read: one `get` for each type, each row decided for this caller, nothing of a representation believed but its id. */
function attachEntities(schema: GraphQLSchema, types: readonly RecordType[]): void {
  const field = schema.getQueryType()?.getFields()._entities;
  const union = schema.getType('_Entity');
  if (!field || !isUnionType(union)) return;
  const owned = new Map(types.map((type) => [type.name, type]));
  const known = new Set(union.getTypes().map((type) => type.name));
  field.resolve = (_source, args: { representations: readonly unknown[] }, context: SubgraphContext) => {
    const asked = args.representations.map(representation);
    context.remarks.entities = asked.map(({ id }) => id);
    const byType = Map.groupBy(asked, ({ typename }) => typename);
    const rows = new Map<string, Row | { __typename: string; id: string } | null>();
    const waiting: Promise<void>[] = [];
    for (const [typename, some] of byType) {
      if (!known.has(typename)) throw new HubError('BAD_USER_INPUT', 'a representation names a type that this subgraph does not know');
      const ids = [...new Set(some.map(({ id }) => id))];
      const type = owned.get(typename);
      if (!type) {
        for (const id of ids) rows.set(`${typename} ${id}`, { __typename: typename, id });
        continue;
      }
      const keep = (documents: Awaited<ReturnType<Reader['get']>>) => {
        for (const [index, id] of ids.entries()) rows.set(`${typename} ${id}`, lookedUpRow(context, type, documents[index]) ?? null);
      };
      const read = (context.tx ?? refuse()).get(type.collection, ids);
      if (read instanceof Promise) waiting.push(read.then(keep));
      else keep(read);
    }
    const answer = () => asked.map(({ typename, id }, index) => annotated(context, index, rows.get(`${typename} ${id}`) ?? null));
    return waiting.length > 0 ? Promise.all(waiting).then(answer) : answer();
  };
}

function annotated<T>(context: SubgraphContext, index: number, row: T): T {
  if (typeof row === 'object' && row !== null && 'document' in row) {
    const { document, type } = row as unknown as Row;
    if (type.kind === 'record' && document.gate?.objection) {
      context.remarks.annotations.push({
        path: [],
        entity: context.remarks.entities[index],
        recordId: document.key,
        kind: 'OBJECTION',
        note: OBJECTION_NOTE,
      });
    }
  }
  return row;
}

function representation(value: unknown): { readonly typename: string; readonly id: string } {
  if (typeof value === 'object' && value !== null && '__typename' in value && 'id' in value) {
    const { __typename: typename, id } = value;
    if (typeof typename === 'string' && typeof id === 'string') return { typename, id };
  }
  throw new HubError('BAD_USER_INPUT', 'a representation needs __typename and id');
}

function refuse(): never {
  throw new HubError('BAD_USER_INPUT', '_entities belongs to queries');
}

/** The operation of a document by name; the only one when no name is given. */
export function operationOf(document: DocumentNode, name?: string | null): OperationDefinitionNode {
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION);
  const found = name ? operations.find((node) => node.name?.value === name) : operations.length === 1 ? operations[0] : undefined;
  if (!found) throw new HubError('BAD_USER_INPUT', 'the operation to run is not in the document');
  return found;
}
