import { describe, expect, it } from '@jest/globals';
import { parse, Source } from 'graphql';
import { compilePolicy, PolicyError } from '../../auth/policy.ts';
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
  typeDefs: parse(
    `type FireCheck @key(fields: "id") { id: ID! subject: Subject @disclose(class: OPEN, individual: SHARED) ${fields} } type Query { fireChecks: [FireCheck!] }`,
  ),
});
/** A subgraph that defines something else beside its records. */
const noise = (text: string) => ({ name: 'noise', typeDefs: parse(new Source(text, 'noise.graphql')) });

const linked = (more: string) => noise(`extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", ${more})`);
const RENAMED = 'a specification may not be linked under another name';

/** The catalogue and the subgraph of a record type that says anew what every record has. */
function redeclaring(field: string) {
  const text = type('FireCheck', 'fireChecks').replace(/ }$/, ` ${field} }`);
  const own = readCatalogue([{ subgraph: 'fire', path: 'fire.graphql', text }]);
  return [[{ name: 'fire', typeDefs: parse(text) }], own] as const;
}

function faultsOf(subgraphs: Parameters<typeof lintGraph>[0], of = catalogue): string {
  try {
    lintGraph(subgraphs, of);
    return '';
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return error.faults.map(({ message }) => message).join('\n');
  }
}

describe('lintGraph', () => {
  it('lets a graph pass whose records refer to their subject alone', () => {
    expect(faultsOf([fire(''), changes(stub('FireCheck') + stub('NoiseGrade'))])).toBe('');
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
    [
      'a stub of Subject that answers more than its id',
      [noise('type Subject @key(fields: "id") { id: ID! name: String @shareable }')],
      "the stub Subject answers name, which is the owner's to answer",
    ],
    [
      'a field of Subject of which the catalogue knows nothing',
      [noise('type Subject @key(fields: "id") { id: ID! nickname: String }')],
      'Subject.nickname is not in the catalogue: nothing decides who may see it',
    ],
    ['a directive of a specification under another name', [linked('import: ["@key", { name: "@requires", as: "@near" }]')], RENAMED],
    ['a directive that takes the name of a harmless one', [linked('import: [{ name: "@override", as: "@shareable" }]')], RENAMED],
    [
      'a specification that is not of the federation',
      [noise('extend schema @link(url: "https://example.org/federation/v2.9")')],
      'only the federation specification is linked',
    ],
    ['a directive that nobody knows', [fire('no: String @show @disclose(class: OPEN)')], '@show is no directive that the hub knows'],
    ['a directive of its own', [noise('directive @show on FIELD_DEFINITION')], '@show may not be defined by a subgraph'],
    [
      'a field that reads others under the full name of the directive',
      [fire('no: String @federation__requires(fields: "subject { id }") @disclose(class: OPEN)')],
      'FireCheck.no may not read or take over fields of other subgraphs',
    ],
    [
      'an argument that is filled from what stands above',
      [fire('no(of: ID @fromContext(field: "$above { id }")): String @disclose(class: OPEN)')],
      'FireCheck.no may not read or take over fields of other subgraphs',
    ],
    [
      'a field taken over from another subgraph',
      [fire('no: String @override(from: "noise") @disclose(class: OPEN)')],
      'FireCheck.no may not read or take over fields of other subgraphs',
    ],
    [
      'a field that brings others along',
      [{ name: 'changes', typeDefs: parse('type Query { record(id: ID!): Record @provides(fields: "remark") }') }],
      'Query.record may not read or take over fields of other subgraphs',
    ],
    [
      'a key that carries meaning',
      [noise('type NoiseGrade @key(fields: "id") @key(fields: "no") { id: ID! }')],
      'the key of NoiseGrade has to be its id and nothing else',
    ],
    [
      'a key of more than the id',
      [noise('type NoiseGrade @key(fields: "id no") { id: ID! }')],
      'the key of NoiseGrade has to be its id and nothing else',
    ],
    [
      'a record of another class than the catalogue says',
      [fire('no: String @disclose(class: SHARED)')],
      'FireCheck.no is disclosed otherwise than the catalogue says',
    ],
    [
      'a record that is masked otherwise than the catalogue says',
      [fire('no: String @disclose(class: OPEN, mask: TEXT)')],
      'FireCheck.no is disclosed otherwise than the catalogue says',
    ],
    ['a field of a record without its class', [fire('no: String')], 'FireCheck.no has no @disclose'],
    [
      'a field of a record that cannot be null',
      [fire('no: String! @disclose(class: OPEN)')],
      'FireCheck.no has to be nullable: a closed field is answered with null',
    ],
    [
      'a field of a record of which the catalogue knows nothing',
      [fire('secret: String @disclose(class: OPEN)')],
      'FireCheck.secret is not in the catalogue: nothing decides who may see it',
    ],
    ['an interface of its own', [noise('interface Numbered { no: String }')], 'Numbered: Record is the only interface'],
    [
      'a class on a field of the interface',
      [noise('interface Record { id: ID! remark: String @disclose(class: OPEN) }')],
      'Record.remark: the type of the row decides, not the interface',
    ],
    [
      'a union that holds a record',
      [noise('union Anything = Nothing | NoiseGrade type Nothing { id: ID! }')],
      'Anything holds NoiseGrade; what is shared is handed out as a Record',
    ],
    [
      'a root type that is extended past the list of who may ask',
      [noise('extend type Query { all: String }')],
      'Query is extended; a subgraph defines its types as a whole',
    ],
    ['a record type that is extended', [noise('extend type NoiseGrade { secret: String }')], 'NoiseGrade is extended'],
    [
      'a record type of another subgraph',
      [fire(''), noise('type FireCheck { id: ID! no: String @disclose(class: OPEN) }')],
      'FireCheck is defined by several subgraphs; a type belongs to one',
    ],
    ['a root type under another name', [noise('schema { query: Questions } type Questions { all: String }')], 'the root types may not go'],
  ])('refuses %s', (_what, subgraphs, message) => {
    expect(faultsOf(subgraphs)).toContain(message);
  });

  it.each([
    ['more closed', 'SOURCE_ONLY'],
    ['more open', 'OPEN'],
  ])('lets a record make a field that every record has %s: its own class decides, on the interface too', (_how, clazz) => {
    expect(faultsOf(...redeclaring(`"备注" remark: String @item(role: REMARK) @disclose(class: ${clazz})`))).toBe('');
  });

  it('refuses a field of another type than on the interface', () => {
    expect(faultsOf(...redeclaring('"备注" remark: Int @item @disclose(class: HANDLING)'))).toBe(
      'FireCheck.remark has to be String, as in every record',
    );
  });

  it('names every fault at once, with file and line', () => {
    const text = 'interface Numbered { no: String }\nextend type Query { all: String }\ntype NoiseGrade @key(fields: "no") {\n  id: ID!\n}';
    expect(faultsOf([noise(text), fire('no: String')])).toBe(
      [
        'the key of NoiseGrade has to be its id and nothing else',
        'Numbered: Record is the only interface',
        'Query is extended; a subgraph defines its types as a whole',
        'FireCheck.no has no @disclose',
      ].join('\n'),
    );
    expect(() => lintGraph([noise(text)], catalogue)).toThrow(/^noise.graphql:3:6 .*\nnoise.graphql:1:11 .*\nnoise.graphql:2:13 .*$/);
  });
});

describe('compilePolicy', () => {
  it('refuses every root field of which nothing says who may ask, with file and line', () => {
    const text =
      'type Query {\n  fireChecks: [FireCheck!] @allow(audiences: [PUBLIC])\n  all: [FireCheck!]\n}\ntype Mutation {\n  burn: ID\n}';
    expect(() => compilePolicy([noise(text)], catalogue)).toThrow(
      /^noise.graphql:3:3 Query.all has no @allow\nnoise.graphql:6:3 Mutation.burn has no @allow$/,
    );
  });
});
