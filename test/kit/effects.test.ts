import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import type { Change, Document } from '../../store/port.ts';
import { createEffects, type EffectHandler } from '../../subgraphs/kit/effects.ts';
import { putRecords } from '../../subgraphs/kit/record-engine/write-records.ts';
import { COMPANY, debtorEntry, HOUSING, MARKET, OTHER_COMPANY, penalty, personalPenalty, SOLE_TRADER } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

type Row = Readonly<Record<string, unknown>>;

let hub: TemporaryHub;
beforeEach(async () => {
  hub = await openTemporaryHub('2026-11-24');
});
afterEach(() => hub.close());

async function taken(code: string, row: Row): Promise<Document> {
  const [outcome] = await hub.submit(code, [row]);
  if (!outcome?.id) throw new Error(JSON.stringify(outcome));
  return hub.recordOf(code, outcome.id);
}

describe('effects', () => {
  /** Remembers what it was handed. */
  const recorder = (name: string, fail?: () => boolean): EffectHandler & { readonly seen: string[] } => {
    const seen: string[] = [];
    return {
      name,
      seen,
      run: async (changes: readonly Change[]) => {
        if (fail?.()) throw new Error('a handler failed');
        seen.push(...changes.map(({ collection, key, version }) => `${collection} ${key} ${version}`));
      },
    };
  };
  const change = (key: string, expected = 0) =>
    hub.store.write(
      (tx) => tx.put('work-item', key, { body: { kind: 'x', subjectId: key }, expected, columns: { kind: 'x', subjectId: key } }),
      { actor: 'test' },
    );
  const effectsOf = (...handlers: EffectHandler[]) => createEffects({ store: hub.store, handlers, clock: hub.clock });

  it('hands on every change once, in order, and comes to an end though moving on is a change itself', async () => {
    const handler = recorder('first');
    const effects = effectsOf(handler);
    await change('a');
    await change('b');
    await effects.settle();
    await change('a', 1);
    await effects.settle();
    await effects.settle();
    expect(handler.seen.filter((text) => text.startsWith('work-item'))).toEqual(['work-item a 1', 'work-item b 1', 'work-item a 2']);
  });

  it('goes on where it ended after a restart', async () => {
    await change('a');
    await effectsOf(recorder('first')).settle();
    await change('b');
    const again = recorder('first');
    await effectsOf(again).settle();
    expect(again.seen).toEqual(['work-item b 1']);
  });

  it('hands on again what a handler failed at, and nothing behind it', async () => {
    let fails = true;
    const handler = recorder('first', () => fails);
    const effects = effectsOf(handler);
    await change('a');
    await expect(effects.settle()).rejects.toThrow('a handler failed');
    fails = false;
    await effects.settle();
    expect(handler.seen.filter((text) => text.startsWith('work-item'))).toEqual(['work-item a 1']);
  });

  it('lets a handler that is added later begin at the beginning', async () => {
    await change('a');
    const first = recorder('first');
    await effectsOf(first).settle();
    await change('b');
    const second = recorder('second');
    await effectsOf(first, second).settle();
    expect([first.seen, second.seen].map((seen) => seen.filter((text) => text.startsWith('work-item')))).toEqual([
      ['work-item a 1', 'work-item b 1'],
      ['work-item a 1', 'work-item b 1'],
    ]);
  });

  it('runs to the end in two processes at once', async () => {
    const other = await openHub({ dataDir: hub.dataDir, clock: hub.clock, env: {} });
    try {
      const handlers = [recorder('first'), recorder('first')] as const;
      const both = [effectsOf(handlers[0]), createEffects({ store: other.store, handlers: [handlers[1]], clock: hub.clock })];
      for (let index = 0; index < 20; index++) {
        await change(`k${index}`);
        await Promise.all(both.map((effects) => effects.settle()));
      }
      const seen = new Set(handlers.flatMap((handler) => handler.seen));
      for (let index = 0; index < 20; index++) expect(seen).toContain(`work-item k${index} 1`);
    } finally {
      await other.close();
    }
  });

  it('works in the background until it is stopped, and tells of a failure', async () => {
    const first = Promise.withResolvers<readonly Change[]>();
    const failure = Promise.withResolvers<unknown>();
    let calls = 0;
    const handler: EffectHandler = {
      name: 'first',
      run: async (changes) => {
        calls++;
        if (calls === 1) throw new Error('a handler failed');
        first.resolve(changes);
      },
    };
    const effects = createEffects({ store: hub.store, handlers: [handler], clock: hub.clock, onError: failure.resolve });
    await change('a');
    effects.start();
    await expect(failure.promise).resolves.toMatchObject({ message: 'a handler failed' });
    expect((await first.promise).map(({ key }) => key)).toContain('a');
    await effects.stop();
  });
});

describe('naming', () => {
  const subjectOf = async (uscc: string) =>
    (await hub.store.read((tx) => tx.find('subject', { where: { op: 'eq', field: 'column.uscc', value: uscc }, order: [], limit: 1 })))[0];
  const statusAfter = async (row: Row) => {
    await taken('PENALTY', row);
    await hub.effects.settle();
    return (await subjectOf(String(row.uscc)))?.gate?.status;
  };

  it('makes an organisation public with what the open row tells of it', async () => {
    expect(await statusAfter(penalty({ orgCode: 'MA4TE5T05' }))).toBe('PUBLISHED');
    expect((await subjectOf(COMPANY))?.body).toMatchObject({
      name: '茶韵食品有限公司',
      legalRepName: '吴强',
      orgCode: 'MA4TE5T05',
      uscc: COMPANY,
    });
  });

  it.each<[string, Row]>([
    ['minor', { penaltyTypes: ['WARNING'] }],
    ['secret', { secretMark: 'TRADE_SECRET' }],
    ['of no known severity', { penaltyTypes: ['OTHER'] }],
    ['expired', { decisionDate: '2024-01-01', validTo: '2024-02-01' }],
  ])('keeps an organisation closed that only a row names which is %s', async (_what, changes) => {
    expect(await statusAfter(penalty(changes))).toBe('NOT_PUBLIC');
  });

  it('makes public what a later row opens, and keeps the facts of the first open row', async () => {
    expect(await statusAfter(penalty({ penaltyTypes: ['WARNING'], documentNo: '1', legalRepName: '前任' }))).toBe('NOT_PUBLIC');
    expect(await statusAfter(penalty({ documentNo: '2' }))).toBe('PUBLISHED');
    expect(await statusAfter(penalty({ documentNo: '3', legalRepName: '后任' }))).toBe('PUBLISHED');
    expect((await subjectOf(COMPANY))?.body.legalRepName).toBe('吴强');
  });

  it('does not open what was withdrawn before it ran', async () => {
    const record = await taken('PENALTY', penalty());
    await hub.engine.withdraw(hub.typeOf('PENALTY'), { id: record.key, documentRef: '撤1号', reason: '撤销', actor: 'test' });
    await hub.effects.settle();
    expect((await subjectOf(COMPANY))?.gate?.status).toBe('NOT_PUBLIC');
  });

  it('never opens a person', async () => {
    await taken('PENALTY', personalPenalty());
    await taken('LIST_ENTRY', debtorEntry());
    await hub.effects.settle();
    const persons = await hub.store.read((tx) =>
      tx.find('subject', { where: { op: 'eq', field: 'gate.subjectKind', value: 'INDIVIDUAL' }, order: [], limit: 10 }),
    );
    expect(persons.map(({ gate }) => gate?.status)).toEqual(['NOT_PUBLIC']);
  });

  it("copies no number of a person out of a sole trader's row", async () => {
    await taken('TAX_CREDIT', {
      taxpayerName: '陈记',
      taxpayerId: '411599196706275684',
      uscc: SOLE_TRADER,
      ratingYear: 2025,
      level: 'A',
      ratedOn: '2026-04-01',
      ratingAuthority: '税务局',
      sourceDeptUscc: MARKET,
    });
    await hub.effects.settle();
    expect(JSON.stringify((await subjectOf(SOLE_TRADER))?.body)).not.toContain('411599196706275684');
  });
});

describe('holding by a list', () => {
  const blackEntry = (changes: Row = {}) =>
    debtorEntry({
      subjectName: '茶韵食品有限公司',
      subjectType: 'LEGAL_AND_UNINCORPORATED',
      uscc: COMPANY,
      idType: undefined,
      idNumber: undefined,
      designatingOrgUscc: MARKET,
      sourceDeptUscc: MARKET,
      basisDocs: [{ kind: 'PENALTY', docNo: '浉市监罚〔2026〕001号', recordTypeCode: 'PENALTY', sourceUscc: MARKET }],
      ...changes,
    });
  const isHeld = async (record: Document) => {
    await hub.effects.settle();
    const [entry] = await hub.store.read((tx) => tx.get('record-index', [record.key]));
    const { gate } = await hub.recordOf('PENALTY', record.key);
    expect(entry?.gate).toEqual(gate);
    return gate?.heldByBlack;
  };
  /** As the list service moves an entry on. */
  const move = async ({ key }: Document, state: string) => {
    const type = hub.typeOf('LIST_ENTRY');
    await hub.store.write(
      async (tx) => {
        const [entry] = await tx.get(type.collection, [key]);
        if (!entry?.gate) throw new Error('no entry');
        await putRecords(
          tx,
          type,
          [
            {
              key,
              body: { ...entry.body, entryStatus: state },
              expected: entry.version,
              gate: entry.gate,
              columns: { ...entry.columns, state, entryStatus: state },
            },
          ],
          '2026-11-24',
        );
      },
      { actor: 'test' },
    );
  };

  it.each([
    ['LISTED', true],
    ['PUBLISHED', true],
    ['SUSPENDED', true],
    ['PROPOSED', false],
    ['NOTICED', false],
    ['NOT_LISTED', false],
  ])('by an entry that is %s: %s', async (entryStatus, held) => {
    const record = await taken('PENALTY', penalty());
    await taken('LIST_ENTRY', blackEntry({ entryStatus }));
    expect(await isHeld(record)).toBe(held);
  });

  it('begins when the record comes after the entry', async () => {
    await taken('LIST_ENTRY', blackEntry());
    await hub.effects.settle();
    expect(await isHeld(await taken('PENALTY', penalty()))).toBe(true);
  });

  it('ends with the last entry that holds', async () => {
    const record = await taken('PENALTY', penalty());
    const one = await taken('LIST_ENTRY', blackEntry());
    const other = await taken('LIST_ENTRY', blackEntry({ decisionNo: '第二号' }));
    expect(await isHeld(record)).toBe(true);
    await move(one, 'REMOVED');
    expect(await isHeld(record)).toBe(true);
    await move(other, 'REMOVED');
    expect(await isHeld(record)).toBe(false);
    await move(other, 'PUBLISHED');
    expect(await isHeld(record)).toBe(true);
  });

  it('ends when the entry is withdrawn', async () => {
    const record = await taken('PENALTY', penalty());
    const entry = await taken('LIST_ENTRY', blackEntry());
    expect(await isHeld(record)).toBe(true);
    await hub.engine.withdraw(hub.typeOf('LIST_ENTRY'), { id: entry.key, documentRef: '撤1号', reason: '撤销', actor: 'test' });
    expect(await isHeld(record)).toBe(false);
  });

  it("leaves another source's document of the same number, and a list that is not black, alone", async () => {
    const other = await taken('PENALTY', penalty({ sourceDeptUscc: HOUSING, uscc: OTHER_COMPANY }));
    await taken('LIST_ENTRY', blackEntry());
    expect(await isHeld(other)).toBe(false);
    await taken(
      'LIST_ENTRY',
      blackEntry({
        listCode: 'W-GENERAL',
        kind: 'WATCH',
        basisDocs: [{ kind: 'PENALTY', docNo: '浉市监罚〔2026〕001号', sourceUscc: HOUSING }],
      }),
    );
    expect(await isHeld(other)).toBe(false);
  });

  it('outlasts a new version of the record', async () => {
    const record = await taken('PENALTY', penalty());
    await taken('LIST_ENTRY', blackEntry());
    await hub.effects.settle();
    await hub.submit('PENALTY', [penalty({ content: '改' })]);
    expect(await isHeld(record)).toBe(true);
  });
});
