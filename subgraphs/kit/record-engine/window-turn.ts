import { addDays, addYears } from '../../../schema/calendar-date.ts';
import type { Gate } from '../../../schema/gate.ts';
import { profileOf, type RegionProfiles } from '../../../schema/region-profiles.ts';

/** The next day behind `day` on which the clock alone changes who may see a row: its window begins or ends, or its act ended too long ago (N4, N6). */
export function nextTurn(gate: Gate, regions: RegionProfiles, day: string): string | null {
  const { publishedFrom, publishedUntil, actEnd, nature, region } = gate;
  const { maxDisclosureYears } = profileOf(regions, region);
  const turns = [
    publishedFrom,
    publishedUntil && addDays(publishedUntil, 1),
    // An act that ended on 29 February is too old behind the 28th.
    nature === 'UNTRUSTWORTHY' && actEnd ? addDays(addYears(actEnd, maxDisclosureYears), 1) : null,
  ];
  return turns.reduce((next, turn) => (turn && turn > day && (next === null || turn < next) ? turn : next), null);
}
