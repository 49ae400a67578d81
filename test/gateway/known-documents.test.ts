import { describe, expect, it } from '@jest/globals';
import { buildSchema } from 'graphql';
import { rememberDocuments } from '../../gateway/known-documents.ts';
import { OPERATION_LIMITS } from '../../gateway/operation-limits.ts';

const schema = buildSchema(`
  type Query { c: String  d(s: String): String  page(first: Int): Page }
  type Page { totalCount: Int }
`);

describe('documents that are known', () => {
  const open = (now = () => schema) => rememberDocuments(now, OPERATION_LIMITS);

  it('are parsed and validated once', () => {
    const documents = open();
    const first = documents.read('{ c }', undefined, {});
    expect(documents.read('{ c }', undefined, {})).toBe(first);
    expect(documents.byHash(first.hash)).toBe(first.document);
  });

  it('are held to the limits again with every set of variables', () => {
    const documents = open();
    const text = 'query ($n: Int) { page(first: $n) { totalCount } }';
    documents.read(text, undefined, { n: 5 });
    expect(() => documents.read(text, undefined, { n: 500 })).toThrow(expect.objectContaining({ code: 'LIMIT_EXCEEDED' }));
  });

  it('are validated again when the schema is another', () => {
    let current = schema;
    const documents = open(() => current);
    documents.read('{ c }', undefined, {});
    current = buildSchema('type Query { other: String }');
    expect(() => documents.read('{ c }', undefined, {})).toThrow(expect.objectContaining({ code: 'GRAPHQL_VALIDATION_FAILED' }));
  });

  it('are forgotten when they are too many, the one that was not asked for the longest first', () => {
    const documents = rememberDocuments(() => schema, OPERATION_LIMITS, 6_000); // three documents of three tokens
    const [first, second] = ['{ c } # 1', '{ c } # 2', '{ c } # 3'].map((text) => documents.read(text, undefined, {}));
    documents.read('{ c } # 1', undefined, {});
    documents.read('{ c } # 4', undefined, {});
    expect([first, second].map((known) => documents.byHash(known?.hash ?? '') !== undefined)).toEqual([true, false]);
  });

  it('have one signature when they differ in literals only', () => {
    const documents = open();
    const [one, other, third] = ['{ d(s: "甲") }', '{ d(s:   "乙") } # 110105', '{ d(s: "甲") c }'].map((text) =>
      documents.read(text, undefined, {}),
    );
    expect(one?.signature).toBe(other?.signature);
    expect(one?.hash).not.toBe(other?.hash);
    expect(third?.signature).not.toBe(one?.signature);
  });
});
