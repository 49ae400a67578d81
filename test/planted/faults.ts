/** One deliberate fault: a text of the product, what stands in its place, and the test that has to fail. */
export interface PlantedFault {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  readonly test: { readonly file: string; readonly name: string };
}

const MATRIX = 'test/e2e/matrix.test.ts';

export const FAULTS: readonly PlantedFault[] = [
  {
    name: 'fields of entitlements that do not hold the row are united',
    file: 'auth/disclose.ts',
    find: 'for (const index of held) {',
    replace: 'for (const index of entitlements.keys()) {',
    test: { file: MATRIX, name: 'lists to OTHER exactly' },
  },
  {
    name: 'a filter looks at closed fields',
    file: 'auth/entitlements.ts',
    find: "asked.every((coordinate) => entitlement.effects(variant).get(coordinate) === 'VALUE')",
    replace: 'asked.length >= 0',
    test: { file: 'test/e2e/scenarios.test.ts', name: 'A-41' },
  },
  {
    name: 'the count comes before the gate',
    file: 'subgraphs/kit/connection.ts',
    find: 'totalCount: () => tx.count(type.collection, filter),',
    replace: 'totalCount: () => tx.count(type.collection, base),',
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: 'a cursor can be read',
    file: 'subgraphs/kit/cursor.ts',
    find: 'return sealer.seal(JSON.stringify([sealer.digest(binding), key, ...values])).$sealed;',
    replace: "return Buffer.from(JSON.stringify([sealer.digest(binding), key, ...values])).toString('base64url');",
    test: { file: 'test/e2e/paging.test.ts', name: 'cursor' },
  },
  {
    name: 'a cursor is not bound to its list',
    file: 'subgraphs/kit/cursor.ts',
    find: "if (bound !== sealer.digest(binding) || typeof key !== 'string') throw foreign();",
    replace: "if (bound === undefined || typeof key !== 'string') throw foreign();",
    test: { file: 'test/e2e/paging.test.ts', name: 'cursor' },
  },
  {
    name: 'the key of what callers share leaves out whose profile it is',
    file: 'auth/caller.ts',
    find: 'return JSON.stringify(profile);',
    replace: 'return profile.audience;',
    test: { file: 'test/e2e/mutations.test.ts', name: '' },
  },
  {
    name: 'identity is taken without the source',
    file: 'subgraphs/kit/record-engine/identity.ts',
    find: "sealer.digest(text('identity', type, [whose.source, ...parts]))",
    replace: "sealer.digest(text('identity', type, parts))",
    test: { file: 'test/e2e/mutations.test.ts', name: '' },
  },
  {
    name: 'secrecy does not move the class of a field',
    file: 'auth/classes.ts',
    find: "return variant.secret && SECRET.includes(closed) ? 'SHARED_BY_DUTY' : closed;",
    replace: 'return closed;',
    test: { file: MATRIX, name: 'lists to SUPERVISION exactly' },
  },
  {
    name: 'a record attached to the wrong subject is not gone',
    file: 'auth/conditions.ts',
    find: "const gone = among('stopped', ['SHIELDED', 'REPAIRED', 'WRONG_IDENTITY', 'WITHDRAWN']);",
    replace: "const gone = among('stopped', ['SHIELDED', 'REPAIRED', 'WITHDRAWN']);",
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: 'a timer is trusted instead of the clock',
    file: 'auth/conditions.ts',
    find: "anyOf(among('stopped', ['EXPIRED', 'ARCHIVED']), pastMax,",
    replace: "anyOf(among('stopped', ['EXPIRED', 'ARCHIVED']), allOf(pastMax, is('stopped', 'EXPIRED')),",
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: 'the annotation of an objection is dropped',
    file: 'subgraphs/kit/connection.ts',
    find: 'if (disputed.length === 0) return;',
    replace: 'if (disputed.length >= 0) return;',
    test: { file: 'test/records/record-holds.test.ts', name: 'marks the record for every reader' },
  },
  {
    name: 'a subject of unknown kind is treated as an organisation',
    file: 'auth/conditions.ts',
    find: "const organisation = among('subjectKind', ['ENTERPRISE', 'NON_ENTERPRISE_ORG']);",
    replace: "const organisation = among('subjectKind', ['ENTERPRISE', 'NON_ENTERPRISE_ORG', 'UNKNOWN']);",
    test: { file: MATRIX, name: 'answers PUBLIC by id' },
  },
  {
    name: 'a person stands in the lists of the public',
    file: 'auth/entitlements.ts',
    find: "(id === 'E1' ? allOf(rows, organisation) : rows)",
    replace: '(id === undefined ? allOf(rows, organisation) : rows)',
    test: { file: 'test/e2e/scenarios.test.ts', name: 'A-03' },
  },
  {
    name: 'a drafted proposal is shown to its subject',
    file: 'auth/conditions.ts',
    find: "among('draft', ['NO', 'AFTER_NOTICE']),",
    replace: "among('draft', ['NO', 'AFTER_NOTICE', 'BEFORE_NOTICE']),",
    test: { file: MATRIX, name: 'lists to COMPANY exactly' },
  },
];
