import type { Item, RecordType } from '../schema/catalogue.ts';
import type { Caller } from './caller.ts';
import { compileDisclosure, type Disclose } from './disclose.ts';
import { coordinatesOf, type Effect, entitlements, type TypeAccess } from './entitlements.ts';
import { type Reason, reasonFor } from './reasons.ts';

/** Everything that is compiled once for one profile and type, and shared by all callers of that profile. */
export interface Access extends TypeAccess {
  readonly disclose: Disclose;
  /** What `extensions.withheld` says of a coordinate that is not clear; undefined for one that is. */
  withheld(coordinate: string, effect: Effect | undefined): WithheldCause | undefined;
}

export interface WithheldCause {
  readonly coordinate: string;
  readonly effect: 'DENIED' | 'MASKED';
  readonly class: string;
  readonly reason: Reason;
}

export interface AccessBook {
  accessOf(caller: Pick<Caller, 'profile' | 'profileKey' | 'today'>, type: RecordType): Access;
}

/** Compiles access on first use and keeps it for the day, in a cache bounded by number of profiles. */
export function createAccessBook(maxProfiles = 500): AccessBook {
  const profiles = new Map<string, Map<string, Access>>();
  // The profile is a long text: it is looked up once for a caller, not once for each field.
  const callers = new WeakMap<object, Map<string, Access>>();
  const ofProfile = (key: string): Map<string, Access> => {
    const known = profiles.get(key);
    if (known) return known;
    const byType = new Map<string, Access>();
    const oldest = profiles.keys().next().value;
    if (profiles.size >= maxProfiles && oldest !== undefined) profiles.delete(oldest);
    profiles.set(key, byType);
    return byType;
  };
  return {
    accessOf(caller, type) {
      let byType = callers.get(caller);
      if (!byType) {
        byType = ofProfile(`${caller.today}|${caller.profileKey}`);
        callers.set(caller, byType);
      }
      const known = byType.get(type.name);
      if (known) return known;
      const access = compile(caller, type);
      byType.set(type.name, access);
      return access;
    },
  };
}

function compile({ profile, today }: Pick<Caller, 'profile' | 'today'>, type: RecordType): Access {
  const access = entitlements(profile, type, today);
  const items = new Map<string, Item>(coordinatesOf(type).map(({ coordinate, item }) => [coordinate, item]));
  const causes = new Map<string, WithheldCause>();
  return {
    ...access,
    disclose: compileDisclosure(access),
    withheld(coordinate, effect) {
      if (effect === 'VALUE' || effect === 'CLEAR') return undefined;
      const key = `${effect ?? 'DENIED'} ${coordinate}`;
      const known = causes.get(key);
      if (known) return known;
      const item = items.get(coordinate);
      if (!item) return undefined;
      const { class: clazz } = item.disclosure;
      const cause: WithheldCause = {
        coordinate,
        effect: effect === 'MASK' ? 'MASKED' : 'DENIED',
        class: clazz,
        reason: effect === 'MASK' ? 'MASKED' : reasonFor(profile, clazz, coordinate, type.code, today),
      };
      causes.set(key, cause);
      return cause;
    },
  };
}
