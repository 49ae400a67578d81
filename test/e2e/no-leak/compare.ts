import type { Answer, Asking } from '../../support/hub.ts';
import { belowNull, observed } from './observed.ts';
import type { Case } from './operations.ts';
import type { Pair, Place } from './place.ts';

/** Who asks of each of the two, and over which door. */
export interface Comparison {
  readonly pair: Pair;
  readonly asking: readonly [Asking, Asking];
  readonly via: 'hub' | 'door';
}

/** Asks both hubs the same; answers what a caller observes differently, and what an answer says of places that it does not have. */
export async function compare({ pair: [here, there], asking, via }: Comparison, asked: Case): Promise<readonly string[]> {
  const [ours, theirs] = await Promise.all([answers(here, asking[0], via, asked), answers(there, asking[1], via, asked)]);
  const [one, other] = [ours.map(observed), theirs.map(observed)];
  const isSame = one.length === other.length && one.every((text, index) => text === other[index]);
  const refused = [...ours, ...theirs].some(({ status }) => status === 429);
  const found = [
    ...(isSame ? [] : [`${one}\n${other}`]),
    ...[...ours, ...theirs].flatMap(belowNull),
    ...(refused ? ['refused for its rate: nothing was compared'] : []),
  ];
  return found.length === 0 ? [] : [JSON.stringify(asked[0](here)), ...found];
}

/** The answer, and that of the page which follows where there is one. */
async function answers(place: Place, asking: Asking, via: 'hub' | 'door', [of, withheld]: Case): Promise<readonly Answer[]> {
  const { query, variables, follow } = of(place);
  const ask = (more: Readonly<Record<string, unknown>>) =>
    place[via].ask(query, {
      ...asking,
      headers: { ...asking.headers, 'hub-withheld': withheld },
      variables: { ...variables, ...more },
    });
  const first = await ask({});
  const after = follow?.reduce(
    (value: unknown, step) => (value as Readonly<Record<string, unknown>> | null | undefined)?.[step],
    first.body.data,
  );
  return typeof after === 'string' ? [first, await ask({ after })] : [first];
}
