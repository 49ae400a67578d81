import { COMPANY, debtorEntry, MARKET, OTHER_COMPANY, PERSON, personalPenalty, TAX } from '../../support/fixtures.ts';
import { type Asking, startHub, type TestHub } from '../../support/hub.ts';
import { asSource, BANK, bank } from './callers.ts';
import { clock, type PairName, type PlaceAddress, type PlaceChoice } from './place.ts';
import { GONE, MORE_CLOSED, NUMBERS, ofOthers, openRows, openRowsButForRemarks } from './rows.ts';
import { regate, writing } from './stored-changes.ts';

interface Filling {
  /** Whose voucher the bank holds. */
  readonly of: string;
  readonly fill: (hub: TestHub, round: number) => Promise<void>;
}

/** The voucher of the usual pair is for the other company, of which nothing is closed that differs. */
const PLACES: Readonly<Record<PairName, readonly [Filling, Filling]>> = {
  usual: [
    {
      of: OTHER_COMPANY,
      async fill(hub, round) {
        await load(hub, 'PENALTY', openRows(2 * round));
        await load(hub, 'PENALTY', [personalPenalty({ documentNo: '浉市监罚〔2026〕100号' })]);
        await load(hub, 'LIST_ENTRY', [debtorEntry()]);
      },
    },
    // Closed fields with other values, more closed rows, closed rows with other values, in another order of arrival.
    {
      of: OTHER_COMPANY,
      async fill(hub, round) {
        await load(hub, 'LIST_ENTRY', [debtorEntry()]);
        await load(hub, 'PENALTY', [
          personalPenalty({ documentNo: '浉市监罚〔2026〕100号', decisionDate: '2026-10-01', violationType: '其他' }),
          ...MORE_CLOSED,
        ]);
        await load(hub, 'PENALTY', openRows(2 * round + 1).toReversed());
      },
    },
  ],
  strong: [
    {
      of: COMPANY,
      async fill(hub, round) {
        await load(hub, 'PENALTY', openRowsButForRemarks(2 * round));
        await load(hub, 'PENALTY', ofOthers(1));
        await closeOthers(hub);
      },
    },
    {
      of: COMPANY,
      async fill(hub, round) {
        await load(hub, 'PENALTY', ofOthers(9));
        await load(hub, 'PENALTY', openRowsButForRemarks(2 * round + 1).toReversed());
        await closeOthers(hub);
      },
    },
  ],
};

/** A clock that stands still gives no rate back. */
const UNLIMITED = '1000000000';
const RATES = Object.fromEntries(
  ['PUBLIC', 'CLIENT', 'OBJECTS', 'OBJECT', 'NUMBER', 'PERSON'].map((name) => [`HUB_RATE_${name}`, UNLIMITED]),
);

/** Starts a hub in this process, and fills it. */
export async function openPlace({ pair, side, round }: PlaceChoice): Promise<PlaceAddress & { close(): Promise<void> }> {
  const { of, fill } = PLACES[pair][side];
  const hub = await startHub({ clock, env: RATES });
  await load(hub, 'SERVICE_BODY', [{ orgUscc: BANK, name: '信阳商业银行', qualificationNo: 'Q-1', status: 'ACTIVE' }]);
  await load(hub, 'DUTY_GRANT', [
    {
      grantNo: 'G-1',
      granteeUscc: TAX,
      approverUscc: MARKET,
      recordTypes: ['PENALTY'],
      fields: ['documentNo', 'performanceStatus', 'legalRepIdNumber', 'decisionDate'].map((name) => `AdministrativePenalty.${name}`),
      purposes: ['LICENSING'],
      legalBasis: '依据',
      validFrom: '2026-01-01',
      validTo: '2027-12-31',
      status: 'APPROVED',
    },
  ]);
  await fill(hub, round);
  const seen = await penaltiesOf(hub);
  if (seen.length !== NUMBERS.length) throw new Error(`the public sees ${seen.length} records`);
  const byNumber = new Map(seen.map(({ documentNo, id }) => [documentNo, id]));
  const closed = (await penaltiesOf(hub, asSource(hub))).filter(({ documentNo }) => !byNumber.has(documentNo));
  const itself = { token: hub.token('SUBJECT', { subjectIdNumber: PERSON.idNumber, subjectName: PERSON.name, authLevel: 2 }) };
  const person = await hub.ask('query ($person: PersonHandle) { subject(person: $person) { id } }', {
    ...itself,
    variables: { person: PERSON },
  });
  const voucher = await signedVoucher(hub, of);
  const door = await startHub({ clock, env: RATES, subgraph: 'records', dataDir: hub.dataDir });
  return {
    url: hub.url,
    doorUrl: door.url,
    dataDir: hub.dataDir,
    env: hub.env,
    ids: NUMBERS.map((number) => String(byNumber.get(number))),
    closedIds: closed.map(({ id }) => id),
    personId: person.body.data.subject.id,
    voucher,
    async close() {
      await door.close();
      await hub.close();
    },
  };
}

/** Closes the records of others as a state machine would. */
async function closeOthers(hub: TestHub): Promise<void> {
  const others = (await penaltiesOf(hub, asSource(hub))).filter(({ documentNo }) => !NUMBERS.includes(documentNo));
  await writing(hub, async (tx) => {
    for (const [index, { id }] of others.entries())
      for (const collection of ['administrative-penalty', 'record-index'])
        await regate(tx, collection, id, GONE[index % GONE.length] ?? {});
  });
}

interface Numbered {
  readonly id: string;
  readonly documentNo: string;
}

async function penaltiesOf(hub: TestHub, asking: Asking = {}): Promise<readonly Numbered[]> {
  const { body } = await hub.ask('{ penalties(first: 200) { nodes { id documentNo } } }', asking);
  return body.data.penalties.nodes;
}

async function load(hub: TestHub, typeCode: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
  const refused = (await hub.load(typeCode, rows)).flatMap(({ outcome, reasons }) => (outcome === 'accepted' ? [] : reasons));
  if (refused.length > 0) throw new Error(`the rows are refused: ${JSON.stringify(refused)}`);
}

async function signedVoucher(hub: TestHub, of: string): Promise<string> {
  const input = {
    type: 'E_SIGN',
    subjectUscc: of,
    granteeUscc: BANK,
    granteeStaff: ['clerk-1'],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: '2026-12-20T00:00:00Z',
    maxUses: 1_000_000_000,
  };
  const drafted = await hub.ask('mutation ($input: VoucherDraft!) { draftVoucher(input: $input) { id } }', {
    ...bank(hub),
    variables: { input },
  });
  const { id } = drafted.body.data.draftVoucher;
  const signed = await hub.ask(`mutation { signVoucher(id: "${id}") { status } }`, {
    token: hub.token('SUBJECT', { subjectUscc: of, authLevel: 2 }),
  });
  if (signed.body.data.signVoucher.status !== 'ACTIVE') throw new Error('the voucher is not signed');
  return id;
}
