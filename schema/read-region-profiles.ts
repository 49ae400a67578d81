import { REGION_SETTINGS, type Region, type RegionProfile, type RegionProfiles, regionProfiles } from './region-profiles.ts';

/** What an operator's file says of regions: every fault of it, or the profiles with its settings over the given ones. */
export type ReadRegions = { readonly faults: readonly string[] } | { readonly faults: readonly []; readonly profiles: RegionProfiles };

/**
 * Reads `{"fallback": {…}, "regions": [{"prefix": "4115", "name": "信阳", "publishMinor": true, …}]}`; both members may be left out, and a region that is
 * known already needs no name. Nothing else is allowed in it: a misspelt setting would set nothing.
 */
export function readRegionProfiles(given: unknown, known: RegionProfiles): ReadRegions {
  if (!isObject(given)) return { faults: ['has to be {"fallback": {…}, "regions": [ … ]}'] };
  const { fallback = {}, regions = [], ...others } = given;
  const faults = Object.keys(others).map((name) => `does not know "${name}"`);
  const usual = readSettings(fallback, 'fallback', faults);
  const read = Array.isArray(regions) ? regions.map((region: unknown, index) => readRegion(region, index + 1, known, faults)) : [];
  if (!Array.isArray(regions)) faults.push('regions has to be a list');
  const prefixes = read.map(({ prefix }) => prefix);
  for (const prefix of new Set(prefixes.filter((prefix, index) => prefixes.indexOf(prefix) < index)))
    faults.push(`regions names the prefix "${prefix}" twice`);
  if (faults.length > 0) return { faults };
  const changed = new Map(read.map((region) => [region.prefix, region]));
  const kept = known.regions.map(({ prefix, name, settings }): Region => {
    const change = changed.get(prefix);
    return { prefix, name: change?.name || name, settings: { ...settings, ...change?.settings } };
  });
  const added = read.filter(({ prefix }) => !known.regions.some((region) => region.prefix === prefix));
  return { faults: [], profiles: regionProfiles({ ...known.fallback, ...usual }, [...kept, ...added]) };
}

function readRegion(given: unknown, place: number, known: RegionProfiles, faults: string[]): Region {
  const where = `region ${place}`;
  if (!isObject(given)) {
    faults.push(`${where}: has to be an object`);
    return { prefix: '', name: '', settings: {} };
  }
  const { prefix, name, ...settings } = given;
  const isPrefix = typeof prefix === 'string' && /^(\d{2}){1,3}$/.test(prefix);
  if (!isPrefix) faults.push(`${where}: prefix has to be two, four or six digits of a region code`);
  const isNamed = typeof name === 'string' && name !== '';
  const isKnown = name === undefined && known.regions.some((region) => region.prefix === prefix);
  if (!isNamed && !isKnown) faults.push(`${where}: needs a name`);
  return {
    prefix: isPrefix ? prefix : where,
    name: isNamed ? name : '',
    settings: readSettings(settings, where, faults),
  };
}

function readSettings(given: unknown, where: string, faults: string[]): Partial<RegionProfile> {
  if (!isObject(given)) {
    faults.push(`${where}: has to be an object`);
    return {};
  }
  for (const [name, value] of Object.entries(given)) {
    if (!isSetting(name)) faults.push(`${where}: does not know "${name}"`);
    else if (!isAllowed(name, value)) faults.push(`${where}: ${name} has to be ${allowedValues(name)}`);
  }
  return given as Partial<RegionProfile>; // every member was just checked; with a fault it is not used
}

function isSetting(name: string): name is keyof RegionProfile {
  return Object.hasOwn(REGION_SETTINGS, name);
}

function isAllowed(name: keyof RegionProfile, value: unknown): boolean {
  const { values } = REGION_SETTINGS[name];
  if (values === 'BOOLEAN') return typeof value === 'boolean';
  if ('least' in values) return Number.isInteger(value) && Number(value) >= values.least && Number(value) <= values.most;
  return values.some((allowed) => allowed === value);
}

/** What may be written for a setting, in words. */
function allowedValues(name: keyof RegionProfile): string {
  const { values } = REGION_SETTINGS[name];
  if (values === 'BOOLEAN') return 'true or false';
  return 'least' in values ? `a whole number from ${values.least} to ${values.most}` : `one of ${values.join(', ')}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
