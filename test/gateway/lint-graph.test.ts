import { describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { PolicyError } from '../../auth/policy.ts';
import { lintGraph } from '../../gateway/lint-graph.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';

const type = (name: string, field: string) =>
  `"记录" type ${name} @recordType(code: "${name.toUpperCase()}", field: "${field}", section: BASIC, share: BASIC, nature: OTHER, identity: ["no"]) { "号" no: String @item @disclose(class: OPEN) }`;
const catalogue = readCatalogue([
  { subgraph: 'fire', path: 'fire.graphql', text: type('FireCheck', 'fireChecks') },
  { subgraph: 'noise', path: 'noise.graphql', text: type('NoiseGrade', 'noiseGrades') },
  {
    subgraph: 'subjects',
    path: 'subject.graphql',
    text: '"主体" type Subject @recordType(code: "SUBJECT", field: "subjects", section: BASIC, share: BASIC, nature: BASIC, identity: ["name"]) { "名称" name: String @disclose(class: OPEN) }',
  },
]);
const stub = (name: string, more = '') =>
  `type ${name} implements Record @key(fields: "id") { id: ID! recordType: RecordType! @external ${more} }`;
const changes = (stubs: string, root = 'record(id: ID!): Record') => ({
  name: 'changes',
  typeDefs: parse(`type Query { ${root} } ${stubs}`),
});
const fire = (fields: string) => ({
  name: 'fire',
  typeDefs: parse(`type FireCheck { id: ID! subject: Subject ${fields} } type Query { fireChecks: [FireCheck!] }`),
});

function faultsOf(...subgraphs: Parameters<typeof lintGraph>[0][number][]): string {
  try {
    lintGraph(subgraphs, catalogue);
    return '';
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.faults.map(({ message }) => message).join('\n');
  }
}

describe('lintGraph', () => {
  it('lets a graph pass whose records refer to their subject alone', () => {
    expect(faultsOf(fire(''), changes(stub('FireCheck') + stub('NoiseGrade')))).toBe('');
  });

  it.each([
    [
      'a record that refers to a record of another subgraph',
      [fire('grade: NoiseGrade')],
      'FireCheck.grade refers to NoiseGrade of another subgraph; only an id may',
    ],
    [
      'a list of subjects',
      [fire('neighbours: [Subject!]')],
      'FireCheck.neighbours refers to a subject; only a record may, by its field subject',
    ],
    [
      'a subject under another name',
      [fire('owner: Subject')],
      'FireCheck.owner refers to a subject; only a record may, by its field subject',
    ],
    [
      'a reference that cannot be null',
      [{ name: 'fire', typeDefs: parse('type FireCheck { id: ID! subject: Subject! }') }],
      'FireCheck.subject has to be a single nullable reference',
    ],
    [
      'a list of records',
      [changes(stub('FireCheck') + stub('NoiseGrade'), 'records(ids: [ID!]!): [Record!]')],
      'Query.records refers to a record; only the subgraph changes may, one at a time',
    ],
    ['a stub that is missing', [changes(stub('FireCheck'))], 'NoiseGrade has no stub in the subgraph changes'],
    [
      'a stub that answers more than its id',
      [changes(stub('FireCheck', 'no: String') + stub('NoiseGrade'))],
      "the stub FireCheck answers no, which is the owner's to answer",
    ],
    [
      'a field that reads others past their gate',
      [fire('copy: String @requires(fields: "subject { id }")')],
      'FireCheck.copy may not read or take over fields of other subgraphs',
    ],
    [
      'a specification under another name',
      [
        {
          name: 'fire',
          typeDefs: parse('extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", as: "x", import: ["@key"])'),
        },
      ],
      'a specification may not be linked under another name',
    ],
    [
      'a second specification',
      [
        {
          name: 'fire',
          typeDefs: parse(
            'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9") @link(url: "https://example.org/other/v1")',
          ),
        },
      ],
      'a second @link is refused',
    ],
  ])('refuses %s', (_what, subgraphs, message) => {
    expect(faultsOf(...subgraphs)).toContain(message);
  });
});
