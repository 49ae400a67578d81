import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getOperationAST, parse } from 'graphql';
import type { Caller } from '../../auth/caller.ts';
import type { Principal } from '../../auth/principal.ts';
import { federate, type Graph, openGraph, watchHub } from '../../cli/open-graph.ts';
import { changesQuery } from '../../gateway/subscription-query.ts';
import { COMPANY, debtorEntry, dutyGrant, HOUSING, MARKET, penalty } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

let hub: TemporaryHub;
let graph: Graph;
beforeAll(async () => {
  hub = await openTemporaryHub('2026-10-08');
  graph = openGraph(hub, 'optional');
  await hub.windows.turn();
}, 60_000);
afterAll(() => hub.close());

const housing: Principal = { audience: 'AGENCY', sub: 'a', orgUscc: HOUSING };
const market: Principal = { audience: 'AGENCY', sub: 'a', orgUscc: MARKET };

async function callerOf(principal: Principal): Promise<Caller> {
  const engine = federate(graph, hub, () => randomUUID());
  const text = 'subscription { changes { ... on Change { id } } }';
  const document = parse(text);
  const operation = getOperationAST(document, undefined);
  if (!operation || !engine.readChanges) throw new Error('there is nothing to ask');
  const headers = { purpose: 'LICENSING', withheld: 'extensions', explain: false } as const;
  const request = { requestId: randomUUID(), principal, headers, document, operation, documentHash: text, signature: text, variables: {} };
  const { caller } = await engine.readChanges({ request, query: changesQuery(operation, new Map(), {}), after: null, first: 1 });
  return caller;
}

interface Watching {
  readonly principal: Principal;
  readonly where?: unknown;
}

/** Which receivers are woken by this. */
async function wokenBy(receivers: Readonly<Record<string, Watching>>, work: () => Promise<unknown>): Promise<readonly string[]> {
  const watch = watchHub(graph, hub);
  const told = new Set<string>();
  const ends: (() => void)[] = [];
  let wakeMarker: () => void = () => {};
  const marked = () =>
    new Promise<void>((resolve) => {
      wakeMarker = resolve;
    });
  // Everybody is woken when the watching begins; the last to be woken is the one that came last.
  const begun = marked();
  for (const [name, { principal, where }] of Object.entries(receivers))
    ends.push(watch.watch({ caller: await callerOf(principal), where }, () => told.add(name)));
  ends.push(watch.watch({ caller: await callerOf(market), where: { recordTypes: ['PENALTY'] } }, () => wakeMarker()));
  await take('PENALTY', penalty());
  await begun;
  told.clear();
  await work();
  // The work may have woken it as well, in part; behind the second time everything was told.
  for (let count = 0; count < 2; count++) {
    const last = marked();
    await take('PENALTY', penalty());
    await last;
  }
  for (const end of ends) end();
  return [...told].sort();
}
let taken = 0;
async function take(code: string, row: Readonly<Record<string, unknown>>): Promise<string> {
  taken++;
  const named = code === 'PENALTY' ? { documentNo: `第${taken}号` } : code === 'LIST_ENTRY' ? { decisionNo: `第${taken}号` } : {};
  const [outcome] = await hub.submit(code, [{ ...row, ...named }]);
  if (!outcome?.id) throw new Error(JSON.stringify(outcome));
  return outcome.id;
}
const entry = (changes: Readonly<Record<string, unknown>> = {}) =>
  debtorEntry({
    subjectType: 'LEGAL_AND_UNINCORPORATED',
    uscc: COMPANY,
    subjectName: '茶韵食品有限公司',
    idType: undefined,
    idNumber: undefined,
    ...changes,
  });
const LISTS = { recordTypes: ['LIST_ENTRY'] };

describe('a receiver of changes', () => {
  it('is woken by a row that it may see and asks for, and not by others', async () => {
    const receivers = {
      lists: { principal: housing, where: LISTS },
      single: { principal: housing, where: { recordTypes: 'LIST_ENTRY' } },
      repairs: { principal: housing, where: { recordTypes: ['REPAIR_CASE'] } },
      unclear: { principal: housing, where: { recordTypes: ['NONE'] } },
    };
    expect(await wokenBy(receivers, () => take('LIST_ENTRY', entry()))).toEqual(['lists', 'single', 'unclear']);
  });

  it('is not woken by a row that is closed to it', async () => {
    const receivers = { lists: { principal: housing, where: LISTS } };
    expect(await wokenBy(receivers, () => take('LIST_ENTRY', entry({ entryStatus: 'PROPOSED' })))).toEqual([]);
  });

  it.each([
    ['a grant', 'DUTY_GRANT', dutyGrant()],
    ['a department', 'DEPARTMENT', { orgUscc: HOUSING, name: '浉河区住房和城乡建设局', status: 'ACTIVE' }],
  ])('is woken by %s that changes', async (_what, code, row) => {
    expect(await wokenBy({ lists: { principal: housing, where: LISTS } }, () => take(code, row))).toEqual(['lists']);
  });

  it('is woken when the day turns', async () => {
    const receivers = { lists: { principal: housing, where: LISTS } };
    const turn = async () => {
      hub.setToday('2026-10-09');
      await hub.windows.turn();
    };
    expect(await wokenBy(receivers, turn)).toEqual(['lists']);
  });
});
