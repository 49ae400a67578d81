import { yearsAgoExclusive } from '../schema/calendar-date.ts';
import type { Params } from '../schema/filter.ts';
import type { RegionProfiles } from '../schema/region-profiles.ts';
import { disclosureYears, overAgeParam } from './conditions.ts';

/** What a day binds: the same for every caller. */
export function paramsOfDay(today: string, regions: RegionProfiles): Params {
  const cutoffs = disclosureYears(regions).map((years) => [overAgeParam(years), yearsAgoExclusive(today, years)] as const);
  return { today, ...Object.fromEntries(cutoffs) };
}
