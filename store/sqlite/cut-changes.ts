import type { Position } from '../port.ts';
import type { Connection } from './connection.ts';
import { BOUND } from './keyset-page.ts';

/** In `meta`: the place of the last change that was cut off. */
export const CUT = 'cut';
/** Others write in between. */
const CUT_AT_ONCE = 5_000;

/** @throws Error for what is no position */
export function placeOf(position: Position | null): number {
  const place = Number(position ?? 0);
  if (!Number.isSafeInteger(place)) throw new Error('this is no position in the change log');
  return place;
}

/** The place of the last change that was cut off, 0 while all stand. */
export function cutOff(connection: Connection): number {
  const [place] = connection.row('SELECT value FROM meta WHERE name = ?', [CUT]) ?? [];
  return Number(place ?? 0);
}

/** Up to where the log may be cut: not beyond a place that is kept, nor the newest change. */
export function cutLimit(connection: Connection, upTo: Position, kept: readonly (Position | null)[]): number {
  const [newest] = connection.row('SELECT max(place) FROM changes') ?? [];
  return Math.min(placeOf(upTo), Number(newest ?? 0) - 1, ...kept.map(placeOf));
}

/** How many changes stand up to there. */
export function countUpTo(connection: Connection, limit: number): number {
  const [count] = connection.row('SELECT count(*) FROM changes WHERE place <= ?', [limit]) ?? [];
  return Number(count);
}

/** Notes that everything up to the limit is cut off, and takes away the first of it; gives back how many, and whether they were the last. */
export function cutSome(connection: Connection, limit: number): { readonly count: number; readonly isDone: boolean } {
  const cut = String(Math.max(limit, cutOff(connection)));
  connection.run('INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value', [CUT, cut]);
  const places = connection.rows(`SELECT place FROM changes WHERE place <= ? ORDER BY place LIMIT ${BOUND}`, [limit, CUT_AT_ONCE]);
  const [last] = places.at(-1) ?? [];
  if (last !== undefined) connection.run('DELETE FROM changes WHERE place <= ?', [last]);
  return { count: places.length, isDone: places.length < CUT_AT_ONCE };
}
