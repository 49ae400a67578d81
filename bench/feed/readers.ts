import { signDevelopmentToken } from '../../auth/dev-key.ts';
import type { Audience } from '../../auth/principal.ts';
import { REGIONS, TYPES } from './sources.ts';

export type Claims = Readonly<Record<string, unknown>> & { readonly audience: Exclude<Audience, 'PUBLIC'> };

export interface Reader {
  readonly claims: Claims;
  readonly purpose?: string;
  /** By what the n-th subscriber of this system filters. */
  readonly filter: (index: number) => ChangeFilter;
}
export interface ChangeFilter {
  readonly recordTypes: readonly string[];
  readonly regions: readonly string[];
}

const typeOf = (index: number) =>
  TYPES.slice(index % TYPES.length)
    .slice(0, 1)
    .map(({ code }) => code);
const OFFICES = ['11411502MAW05WG360', '11411502MAWYY1CN92', '11411502MB0TE5T878'];
const PURPOSES = ['LICENSING', 'PROCUREMENT'];
const SYSTEMS = OFFICES.flatMap((orgUscc) => PURPOSES.map((purpose) => ({ orgUscc, purpose }))).slice(0, 5);

/** Ten systems, each with an access profile of its own: the supervision of five districts, whose subscribers ask for one type in their own, and five of departments, whose subscribers ask for one type in one district. */
export const READERS: readonly Reader[] = [
  ...REGIONS.map((regionCode) => ({
    claims: { audience: 'SUPERVISION' as const, clientId: `supervision-${regionCode}`, regionCode },
    filter: (index: number) => ({ recordTypes: typeOf(index), regions: [regionCode] }),
  })),
  ...SYSTEMS.map(({ orgUscc, purpose }) => ({
    claims: { audience: 'AGENCY' as const, orgUscc, sub: `system-${purpose}` },
    purpose,
    filter: (index: number) => ({
      recordTypes: typeOf(index),
      regions: [REGIONS[Math.floor(index / TYPES.length) % REGIONS.length] ?? ''],
    }),
  })),
];

/** Whether a record of this type in this district is told to whoever filters so: it is public. */
export function isTold(
  { recordTypes, regions }: ChangeFilter,
  { type, region }: { readonly type: string; readonly region: string },
): boolean {
  return recordTypes.includes(type) && regions.includes(region);
}

/** What every delivery is answered with; of a penalty these fields of its own. */
export function subscription(ofPenalty: string): string {
  const record = `record { __typename id ... on AdministrativePenalty { ${ofPenalty} } ... on AdministrativeLicense { documentNo authority } }`;
  return `subscription ($after: Cursor, $where: ChangeFilter) { changes(after: $after, where: $where) { __typename
    ... on Change { cursor id at type recordType recordId changedFields ${record} } ... on Resync { reason } ... on Lagged { resumeFrom } } }`;
}

export function tokenFor(dataDir: string, claims: Claims): string {
  return signDevelopmentToken(dataDir, { sub: 'bench', ...claims }, 3600, { now: () => new Date() });
}

/** Where a reader stands now. */
export async function placeOf(url: string, params: Readonly<Record<string, string>>, where: unknown): Promise<string> {
  const query = 'query ($where: ChangeFilter) { changes(where: $where) { endCursor } }';
  const headers = { 'content-type': 'application/json', ...params };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables: { where } }) });
  const { data, errors } = (await response.json()) as { data?: { changes?: { endCursor: string } }; errors?: unknown };
  if (!data?.changes) throw new Error(`the feed did not answer: ${JSON.stringify(errors)}`);
  return data.changes.endCursor;
}
