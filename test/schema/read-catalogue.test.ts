import { describe, expect, it } from '@jest/globals';
import { CatalogueError } from '../../schema/fault.ts';
import { readCatalogue } from '../../schema/read-catalogue.ts';

const HEAD =
  '@recordType(code: "NOISE", field: "noiseGrades", section: EVALUATION, share: EVALUATION, nature: OTHER, identity: ["gradeNo"])';
const grade = (fields: string, rest = '', head = HEAD) =>
  `"噪声等级"\ntype NoiseGrade ${head} {\n"等级编号"\ngradeNo: String @item(headings: ["等级编号"], required: true) @disclose(class: OPEN)\n${fields}\n}\n${rest}`;

/** The same under another name, code and field. */
const other = (text: string) => text.replaceAll('NoiseGrade', 'Other').replace('NOISE', 'OTHER').replace('noiseGrades', 'others');

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
      'a field that takes arguments',
      grade('"分值"\nscore(at: Date): Int @item @disclose(class: OPEN)'),
      'NoiseGrade.score takes arguments: a record is what was submitted, whoever asks',
    ],
    [
      'a type that implements something',
      grade('').replace('type NoiseGrade', 'type NoiseGrade implements Record'),
      'NoiseGrade may not implement Record: the hub makes every record a Record',
    ],
    [
      'a value type that implements something',
      grade(
        '"点位"\npoints: [Point!] @item @disclose(class: OPEN)',
        'type Point implements Record { "点" name: String @disclose(class: OPEN) }',
      ),
      'Point may not implement Record: the hub makes every record a Record',
    ],
    [
      'a field declared twice, each time otherwise',
      grade('"分值"\nscore: Int @item @disclose(class: SOURCE_ONLY)\n"分值"\nscore: Int @item @disclose(class: OPEN)'),
      'NoiseGrade.score is declared twice',
    ],
    ['an id of its own', grade('"标识"\nid: ID @disclose(class: OPEN)'), 'NoiseGrade.id is a field that the hub gives'],
    [
      'a subject of its own',
      grade('"主体"\nsubject: String @item @disclose(class: OPEN)'),
      'NoiseGrade.subject is a field that the hub gives',
    ],
    ['a name like those of introspection', grade('"类型"\n__typename: String @disclose(class: OPEN)'), "are not a department's"],
    [
      'a value type of the envelope, written anew and more open',
      grade(
        '"文书"\nrefs: [EvidenceRef!] @item @disclose(class: OPEN)',
        '"依据文书" type EvidenceRef { "文件标识" fileId: ID @item @disclose(class: OPEN) }',
      ),
      "EvidenceRef is a name of the hub's own",
    ],
    [
      'an envelope of its own',
      grade('', 'type RecordEnvelope { "备注" remark: String @disclose(class: OPEN) }'),
      "RecordEnvelope is a name of the hub's own",
    ],
    ['an enum of the envelope, written anew', grade('', 'enum SecretMark { NONE }'), "SecretMark is a name of the hub's own"],
    [
      'an enum of the directives, written anew',
      grade('', 'enum disclosure__Class { OPEN }'),
      "disclosure__Class is a name of the hub's own",
    ],
    ['a scalar of the hub, written anew', grade('', 'enum Date { TODAY }'), "Date is a name of the hub's own"],
    ['an enum defined twice', grade('', 'enum S { A } enum S { B }'), 'S is defined twice'],
    [
      'a masked state that can be filtered',
      grade('"电话"\nphone: String @item(filter: true) @disclose(class: OPEN, inState: [{state: "A", class: OPEN_MASKED}], mask: PHONE)'),
      'NoiseGrade.phone is masked and can be neither filtered nor ordered',
    ],
    [
      'a field masked for persons that can be ordered',
      grade('"地址"\naddress: String @item(order: true) @disclose(class: OPEN, individual: OPEN_MASKED, mask: ADDR)'),
      'NoiseGrade.address is masked and can be neither filtered nor ordered',
    ],
    [
      'an identity number under the mask of something else',
      grade('"证件号码"\nnumber: CitizenIdNumber @item @disclose(class: SHARED_BY_DUTY, mask: PHONE)'),
      'NoiseGrade.number: an identity number is masked as ID',
    ],
    [
      'a scrub of what is no text',
      grade('"分值"\nscore: Int @item @disclose(class: OPEN, scrub: true)'),
      'NoiseGrade.score: a mask fits text only',
    ],
    [
      'a state that is any text',
      grade('"状态"\nstate: String @item(role: STATE) @disclose(class: OPEN)'),
      'NoiseGrade.state: a state is one value of an enum',
    ],
    [
      'a class in a state that does not exist',
      grade('"分值"\nscore: Int @item @disclose(class: OPEN, inState: [{state: "GONE", class: SOURCE_ONLY}])'),
      'NoiseGrade: score speaks of the unknown state GONE',
    ],
    [
      'a directive twice, the second more open',
      grade('"分值"\nscore: Int @item @disclose(class: SOURCE_ONLY) @disclose(class: OPEN)'),
      '@disclose stands twice',
    ],
    [
      'a label that writes SDL',
      grade('').replace('"噪声等级"', '"""噪声" type Query { leak: String } "级"""'),
      'NoiseGrade: a label is one line without quotation marks or backslashes',
    ],
    [
      'a field name that writes SDL',
      grade('', '', HEAD.replace('"noiseGrades"', '"x: String } type Mutation { y"')),
      "NoiseGrade: a field's name begins with a small letter, and letters and digits follow",
    ],
    ['a code that is none', grade('', '', HEAD.replace('"NOISE"', '"noise-1"')), 'NoiseGrade: a code is capital letters and underscores'],
    [
      'an extension of a type of others',
      `${grade('')}\nextend type AdministrativePenalty { "备注" note: String @disclose(class: OPEN) }`,
      'a department file holds object types and enums only',
    ],
    ['an interface of its own', `${grade('')}\ninterface Shared { id: ID! }`, 'a department file holds object types and enums only'],
    ['a union of its own', `${grade('')}\nunion Any = NoiseGrade`, 'a department file holds object types and enums only'],
    [
      'a publicity of persons without its basis',
      grade('', '', HEAD.replace('share:', 'publicForIndividuals: BY_LAW, share:')),
      'NoiseGrade: a publicity of individuals by law or with consent needs a field with the role PUBLICITY_BASIS',
    ],
  ])('refuses %s', (_what, text, message) => {
    expect(faultsOf(text).join('\n')).toContain(message);
  });

  it('names every fault of every file at once, with file and line', () => {
    const faults = faultsOf(grade('"分值"\nscore: Int @item'), other(grade('"甲"\nfingerprints: String @item @disclose(class: OPEN)')));
    expect(faults).toEqual([
      'departments/noise0.graphql:6 NoiseGrade.score has no @disclose',
      'departments/noise1.graphql:6 Other.fingerprints names a category that may not be collected',
    ]);
  });

  it.each([
    'religiousBelief',
    'genes',
    'geneticData',
    'genome',
    'dnaProfile',
    'fingerprints',
    'bloodGroup',
    'medicalHistory',
    'diseaseHistory',
  ])('refuses %s, which may not be collected', (name) => {
    expect(faultsOf(grade(`"栏目"\n${name}: String @item @disclose(class: SOURCE_ONLY)`))).toEqual([
      `departments/noise0.graphql:6 NoiseGrade.${name} names a category that may not be collected`,
    ]);
  });

  it.each(['generalRemark', 'gender', 'generation', 'agencyName'])('takes %s, which only sounds like one', (name) => {
    expect(faultsOf(grade(`"栏目"\n${name}: String @item @disclose(class: OPEN)`))).toEqual([]);
  });

  it('names the line of a type whose identity, references and states lead nowhere', () => {
    const text = grade(
      '"分值"\nscore: Int @item(fallback: "mark") @disclose(class: OPEN)\n"等级"\nlevel: String @item(requiredWhen: [{field: "kind", values: ["A"]}]) @disclose(class: OPEN)',
      '',
      HEAD.replace('gradeNo', 'number'),
    );
    expect(faultsOf(`# 噪声\n${text}`)).toEqual([
      'departments/noise0.graphql:3 NoiseGrade: there is no field number',
      'departments/noise0.graphql:7 NoiseGrade: score falls back on mark, which does not exist',
      'departments/noise0.graphql:9 NoiseGrade: level is required by kind, which does not exist',
    ]);
  });

  it('names a fault of a value type once, however many fields hold it', () => {
    const text = grade(
      '"甲"\na: Point @item @disclose(class: OPEN)\n"乙"\nb: [Point!] @item @disclose(class: OPEN)',
      'type Point { "点" name: String }',
    );
    expect(faultsOf(text)).toEqual(['departments/noise0.graphql:10 Point.name has no @disclose']);
  });

  it('refuses a value type that two subgraphs define, whatever each says of its fields', () => {
    const point = (clazz: string) => `type Point { "点" name: String @item @disclose(class: ${clazz}) }`;
    const field = '"点位"\npoints: [Point!] @item @disclose(class: OPEN)';
    expect(faultsOf(grade(field, point('SOURCE_ONLY')), other(grade(field, point('OPEN'))))).toEqual([
      'departments/noise1.graphql:8 Point is defined already in departments/noise0.graphql:8',
    ]);
  });

  it('refuses an enum whose values differ between two subgraphs, and takes one that is repeated word for word', () => {
    const field = '"类别"\nkind: S @item @disclose(class: OPEN)';
    const [first, same] = [grade(field, 'enum S { A @value(severity: SERIOUS) }'), grade(field, 'enum S { A @value(severity: SERIOUS) }')];
    expect(faultsOf(first, other(same))).toEqual([]);
    expect(faultsOf(first, other(same).replace('SERIOUS', 'MINOR'))).toEqual([
      'departments/noise1.graphql:8 S differs from the one in departments/noise0.graphql:8',
    ]);
  });

  it('refuses a type that hides a field of Subject', () => {
    const subject =
      '"主体" type Subject @recordType(code: "SUBJECT", field: "subjects", section: BASIC, share: BASIC, nature: BASIC, identity: ["name"]) { "名称" name: String @disclose(class: OPEN) }';
    const files = [
      { subgraph: 'subjects', path: 'subject.graphql', text: subject },
      { subgraph: 'noise', path: 'noise.graphql', text: grade('', '', HEAD.replace('noiseGrades', 'name')) },
    ];
    expect(() => readCatalogue(files)).toThrow('noise.graphql:2:6 field name is taken by Subject');
  });

  it('names the place of a fault of syntax', () => {
    expect(faultsOf('type Broken {')).toEqual(['departments/noise0.graphql:1 Syntax Error: Expected Name, found <EOF>.']);
  });

  it('refuses two types that take the same code', () => {
    expect(faultsOf(grade(''), other(grade('')).replace('"OTHER"', '"NOISE"'))).toEqual([
      'departments/noise1.graphql:2 code NOISE is taken by NoiseGrade, Other',
    ]);
  });
});
