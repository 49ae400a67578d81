import { operationFromDocument } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import {
  type GraphQLNamedType,
  getNamedType,
  getNullableType,
  getOperationAST,
  isEnumType,
  isListType,
  Kind,
  parse,
  type SelectionSetNode,
  validate,
} from 'graphql';
import { createAccessBook } from '../auth/access-book.ts';
import { paramsOf } from '../auth/admission.ts';
import { askedOf } from '../auth/asked.ts';
import { keyOfProfile, type Profile } from '../auth/caller.ts';
import { NOBODY } from '../auth/principal.ts';
import { composeFromFiles } from '../cli/static-graph.ts';
import { coercedVariables } from '../gateway/coerced-variables.ts';
import { compileCompletion } from '../gateway/complete.ts';
import { rewrite } from '../gateway/rewrite.ts';
import { compileShape } from '../gateway/shape.ts';
import { shanghaiToday } from '../schema/calendar-date.ts';
import { spread } from './median.ts';
import { countLeaves, REPORT_QUERY } from './report/query.ts';
import { SAMPLE_GATES } from './report/sample-gates.ts';

// node bench/disclosure.ts: what disclosure costs, in one process without a store.

const ROUNDS = 9;
const today = shanghaiToday(new Date());
const { catalogue, policy, composed } = composeFromFiles({});
const PROFILES: Readonly<Record<string, Profile>> = {
  PUBLIC: profile({ audience: 'PUBLIC' }),
  'AGENCY with a purpose': profile({
    audience: 'AGENCY',
    orgUscc: '11411502MAW05WG360',
    regionCode: '411502',
    purpose: 'LICENSING',
    ownSources: ['11411502MAW05WG360'],
  }),
  'AGENCY with 20 grants': profile({
    audience: 'AGENCY',
    orgUscc: '11411502MAW05WG360',
    regionCode: '411502',
    purpose: 'LICENSING',
    ownSources: ['11411502MAW05WG360'],
    grants: Array.from({ length: 20 }, (_, index) => grant(index)),
  }),
  SUPERVISION: profile({ audience: 'SUPERVISION', regionCode: '410000' }),
};

for (const [name, each] of Object.entries(PROFILES)) {
  console.log(`a new profile, ${name}, ${catalogue.types.length} types: ${inMs(() => compileAll(each))} ms`);
}
for (const [name, each] of Object.entries(PROFILES)) console.log(`one row, ${name}: ${perRow(each)} ns`);
firstPlan();
cachedRequest();

/** Everything that is compiled before a caller of a new profile gets a first answer. */
function compileAll(of: Profile): void {
  const book = createAccessBook();
  const caller = { profile: of, profileKey: keyOfProfile(of), today };
  for (const type of catalogue.types) book.accessOf(caller, type);
}

function perRow(of: Profile): string {
  const type = policy.typesByName.get('AdministrativePenalty');
  if (!type) throw new Error('there are no penalties');
  const { disclose } = createAccessBook().accessOf({ profile: of, profileKey: keyOfProfile(of), today }, type);
  const params = paramsOf({ today, principal: NOBODY, regions: catalogue.regions }, undefined, undefined);
  const rows = SAMPLE_GATES.map((gate, index) => ({ key: String(index), gate, columns: { state: null } }));
  const times = 20_000;
  const run = () => {
    for (let time = 0; time < times; time++) for (const row of rows) disclose(row, params);
  };
  run();
  return spread(
    Array.from({ length: ROUNDS }, () => (msOf(run) * 1e6) / (times * rows.length)),
    0,
  );
}

/** From the text to a plan and a shape, as for an operation that nobody has asked before. */
function firstPlan(): void {
  const planner = new QueryPlanner(composed.supergraph);
  const apiSchema = composed.supergraph.apiSchema();
  const variables = {};
  const isClosed = () => false;
  const stages = new Map<string, number[]>();
  const timed = <T>(stage: string, work: () => T): T => {
    const started = performance.now();
    const result = work();
    stages.set(stage, [...(stages.get(stage) ?? []), performance.now() - started]);
    return result;
  };
  for (let round = 0; round <= ROUNDS; round++) {
    const text = REPORT_QUERY.replace('Report', `Report${round}`);
    const document = timed('parse', () => parse(text));
    timed('validate', () => validate(composed.schema, document));
    const operation = getOperationAST(document);
    if (!operation) throw new Error('the report is no operation');
    const of = { schema: composed.schema, operation, fragments: new Map(), variables, isClosed };
    timed('what is asked', () => askedOf(composed.schema, policy, operation, of.fragments, variables));
    timed('what is asked, again', () => askedOf(composed.schema, policy, operation, of.fragments, variables));
    const rewritten = timed('rewrite', () => rewrite(of));
    timed('plan', () => planner.buildQueryPlan(operationFromDocument(apiSchema, rewritten.document)));
    timed('completion and shape', () => [
      compileCompletion(composed.schema, rewritten.operation),
      compileShape({ ...of, marks: rewritten.marks }),
    ]);
  }
  for (const [stage, [first = 0, ...later]] of stages) {
    console.log(`the report, ${stage}: ${first.toFixed(2)} ms at first, then ${spread(later, 3)} ms`);
  }
}

/** What the gateway adds to a request that was planned before, beside HTTP and the subgraphs. */
function cachedRequest(): void {
  const operation = getOperationAST(parse(REPORT_QUERY));
  if (!operation) throw new Error('the report is no operation');
  const of = { schema: composed.schema, operation, fragments: new Map(), variables: {}, isClosed: () => false };
  const { operation: planned, marks } = rewrite(of);
  const complete = compileCompletion(composed.schema, planned);
  const shape = compileShape({ ...of, marks });
  const joined = madeUp(composed.schema.getQueryType() ?? undefined, planned.selectionSet);
  const stages: Readonly<Record<string, () => unknown>> = {
    variables: () => coercedVariables(composed.schema, operation, { uscc: '91411502MA4TE5T058' }),
    'what is asked': () => askedOf(composed.schema, policy, operation, of.fragments, of.variables),
    'nulls to their places': () => complete(joined),
    shape: () => shape(joined),
    JSON: () => JSON.stringify(joined),
  };
  for (const [stage, work] of Object.entries(stages)) {
    const times = 2000;
    const run = () => {
      for (let time = 0; time < times; time++) work();
    };
    run();
    const each = Array.from({ length: ROUNDS }, () => (msOf(run) * 1000) / times);
    console.log(`a known report of ${countLeaves(joined)} values, ${stage}: ${spread(each, 1)} µs`);
  }
}

/** An answer to a selection, five rows to a list. */
function madeUp(type: GraphQLNamedType | undefined, set: SelectionSetNode): Record<string, unknown> {
  const fields = type && 'getFields' in type ? type.getFields() : {};
  const answer: Record<string, unknown> = {};
  for (const node of set.selections) {
    if (node.kind !== Kind.FIELD) continue;
    const field = fields[node.name.value];
    const named = field && getNamedType(field.type);
    const one = node.selectionSet
      ? madeUp(named, node.selectionSet)
      : isEnumType(named)
        ? named.getValues()[0]?.name
        : '《中华人民共和国食品安全法》';
    answer[node.alias?.value ?? node.name.value] =
      field && isListType(getNullableType(field.type)) ? Array.from({ length: 5 }, () => one) : one;
  }
  return answer;
}

function inMs(work: () => void): string {
  const [first = 0, ...later] = Array.from({ length: ROUNDS + 1 }, () => msOf(work));
  return `${first.toFixed(1)} at first, then ${spread(later, 1)}`;
}

function msOf(work: () => void): number {
  const started = performance.now();
  work();
  return performance.now() - started;
}

function profile(of: Partial<Profile> & Pick<Profile, 'audience'>): Profile {
  return { authLevel: 1, ownSources: [], grants: [], ...of };
}

function grant(index: number): Profile['grants'][number] {
  return {
    id: `g${index}`,
    status: 'APPROVED',
    granteeUscc: '11411502MAW05WG360',
    approverUscc: '11411502MA109Y0358',
    sources: ['11411502MA109Y0358'],
    recordTypes: ['PENALTY', 'LICENSE'],
    fields: ['AdministrativePenalty.performanceStatus', 'AdministrativePenalty.performedOn'],
    purposes: ['LICENSING'],
    matterCodes: [],
    validTo: '2099-12-31',
  };
}
