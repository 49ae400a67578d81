import type { Answer } from '../../support/hub.ts';

const CURSORS = new Set(['cursor', 'startCursor', 'endCursor']);

/** What the caller can observe: random ids told by the order in which they come, sealed cursors by their length. */
export function observed({ status, headers, body }: Answer): string {
  const seen = new Map<string, string>();
  const told = JSON.stringify([status, headers.get('cache-control'), headers.get('vary'), body], (key, value) =>
    CURSORS.has(key) && typeof value === 'string' ? `cursor of ${value.length}` : value,
  );
  return told.replace(/"([A-Za-z0-9_-]{22})"/g, (_all, id: string) => {
    const known = seen.get(id) ?? `id${seen.size}`;
    seen.set(id, known);
    return JSON.stringify(known);
  });
}

/** Places of which the answer's extensions and errors speak though they lie below a null. */
export function belowNull({ body }: Answer): readonly string[] {
  if (!body.data) return [];
  const { withheld = [], annotations = [], narrowed = [] } = body.extensions ?? {};
  const spoken: readonly (readonly string[])[] = [
    ...withheld.map(({ path }: { path: readonly string[] }) => path.slice(0, -1)),
    ...annotations.map(({ path }: { path: readonly string[] }) => path),
    ...narrowed.map(({ path }: { path: readonly string[] }) => path.slice(0, -1)),
  ];
  return spoken.filter((path) => !stands(body.data, path)).map((path) => path.join('.'));
}

function stands(data: unknown, [step, ...rest]: readonly string[]): boolean {
  if (data === null || data === undefined) return false;
  if (step === undefined) return true;
  if (step === '@') return Array.isArray(data) && data.some((element) => stands(element, rest));
  return typeof data === 'object' && step in data && stands((data as Record<string, unknown>)[step], rest);
}
