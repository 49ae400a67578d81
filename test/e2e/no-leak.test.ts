import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Gate } from '../../schema/gate.ts';
import type { Document, Writer } from '../../store/port.ts';
import { MARKET, PERSON, penalty } from '../support/fixtures.ts';
import { PATIENCE } from '../support/patience.ts';
import { type Asks, asSource, BANK, bank, CALLERS, USUAL } from './no-leak/callers.ts';
import { compare } from './no-leak/compare.ts';
import { observed } from './no-leak/observed.ts';
import { CASES, UNKNOWN_ID, UNKNOWN_PERSON } from './no-leak/operations.ts';
import type { PairName } from './no-leak/place.ts';
import { MORE_CLOSED, NUMBERS } from './no-leak/rows.ts';
import { type Pairs, startPairs } from './no-leak/start-pairs.ts';
import { regate, writing } from './no-leak/stored-changes.ts';

const SEED = 20_261_124;
const TIMES = process.env.HUB_TEST_LONG ? 5 : 1;
const TIME = 120_000 * TIMES * PATIENCE;
/** For each caller; so many are asked at once. */
const CASES_ASKED = { hub: 544 * TIMES, door: 176 * TIMES };
const AT_ONCE = 8;

let pairs: Pairs;
beforeAll(async () => {
  pairs = await startPairs(0);
}, 120_000 * PATIENCE);
afterAll(() => pairs.close(), 30_000);

describe('whatever stands in what a caller may not see', () => {
  let compared = 0;
  const staysUnseen = (name: PairName, asks: Asks, via: 'hub' | 'door') => {
    const pair = pairs[name];
    const comparison = { pair, asking: [asks(pair[0]), asks(pair[1])], via } as const;
    const cases = fc.array(CASES[via], { minLength: AT_ONCE, maxLength: AT_ONCE });
    const property = fc.asyncProperty(cases, async (asked) => {
      compared += asked.length;
      expect((await Promise.all(asked.map((one) => compare(comparison, one)))).flat()).toEqual([]);
    });
    return fc.assert(property, { seed: SEED, numRuns: CASES_ASKED[via] / AT_ONCE });
  };

  it.each(CALLERS)('%s observes the same at the gateway', (_who, pair, asks) => staysUnseen(pair, asks, 'hub'), TIME);

  it.each(CALLERS)('%s observes the same at the door of the subgraph', (_who, pair, asks) => staysUnseen(pair, asks, 'door'), TIME);

  it('is looked for in at least 10,000 generated cases', () => {
    expect(compared).toBeGreaterThanOrEqual(10_000);
  });

  it.each(CALLERS)('%s pages through the same rows, cursor by cursor', async (_who, pair, asks) => {
    for (const order of ['', ', orderBy: [{ field: FINE_AMOUNT_WAN, direction: DESC }]', ', where: { not: { documentNo: { eq: "x" } } }']) {
      const [here, there] = await Promise.all(
        pairs[pair].map(async (place) => {
          const pages: string[] = [];
          for (let after: string | null = null; ; ) {
            const answer = await place.hub.ask(
              `query ($after: Cursor) { penalties(first: 2, after: $after${order}) { totalCount nodes { documentNo } pageInfo { hasNextPage endCursor } } }`,
              { ...asks(place), variables: { after } },
            );
            if (answer.body.errors) return [observed(answer)];
            pages.push(observed(answer));
            const { pageInfo } = answer.body.data.penalties;
            if (!pageInfo.hasNextPage) return pages;
            after = pageInfo.endCursor;
          }
        }),
      );
      expect(here).toHaveLength(4);
      expect(there).toEqual(here);
    }
  });

  // Asked once for each caller: how often a person may be asked for is limited.
  it.each(CALLERS)('%s finds the same published entries of a person', async (_who, pair, asks) => {
    const query = `{ listEntriesOfPerson(name: "${PERSON.name}", idTail: "5684") { id subjectName subject { id } } listEntries { totalCount } }`;
    const answers = await Promise.all(pairs[pair].map((place) => place.hub.ask(query, asks(place))));
    expect(new Set(answers.map(observed)).size).toBe(1);
  });

  it('would be seen: the source itself is answered differently', async () => {
    const totals = await Promise.all(
      pairs.usual.map(async ({ hub }) => (await hub.ask('{ penalties { totalCount } }', asSource(hub))).body.data.penalties.totalCount),
    );
    expect(totals).toEqual([NUMBERS.length + 1, NUMBERS.length + 1 + MORE_CLOSED.length]);
  });
});

describe('a mutation with the id of a record that is not there for the caller', () => {
  const MUTATIONS = [
    'withdrawRecord(recordId: $id, documentRef: "x", reason: "y") { id }',
    'withdrawRecord(recordId: $id, documentRef: "x", reason: "y", expectedVersion: 9) { id }',
    'withdrawRecord(recordId: $id, documentRef: " ", reason: "y") { id }',
    'correctRecord(recordId: $id, fields: { remark: "z" }, reason: "y") { id }',
    'correctRecord(recordId: $id, fields: { documentNo: "z" }, reason: "y", expectedVersion: 1) { id }',
    'correctRecord(recordId: $id, fields: { nothing: "z" }, reason: "y") { id }',
    'a: withdrawRecord(recordId: $id, documentRef: "x", reason: "y") { id } b: correctRecord(recordId: $id, fields: {}, reason: "y") { id }',
  ];

  it.each(['another department', 'an operator of another region', 'a department that states no purpose'])(
    'answers %s as an unknown id does',
    async (who) => {
      const [, place] = pairs.usual;
      const asking = USUAL[who]?.(place);
      for (const mutation of MUTATIONS) {
        const ask = (id: string) => place.hub.ask(`mutation ($id: ID!) { ${mutation} }`, { ...asking, variables: { id } });
        const unknown = await ask(UNKNOWN_ID);
        expect(['NOT_FOUND', 'BAD_USER_INPUT', 'PURPOSE_REQUIRED']).toContain(unknown.body.errors[0].extensions.code);
        for (const id of place.closedIds) expect(observed(await ask(id))).toBe(observed(unknown));
      }
    },
  );

  it('tells a department that submits the same document nothing of another source’s record', async () => {
    const [here, there] = await Promise.all(
      pairs.usual.map((place) =>
        place.hub.ask(
          'mutation ($all: [AdministrativePenaltyInput!]!) { submitAdministrativePenalty(records: $all) { accepted updated unchanged rejected reasons { code message } notices { code message } } }',
          {
            ...USUAL['another department']?.(place),
            variables: {
              all: ['浉市监罚〔2026〕301号', '浉市监罚〔2026〕401号', '浉市监罚〔2026〕999号'].map((documentNo) => ({
                ...penalty({ documentNo, counterpartName: '新来有限公司', uscc: '91370306MA3TE5T2XK', authorityUscc: MARKET }),
                sourceDeptName: undefined,
                sourceDeptUscc: undefined,
                remark: undefined,
              })),
            },
          },
        ),
      ),
    );
    expect(here?.body.data?.submitAdministrativePenalty).toMatchObject({ accepted: 3, rejected: 0 });
    expect(there?.body).toEqual(here?.body);
  });

  it('accepts a draft of a voucher by the handle of a person whether the person is known here or not', async () => {
    const [place] = pairs.usual;
    const answers = await Promise.all(
      [PERSON, UNKNOWN_PERSON].map((person) =>
        place.hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id status subjectId validTo } }', {
          ...bank(place.hub),
          variables: {
            input: {
              type: 'E_SIGN',
              person,
              granteeUscc: BANK,
              granteeStaff: ['clerk-1'],
              sections: ['BASIC'],
              purpose: 'LOAN',
              validTo: '2026-12-20T00:00:00Z',
              maxUses: 1,
            },
          },
        }),
      ),
    );
    expect(answers[0]?.body.errors).toBeUndefined();
    expect(new Set(answers.map(observed)).size).toBe(1);
  });
});

/** Changes the first hub for one test, and puts it back. */
/** Changes the first hub for one test, and puts it back. */
async function during(
  change: (tx: Writer) => Promise<unknown>,
  back: (tx: Writer) => Promise<unknown>,
  test: () => Promise<void>,
): Promise<void> {
  const { hub } = pairs.usual[0];
  await writing(hub, change);
  try {
    await test();
  } finally {
    await writing(hub, back);
  }
}

const FORMS = [
  'id',
  '__typename',
  'other: __typename',
  'a: id b: recordType',
  '... on Record { id }',
  '... on AdministrativePenalty { documentNo legalRepIdNumber subject { id name } }',
  '... on AdministrativePenalty { a: documentNo } ... on TaxCreditRating { id level }',
  '... on TaxCreditRating { level }',
  '...row',
  'id @include(if: false) __typename',
  'id @include(if: $yes) remark @skip(if: $yes)',
  '... @include(if: $yes) { id }',
  'remark contentHash',
  'subject { id kind }',
  'subject { __typename }',
];
const FRAGMENT = 'fragment row on AdministrativePenalty { id documentNo remark subject { ...whom } } fragment whom on Subject { name }';
const lookUp = (id: string, form: string) =>
  `query ($yes: Boolean = true) { first: record(id: "${id}") { ${form} } me { audience @include(if: $yes) } } ${form.includes('...row') ? FRAGMENT : ''}`;

describe('a reference whose owner answers nothing', () => {
  const asNobody = async (id: string) => {
    const [{ hub }] = pairs.usual;
    for (const form of FORMS) {
      const answer = await hub.ask(lookUp(id, form));
      const unknown = await hub.ask(lookUp(UNKNOWN_ID, form));
      expect([form, answer.body]).toEqual([form, { data: { first: null, me: { audience: 'PUBLIC' } } }]);
      expect(observed(answer)).toBe(observed(unknown));
    }
  };
  const closing: Partial<Gate> = { status: 'NOT_PUBLIC' };
  const opening: Partial<Gate> = { status: 'PUBLISHED' };

  it('is null in every form of asking while the index entry is older than a row that was closed', async () => {
    const id = pairs.usual[0].ids[0] ?? '';
    await during(
      (tx) => regate(tx, 'administrative-penalty', id, closing),
      (tx) => regate(tx, 'administrative-penalty', id, opening),
      () => asNobody(id),
    );
  });

  it('is null in every form of asking while the index entry is newer than a row that is still open', async () => {
    const id = pairs.usual[0].ids[1] ?? '';
    await during(
      (tx) => regate(tx, 'record-index', id, closing),
      (tx) => regate(tx, 'record-index', id, opening),
      () => asNobody(id),
    );
  });

  it('is null in every form of asking while the index knows a row that its owner does not', async () => {
    const [{ ids }] = pairs.usual;
    const kept = ids[2] ?? '';
    const gone = 'BBBBBBBBBBBBBBBBBBBBBB';
    await during(
      async (tx) => {
        const [entry] = await tx.get('record-index', [kept]);
        if (entry) await tx.put('record-index', gone, { expected: 0, body: entry.body, gate: entry.gate, columns: entry.columns });
      },
      async (tx) => {
        const [entry] = await tx.get('record-index', [gone]);
        await tx.remove('record-index', gone, { expected: entry?.version ?? 0 });
      },
      () => asNobody(gone),
    );
  });

  it('is there again in every form when both agree', async () => {
    const [{ hub, ids }] = pairs.usual;
    for (const form of FORMS) expect((await hub.ask(lookUp(ids[0] ?? '', form))).body.data.first).not.toBeNull();
  });
});

describe('a person’s record that its source sees while its subject is closed', () => {
  const SUBJECT_FORMS = [
    'id',
    '__typename',
    'a: kind',
    'name idNumber',
    '... on Subject { uscc }',
    'penalties { totalCount nodes { id remark } }',
  ];
  const look = (form: string) =>
    `{ penalties(first: 50, where: { documentNo: { eq: "浉市监罚〔2026〕100号" } }) { nodes { id remark subject { ${form} } } edges { node { subject { ${form} } } } } }`;
  const seen = async (form: string) => {
    const [{ hub }] = pairs.usual;
    return hub.ask(look(form), asSource(hub));
  };

  it.each(SUBJECT_FORMS)('has no subject, and nothing is said of what lies below it: %s', async (form) => {
    const { body } = await seen(form);
    expect(body.errors).toBeUndefined();
    expect(body.data.penalties.nodes).toEqual([{ id: expect.any(String), remark: '内部备注', subject: null }]);
    expect(body.data.penalties.edges).toEqual([{ node: { subject: null } }]);
    expect(body.extensions).toBeUndefined();
  });

  it('is answered the same whatever the subject is, and whether it exists', async () => {
    const [{ personId }] = pairs.usual;
    const before = await Promise.all(SUBJECT_FORMS.map(async (form) => observed(await seen(form))));
    const check = async () => {
      expect(await Promise.all(SUBJECT_FORMS.map(async (form) => observed(await seen(form))))).toEqual(before);
    };
    const change = (changes: Readonly<Record<string, string>>, region: string) => async (tx: Writer) => {
      const [now] = await tx.get('subject', [personId]);
      if (!now?.gate) throw new Error('the person is missing');
      const { version: expected, body, gate, columns } = now;
      await tx.put('subject', personId, { expected, body: { ...body, ...changes }, gate: { ...gate, region }, columns });
    };
    await during(change({ name: '另一个人' }, '370203'), change({ name: PERSON.name }, '411502'), check);
    let kept: Document | undefined;
    await during(
      async (tx) => {
        [kept] = await tx.get('subject', [personId]);
        await tx.remove('subject', personId, { expected: kept?.version ?? 0 });
      },
      async (tx) => kept && tx.put('subject', personId, { expected: 0, body: kept.body, gate: kept.gate, columns: kept.columns }),
      check,
    );
  });
});
