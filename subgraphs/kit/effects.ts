import { HubError } from '../../schema/errors.ts';
import type { Change, Clock, CollectionSpec, Document, Position, Store } from '../../store/port.ts';
import { followCommits } from './follow-commits.ts';

/** How far each handler has come in the change log. */
export const EFFECT_CURSORS: CollectionSpec = { name: 'effect-cursor', gated: false, columns: [], indexes: [] };

/** What follows from changes. `run` may see a change again, and two processes may run the same ones at once. */
export interface EffectHandler {
  /** Names its cursor for good. */
  readonly name: string;
  run(changes: readonly Change[]): Promise<void>;
}

export interface EffectsParts {
  readonly store: Store;
  readonly handlers: readonly EffectHandler[];
  readonly clock: Clock;
  /** Told of every run in the background that failed; the same changes are tried again. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

export interface Effects {
  /** Ends when every change has had its effects, those of the effects included. */
  settle(): Promise<void>;
  /** Settles in the background whenever there may be changes, without keeping the process alive. */
  start(): void;
  /** Ends with the run that is under way. */
  stop(): Promise<void>;
  /** How far each handler has come in the change log, as it is stored; null for one that has not begun. */
  places(): Promise<readonly (Position | null)[]>;
}

const CHANGES_AT_ONCE = 2000;
/** One behind the other; more are no coincidence. */
const MOST_CONFLICTS = 100;

interface Cursor {
  readonly handler: EffectHandler;
  readonly position: Position | null;
  readonly version: number;
}

/** Runs durable handlers of the change log: each change is handed on until its effects were written and the cursor moved past it. */
export function createEffects({ store, handlers, clock, onError = (error) => process.emitWarning(String(error)) }: EffectsParts): Effects {
  /** Behind the stored cursor there may be changes of cursors alone, which are not worth another one. */
  const skipped = new Map<string, { readonly from: Position | null; readonly to: Position }>();
  let turn: Promise<void> = Promise.resolve();
  let conflicts = 0;

  const settle = (): Promise<void> => {
    const mine = turn.then(runAll);
    turn = mine.catch(() => {});
    return mine;
  };
  const background = followCommits(store, { run: settle, onError });
  return {
    settle,
    start: background.start,
    stop: () => {
      background.stop();
      return turn;
    },
    places: async () => (await cursorsNow()).map((cursor) => positionIn(cursor?.body.position)),
  };

  function cursorsNow(): Promise<readonly (Document | undefined)[]> {
    const names = handlers.map(({ name }) => name);
    return store.read((tx) => tx.get(EFFECT_CURSORS.name, names));
  }

  async function runAll(): Promise<void> {
    while (await step());
  }

  /** Handlers that have come equally far share one reading of the log. */
  async function step(): Promise<boolean> {
    const cursors = await cursorsNow();
    const places = handlers.map((handler, index): Cursor => {
      const stored = cursors[index];
      return { handler, position: positionIn(stored?.body.position), version: stored?.version ?? 0 };
    });
    let moved = false;
    for (const [position, group] of Map.groupBy(places, ({ handler, position: stored }) => placeOf(handler, stored))) {
      const changes = await store.changes(position, CHANGES_AT_ONCE);
      const last = changes.at(-1);
      if (!last) continue;
      moved = true;
      const relevant = changes.filter(({ collection }) => collection !== EFFECT_CURSORS.name);
      if (relevant.length === 0) for (const cursor of group) skipped.set(cursor.handler.name, { from: cursor.position, to: last.position });
      else await handOn(group, relevant, last.position);
    }
    return moved;
  }

  function placeOf({ name }: EffectHandler, stored: Position | null): Position | null {
    const skip = skipped.get(name);
    return skip?.from === stored ? skip.to : stored;
  }

  async function handOn(group: readonly Cursor[], changes: readonly Change[], position: Position): Promise<void> {
    try {
      for (const { handler } of group) await handler.run(changes);
      const body = { position, at: clock.now().toISOString() };
      const puts = group.map(({ handler, version }) => ({ key: handler.name, body, expected: version }));
      await store.write((tx) => tx.putMany(EFFECT_CURSORS.name, puts), { actor: 'effects' });
      conflicts = 0;
    } catch (error) {
      // Another process is at the same changes and was first: look where the cursors stand now.
      if (!(error instanceof HubError && error.code === 'CONFLICT') || ++conflicts > MOST_CONFLICTS) throw error;
    }
  }
}

function positionIn(value: unknown): Position | null {
  return typeof value === 'string' ? value : null;
}
