import type { Db, Document } from 'mongodb';

/** What the server did for the queries of one shape. */
export interface QueryShape {
  /** `doc.administrative-penalty` …; of the record types, `doc.<record>`. */
  readonly collection: string;
  readonly operation: string;
  /** Fields that have one of certain values, or lie in a range, in every document that is asked for. */
  readonly where: ReadonlyMap<string, 'equal' | 'range'>;
  readonly order: readonly string[];
  readonly plan: string;
  times: number;
  examined: number;
  returned: number;
  /** The most documents that one query read for one that it gave back. */
  worst: number;
  readonly sorts: boolean;
}

const PROFILE_BYTES = 128 * 1024 * 1024;
const READING = ['find', 'aggregate', 'count', 'findAndModify', 'update', 'delete'];

/** Makes the server write down what it does for this database from here on. */
export async function startProfile(db: Db): Promise<void> {
  await db.createCollection('system.profile', { capped: true, size: PROFILE_BYTES });
  await db.command({ profile: 2 });
}

/** The shapes of all queries since, the most frequent first; `kindOf` names a collection's like. */
export async function profiled(db: Db, kindOf: (collection: string) => string): Promise<readonly QueryShape[]> {
  await db.command({ profile: 0 });
  const entries = await db
    .collection('system.profile')
    .find({ ns: /\.(doc|old|commits|counters)/ })
    .toArray();
  const shapes = new Map<string, QueryShape>();
  for (const entry of entries) {
    const query = queryIn(entry);
    if (!query) continue;
    const collection = kindOf(String(entry.ns).slice(db.databaseName.length + 1));
    const where = conjuncts(query.filter);
    const plan = planOf(entry);
    const order = Object.keys(query.sort ?? {});
    const key = JSON.stringify([collection, query.operation, [...where].sort(), order, plan, entry.hasSortStage === true]);
    const shape = shapes.get(key) ?? {
      collection,
      operation: query.operation,
      where,
      order,
      plan,
      times: 0,
      examined: 0,
      returned: 0,
      worst: 0,
      sorts: entry.hasSortStage === true,
    };
    const examined = Number(entry.docsExamined ?? 0);
    const returned = Number(entry.nreturned ?? entry.nMatched ?? entry.ndeleted ?? 0);
    shape.times += 1;
    shape.examined += examined;
    shape.returned += returned;
    shape.worst = Math.max(shape.worst, examined / Math.max(1, returned));
    shapes.set(key, shape);
  }
  return [...shapes.values()].sort((left, right) => right.times - left.times);
}

interface AskedQuery {
  readonly operation: string;
  readonly filter: Document;
  readonly sort?: Document;
}

function queryIn({ op, command }: Document): AskedQuery | undefined {
  if (op === 'update' || op === 'remove') return { operation: op, filter: command?.q ?? {} };
  const operation = READING.find((name) => command?.[name] !== undefined);
  if (operation === 'find') return { operation, filter: command.filter ?? {}, sort: command.sort };
  if (operation === 'findAndModify') return { operation, filter: command.query ?? {} };
  if (operation !== 'aggregate') return undefined;
  const match = (command.pipeline as Document[]).find((stage) => stage.$match !== undefined);
  return { operation: 'count', filter: match?.$match ?? {} };
}

/** Fields that a condition holds to values, or to a range, whatever else it says. */
function conjuncts(filter: Document): ReadonlyMap<string, 'equal' | 'range'> {
  const found = new Map<string, 'equal' | 'range'>();
  for (const [path, test] of Object.entries(filter)) {
    if (path === '$and') for (const part of test as Document[]) for (const [field, kind] of conjuncts(part)) found.set(field, kind);
    if (path.startsWith('$')) continue;
    const operators = typeof test === 'object' && test !== null ? Object.keys(test) : ['$eq'];
    if (operators.some((name) => name === '$eq' || name === '$in')) found.set(path, 'equal');
    else if (operators.some((name) => /^\$[gl]te?$/.test(name))) found.set(path, 'range');
  }
  return found;
}

function planOf({ planSummary = '' }: Document): string {
  return [...new Set(String(planSummary).split(/, (?=[A-Z])/))].join(', ') || 'none';
}
