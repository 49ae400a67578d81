import { composeServices } from '@apollo/composition';
import { operationFromDocument, Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type ServiceMap } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DocumentNode, execute, GraphQLError, type GraphQLSchema, getOperationAST, parse } from 'graphql';
import { compileCompletion } from '../../gateway/complete.ts';
import { type PlannedFetch, runPlan } from '../../gateway/run-plan.ts';

/** Three subgraphs with all that a plan can hold: keys, requirements, interfaces, lists of entities, fields of one entity in several subgraphs. */
const SUBGRAPHS: Readonly<Record<string, string>> = {
  shops: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable"])
    interface Named { id: ID! name: String }
    type Shop implements Named @key(fields: "id") { id: ID! name: String weight: Int! owner: Person goods: [Good] sign: Sign! }
    type Person implements Named @key(fields: "id") { id: ID! name: String shops: [Shop!] }
    type Good @key(fields: "id") { id: ID! }
    type Sign @shareable { text: String colour: String! }
    type Query { shop: Shop shops: [Shop!]! named: [Named] person: Person! }`,
  goods: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
    type Good @key(fields: "id") { id: ID! price: Int! title: String maker: Person related: [Good!] }
    type Person @key(fields: "id") { id: ID! favourite: Good }
    type Query { good: Good goods: [[Good]!] }`,
  taxes: `
    extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@external", "@requires"])
    type Good @key(fields: "id") { id: ID! price: Int! @external tax: Int @requires(fields: "price") rate: Float! }
    type Shop @key(fields: "id") { id: ID! taxed: Boolean office: Person }
    type Person @key(fields: "id") { id: ID! taxNumber: String! }
    type Query { office: Person }`,
};

/** What every field answers: decided by its own name and its object's id, so that both ways of running a plan meet the same world. */
interface World {
  readonly seed: number;
  readonly nulls: number;
  readonly faults: number;
}

function chance(world: World, place: string): number {
  let hash = world.seed | 0;
  for (const character of place) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) % 100;
}

type Source = Readonly<Record<string, unknown>>;

function answerField(world: World, source: Source, name: string, type: string): unknown {
  if (name === 'id') return source.id;
  if (name === 'tax' && typeof source.price === 'number') return source.price * 2;
  const place = `${source.__typename ?? 'Query'} ${source.id ?? ''} ${name}`;
  const luck = chance(world, place);
  if (luck < world.faults) throw new GraphQLError(`no ${place}`, { extensions: { code: 'STORE_UNAVAILABLE' } });
  if (luck < world.faults + world.nulls) return null;
  return madeUp(world, place, type);
}

function madeUp(world: World, place: string, type: string): unknown {
  const bare = type.replace(/!$/, '');
  if (bare.startsWith('[')) {
    const inner = bare.slice(1, -1);
    return Array.from({ length: chance(world, `${place} length`) % 4 }, (_, index) => {
      const missing = !inner.endsWith('!') && chance(world, `${place} ${index}`) < world.nulls;
      return missing ? null : madeUp(world, `${place} ${index}`, inner);
    });
  }
  const id = String(chance(world, place) % 4);
  if (bare === 'Named') return { __typename: chance(world, place) % 2 === 0 ? 'Shop' : 'Person', id };
  if (['Shop', 'Person', 'Good'].includes(bare)) return { __typename: bare, id };
  if (bare === 'Sign') return { __typename: 'Sign', id: place };
  if (bare === 'Int') return chance(world, place);
  if (bare === 'Float') return chance(world, place) / 2;
  return bare === 'Boolean' ? chance(world, place) % 2 === 0 : `${bare} of ${place}`;
}

function graph() {
  const { supergraphSdl, errors } = composeServices(Object.entries(SUBGRAPHS).map(([name, sdl]) => ({ name, typeDefs: parse(sdl) })));
  if (!supergraphSdl) throw new Error(errors?.map(({ message }) => message).join('\n'));
  const supergraph = Supergraph.build(supergraphSdl);
  const schemas = new Map(Object.entries(SUBGRAPHS).map(([name, sdl]) => [name, buildSubgraphSchema(parse(sdl))]));
  const apiSchema = supergraph.apiSchema();
  return { supergraph, schemas, apiSchema, schema: apiSchema.toGraphQLJSSchema(), full: supergraph.schema.toGraphQLJSSchema() };
}

const { supergraph, schemas, apiSchema, schema, full } = graph();
const planner = new QueryPlanner(supergraph);

async function answerFetch(world: World, { serviceName, query, variables }: Pick<PlannedFetch, 'serviceName' | 'query' | 'variables'>) {
  const subgraph = schemas.get(serviceName) as GraphQLSchema;
  const { data, errors } = await execute({
    schema: subgraph,
    document: parse(query),
    variableValues: variables,
    fieldResolver: (source, args, _context, info) => {
      if (info.fieldName === '_entities')
        return args.representations.map((found: Source) => (chance(world, `${serviceName} ${found.id}`) < world.faults / 2 ? null : found));
      return answerField(world, source ?? {}, info.fieldName, String(info.returnType));
    },
  });
  return { data: data as Record<string, unknown> | null, ...(errors ? { errors } : {}) };
}

async function withApollo(world: World, document: DocumentNode) {
  const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
  const services = Object.fromEntries(
    [...schemas.keys()].map((name) => [
      name,
      {
        process: async ({ request }: { request: { query?: string; variables?: Record<string, unknown> } }) =>
          answerFetch(world, { serviceName: name, query: request.query ?? '', variables: request.variables ?? {} }),
      },
    ]),
  ) as unknown as ServiceMap;
  const context = { request: { variables: {} }, context: {}, metrics: {} } as unknown as Parameters<typeof executeQueryPlan>[2];
  const result = await executeQueryPlan(
    plan,
    services,
    context,
    buildOperationContext({ schema, operationDocument: document }),
    full,
    apiSchema,
  );
  return { data: result.data ?? null, errors: result.errors ?? [] };
}

async function withHub(world: World, document: DocumentNode) {
  const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
  const operation = getOperationAST(document);
  if (!operation) throw new Error('there is no operation');
  const { data, errors } = await runPlan({ plan, schema: full, variables: {}, send: (fetch) => answerFetch(world, fetch) });
  return { data: compileCompletion(schema, operation)(data), errors };
}

type Told = Pick<GraphQLError, 'message' | 'path' | 'extensions'>;

/** Without list indexes: Apollo's executor counts only the objects that it could ask for, and so names a wrong neighbour where it left one out. */
function told(errors: readonly Told[]): readonly string[] {
  const step = (key: string | number) => (typeof key === 'number' ? '@' : key);
  return errors.map(({ message, path, extensions }) => JSON.stringify([message, path?.map(step), extensions?.code])).sort();
}

function leadsToNull(data: unknown, path: readonly (string | number)[]): boolean {
  const [key, ...below] = path;
  if (data === null || data === undefined) return true;
  return key !== undefined && leadsToNull((data as Record<string | number, unknown>)[key], below);
}

/** Selections of a type, so deep; every fragment stands where it is used. */
function someSelections(type: string, depth: number): fc.Arbitrary<string> {
  const fields = FIELDS[type] ?? {};
  const leaves = Object.entries(fields).filter(([, target]) => target === undefined);
  const branches = depth > 0 ? Object.entries(fields).filter(([, target]) => target !== undefined) : [];
  const leaf = fc.constantFrom(
    ...leaves.map(([name]) => name),
    '__typename',
    ...leaves.slice(0, 2).map(([name]) => `${name}_again: ${name}`),
  );
  const branch = branches.map(([name, target]) => someSelections(target ?? '', depth - 1).map((inner) => `${name} { ${inner} }`));
  const fragments =
    depth > 0 && type === 'Named'
      ? ['Shop', 'Person'].map((one) => someSelections(one, depth - 1).map((inner) => `... on ${one} { ${inner} }`))
      : [];
  const same = depth > 0 && type !== 'Query' ? [someSelections(type, 0).map((inner) => `... on ${type} { ${inner} }`)] : [];
  return fc
    .array(fc.oneof(leaf, ...branch, ...branch, ...fragments, ...same), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(' '));
}

/** Fields of each type, with what they lead to. */
const FIELDS: Readonly<Record<string, Readonly<Record<string, string | undefined>>>> = {
  Query: { shop: 'Shop', shops: 'Shop', named: 'Named', person: 'Person', good: 'Good', goods: 'Good', office: 'Person' },
  Named: { id: undefined, name: undefined },
  Shop: {
    id: undefined,
    name: undefined,
    weight: undefined,
    taxed: undefined,
    owner: 'Person',
    goods: 'Good',
    sign: 'Sign',
    office: 'Person',
  },
  Person: { id: undefined, name: undefined, taxNumber: undefined, shops: 'Shop', favourite: 'Good' },
  Good: { id: undefined, price: undefined, title: undefined, tax: undefined, rate: undefined, maker: 'Person', related: 'Good' },
  Sign: { text: undefined, colour: undefined },
};

const someWorld: fc.Arbitrary<World> = fc.record({
  seed: fc.integer(),
  nulls: fc.constantFrom(0, 10, 30),
  faults: fc.constantFrom(0, 0, 5, 20),
});
const someOperation = someSelections('Query', 4).map((selections) => `{ ${selections} }`);

describe('running a plan', () => {
  it("answers every operation as Apollo's own executor does, and each error stands where a null is", async () => {
    await fc.assert(
      fc.asyncProperty(someOperation, someWorld, async (text, world) => {
        const document = parse(text);
        const [expected, found] = [await withApollo(world, document), await withHub(world, document)];
        expect(JSON.parse(JSON.stringify(found.data))).toEqual(JSON.parse(JSON.stringify(expected.data)));
        expect(told(found.errors)).toEqual(told(expected.errors));
        for (const { path } of found.errors) expect(path && leadsToNull(found.data, path)).toBe(true);
      }),
      { numRuns: process.env.HUB_TEST_LONG ? 5000 : 200 },
    );
  }, 120_000);

  it('asks for an entity once, however often it stands in the answer', async () => {
    const document = parse('{ shops { office { taxNumber } goods { title } } }');
    const asked: unknown[] = [];
    const plan = planner.buildQueryPlan(operationFromDocument(apiSchema, document));
    const world = { seed: 7, nulls: 0, faults: 0 };
    await runPlan({
      plan,
      schema: full,
      variables: {},
      send: (fetch) => {
        if (fetch.variables.representations) asked.push(fetch.variables.representations);
        return answerFetch(world, fetch);
      },
    });
    for (const representations of asked as unknown[][]) {
      expect(new Set(representations.map((one) => JSON.stringify(one))).size).toBe(representations.length);
    }
    expect(asked.length).toBeGreaterThan(0);
  });
});
