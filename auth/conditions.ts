import type { RecordType } from '../schema/catalogue.ts';
import { allOf, anyOf, EVERY, type Filter, NONE, not } from '../schema/filter.ts';
import type { GateColumn } from '../schema/gate.ts';
import type { RegionProfile, RegionProfiles } from '../schema/region-profiles.ts';
import type { Grant, Profile } from './caller.ts';

/** N1 … N10 of the decision table for one type and one profile, as filters over the gate. */
export interface Conditions {
  readonly person: Filter;
  readonly closedPerson: Filter;
  readonly payment: Filter;
  readonly gone: Filter;
  readonly expired: Filter;
  readonly draft: Filter;
  readonly open: Filter;
  readonly shown: Filter;
  readonly supervised: Filter;
  readonly vouched: Filter;
  readonly inRegion: Filter;
  readonly notSourceOnly: Filter;
  readonly ownSource: Filter;
  readonly ownSubject: Filter;
  readonly ownCase: Filter;
  readonly party: Filter;
  readonly pushedEvaluation: Filter;
  readonly revealed: Filter;
  /** Of a catalogue type: its own dates hold today. */
  readonly inEffect: Filter;
  readonly granted: (grant: Grant) => Filter;
}

const gate = (column: GateColumn) => `gate.${column}` as const;
const is = (column: GateColumn, value: string | boolean): Filter => ({ op: 'eq', field: gate(column), value });
const among = (column: GateColumn, values: readonly string[]): Filter => ({ op: 'in', field: gate(column), values });
const present = (...columns: readonly GateColumn[]): Filter =>
  allOf(...columns.map((column): Filter => ({ op: 'present', field: gate(column) })));
const when = (claim: boolean): Filter => (claim ? EVERY : NONE);

const person = among('subjectKind', ['INDIVIDUAL', 'UNKNOWN']);
const organisation = among('subjectKind', ['ENTERPRISE', 'NON_ENTERPRISE_ORG']);
const closedPerson = anyOf(is('subjectKind', 'UNKNOWN'), allOf(is('subjectKind', 'INDIVIDUAL'), among('exception', ['NONE', 'PAYMENT'])));
const payment = allOf(person, is('exception', 'PAYMENT'));
const gone = among('stopped', ['SHIELDED', 'REPAIRED', 'WRONG_IDENTITY', 'WITHDRAWN']);
const pastMax: Filter = { op: 'lt', field: 'gate.publishedUntil', value: { param: 'today' } };
const notDraft = allOf(is('draft', 'NO'), among('status', ['COLLECTED', 'VALIDATED', 'NOT_PUBLIC', 'PUBLISHED']));
const draft = anyOf(among('draft', ['BEFORE_NOTICE', 'AFTER_NOTICE']), is('status', 'RETURNED'));
const notPayment = allOf(present('subjectKind', 'exception'), not(payment));

/** Conditions that read what the region of a row decides, for one table of regions. */
interface RegionalConditions {
  readonly expired: Filter;
  readonly notExpired: Filter;
  readonly archiveKept: Filter;
  readonly minorPublished: Filter;
  readonly hidesObjections: Filter;
}
const REGIONAL = new WeakMap<RegionProfiles, RegionalConditions>();

function regionalConditions(regions: RegionProfiles): RegionalConditions {
  const known = REGIONAL.get(regions);
  if (known) return known;
  const overAge = byRegion(
    regions,
    (profile) => profile.maxDisclosureYears,
    (years) => ({ op: 'lt', field: 'gate.actEnd', value: { param: overAgeParam(years) } }),
  );
  const expired = allOf(
    present('heldByBlack', 'nature'),
    not(gone),
    is('heldByBlack', false),
    anyOf(among('stopped', ['EXPIRED', 'ARCHIVED']), pastMax, allOf(is('nature', 'UNTRUSTWORTHY'), overAge)),
  );
  // Neither gone nor expired can be told of a row that lacks what they read.
  const notExpired = allOf(present('heldByBlack', 'nature', 'region'), not(expired));
  const made: RegionalConditions = {
    expired,
    notExpired,
    archiveKept: byRegion(regions, (profile) => profile.afterExpiry === 'ARCHIVE', when),
    minorPublished: byRegion(regions, (profile) => profile.publishMinor, when),
    hidesObjections: byRegion(regions, (profile) => profile.hideDuringObjection, when),
  };
  REGIONAL.set(regions, made);
  return made;
}

/** N4: by the clock, never by a timer. */
export function expiredRows(regions: RegionProfiles): Filter {
  return regionalConditions(regions).expired;
}

/** Compiles the conditions of the decision table for one type as one profile meets them. */
export function conditionsFor(type: RecordType, profile: Profile): Conditions {
  const { expired, notExpired, archiveKept, minorPublished, hidesObjections } = regionalConditions(type.regions);
  const notSourceOnly = when(!type.sourceOnly);
  const open = allOf(
    is('status', 'PUBLISHED'),
    not(gone),
    notExpired,
    notDraft,
    is('secrecy', 'NONE'),
    anyOf(among('severity', ['GENERAL', 'SERIOUS', 'NA']), allOf(is('severity', 'MINOR'), minorPublished)),
    anyOf(organisation, allOf(is('subjectKind', 'INDIVIDUAL'), is('exception', 'PUBLIC'))),
    present('exception'),
    notSourceOnly,
    is('valueOpen', true),
    { op: 'lte', field: 'gate.publishedFrom', value: { param: 'today' } },
  );
  const inRegion = startsInRegion(profile.regionCode);
  const { voucher } = profile;
  const sections = voucher?.sections ?? [];
  return {
    person,
    closedPerson,
    payment,
    gone,
    expired,
    draft,
    open,
    shown: allOf(open, present('objection'), not(allOf(is('objection', true), hidesObjections))),
    supervised: allOf(
      inRegion,
      anyOf(among('share', ['BASIC', 'ENFORCEMENT', 'JOINT']), is('share', 'COMPLAINT')),
      not(gone),
      notExpired,
      notDraft,
      notSourceOnly,
      notPayment,
    ),
    vouched: voucher
      ? allOf(
          { op: 'eq', field: 'gate.subjectId', value: { param: 'voucherSubject' } },
          among('section', sections),
          among('status', ['PUBLISHED', 'NOT_PUBLIC']),
          not(gone),
          notExpired,
          notDraft,
          is('secrecy', 'NONE'),
          notSourceOnly,
          notPayment,
        )
      : NONE,
    inRegion,
    notSourceOnly,
    ownSource: among('sourceOrg', profile.ownSources),
    ownSubject: allOf(
      { op: 'eq', field: 'gate.subjectId', value: { param: 'subjectId' } },
      among('draft', ['NO', 'AFTER_NOTICE']),
      not(is('stopped', 'WRONG_IDENTITY')),
      notSourceOnly,
    ),
    ownCase: allOf(
      { op: 'has', field: 'gate.parties', value: { param: 'caseId' } },
      { op: 'has', field: 'gate.parties', value: { param: 'partyId' } },
      not(gone),
      notDraft,
      notSourceOnly,
    ),
    party: anyOf(...partyNames(profile).map((value): Filter => ({ op: 'has', field: 'gate.parties', value }))),
    pushedEvaluation: allOf(
      when(type.share === 'EVALUATION' && profile.orgUscc !== undefined),
      { op: 'has', field: 'gate.parties', value: profile.orgUscc ?? '' },
      not(gone),
      notExpired,
    ),
    revealed: { op: 'eq', field: 'key', value: { param: 'revealed' } },
    inEffect: allOf(
      anyOf(not(present('publishedFrom')), { op: 'lte', field: 'gate.publishedFrom', value: { param: 'today' } }),
      anyOf(not(present('publishedUntil')), { op: 'gte', field: 'gate.publishedUntil', value: { param: 'today' } }),
    ),
    granted: (grant) =>
      allOf(
        when(grant.recordTypes.includes(type.code) || grant.recordTypes.includes(type.name)),
        among('sourceOrg', grant.sources),
        grant.region ? startsInRegion(grant.region) : EVERY,
        not(gone),
        notDraft,
        anyOf(notExpired, allOf(present('heldByBlack', 'nature', 'region'), expired, archiveKept)),
        when(!type.sourceOnly || ['DISCIPLINE', 'ORG_PERSONNEL'].includes(profile.registryNature ?? '')),
        notPayment,
      ),
  };
}

/** Under which names a caller may stand among the parties of a document: a department with those it succeeded, a body by its code, a client by its id. */
function partyNames({ audience, ownSources, orgUscc, clientId }: Profile): readonly string[] {
  const own = audience === 'SUPERVISION' ? clientId : audience === 'CREDIT_BODY' || audience === 'APP_ORG' ? orgUscc : undefined;
  return own === undefined ? ownSources : [own];
}

/** The parameter that holds the first day on which an act's end is not yet too old, for regions that disclose for so many years. */
export function overAgeParam(years: number): string {
  return `overAge${years}`;
}

/** Every number of years after which some region stops disclosing. */
export function disclosureYears({ fallback, regions }: RegionProfiles): readonly number[] {
  return [...new Set([fallback, ...regions.map(({ profile }) => profile)].map(({ maxDisclosureYears }) => maxDisclosureYears))];
}

/** Rows of the region that the code names: it begins with the code without its trailing zero pairs. No code, no region. */
export function startsInRegion(code: string | undefined): Filter {
  if (!code) return NONE;
  return { op: 'startsWith', field: 'gate.region', value: code.replace(/(00)+$/, '') };
}

/** One filter that depends on the profile of the row's own region, looked up in the table of region profiles. */
function byRegion<T>(profiles: RegionProfiles, pick: (profile: RegionProfile) => T, filter: (value: T) => Filter): Filter {
  const fallback = pick(profiles.fallback);
  const special = profiles.regions.filter(({ profile }) => pick(profile) !== fallback);
  if (special.length === 0) return filter(fallback);
  const inSpecial = special.map(({ prefix, profile }) => allOf(regionOf(profiles, prefix), filter(pick(profile))));
  const elsewhere = allOf(...special.map(({ prefix }) => not(regionOf(profiles, prefix))), filter(fallback));
  return anyOf(...inSpecial, elsewhere);
}

/** Rows of which this prefix is the most exact one. */
function regionOf({ regions }: RegionProfiles, prefix: string): Filter {
  const startsWith = (value: string): Filter => ({ op: 'startsWith', field: 'gate.region', value });
  const within = regions.filter((other) => other.prefix !== prefix && other.prefix.startsWith(prefix));
  return allOf(startsWith(prefix), ...within.map((other) => not(startsWith(other.prefix))));
}
