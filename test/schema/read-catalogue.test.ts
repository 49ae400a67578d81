import { describe, expect, it } from '@jest/globals';
import { CatalogueError } from '../../schema/fault.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';

const HEAD =
  '@recordType(code: "NOISE", field: "noiseGrades", section: EVALUATION, share: EVALUATION, nature: OTHER, identity: ["gradeNo"])';
const grade = (fields: string, rest = '', head = HEAD) =>
  `"噪声等级"\ntype NoiseGrade ${head} {\n"等级编号"\ngradeNo: String @item(headings: ["等级编号"], required: true) @disclose(class: OPEN)\n${fields}\n}\n${rest}`;

function faultsOf(...texts: readonly string[]): readonly string[] {
  try {
    readCatalogue(texts.map((text, index) => ({ subgraph: `department${index}`, path: `departments/noise${index}.graphql`, text })));
    return [];
  } catch (error) {
    if (!(error instanceof CatalogueError)) throw error;
    return error.faults.map(({ path, line, message }) => `${path}:${line} ${message}`);
  }
}

describe('readCatalogue', () => {
  it('reads a record type with its envelope from one file', () => {
    const { types } = readCatalogue([{ subgraph: 'noise', path: 'departments/noise.graphql', text: grade('') }]);
    expect(types).toMatchObject([
      {
        name: 'NoiseGrade',
        code: 'NOISE',
        field: 'noiseGrades',
        collection: 'noise-grade',
        label: '噪声等级',
        subgraph: 'noise',
        submit: true,
      },
    ]);
    expect(types[0]?.items.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['gradeNo', 'sourceDeptUscc', 'decisionDate', 'secretMark', 'remark']),
    );
  });

  it('lets a field of the type take the role of one of the envelope', () => {
    const [type] = readCatalogue([
      {
        subgraph: 'noise',
        path: 'n',
        text: grade('"评定日"\nratedOn: Date @item(headings: ["评定日"], role: DECISION_DATE) @disclose(class: OPEN)'),
      },
    ]).types;
    expect(type?.items.filter(({ role }) => role === 'DECISION_DATE').map(({ name }) => name)).toEqual(['ratedOn']);
  });

  it.each([
    ['an unmarked field', grade('"分值"\nscore: Int @item'), 'NoiseGrade.score has no @disclose'],
    [
      'a field that is not nullable',
      grade('"分值"\nscore: Int! @item @disclose(class: OPEN)'),
      'NoiseGrade.score has to be nullable: a closed field is answered with null',
    ],
    [
      'an unmarked field of a value type',
      grade('"点位"\npoints: [Point!] @item @disclose(class: OPEN)', 'type Point { "点" name: String }'),
      'Point.name has no @disclose',
    ],
    [
      'a name of a category that may not be collected',
      grade('"血型"\nbloodType: String @item @disclose(class: SOURCE_ONLY)'),
      'NoiseGrade.bloodType names a category that may not be collected',
    ],
    [
      'an encrypted field that can be filtered',
      grade('"号"\nno: String @item(encrypted: true, filter: true) @disclose(class: OPEN)'),
      'NoiseGrade.no is encrypted and can be neither filtered nor ordered',
    ],
    [
      'a scrubbed field that can be ordered',
      grade('"事实"\nfacts: String @item(order: true) @disclose(class: OPEN, scrub: true)'),
      'NoiseGrade.facts is scrubbed and can be neither filtered nor ordered',
    ],
    [
      'a masked field that can be filtered',
      grade('"电话"\nphone: String @item(filter: true) @disclose(class: OPEN_MASKED, mask: PHONE)'),
      'NoiseGrade.phone is masked and can be neither filtered nor ordered',
    ],
    ['a mask on a number', grade('"分值"\nscore: Int @item @disclose(class: OPEN, mask: ID)'), 'NoiseGrade.score: a mask fits text only'],
    [
      'a filter on the name of a person',
      grade('"姓名"\nname: String @item(role: SUBJECT_NAME, filter: true) @disclose(class: OPEN)'),
      'NoiseGrade.name may name a person and can be neither filtered nor ordered',
    ],
    [
      'a state without its place in the gate',
      grade('"状态"\nstate: S @item(role: STATE) @disclose(class: OPEN)', 'enum S { A @state(status: PUBLISHED) B }'),
      'NoiseGrade.state: the state B has no @state',
    ],
    [
      'a class that does not exist',
      grade('"分值"\nscore: Int @item @disclose(class: PUBLIC)'),
      '@disclose(class:) is no disclosure__Class!',
    ],
    ['a directive that does not exist', grade('"分值"\nscore: Int @show @disclose(class: OPEN)'), 'there is no directive @show'],
    [
      'an argument that does not exist',
      grade('"分值"\nscore: Int @disclose(class: OPEN, audience: PUBLIC)'),
      '@disclose has no argument audience',
    ],
    ['a directive in the wrong place', grade('', 'enum S { A @disclose(class: OPEN) }'), '@disclose may not stand here'],
    ['an unknown type', grade('"分值"\nscore: Points @item @disclose(class: OPEN)'), 'NoiseGrade.score has the unknown type Points'],
    ['a root type of its own', `${grade('')} type Query { "x" all: String @disclose(class: OPEN) }`, "Query is a name of the hub's own"],
    [
      'a Subject of its own',
      `${grade('')} type Subject { "x" secret: String @disclose(class: OPEN) }`,
      "Subject is a name of the hub's own",
    ],
    [
      'a second federation link',
      `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])\n${grade('')}`,
      'a department file holds object types and enums only',
    ],
    [
      'a directive of its own',
      `directive @disclose2 on FIELD_DEFINITION\n${grade('')}`,
      'a department file holds object types and enums only',
    ],
    ['an identity that names no field', grade('', '', HEAD.replace('gradeNo', 'number')), 'NoiseGrade: there is no field number'],
    [
      'a type that is neither shared nor a value',
      grade('', 'type Stray { "x" y: String @disclose(class: OPEN) }'),
      'Stray has neither @recordType nor @catalogueType and is the value of no field',
    ],
    [
      'a publicity of persons without its basis',
      grade('', '', HEAD.replace('share:', 'publicForIndividuals: BY_LAW, share:')),
      'NoiseGrade: a publicity of individuals by law or with consent needs a field with the role PUBLICITY_BASIS',
    ],
  ])('refuses %s', (_what, text, message) => {
    expect(faultsOf(text).join('\n')).toContain(message);
  });

  it('names every fault of every file at once, with file and line', () => {
    const faults = faultsOf(
      grade('"分值"\nscore: Int @item'),
      grade('"甲"\nfingerprints: String @item @disclose(class: OPEN)')
        .replaceAll('NoiseGrade', 'Other')
        .replace('NOISE', 'OTHER')
        .replace('noiseGrades', 'others'),
    );
    expect(faults).toEqual([
      'departments/noise0.graphql:6 NoiseGrade.score has no @disclose',
      'departments/noise1.graphql:6 Other.fingerprints names a category that may not be collected',
    ]);
  });

  it('names the place of a fault of syntax', () => {
    expect(faultsOf('type Broken {')).toEqual(['departments/noise0.graphql:1 Syntax Error: Expected Name, found <EOF>.']);
  });

  it('refuses two types that take the same code', () => {
    expect(faultsOf(grade(''), grade('').replaceAll('NoiseGrade', 'Other').replace('noiseGrades', 'others')).join()).toContain(
      'code NOISE is taken by NoiseGrade, Other',
    );
  });
});
