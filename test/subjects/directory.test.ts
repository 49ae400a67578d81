import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { openHub } from '../../cli/open-hub.ts';
import { isSealed } from '../../subgraphs/kit/sealer.ts';
import type { SubjectHandle } from '../../subgraphs/kit/subject-directory.ts';
import { COMPANY, OTHER_COMPANY, PERSON, SOLE_TRADER } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

const company: SubjectHandle = { kind: 'organisation', uscc: COMPANY, name: '茶韵食品有限公司' };
const person: SubjectHandle = { kind: 'person', idType: '身份证', ...PERSON };

describe('the subject directory', () => {
  let hub: TemporaryHub;
  beforeEach(async () => {
    hub = await openTemporaryHub('2026-11-24');
  });
  afterEach(() => hub.close());

  const idOf = async (handle: SubjectHandle) => (await hub.directory.resolve([handle], 'test'))[0]?.id ?? '';
  const subject = async (handle: SubjectHandle) => {
    const id = await idOf(handle);
    const [document] = await hub.store.read((tx) => tx.get('subject', [id]));
    if (!document) throw new Error('no subject');
    return document;
  };
  const workItems = async () =>
    (await hub.store.read((tx) => tx.find('work-item', { where: { op: 'all', of: [] }, order: [], limit: 100 }))).map(({ body }) => body);

  it('knows each by one id, in the order of the handles, however often it is asked', async () => {
    const other: SubjectHandle = { kind: 'organisation', uscc: OTHER_COMPANY, name: '他公司' };
    const first = await hub.directory.resolve([company, person, other, company], 'test');
    expect(first[0]).toEqual(first[3]);
    expect(new Set(first.map(({ id }) => id)).size).toBe(3);
    expect(await hub.directory.resolve([other, person, company], 'test')).toEqual([first[2], first[1], first[0]]);
  });

  it.each<[string, string, object]>([
    ['a company', COMPANY, { subType: 'COMPANY', kind: 'ENTERPRISE', isIndividualBusiness: false, codeStatus: 'OK', regionCode: '411502' }],
    ['an individual business', SOLE_TRADER, { subType: 'INDIVIDUAL_BUSINESS', kind: 'ENTERPRISE', isIndividualBusiness: true }],
    ['a foundation', '53411300MJ0TE5T94W', { subType: 'FOUNDATION', kind: 'NON_ENTERPRISE_ORG', regionCode: '411300' }],
    ['a legal code with a failing check digit', '91350100M0001TGQXM', { codeStatus: 'CHECK_FAILED', kind: 'ENTERPRISE' }],
  ])('reads from the code of %s what it is', async (_what, uscc, body) => {
    expect((await subject({ kind: 'organisation', uscc, name: '名称' })).body).toMatchObject(body);
  });

  it('keeps a new organisation closed until an open row names it, then keeps it open', async () => {
    expect((await subject(company)).gate).toMatchObject({
      status: 'NOT_PUBLIC',
      subjectId: await idOf(company),
      share: 'BASIC',
      section: 'BASIC',
      nature: 'BASIC',
      sourceOrg: null,
      publishedFrom: '2026-11-24',
      publishedUntil: null,
      exception: 'NONE',
      severity: 'NA',
    });
    const naming = { subjectId: await idOf(company), facts: { name: '茶韵食品有限公司', fields: { legalRepName: '吴强' } } };
    await hub.directory.named([naming, naming], 'test');
    expect(await subject(company)).toMatchObject({ version: 2, gate: { status: 'PUBLISHED' }, body: { legalRepName: '吴强' } });
    await hub.directory.named([{ ...naming, facts: { name: '茶韵食品有限公司', fields: { legalRepName: '后任' } } }], 'test');
    expect(await subject(company)).toMatchObject({ version: 2, body: { legalRepName: '吴强' } });
  });

  it('never opens a person', async () => {
    await hub.directory.named([{ subjectId: await idOf(person), facts: { name: PERSON.name, fields: {} } }], 'test');
    expect((await subject(person)).gate).toMatchObject({ subjectKind: 'INDIVIDUAL', status: 'NOT_PUBLIC' });
  });

  it("seals a person's number and finds it again in any spelling", async () => {
    const { idNumber } = (await subject(person)).body;
    expect(isSealed(idNumber) && hub.sealer.open(idNumber)).toBe(PERSON.idNumber);
    const spellings: SubjectHandle[] = [
      { ...person, idNumber: ' 411599 19670627 5684 ' },
      { ...person, idType: '' },
      { ...person, idNumber: '４１１５９９１９６７０６２７５６８４' },
    ];
    expect((await hub.directory.resolve(spellings, 'test')).map(({ id }) => id)).toEqual(spellings.map(() => expect.any(String)));
    expect(new Set((await hub.directory.resolve([person, ...spellings], 'test')).map(({ id }) => id)).size).toBe(1);
  });

  it('takes the old fifteen digits for the same person', async () => {
    expect(await idOf({ ...person, idNumber: '411599670627568' })).toBe(await idOf({ ...person, idNumber: '411599196706275684' }));
  });

  it('tells certificates of different types with one number apart', async () => {
    const passport: SubjectHandle = { kind: 'person', idType: '护照号', idNumber: 'E12345678', name: '约翰' };
    expect(await idOf(passport)).not.toBe(await idOf({ ...passport, idType: '港澳居民来往内地通行证' }));
    expect(await idOf(passport)).toBe(await idOf({ ...passport, idNumber: 'e1234 5678' }));
  });

  it('lets the number decide, and puts another name on the work-list once', async () => {
    const id = await idOf(person);
    for (let time = 0; time < 3; time++) expect(await idOf({ ...person, name: '陈英玮' })).toBe(id);
    expect(await workItems()).toEqual([
      expect.objectContaining({ kind: 'NAME_DIFFERS', subjectId: id, name: '陈英玮', openedOn: '2026-11-24' }),
    ]);
    expect((await subject(person)).body.name).toBe(PERSON.name);
  });

  it('puts a code with a failing check digit on the work-list once', async () => {
    const failing: SubjectHandle = { kind: 'organisation', uscc: '91350100M0001TGQXM', name: '名称' };
    const id = await idOf(failing);
    await idOf(failing);
    expect(await workItems()).toEqual([expect.objectContaining({ kind: 'CODE_CHECK_FAILED', subjectId: id })]);
  });

  it('does not take another spelling of the brackets for another name', async () => {
    await idOf({ ...company, name: '茶韵（河南）食品有限公司' });
    await idOf({ ...company, name: '茶韵(河南) 食品有限公司' });
    expect(await workItems()).toEqual([]);
  });

  it('finds without creating', async () => {
    expect(await hub.directory.find(company)).toBeUndefined();
    const id = await idOf(company);
    expect(await hub.directory.find({ ...company, uscc: COMPANY.toLowerCase() })).toEqual({ id, kind: 'ENTERPRISE', uscc: COMPANY });
    expect(await hub.directory.byId(id)).toEqual({ id, kind: 'ENTERPRISE', uscc: COMPANY });
    expect(await hub.directory.byId('unknown')).toBeUndefined();
  });

  it('ends with one subject when two processes meet it at once', async () => {
    const other = await openHub({ dataDir: hub.dataDir, clock: hub.clock, env: {} });
    try {
      const handles: SubjectHandle[] = Array.from({ length: 30 }, (_handle, index) => ({
        kind: 'person',
        idType: '护照号',
        idNumber: `E${index}`,
        name: '约翰',
      }));
      const [one, two] = await Promise.all([hub.directory.resolve(handles, 'test'), other.directory.resolve(handles, 'test')]);
      expect(one).toEqual(two);
      expect(await hub.store.read((tx) => tx.count('subject', { op: 'all', of: [] }))).toBe(30);
    } finally {
      await other.close();
    }
  });
});
