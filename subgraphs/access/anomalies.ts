import { type AccessEntry, SIGNALS, type Signal } from '../../auth/access-entry.ts';

/** An organisation whose requests of this hour are out of its habit. */
export interface Anomaly {
  readonly kind: AnomalyKind;
  readonly organisation: string;
  /** So far in this hour. */
  readonly count: number;
  /** Of the hours before, those further back weighing less. */
  readonly usual: number;
}
type AnomalyKind = 'VOLUME' | 'REFUSALS';

export interface AnomalyWatch {
  note(entry: AccessEntry): void;
  /** Anomalies so far, by kind and by nothing else. */
  counts(): Readonly<Record<AnomalyKind, number>>;
  /** Entries so far that carry a signal, by signal and by nothing else. */
  signals(): Readonly<Record<Signal, number>>;
}

/** Out of the habit: more than so many in an hour, and more than so many times the usual. Told once an hour for each organisation and kind. */
export const ANOMALY = { least: { VOLUME: 1000, REFUSALS: 50 }, times: 5 } as const satisfies {
  least: Readonly<Record<AnomalyKind, number>>;
  times: number;
};
const HOUR_MS = 3_600_000;
/** What an hour weighs against all before it: the habit follows within a day. */
const WEIGHT = 1 / 8;
const MOST_ORGANISATIONS = 10_000;

interface Habit {
  hour: number;
  usual: Record<AnomalyKind, number>;
  now: Record<AnomalyKind, number>;
}

/** Watches logged requests, in this process and since it started, for organisations that ask or are refused far more than they use to. */
export function watchAnomalies(onAnomaly: (anomaly: Anomaly) => void): AnomalyWatch {
  const habits = new Map<string, Habit>();
  const counts: Record<AnomalyKind, number> = { VOLUME: 0, REFUSALS: 0 };
  const signalled = Object.fromEntries(SIGNALS.map((signal) => [signal, 0])) as Record<Signal, number>;
  const count = (habit: Habit, organisation: string, kind: AnomalyKind) => {
    habit.now[kind] += 1;
    const usual = habit.usual[kind];
    // Crossed by this very request, so that it is told once.
    if (habit.now[kind] !== Math.floor(Math.max(ANOMALY.least[kind], usual * ANOMALY.times)) + 1) return;
    counts[kind] += 1;
    onAnomaly({ kind, organisation, count: habit.now[kind], usual: Math.round(usual) });
  };
  return {
    note({ at, organisation, client, decision, signals = [] }) {
      for (const signal of signals) signalled[signal] += 1;
      const who = organisation ?? client;
      if (who === undefined) return;
      const hour = Math.floor(Date.parse(at) / HOUR_MS);
      const habit = habits.get(who) ?? newHabit(hour);
      const oldest = habits.keys().next().value;
      if (!habits.has(who) && habits.size >= MOST_ORGANISATIONS && oldest !== undefined) habits.delete(oldest);
      habits.set(who, habit);
      if (hour > habit.hour) endHour(habit, hour);
      count(habit, who, 'VOLUME');
      if (decision === 'DENY') count(habit, who, 'REFUSALS');
    },
    counts: () => counts,
    signals: () => signalled,
  };
}

function newHabit(hour: number): Habit {
  return { hour, usual: { VOLUME: 0, REFUSALS: 0 }, now: { VOLUME: 0, REFUSALS: 0 } };
}

/** Hours in which nothing was asked count too. */
function endHour(habit: Habit, hour: number): void {
  const quiet = (1 - WEIGHT) ** (hour - habit.hour - 1);
  for (const kind of ['VOLUME', 'REFUSALS'] as const) {
    habit.usual[kind] = (habit.usual[kind] * (1 - WEIGHT) + habit.now[kind] * WEIGHT) * quiet;
    habit.now[kind] = 0;
  }
  habit.hour = hour;
}
