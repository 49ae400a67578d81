import { expect } from '@jest/globals';
import type { Answer } from './hub.ts';

type Headers = Readonly<Record<string, string>>;

/** Two callers' ways to the hub: of one process each, or of two connections. */
export interface LastUses {
  readonly ask: (
    way: 0 | 1,
    query: string,
    headers: Headers,
    variables?: Readonly<Record<string, unknown>>,
  ) => Promise<Pick<Answer, 'status' | 'body'>>;
  readonly races: number;
  readonly uscc: string;
  readonly granteeUscc: string;
  readonly staff: string;
  /** Headers of the body that uses the vouchers, and of the subject that signs them. */
  readonly bank: Headers;
  readonly company: Headers;
}

/** As many root fields as an operation may have. */
const AT_ONCE = 20;

/** Both ways ask at once under each of so many vouchers for one use; exactly one is answered, each time. Gives back how often that was so. */
export async function raceForLastUses(between: LastUses): Promise<number> {
  const { ask, races, uscc, bank } = between;
  const query = `{ subject(uscc: "${uscc}") { penalties { nodes { documentNo } } } }`;
  let given = 0;
  for (let round = 0; round < races; round += AT_ONCE) {
    const ids = await signedVouchers(between, Math.min(AT_ONCE, races - round));
    const race = async (id: string) => {
      const headers = { ...bank, 'hub-purpose': 'LOAN', 'hub-voucher': id };
      const answers = await Promise.all(([0, 1] as const).map((way) => ask(way, query, headers)));
      const got = answers.map(({ status, body }) =>
        status === 200 ? body.data.subject.penalties.nodes.length : body.errors[0].extensions.code,
      );
      expect(got.sort()).toEqual([1, 'VOUCHER_INVALID']);
      given += 1;
    };
    await Promise.all(ids.map(race));
  }
  return given;
}

/** Vouchers for one use each, drafted by the body and signed by the subject. */
async function signedVouchers({ ask, uscc, granteeUscc, staff, bank, company }: LastUses, count: number): Promise<readonly string[]> {
  const input = {
    type: 'E_SIGN',
    subjectUscc: uscc,
    granteeUscc,
    granteeStaff: [staff],
    sections: ['BASIC', 'ADMINISTRATIVE'],
    purpose: 'LOAN',
    validTo: new Date(Date.now() + 86_400_000).toISOString(),
    maxUses: 1,
  };
  const places = Array.from({ length: count }, (_unused, place) => place);
  const drafts = places.map((place) => `v${place}: draftVoucher(input: $input) { id }`).join(' ');
  const drafted = await ask(0, `mutation ($input: VoucherDraft!) { ${drafts} }`, bank, { input });
  expect(drafted.body.errors).toBeUndefined();
  const ids = places.map((place): string => drafted.body.data[`v${place}`].id);
  const signs = ids.map((id, place) => `v${place}: signVoucher(id: "${id}") { status }`).join(' ');
  const signed = await ask(1, `mutation { ${signs} }`, company);
  expect(new Set(places.map((place) => signed.body.data[`v${place}`].status))).toEqual(new Set(['ACTIVE']));
  return ids;
}
