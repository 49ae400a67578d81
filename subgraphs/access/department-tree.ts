import type { JsonObject } from '../../schema/json.ts';
import type { Reader } from '../../store/port.ts';

const DEPARTMENTS = 'department';
/** More levels than any administration has; it ends a circle in the registry. */
const LEVELS = 10;
/** Departments directly under one. */
const SUBORDINATES = 500;

/** The registry's entry of a department. */
export async function departmentEntryOf(tx: Reader, uscc: string): Promise<JsonObject | undefined> {
  const [found] = await tx.find(DEPARTMENTS, { where: { op: 'eq', field: 'column.uscc', value: uscc }, order: [], limit: 1 });
  return found?.body;
}

/** The region that a department's entry names, else that of its code. */
export function regionOfDepartment({ regionCode, uscc }: JsonObject): string | null {
  if (typeof regionCode === 'string') return regionCode;
  return typeof uscc === 'string' ? uscc.slice(2, 8) : null;
}

/** The departments above one, its own superior first. */
export async function superiorsOf(tx: Reader, uscc: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (let below = uscc; found.length < LEVELS; ) {
    const parent = (await departmentEntryOf(tx, below))?.parentDept;
    if (typeof parent !== 'string' || parent === uscc || found.includes(parent)) break;
    found.push(parent);
    below = parent;
  }
  return found;
}

/** The department and all those under it. */
export async function withSubordinates(tx: Reader, uscc: string): Promise<readonly string[]> {
  const found = new Set([uscc]);
  let level: readonly string[] = [uscc];
  for (let depth = 0; depth < LEVELS && level.length > 0; depth++) {
    const pages = await tx.findPer(DEPARTMENTS, 'column.parentDept', level, {
      where: { op: 'all', of: [] },
      order: [{ field: 'column.parentDept', direction: 'ASC' }],
      limit: SUBORDINATES,
    });
    level = pages.flat().flatMap(({ body }) => (typeof body.uscc === 'string' && !found.has(body.uscc) ? [body.uscc] : []));
    for (const one of level) found.add(one);
  }
  return [...found];
}
