/** What a region decides for itself about publicity; the region of the row counts. */
export interface RegionProfile {
  /** Acts of minor severity are published too. */
  readonly publishMinor: boolean;
  /** A record under objection is hidden from the public until the objection is decided. */
  readonly hideDuringObjection: boolean;
  /** What becomes of an expired record: kept for holders of grants, or removed from every view but its subject's and its source's. */
  readonly afterExpiry: 'ARCHIVE' | 'REMOVE';
  /** Untrustworthy information is disclosed for so many years after the act ended. */
  readonly maxDisclosureYears: number;
  /** Whose penalties under the simple procedure are outside the data list; elsewhere they are taken and count as minor. */
  readonly simpleProcedure: 'INDIVIDUALS' | 'ALL' | 'PUBLISHED_AS_MINOR';
}

export const DEFAULT_PROFILE: RegionProfile = {
  publishMinor: false,
  hideDuringObjection: false,
  afterExpiry: 'ARCHIVE',
  maxDisclosureYears: 5,
  simpleProcedure: 'PUBLISHED_AS_MINOR',
};

/** Profiles by the first digits of the region code (GB/T 2260): 河南省社会信用条例, 山东省社会信用条例; 辽宁 and 黑龙江 follow the defaults. */
export const REGION_PROFILES: readonly { readonly prefix: string; readonly name: string; readonly profile: RegionProfile }[] = [
  { prefix: '41', name: '河南', profile: { ...DEFAULT_PROFILE, simpleProcedure: 'INDIVIDUALS' } },
  { prefix: '37', name: '山东', profile: { ...DEFAULT_PROFILE, afterExpiry: 'REMOVE', simpleProcedure: 'ALL' } },
  { prefix: '21', name: '辽宁', profile: DEFAULT_PROFILE },
  { prefix: '23', name: '黑龙江', profile: DEFAULT_PROFILE },
];

/** The profile of a region code; that of the most exact prefix. */
export function profileOf(region: string | null): RegionProfile {
  if (region === null) return DEFAULT_PROFILE;
  let best: (typeof REGION_PROFILES)[number] | undefined;
  for (const entry of REGION_PROFILES) {
    if (region.startsWith(entry.prefix) && entry.prefix.length > (best?.prefix.length ?? 0)) best = entry;
  }
  return best?.profile ?? DEFAULT_PROFILE;
}
