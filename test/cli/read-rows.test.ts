import { Buffer } from 'node:buffer';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { guard, unguard } from '../../cli/import/cell-guard.ts';
import { detectEncoding } from '../../cli/import/detect-encoding.ts';
import { type InputRow, openRows } from '../../cli/import/read-rows.ts';
import { UnusableFile } from '../../cli/import/unusable-file.ts';

/** 名称,文号 / 信阳公司,浉HE罚〔2025〕1号 / 𠮷野家,2 (the last name needs four bytes for its first character) */
const GB_18030 = Buffer.from('c3fbb3c62ccec4bac50ad0c5d1f4b9abcbbe2c9bb84845b7a3a1b232303235a1b331bac50a9534b235d2b0bcd22c320a', 'hex');

let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-rows-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileOf(content: string | Buffer): Promise<string> {
  const file = join(folder, `${count++}.txt`);
  await writeFile(file, content);
  return file;
}

async function rowsOf(content: string | Buffer): Promise<readonly InputRow[]> {
  const { rows } = await openRows(await fileOf(content));
  return all(rows);
}

function plain({ row, cells, truncated, malformed }: InputRow): unknown {
  return [row, Object.fromEntries(cells), ...(truncated ? ['truncated'] : []), ...(malformed ? ['malformed'] : [])];
}

describe('the encoding of a file', () => {
  it.each([
    ['UTF-8', Buffer.from('名称,文号\n'), undefined, 'utf8'],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeff名称\n'), undefined, 'utf8'],
    ['GB 18030', GB_18030, undefined, 'gb18030'],
    ['GB 18030, forced', GB_18030, 'gb18030', 'gb18030'],
    ['GB 18030, forced to UTF-8', GB_18030, 'utf8', undefined],
    ['UTF-8 up to its last byte', Buffer.concat([Buffer.from('名称\n'), Buffer.from('e5', 'hex')]), undefined, undefined],
    ['with NUL', Buffer.from('a\0b'), undefined, undefined],
    ['UTF-16', Buffer.from('fffe0d54', 'hex'), undefined, undefined],
  ] as const)('%s', async (_name, content, forced, encoding) => {
    expect(await detectEncoding(await fileOf(content), forced)).toBe(encoding);
  });

  it('is found by bytes that stand far behind the beginning', async () => {
    const late = Buffer.concat([Buffer.from('name,number\n'), Buffer.alloc(300_000, 'a,1\n'), GB_18030]);
    expect(await detectEncoding(await fileOf(late))).toBe('gb18030');
  });
});

describe('a CSV file', () => {
  it('in GB 18030 is read like any other', async () => {
    const source = await openRows(await fileOf(GB_18030));
    expect([source.format, source.encoding, source.headings]).toEqual(['csv', 'gb18030', ['名称', '文号']]);
    expect((await all(source.rows)).map(plain)).toEqual([
      [2, { 名称: '信阳公司', 文号: '浉HE罚〔2025〕1号' }],
      [3, { 名称: '𠮷野家', 文号: '2' }],
    ]);
  });

  it('gives its headings as written, without the byte order mark', async () => {
    const { headings } = await openRows(await fileOf('\ufeff"行政相对人 名称",罚款（万元）,\n'));
    expect(headings).toEqual(['行政相对人 名称', '罚款（万元）', '']);
  });

  it.each([
    [
      'line breaks and quotes in a cell count as one record',
      'a,b\n"x\r\ny ""z""",1\n2,3\n',
      [
        [2, { a: 'x\r\ny "z"', b: '1' }],
        [3, { a: '2', b: '3' }],
      ],
    ],
    [
      'any line ends, mixed',
      'a,b\r\n1,2\n3,4\r5,6',
      [
        [2, { a: '1', b: '2' }],
        [3, { a: '3', b: '4' }],
        [4, { a: '5', b: '6' }],
      ],
    ],
    ['a quote inside a cell stays', 'a,b\n5"屏,2\n', [[2, { a: '5"屏', b: '2' }]]],
    ['blank lines are no records', 'a,b\n\n1,2\n\n', [[2, { a: '1', b: '2' }]]],
    ['rows of empty cells are counted and left out', 'a,b\n,\n1,2\n', [[3, { a: '1', b: '2' }]]],
    ['a short row is truncated', 'a,b,c\n1,2\n', [[2, { a: '1', b: '2' }, 'truncated']]],
    [
      'an over-long row is malformed',
      'a,b\n1,2,3\n4,5\n',
      [
        [2, { a: '1', b: '2' }, 'malformed'],
        [3, { a: '4', b: '5' }],
      ],
    ],
    [
      'a cell below no heading is malformed unless it is empty',
      'a,\n1,\n2,x\n',
      [
        [2, { a: '1' }],
        [3, { a: '2' }, 'malformed'],
      ],
    ],
    ['white space is kept', 'a,b\n 1 ,\t\n', [[2, { a: ' 1 ', b: '\t' }]]],
    ['a guarding apostrophe is taken off', "a,b\n'=1+1,'x\n", [[2, { a: '=1+1', b: "'x" }]]],
    [
      'an unclosed quote costs the last row only',
      'a,b\n1,2\n3,4\n5,"6\n',
      [
        [2, { a: '1', b: '2' }],
        [3, { a: '3', b: '4' }],
        [4, {}, 'truncated', 'malformed'],
      ],
    ],
  ])('%s', async (_name, content, rows) => expect((await rowsOf(content)).map(plain)).toEqual(rows));

  it('can be read twice and left before its end', async () => {
    const { rows } = await openRows(await fileOf('a,b\n1,2\n3,4\n'));
    for await (const row of rows) {
      expect(row.row).toBe(2);
      break;
    }
    expect(await all(rows)).toHaveLength(2);
  });

  it('with a quote that is never closed delivers what stands before it and holds no more than a record of the rest', async () => {
    const rows = await rowsOf(`a,b\n1,2\n3,"${'x,y\n'.repeat(3_000_000)}`);
    expect(rows.map(plain)).toEqual([
      [2, { a: '1', b: '2' }],
      [3, {}, 'truncated', 'malformed'],
    ]);
    expect(rows[1]?.malformed).toContain('1 MiB');
  });

  it('gives every cell back that a spreadsheet would have written', async () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '名', '"', ',', '\n', '\r', "'", '=', ' ') });
    const records = fc.array(
      fc.tuple(cell, cell).filter((cells) => cells.join('') !== ''),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(records, fc.constantFrom('\n', '\r\n'), async (written, end) => {
        const line = (cells: readonly string[]) => cells.map((text) => `"${guard(text).replaceAll('"', '""')}"`).join(',') + end;
        const rows = await rowsOf(['a,b'.concat(end), ...written.map(line)].join(''));
        expect(rows.map(({ cells }) => [...cells.values()])).toEqual(written);
      }),
      { numRuns: 60 },
    );
  });
});

describe('JSON lines', () => {
  it('keep nested values, and a broken line costs itself only', async () => {
    const source = await openRows(await fileOf('\ufeff{"a":1,"b":{"c":[null]}}\r\n\n{"a":\n[1]\n{"__proto__":"x","a":"\'=1"}'));
    expect([source.format, source.headings]).toEqual(['jsonl', []]);
    const rows = await all(source.rows);
    expect(rows.map(({ row, cells, malformed, raw }) => [row, [...cells], malformed !== undefined, raw])).toEqual([
      [
        1,
        [
          ['a', 1],
          ['b', { c: [null] }],
        ],
        false,
        undefined,
      ],
      [2, [], true, '{"a":'],
      [3, [], true, '[1]'],
      [
        4,
        [
          ['__proto__', 'x'],
          ['a', "'=1"],
        ],
        false,
        undefined,
      ],
    ]);
  });

  it('go on after a line that is too long', async () => {
    const rows = await rowsOf(`{"a":1}\n{"a":"${'x'.repeat(2_000_000)}"}\n{"a":3}\n`);
    expect(rows.map(({ row, malformed }) => [row, malformed])).toEqual([
      [1, undefined],
      [2, '行超过 1 MiB'],
      [3, undefined],
    ]);
  });
});

describe('a file cannot be used', () => {
  it.each([
    ['when it is empty', ''],
    ['when it is blank', '\ufeff\r\n \n'],
    ['when it is binary', Buffer.from('504b03040a000000', 'hex')],
    ['when it is in no known encoding', Buffer.from('ff41', 'hex')],
    ['when two headings are the same but for their width', '罚款（元）,罚款(元)\n1,2\n'],
    ['when it has no headings', ',,\n1,2,3\n'],
    ['when its heading ends in an open quote', 'a,"b\n1,2\n'],
  ])('%s', async (_name, content) => {
    const error = await openRows(await fileOf(content)).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(UnusableFile);
    expect((error as UnusableFile).zh).toMatch(/\p{Script=Han}/u);
  });

  it('when it is not there', () => expect(openRows(join(folder, 'none'))).rejects.toThrow(UnusableFile));
  it('when it is a folder', () => expect(openRows(folder)).rejects.toThrow(UnusableFile));
});

describe('the guard of a cell', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['-3', "'-3"],
    ['\tx', "'\tx"],
    ["'=1", "''=1"],
    ["'x", "'x"],
    ['1=1', '1=1'],
    ['', ''],
  ])('writes %p as %p', (text, written) => expect(guard(text)).toBe(written));

  it('is taken off exactly, and leaves no cell that a spreadsheet would run', () => {
    const text = fc.string({ unit: fc.constantFrom("'", '=', '+', '-', '@', '\t', '\r', 'a', '1') });
    fc.assert(
      fc.property(text, (cell) => {
        expect(unguard(guard(cell))).toBe(cell);
        expect(guard(cell)).not.toMatch(/^[=+\-@\t\r]/);
      }),
    );
  });
});

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
