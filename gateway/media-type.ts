import { GRAPHQL_TYPE, HTML_TYPE, JSON_TYPE, Refusal } from './http-answer.ts';

interface Range {
  readonly type: string;
  readonly quality: number;
}

/** The content type of the answer by `Accept` (RFC 9110 §12.5.1); without one the legacy type, as GraphQL over HTTP asks. @throws BAD_USER_INPUT (406) */
export function chooseType(accept: string | undefined, html: boolean): string {
  if (accept === undefined || accept === '*/*' || accept === 'application/json') return JSON_TYPE;
  const ranges = accept.toLowerCase().split(',').map(readRange);
  const offered = html ? [JSON_TYPE, GRAPHQL_TYPE, HTML_TYPE] : [JSON_TYPE, GRAPHQL_TYPE];
  let best: { type: string; quality: number; at: number } | undefined;
  for (const type of offered) {
    const match = bestRange(ranges, type.slice(0, type.indexOf(';')));
    if (!match || match.quality === 0) continue;
    if (!best || match.quality > best.quality || (match.quality === best.quality && match.at < best.at)) best = { type, ...match };
  }
  if (!best)
    throw new Refusal('BAD_USER_INPUT', 'the answer can be application/graphql-response+json or application/json', { status: 406 });
  return best.type;
}

function readRange(text: string): Range {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { type, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** Of the ranges that cover a type the most exact one counts. */
function bestRange(ranges: readonly Range[], type: string): { quality: number; at: number } | undefined {
  for (const pattern of [type, `${type.slice(0, type.indexOf('/'))}/*`, '*/*']) {
    const at = ranges.findIndex((range) => range.type === pattern);
    const range = ranges[at];
    if (range) return { quality: range.quality, at };
  }
  return undefined;
}
