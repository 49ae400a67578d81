import { setTimeout as sleep } from 'node:timers/promises';
import { type FragmentDefinitionNode, Kind, validate, valueFromASTUntyped } from 'graphql';
import type { Clock } from '../auth/issuers.ts';
import { HubError } from '../schema/errors.ts';
import type { ChangeSource } from './change-source.ts';
import { coercedVariables } from './coerced-variables.ts';
import type { BegunSubscription, ChangeEvent, ChangesAnswer, Engine, EngineRequest, EngineResponse } from './engine.ts';
import { openStreamLag } from './feed-lag.ts';
import { type FeedMetrics, noteDelivery } from './feed-metrics.ts';
import { type ChangesQuery, changesQuery, plainDelivery } from './subscription-query.ts';

export interface StreamLimits {
  /** Changes that are read at once. */
  readonly changesAtOnce: number;
  /** A receiver that takes longer than this for one delivery is told that it lags, and its stream ends. */
  readonly slowMs: number;
  /** Without being woken a stream looks this often. */
  readonly lookMs: number;
  /** What comes within this time is read at once. */
  readonly gatherMs: number;
}
export const STREAM_LIMITS: StreamLimits = { changesAtOnce: 100, slowMs: 30_000, lookMs: 15_000, gatherMs: 20 };

export interface StreamParts {
  /** The engine in force; a stream goes on under the one that follows. */
  readonly engine: () => Engine;
  readonly source: ChangeSource;
  readonly limits: StreamLimits;
  readonly metrics: FeedMetrics;
  readonly clock: Clock;
}

export interface Delivery {
  /** Where the receiver stands behind it, if it moves on by it. */
  readonly cursor: string | undefined;
  readonly response: EngineResponse;
}

export interface ChangeStreams {
  /** Deliveries one after the other: what was missed, then what comes. Ends with `stop`; throws what refuses the subscription, or ends its right to go on. */
  open(
    request: EngineRequest,
    options: { readonly after?: string | undefined; readonly stop: AbortSignal },
  ): AsyncGenerator<Delivery, void>;
}

/** Subscriptions that may be answered the same: what one of them reads the others are told without reading it again. */
interface Group {
  readonly key: string;
  members: number;
  /** Counts what they were woken by; within one, a cursor is read from once. */
  wave: number;
  readings: Map<string, Promise<ChangesAnswer>>;
  /** The cursor that stands for a place, so that all who have come there read on from one. */
  end: { readonly place: string; readonly cursor: string } | undefined;
  readonly waiting: Set<Standing>;
  readonly leave: () => void;
}

/** One subscription on its way. */
interface Standing {
  readonly request: EngineRequest;
  query: ChangesQuery;
  cursor: string | null;
  begun: BegunSubscription | undefined;
  group: Group | undefined;
  /** The wave of the group up to which it has read. */
  wave: number;
  /** Lets it look on, when it waits. */
  go: () => void;
}

const PATIENCE = { first: 500, most: 30_000 };
const PASSING: ReadonlySet<string> = new Set(['DOWNSTREAM_SERVICE_ERROR', 'STORE_UNAVAILABLE']);

export function openChangeStreams(parts: StreamParts): ChangeStreams {
  const { source, limits, metrics, clock } = parts;
  const groups = new Map<string, Group>();

  const read = (engine: Engine, { request, query, cursor, begun }: Standing): Promise<ChangesAnswer> => {
    if (!engine.readChanges) throw new HubError('BAD_USER_INPUT', 'subscriptions are not answered at this door');
    return engine.readChanges({ request, query, after: cursor, first: limits.changesAtOnce, begun });
  };

  /** What another of the group has read from the same place in this wave is told again, under an entry of its own. */
  const readShared = async (engine: Engine, standing: Standing): Promise<ChangesAnswer> => {
    const { group, cursor, request } = standing;
    if (!group || cursor === null) return read(engine, standing);
    standing.wave = group.wave;
    const known = group.readings.get(cursor);
    if (!known) {
      const reading = read(engine, standing);
      group.readings.set(cursor, reading);
      reading.catch(() => group.readings.delete(cursor));
      return reading;
    }
    const answer = await known;
    if (answer.events.length > 0) await answer.logFor(request);
    return answer;
  };

  const join = (standing: Standing, answer: ChangesAnswer) => {
    const { sharedBy, caller } = answer;
    if (standing.group?.key === sharedBy) return;
    leave(standing);
    const group = groups.get(sharedBy) ?? createGroup(sharedBy, caller, standing);
    groups.set(sharedBy, group);
    group.members++;
    standing.group = group;
    standing.wave = -1;
  };
  const leave = (standing: Standing) => {
    const { group } = standing;
    standing.group = undefined;
    if (!group || --group.members > 0) return;
    groups.delete(group.key);
    group.leave();
  };
  const createGroup = (key: string, caller: ChangesAnswer['caller'], { request, query }: Standing): Group => {
    let gathering: NodeJS.Timeout | undefined;
    const wave = () => {
      gathering = undefined;
      looking.refresh();
      group.wave++;
      group.readings = new Map();
      for (const { go } of group.waiting) go();
      group.waiting.clear();
    };
    const wake = () => {
      gathering ??= setTimeout(wave, limits.gatherMs);
    };
    const looking = setInterval(wake, limits.lookMs);
    const unwatch = source.watch({ caller, where: whereOf(query, request) }, wake);
    const end = () => {
      clearTimeout(gathering);
      clearInterval(looking);
      unwatch();
    };
    const group: Group = { key, members: 0, wave: 0, readings: new Map(), end: undefined, waiting: new Set(), leave: end };
    return group;
  };

  /** Until the group is woken, or the stream is to stop; what woke the group meanwhile counts. */
  const untilWoken = async (standing: Standing, stop: AbortSignal): Promise<void> => {
    const { group, wave } = standing;
    if (!group || group.wave !== wave || stop.aborted) return;
    await new Promise<void>((resolve) => {
      standing.go = resolve;
      group.waiting.add(standing);
    });
    group.waiting.delete(standing);
  };

  async function* open(
    request: EngineRequest,
    { after, stop }: { readonly after?: string | undefined; readonly stop: AbortSignal },
  ): AsyncGenerator<Delivery, void> {
    const standing = begin(parts.engine(), request, after);
    const end = () => standing.go();
    stop.addEventListener('abort', end);
    metrics.subscribers++;
    const { lag, close } = openStreamLag(metrics.clients, request.principal);
    try {
      for (let schema = parts.engine().schema, patience = PATIENCE.first; !stop.aborted; ) {
        const engine = parts.engine();
        if (engine.schema !== schema) {
          if (validate(engine.schema, request.document).length > 0)
            throw new HubError('GRAPHQL_VALIDATION_FAILED', 'the subscription no longer fits the schema');
          schema = engine.schema;
        }
        let answer: ChangesAnswer;
        try {
          answer = await readShared(engine, standing);
        } catch (error) {
          if (standing.begun === undefined || !isPassing(error)) throw error;
          await sleep(patience, undefined, { signal: stop }).catch(() => undefined);
          patience = Math.min(2 * patience, PATIENCE.most);
          continue;
        }
        patience = PATIENCE.first;
        standing.begun ??= answer.begun;
        lag.waitingSince = answer.events[0]?.at;
        if (answer.resync !== null) {
          standing.cursor = answer.endCursor;
          yield { cursor: answer.endCursor, response: resyncOf(standing.query, answer) };
        }
        for (const [index, event] of answer.events.entries()) {
          if (stop.aborted) return;
          const started = performance.now();
          yield { cursor: event.cursor, response: event.response };
          standing.cursor = event.cursor;
          // What comes behind the page is not known yet, and no older than its last.
          lag.waitingSince = answer.events[index + 1]?.at ?? (answer.hasMore ? event.at : undefined);
          noteDelivery(metrics, clock.now().getTime() - event.at);
          if (performance.now() - started <= limits.slowMs) continue;
          metrics.lagged++;
          yield { cursor: event.cursor, response: laggedOf(standing.query, event) };
          return;
        }
        standing.cursor = answer.endCursor;
        join(standing, answer);
        if (answer.hasMore) continue;
        meet(standing, answer);
        await untilWoken(standing, stop);
        lag.waitingSince = clock.now().getTime();
      }
    } finally {
      metrics.subscribers--;
      close();
      stop.removeEventListener('abort', end);
      leave(standing);
    }
  }
  return { open };
}

/** All of a group that stand at the same place go on from one cursor. */
function meet(standing: Standing, { place, endCursor }: ChangesAnswer): void {
  const { group } = standing;
  if (!group || place === undefined) return;
  if (group.end?.place !== place) group.end = { place, cursor: endCursor };
  standing.cursor = group.end.cursor;
}

function begin({ schema }: Engine, request: EngineRequest, after: string | undefined): Standing {
  const { operation, document } = request;
  const fragments = new Map(
    document.definitions.flatMap((node): (readonly [string, FragmentDefinitionNode])[] =>
      node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [],
    ),
  );
  const variables = coercedVariables(schema, operation, request.variables);
  const query = changesQuery(operation, fragments, variables);
  const asked: unknown = query.after && valueFromASTUntyped(query.after, { ...variables });
  const cursor = after ?? (typeof asked === 'string' ? asked : null);
  return { request, query, cursor, begun: undefined, group: undefined, wave: -1, go: () => {} };
}

function whereOf({ operation }: ChangesQuery, { variables }: EngineRequest): unknown {
  const [root] = operation.selectionSet.selections;
  const where = root?.kind === Kind.FIELD ? root.arguments?.find(({ name }) => name.value === 'where') : undefined;
  return where && valueFromASTUntyped(where.value, { ...variables });
}

function isPassing(error: unknown): boolean {
  const { code, extensions } = (error ?? {}) as { code?: unknown; extensions?: { code?: unknown } };
  return PASSING.has(String(code ?? extensions?.code));
}

function resyncOf(query: ChangesQuery, { resync, endCursor }: ChangesAnswer): EngineResponse {
  return { data: plainDelivery(query, 'Resync', { reason: resync, cursor: endCursor }) };
}

function laggedOf(query: ChangesQuery, { cursor }: ChangeEvent): EngineResponse {
  return { data: plainDelivery(query, 'Lagged', { resumeFrom: cursor }) };
}
