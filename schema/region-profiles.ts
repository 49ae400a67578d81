/** What a region decides for itself; the region of the row counts, for a grant that of the department which is asked. */
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
  /** On what grounds a record of a person is published at all, where its type or list allows the ground. */
  readonly individualsPublic: 'BY_LAW_OR_CONSENT' | 'BY_LAW';
  /** Working days from the decision within which an act is published (DL-01). */
  readonly publishWithin: number;
  /** Working days within which a department answers a request for a duty grant (DL-24). */
  readonly grantReplyWithin: number;
}

/** A region by the first two, four or six digits of its code (GB/T 2260), with what it sets. */
export interface Region {
  readonly prefix: string;
  readonly name: string;
  readonly settings: Partial<RegionProfile>;
}

/** The profile of every region: its own settings over those of the regions that it lies in, over the fallback. */
export interface RegionProfiles {
  readonly fallback: RegionProfile;
  readonly regions: readonly (Region & { readonly profile: RegionProfile })[];
}

/** What may be written for one setting, and where it comes from. */
export interface RegionSetting {
  readonly label: string;
  readonly source: string;
  readonly values: 'BOOLEAN' | readonly string[] | { readonly least: number; readonly most: number };
}

export const REGION_SETTINGS: Readonly<Record<keyof RegionProfile, RegionSetting>> = {
  publishMinor: { label: '轻微行政行为是否公示', source: '3.10；3.15.1', values: 'BOOLEAN' },
  hideDuringObjection: { label: '异议处理期间是否对公众隐藏', source: '3.15', values: 'BOOLEAN' },
  afterExpiry: {
    label: '披露期满后：ARCHIVE 归档（凭授权可查），REMOVE 删除（仅主体与来源部门可见）',
    source: '河南省、山东省社会信用条例',
    values: ['ARCHIVE', 'REMOVE'],
  },
  maxDisclosureYears: {
    label: '失信信息最长披露年限（自行为终止之日）',
    source: '河南省、山东省社会信用条例',
    values: { least: 1, most: 10 },
  },
  simpleProcedure: {
    label: '简易程序处罚：INDIVIDUALS 个人的不归集，ALL 一律不归集，PUBLISHED_AS_MINOR 归集并按轻微处理',
    source: '河南省、山东省社会信用条例',
    values: ['INDIVIDUALS', 'ALL', 'PUBLISHED_AS_MINOR'],
  },
  individualsPublic: {
    label: '个人信息公示的依据：BY_LAW_OR_CONSENT 依法或经本人同意，BY_LAW 仅依法',
    source: '山东省社会信用条例；个人信息保护法第二十五条',
    values: ['BY_LAW_OR_CONSENT', 'BY_LAW'],
  },
  publishWithin: { label: '公示时限（工作日，自决定之日）', source: 'DL-01', values: { least: 1, most: 60 } },
  grantReplyWithin: { label: '职责授权申请答复时限（工作日）', source: 'DL-24，政务数据共享条例', values: { least: 1, most: 60 } },
};

const FALLBACK: RegionProfile = {
  publishMinor: false,
  hideDuringObjection: false,
  afterExpiry: 'ARCHIVE',
  maxDisclosureYears: 5,
  simpleProcedure: 'PUBLISHED_AS_MINOR',
  individualsPublic: 'BY_LAW_OR_CONSENT',
  publishWithin: 7,
  grantReplyWithin: 10,
};

/** 河南省社会信用条例, 山东省社会信用条例; 辽宁 and 黑龙江 follow the fallback, their texts were not read. */
const REGIONS: readonly Region[] = [
  { prefix: '41', name: '河南', settings: { simpleProcedure: 'INDIVIDUALS' } },
  { prefix: '37', name: '山东', settings: { afterExpiry: 'REMOVE', simpleProcedure: 'ALL', individualsPublic: 'BY_LAW' } },
  { prefix: '21', name: '辽宁', settings: {} },
  { prefix: '23', name: '黑龙江', settings: {} },
];

/** The profiles that come with the hub. */
export const SHIPPED_REGIONS: RegionProfiles = regionProfiles(FALLBACK, REGIONS);

/** Gives every region its profile. */
export function regionProfiles(fallback: RegionProfile, regions: readonly Region[]): RegionProfiles {
  const shorterFirst = regions.toSorted((left, right) => left.prefix.length - right.prefix.length);
  const profileIn = (prefix: string): RegionProfile => {
    let profile = fallback;
    for (const outer of shorterFirst) if (prefix.startsWith(outer.prefix)) profile = { ...profile, ...outer.settings };
    return profile;
  };
  return { fallback, regions: regions.map((region) => ({ ...region, profile: profileIn(region.prefix) })) };
}

/** True for a ground on which the region publishes a record of a person that states its basis. */
export function isGround(ground: string | undefined, { individualsPublic }: RegionProfile): boolean {
  return ground === 'BY_LAW' || (ground === 'WITH_CONSENT' && individualsPublic === 'BY_LAW_OR_CONSENT');
}

/** The profile of a region code; that of the most exact prefix. */
export function profileOf({ fallback, regions }: RegionProfiles, code: string | null): RegionProfile {
  if (code === null) return fallback;
  let best: RegionProfiles['regions'][number] | undefined;
  for (const region of regions) if (code.startsWith(region.prefix) && region.prefix.length > (best?.prefix.length ?? 0)) best = region;
  return best?.profile ?? fallback;
}
