import type { Caller } from '../../auth/caller.ts';

/** Who stands in the change log as having done something: organisation and staff, never a person's number. */
export function actorOf({ principal }: Caller): string {
  return [principal.audience, principal.orgUscc ?? principal.clientId ?? '', principal.staffId ?? ''].join(':');
}
