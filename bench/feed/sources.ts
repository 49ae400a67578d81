import { addDays, shanghaiToday } from '../../schema/calendar-date.ts';
import { usccOf } from '../report/data.ts';
import { exampleRows } from '../report/example-rows.ts';

const MARKET = '11411502MA109Y0358';
/** Districts of one city. */
export const REGIONS = ['411502', '411503', '411521', '411522', '411523'] as const;
export const TYPES = [
  { code: 'PENALTY', name: 'AdministrativePenalty' },
  { code: 'LICENSE', name: 'AdministrativeLicense' },
] as const;
/** Organisations that the changes concern. */
const SUBJECTS = 1000;

export interface Submitting {
  readonly url: string;
  /** Signs a token for these claims. */
  readonly token: (claims: Readonly<Record<string, unknown>> & { readonly audience: 'AGENCY' }) => string;
  /** Stands in the text of each record. */
  readonly text?: string | undefined;
}

/** What the records of the n-th submission are about: each type and district in turn. */
export function subjectOf(submission: number): { readonly type: string; readonly region: string } {
  const type = TYPES[submission % TYPES.length] ?? TYPES[0];
  return { type: type.code, region: REGIONS[Math.floor(submission / TYPES.length) % REGIONS.length] ?? REGIONS[0] };
}

/** Submits new records as the office of one district does, so many at a time. */
export function submitter({ url, token, text }: Submitting): (submission: number, indexes: readonly number[]) => Promise<void> {
  const authorization = `Bearer ${token({ audience: 'AGENCY', orgUscc: MARKET, sub: 'source' })}`;
  const headers = { 'content-type': 'application/json', 'hub-purpose': 'RECORD_MANAGEMENT', authorization };
  const today = shanghaiToday(new Date());
  const rows = exampleRows(today);
  return async (submission, indexes) => {
    const { code, name } = TYPES[submission % TYPES.length] ?? TYPES[0];
    const field = `submit${name}`;
    const query = `mutation ($records: [${name}Input!]!) { ${field}(records: $records) { accepted } }`;
    const records = indexes.map((index) => ({
      ...rows[code],
      uscc: usccOf(index % SUBJECTS),
      counterpartName: `浉河区第${index % SUBJECTS}食品有限公司`,
      regionCode: subjectOf(submission).region,
      documentNo: numberOf(index),
      decisionDate: addDays(today, -(index % 30)),
      ...(code === 'PENALTY' && text !== undefined ? { violationFacts: text } : {}),
    }));
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query, variables: { records } }) });
    const { data, errors } = (await response.json()) as { data?: Record<string, { accepted: number }>; errors?: unknown };
    if (data?.[field]?.accepted !== records.length) throw new Error(`not all records were accepted: ${JSON.stringify(errors ?? data)}`);
  };
}

/** By which a reader knows which submission a change tells of. */
export function numberOf(index: number): string {
  return `浉市监〔2026〕${index}号`;
}

export function indexOf(documentNo: string): number {
  return Number(/〕(\d+)号$/.exec(documentNo)?.[1] ?? Number.NaN);
}
