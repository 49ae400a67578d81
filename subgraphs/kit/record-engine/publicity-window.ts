import { addMonths } from '../../../schema/calendar-date.ts';
import type { Severity } from '../../../schema/gate.ts';

/** Shortest and longest publicity in months from the decision (domain reference 3.10). */
export const WINDOWS: Readonly<Record<Exclude<Severity, 'NA'>, { readonly min: number; readonly max: number }>> = {
  MINOR: { min: 0, max: 3 },
  GENERAL: { min: 3, max: 12 },
  SERIOUS: { min: 12, max: 36 },
};

/** Dates of a row from which its window follows. */
export interface WindowFacts {
  readonly severity: Severity | null;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly decided: string | undefined;
  /** 公示截止期 as the row gives it. */
  readonly deadline: string | undefined;
  readonly today: string;
}

export interface PublicityWindow {
  readonly publishedFrom: string;
  /** The last day; null without end. */
  readonly publishedUntil: string | null;
  /** The last day of the shortest publicity, where the severity sets one. */
  readonly minEndOn: string | null;
  /** The row gave another deadline than the longest publicity. */
  readonly deadlineDiffers: boolean;
}

/** When a record may be public: a deadline of its own counts when it is earlier than the longest publicity, and never before the shortest has ended. */
export function windowOf({ severity, from, to, decided, deadline, today }: WindowFacts): PublicityWindow {
  const publishedFrom = from ?? decided ?? today;
  if (severity === null || severity === 'NA') return { publishedFrom, publishedUntil: to ?? null, minEndOn: null, deadlineDiffers: false };
  const start = decided ?? publishedFrom;
  const minEndOn = addMonths(start, WINDOWS[severity].min);
  const maxEndOn = addMonths(start, WINDOWS[severity].max);
  const asked = deadline ?? maxEndOn;
  // The middle one of the three: the shortest ends before the longest.
  const publishedUntil = [minEndOn, asked, maxEndOn].toSorted()[1] ?? maxEndOn;
  return { publishedFrom, publishedUntil, minEndOn, deadlineDiffers: asked !== maxEndOn };
}
