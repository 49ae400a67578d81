import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type InputRow, openRows } from '../../cli/import/read-rows.ts';
import { RejectedFile } from '../../cli/import/rejected-file.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rejected-'));
});
afterEach(() => rm(folder, { recursive: true }));

const csv = { format: 'csv', headings: ['名称', '', '金额'] } as const;
const reason = { code: 'REQUIRED', column: '文号', message: '必填' };

function row(number: number, cells: Readonly<Record<string, unknown>>, more: Partial<InputRow> = {}): InputRow {
  return { row: number, cells: new Map(Object.entries(cells)), truncated: false, ...more };
}

describe('the file of rejected rows', () => {
  it('holds the cells, their row and the reasons, and is closed to others', async () => {
    const into = join(folder, 'data', 'rejected');
    const rejected = new RejectedFile({ folder: into, input: '/in/行政处罚.csv', source: csv });
    await rejected.add(row(2, { 名称: '=甲,"乙"', 金额: '-3' }), [reason, { code: 'NEGATIVE_AMOUNT', message: '金额为负' }]);
    await rejected.add(row(7, { 名称: '丙\n丁' }), [reason]);
    const path = await rejected.close();
    expect(path).toBe(join(into, '行政处罚.rejected.csv'));
    expect(await readFile(path ?? '', 'utf8')).toBe(
      '\ufeff名称,金额,行号,退回原因\r\n"\'=甲,""乙""",\'-3,2,REQUIRED 文号：必填；NEGATIVE_AMOUNT 金额为负\r\n"丙\n丁",,7,REQUIRED 文号：必填\r\n',
    );
    expect((await stat(path ?? '')).mode & 0o777).toBe(0o600);
    expect((await stat(into)).mode & 0o777).toBe(0o700);
  });

  it('is read back with the cells as they were', async () => {
    const rejected = new RejectedFile({ folder, input: 'a.csv', source: csv });
    const cells = { 名称: "'=1", 金额: '\t1' };
    await rejected.add(row(2, cells), [reason]);
    const source = await openRows((await rejected.close()) ?? '');
    const [back] = await all(source.rows);
    expect(Object.fromEntries(back?.cells ?? [])).toEqual({ ...cells, 行号: '2', 退回原因: 'REQUIRED 文号：必填' });

    const again = new RejectedFile({ folder, input: 'b.csv', source });
    await again.add(row(2, cells), [reason]);
    expect((await openRows((await again.close()) ?? '')).headings).toEqual(['名称', '金额', '行号', '退回原因']);
  });

  it('of JSON lines holds the object, or the line where it is none', async () => {
    const rejected = new RejectedFile({ folder, input: 'a.jsonl', source: { format: 'jsonl', headings: [] } });
    await rejected.add(row(1, { a: 1, b: { c: '中' } }), [reason]);
    await rejected.add(row(2, {}, { malformed: '不是 JSON 对象', raw: '=x' }), [{ code: 'MALFORMED', message: '不是 JSON 对象' }]);
    const source = await openRows((await rejected.close()) ?? '');
    expect((await all(source.rows)).map(({ cells }) => cells.get('原始记录'))).toEqual(['{"a":1,"b":{"c":"中"}}', '=x']);
    expect(await readdir(folder)).toEqual(['a.jsonl.rejected.csv']);
  });

  it('is not made when nothing was rejected', async () => {
    const into = join(folder, 'rejected');
    expect(await new RejectedFile({ folder: into, input: 'a.csv', source: csv }).close()).toBeUndefined();
    expect(await readdir(folder)).toEqual([]);
  });

  it('takes the place of an earlier one only when it is whole', async () => {
    const place = join(folder, 'a.rejected.csv');
    await writeFile(place, 'earlier');
    const rejected = new RejectedFile({ folder, input: 'a.csv', source: csv });
    for (let number = 2; number < 3000; number++) await rejected.add(row(number, { 名称: '甲'.repeat(20) }), [reason]);
    expect(await readFile(place, 'utf8')).toBe('earlier');
    await rejected.close();
    expect((await readFile(place, 'utf8')).split('\r\n')).toHaveLength(3000);
    expect(await readdir(folder)).toEqual(['a.rejected.csv']);
  });

  it('leaves nothing behind when the import is broken off', async () => {
    const rejected = new RejectedFile({ folder, input: 'a.csv', source: csv });
    await rejected.add(row(2, { 名称: '甲' }), [reason]);
    await rejected.discard();
    expect(await readdir(folder)).toEqual([]);
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
