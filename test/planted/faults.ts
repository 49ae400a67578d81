/** One deliberate fault: a text of the product, what stands in its place, and the test that has to fail. */
export interface PlantedFault {
  readonly name: string;
  readonly file: string;
  /** It stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** `name` is a pattern over the names of the file's tests; an empty one means all of them. */
  readonly test: { readonly file: string; readonly name: string };
}

const TABLE = 'test/disclosure/decision-table.test.ts';
const MATRIX = 'test/e2e/matrix.test.ts';
const NO_LEAK = 'test/e2e/no-leak.test.ts';
const ANY_CALLER = { file: TABLE, name: 'is followed by the engine for any caller' };

export const FAULTS: readonly PlantedFault[] = [
  {
    name: 'fields of entitlements that do not hold the row are united',
    file: 'auth/disclose.ts',
    find: 'const holding = held.flatMap((index) => entitlements[index] ?? []);',
    replace: 'const holding = entitlements;',
    test: { file: MATRIX, name: 'lists to OTHER exactly' },
  },
  {
    name: 'a filter looks at closed fields',
    file: 'auth/entitlements.ts',
    find: "asked.every((coordinate) => entitlement.effects(variant).get(coordinate) === 'VALUE')",
    replace: 'asked.length >= 0',
    test: { file: TABLE, name: 'lists by a filter or an order' },
  },
  {
    name: 'what a cell would mask may be filtered by',
    file: 'auth/entitlements.ts',
    find: "return variant.person === 'ORGANISATION' ? 'CLEAR' : undefined;",
    replace: "return variant.person === 'ORGANISATION' ? 'VALUE' : undefined;",
    test: { file: MATRIX, name: 'counts for OPERATOR by each filter' },
  },
  {
    name: 'the count comes before the gate',
    file: 'subgraphs/kit/connection.ts',
    find: 'totalCount: () => tx.count(type.collection, filter),',
    replace: 'totalCount: () => tx.count(type.collection, base),',
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: 'a grant that was suspended is still read from the cache',
    file: 'auth/caller.ts',
    find: 'return JSON.stringify(profile);',
    replace: 'return JSON.stringify({ ...profile, grants: profile.grants.map(({ id }) => id) });',
    test: { file: 'test/e2e/grants.test.ts', name: 'open the fields that still exist' },
  },
  {
    name: 'what was scrubbed at write is shown raw to the public',
    file: 'subgraphs/kit/row.ts',
    find: "const RAW_RULES = ['E4', 'E5', 'E13', 'E20'];",
    replace: "const RAW_RULES = ['E1', 'E4', 'E5', 'E13', 'E20'];",
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: '`_entities` decides by facts that are not the row’s own',
    file: 'subgraphs/kit/define-subgraph.ts',
    find: 'lookedUpRow(context, type, documents[index]) ?? null',
    replace:
      "lookedUpRow(context, type, documents[index] && { ...documents[index], gate: { ...documents[index].gate, stopped: null, status: 'PUBLISHED', severity: 'GENERAL', secrecy: 'NONE', subjectKind: 'ENTERPRISE' } }) ?? null",
    test: { file: NO_LEAK, name: 'the public observes the same at the door' },
  },
  {
    name: 'an id is handed out without asking the gate of the index',
    file: 'subgraphs/changes/resolvers.ts',
    find: 'return matches(rows, entry) ? { __typename: type.name, id } : null;',
    replace: 'return rows && { __typename: type.name, id };',
    test: { file: NO_LEAK, name: 'while the index entry is newer' },
  },
  {
    name: 'a reference to a record carries no mark of its owner',
    file: 'gateway/references.ts',
    find: "if (isInterfaceType(named) && named.name === 'Record') return 'recordType';",
    replace: "if (isInterfaceType(named) && named.name === 'Record') return undefined;",
    test: { file: NO_LEAK, name: 'while the index entry is older' },
  },
  {
    name: 'a reference to a subject carries no mark of its owner',
    file: 'gateway/references.ts',
    find: "parent.name === 'SubjectEdge' ? undefined : 'kind';",
    replace: "parent.name === 'SubjectEdge' ? undefined : undefined;",
    test: { file: NO_LEAK, name: 'has no subject, and nothing is said' },
  },
  {
    name: 'an id in a mutation’s input is not resolved through the caller',
    file: 'subgraphs/kit/record-owner.ts',
    find: 'return view?.heldBy.some((rule) => MAY_CHANGE.includes(rule)) ? { type, document, view } : undefined;',
    replace: 'return { type, document, view: view ?? { effects: new Map(), heldBy: [] } };',
    test: { file: NO_LEAK, name: 'answers another department as an unknown id does' },
  },
  {
    name: 'a reveal counts in lists',
    file: 'subgraphs/kit/row.ts',
    find: 'caller: Caller = context.caller,',
    replace: 'caller: Caller = document ? lookingUp(context.caller, document.key) : context.caller,',
    test: { file: 'test/e2e/reveal.test.ts', name: 'shows nothing in lists' },
  },
  {
    name: 'a reveal of one row is one of every row',
    file: 'auth/caller.ts',
    find: 'if (!caller.revealed?.includes(id)) return caller;',
    replace: 'if (!caller.revealed?.length) return caller;',
    test: { file: 'test/e2e/reveal.test.ts', name: 'shows nothing of another row' },
  },
  {
    name: 'a reveal is every member’s of the staff',
    file: 'subgraphs/access/reveal-book.ts',
    find: '[iss ?? null, orgUscc ?? null, staffId]',
    replace: '[iss ?? null, orgUscc ?? null]',
    test: { file: 'test/e2e/reveal.test.ts', name: 'shows another member of staff nothing' },
  },
  {
    name: 'an access statement is taken again and again',
    file: 'auth/access-statement.ts',
    find: '      const id = idOf(claims);\n',
    replace: '      const id = randomUUID();\n',
    test: { file: 'test/e2e/distributed.test.ts', name: 'is answered once, for the caller' },
  },
  {
    name: 'an access statement for another body is taken',
    file: 'auth/access-statement.ts',
    find: "      if (claims.body !== digestOf(body)) throw refusal('the statement was made for another body');\n",
    replace: '      digestOf(body);\n',
    test: { file: 'test/e2e/distributed.test.ts', name: 'is good for the body that it was made for' },
  },
  {
    name: 'a statement that the signature does not name is taken',
    file: 'auth/access-statement.ts',
    find: "  if (!statements.includes(digestOf(statement))) throw refusal('the signature is for other statements');\n",
    replace: '',
    test: { file: 'test/e2e/distributed.test.ts', name: 'that is forged is refused' },
  },
  {
    name: 'a withdrawn record keeps its gate',
    file: 'subgraphs/kit/record-engine/change-record.ts',
    find: "gate: { ...gate, stopped: 'WITHDRAWN' }, columns };",
    replace: 'gate, columns };',
    test: { file: 'test/e2e/mutations.test.ts', name: '' },
  },
  {
    name: 'a cursor can be read',
    file: 'subgraphs/kit/cursor.ts',
    find: 'return sealer.seal(JSON.stringify({ list: sealer.digest(list), key, values, use })).$sealed;',
    replace: "return Buffer.from(JSON.stringify({ list: sealer.digest(list), key, values, use })).toString('base64url');",
    test: { file: 'test/e2e/paging.test.ts', name: 'cursor' },
  },
  {
    name: 'a cursor is not bound to its list',
    file: 'subgraphs/kit/cursor.ts',
    find: "if (bound !== sealer.digest(list) || typeof key !== 'string' || !Array.isArray(values)) throw foreign();",
    replace: "if (bound === undefined || typeof key !== 'string' || !Array.isArray(values)) throw foreign();",
    test: { file: 'test/e2e/paging.test.ts', name: 'cursor' },
  },
  {
    name: 'the key of what callers share leaves out whose profile it is',
    file: 'auth/caller.ts',
    find: 'return JSON.stringify(profile);',
    replace: 'return profile.audience;',
    test: { file: MATRIX, name: 'lists to (SOURCE|OTHER|GRANTED) exactly' },
  },
  {
    name: 'a filter that was bound for one subject is shared with another',
    file: 'schema/filter.ts',
    find: 'if (before?.values === values) return before.bound;',
    replace: 'if (before) return before.bound;',
    test: { file: MATRIX, name: 'lists to (COMPANY|PERSON) exactly' },
  },
  {
    name: 'identity is taken without the source',
    file: 'subgraphs/kit/record-engine/identity.ts',
    find: "sealer.digest(text('identity', type, [whose.source, ...parts]))",
    replace: "sealer.digest(text('identity', type, parts))",
    test: { file: 'test/e2e/mutations.test.ts', name: '' },
  },
  {
    name: 'the default order narrows a list',
    file: 'auth/asked-arguments.ts',
    find: 'Array.isArray(orderBy) ? orderBy : orderBy === null || orderBy === undefined ? [] : [orderBy];',
    replace: "Array.isArray(orderBy) ? orderBy : orderBy === null || orderBy === undefined ? [{ field: 'DECISION_DATE' }] : [orderBy];",
    test: { file: MATRIX, name: 'lists to CREDIT_BODY_FOR_COMPANY exactly' },
  },
  {
    name: 'secrecy does not move the class of a field',
    file: 'auth/classes.ts',
    find: "return variant.secret && SECRET.includes(closed) ? 'SHARED_BY_DUTY' : closed;",
    replace: 'return closed;',
    test: { file: MATRIX, name: 'lists to SUPERVISION exactly' },
  },
  {
    name: 'a person closes its fields in secret records alone',
    file: 'auth/classes.ts',
    find: "const closed = variant.person === 'CLOSED_PERSON' && ",
    replace: "const closed = variant.person === 'CLOSED_PERSON' && variant.secret && ",
    test: ANY_CALLER,
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
    test: { file: MATRIX, name: 'lists to PUBLIC exactly' },
  },
  {
    name: 'a drafted proposal is shown to its subject',
    file: 'auth/conditions.ts',
    find: "among('draft', ['NO', 'AFTER_NOTICE']),",
    replace: "among('draft', ['NO', 'AFTER_NOTICE', 'BEFORE_NOTICE']),",
    test: { file: MATRIX, name: 'lists to COMPANY exactly' },
  },
  {
    name: 'an empty column opens what reads it',
    file: 'auth/conditions.ts',
    find: "const notExpired = allOf(present('heldByBlack', 'nature', 'region'), not(expired));",
    replace: 'const notExpired = not(expired);',
    test: { file: TABLE, name: 'opens through no rule whose condition reads nature' },
  },
  {
    name: 'the archive of one source is open to the operator',
    file: 'auth/matrix.ts',
    find: 'rows: ({ inRegion, notSourceOnly }) => allOf(inRegion, notSourceOnly),',
    replace: 'rows: ({ inRegion }) => inRegion,',
    test: ANY_CALLER,
  },
  {
    name: 'a department approves its own grant',
    file: 'auth/grants.ts',
    find: ' || grant.approverUscc === grant.granteeUscc)',
    replace: ')',
    test: { file: TABLE, name: 'a grant that it gave itself every row' },
  },
  {
    name: 'a person is found under a grant that opens nothing',
    file: 'subgraphs/subjects/resolvers.ts',
    find: 'grants.some((grant) => grantFault(grant, profile, today) === undefined)',
    replace:
      "grants.some((grant) => grant.status === 'APPROVED' && grant.purposes.includes(String(profile.purpose)) && today <= grant.validTo)",
    test: { file: MATRIX, name: 'finds a person by its exact handle' },
  },
  {
    name: 'a voucher is used by another body than it names',
    file: 'subgraphs/access/voucher-book.ts',
    find: 'values.granteeUscc === principal.orgUscc &&',
    replace: '',
    test: { file: 'test/e2e/vouchers.test.ts', name: '' },
  },
  {
    name: 'a nested value is open wherever the field that holds it is',
    file: 'subgraphs/kit/row.ts',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the product's text
    find: 'const coordinate = `${valueType}.${item.name}`;',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the product's text
    replace: "const coordinate = `${owner.name}.${owner.items.find(({ type }) => type === valueType)?.name ?? ''}`;",
    test: { file: MATRIX, name: 'lists to OTHER exactly' },
  },
  {
    name: 'the annotation of an objection is dropped',
    file: 'subgraphs/kit/connection.ts',
    find: 'if (disputed.length === 0) return;',
    replace: 'if (disputed.length >= 0) return;',
    test: { file: MATRIX, name: 'lists to SOURCE exactly' },
  },
  {
    name: 'a log entry only when something was found',
    file: 'gateway/access-journal.ts',
    find: 'if (isLogged(policy, logged, admitted.caller))',
    replace: 'if (answering.disclosures().disclosed.length > 0)',
    test: { file: 'test/e2e/audit.test.ts', name: 'found or not' },
  },
  {
    name: 'a voucher is remembered as it stood when it was first presented',
    file: 'subgraphs/access/voucher-book.ts',
    find: `const [document] = await tx.get(type.collection, [id]);
        if (!document) return {};`,
    replace: `const kept = (globalThis.keptVouchers ??= new Map());
        if (!kept.has(id)) kept.set(id, (await tx.get(type.collection, [id]))[0]);
        const document = kept.get(id);
        if (!document) return {};`,
    test: { file: 'test/e2e/vouchers.test.ts', name: '' },
  },
  {
    name: 'what a mutation has made is answered undisclosed',
    file: 'subgraphs/kit/define-subgraph.ts',
    find: 'lookedUpRow(context, type, documents[index]) ?? null',
    replace:
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the product's text
      "((row) => row ? { ...row, view: { ...row.view, effects: new Map(type.items.map(({ name }) => [`${type.name}.${name}`, 'VALUE'])) } } : null)(lookedUpRow(context, type, documents[index]))",
    test: { file: 'test/e2e/mutations.test.ts', name: 'shows an operator no more of the record than a query does' },
  },
  {
    name: 'a grant opens records of which its approver is not the source',
    file: 'auth/conditions.ts',
    find: "among('sourceOrg', grant.sources),",
    replace: 'EVERY,',
    test: { file: 'test/e2e/grants.test.ts', name: 'opens the records of the provider and of the departments under it' },
  },
  {
    name: 'secrecy is applied before the class for persons takes its place',
    file: 'auth/classes.ts',
    find: "return variant.secret && SECRET.includes(closed) ? 'SHARED_BY_DUTY' : closed;",
    replace: "return variant.secret && SECRET.includes(closed) && !(isPerson && disclosure.individual) ? 'SHARED_BY_DUTY' : closed;",
    test: ANY_CALLER,
  },
  {
    name: 'the source of one record about a person reads the whole person',
    file: 'auth/conditions.ts',
    find: "ownSource: among('sourceOrg', profile.ownSources),",
    replace: "ownSource: anyOf(among('sourceOrg', profile.ownSources), when(type.kind === 'subject' && profile.audience === 'AGENCY')),",
    test: { file: NO_LEAK, name: 'has no subject, and nothing is said' },
  },
  {
    name: 'a stream of changes is shared without regard to who asks',
    file: 'gateway/federated-engine.ts',
    find: "const own = profile.audience === 'SUPERVISION' ? (principal.staffId ?? null) : [person, subjectId];",
    replace: 'const own = null;',
    test: { file: 'test/gateway/change-sharing.test.ts', name: 'is not shared with another official' },
  },
];
