import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import type { Principal } from '../../auth/principal.ts';
import { federate, openGraph } from '../../cli/open-graph.ts';
import type { Engine, EngineRequest } from '../../gateway/engine.ts';
import { changesQuery } from '../../gateway/subscription-query.ts';
import { HOUSING, MARKET } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

let hub: TemporaryHub;
let engine: Engine;
beforeAll(async () => {
  hub = await openTemporaryHub('2026-10-08');
  engine = federate(openGraph(hub, 'optional'), hub, () => randomUUID());
}, 60_000);
afterAll(() => hub.close());

interface Asking {
  readonly principal: Principal;
  readonly purpose?: string;
  readonly matter?: string;
  readonly withheld?: 'extensions' | 'errors';
  readonly where?: object;
  readonly text?: string;
}
const TEXT = 'subscription ($where: ChangeFilter) { changes(where: $where) { ... on Change { id record { id } } } }';
const supervision: Asking = { principal: { audience: 'SUPERVISION', sub: 'a', clientId: 'sup-1', regionCode: '411502' } };
const agency: Asking = { principal: { audience: 'AGENCY', sub: 'a', orgUscc: HOUSING }, purpose: 'LICENSING' };

/** By what a subscription is known to be answered as another. */
async function sharedBy({ principal, purpose, matter, withheld = 'extensions', where, text = TEXT }: Asking): Promise<string> {
  const document = parse(text);
  const operation = getOperationAST(document, undefined);
  if (!operation || !engine.readChanges) throw new Error('there is nothing to ask');
  const variables = { where };
  const request: EngineRequest = {
    requestId: randomUUID(),
    principal: { iss: 'i', exp: 2_000_000_000, ...principal },
    headers: { purpose, matter, withheld, explain: false },
    document,
    operation,
    documentHash: text,
    signature: text,
    variables,
  };
  const query = changesQuery(operation, new Map(), variables);
  return (await engine.readChanges({ request, query, after: null, first: 10 })).sharedBy;
}

describe('what a stream of changes tells', () => {
  it('is shared by those who speak for one supervision system', async () => {
    const other = { principal: { ...supervision.principal, sub: 'b', exp: 2_000_000_001 } };
    expect(await sharedBy(other)).toBe(await sharedBy(supervision));
  });

  it('is shared by the streams of one official', async () => {
    expect(await sharedBy({ ...agency, principal: { ...agency.principal, exp: 2_000_000_001 } })).toBe(await sharedBy(agency));
  });

  it.each<[string, Asking, Asking]>([
    ['another official of the same department', agency, { ...agency, principal: { ...agency.principal, sub: 'b' } }],
    ['another client of the same department', agency, { ...agency, principal: { ...agency.principal, clientId: 'c' } }],
    ['another department', agency, { ...agency, principal: { ...agency.principal, orgUscc: MARKET } }],
    ['another purpose', agency, { ...agency, purpose: 'BIDDING' }],
    ['another matter', agency, { ...agency, matter: 'M-1' }],
    [
      'another audience',
      supervision,
      { principal: { ...supervision.principal, audience: 'AGENCY', orgUscc: HOUSING }, purpose: 'LICENSING' },
    ],
    ['another supervision system', supervision, { principal: { ...supervision.principal, clientId: 'sup-2' } }],
    ['another member of its staff', supervision, { principal: { ...supervision.principal, staffId: 's-2' } }],
    ['another region', supervision, { principal: { ...supervision.principal, regionCode: '411500' } }],
    ['another filter', supervision, { ...supervision, where: { recordTypes: ['PENALTY'] } }],
    ['another form of what is withheld', supervision, { ...supervision, withheld: 'errors' }],
    ['another selection', supervision, { ...supervision, text: TEXT.replace('record { id }', 'cause') }],
  ])('is not shared with %s', async (_who, one, other) => {
    expect(await sharedBy(other)).not.toBe(await sharedBy(one));
  });
});
