import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { openHub } from '../../cli/open-hub.ts';
import type { Gate } from '../../schema/gate.ts';
import { usccCheckDigit } from '../../schema/uscc.ts';
import type { Document } from '../../store/port.ts';
import { putRecords } from '../../subgraphs/kit/record-engine/write-records.ts';
import { isSealed } from '../../subgraphs/kit/sealer.ts';
import { COMPANY, HOUSING, MARKET, OTHER_COMPANY, PERSON, penalty, personalPenalty, SOLE_TRADER, TAX } from '../support/fixtures.ts';
import { openTemporaryHub, type TemporaryHub } from '../support/temporary-hub.ts';

const licence = {
  counterpartName: '茶韵食品有限公司',
  counterpartType: 'LEGAL_AND_UNINCORPORATED',
  uscc: COMPANY,
  legalRepName: '吴强',
  documentName: '食品经营许可决定书',
  documentNo: '许1',
  licenseCategory: 'ORDINARY',
  content: '食品销售',
  decisionDate: '2026-09-01',
  validFrom: '2026-09-01',
  validTo: '2031-09-01',
  authority: '浉河区市场监督管理局',
  authorityUscc: MARKET,
  licenseStatus: 'VALID',
  sourceDeptUscc: MARKET,
} as const;

describe('the record engine', () => {
  let hub: TemporaryHub;
  beforeEach(async () => {
    hub = await openTemporaryHub('2026-11-24');
  });
  afterEach(() => hub.close());

  const submitted = async (...rows: readonly Readonly<Record<string, unknown>>[]) => {
    const outcomes = await hub.submit('PENALTY', rows);
    return outcomes.map(({ outcome, notices }) => [outcome, ...notices.map(({ code }) => code)].join(' '));
  };
  const accepted = async (row: Readonly<Record<string, unknown>> = penalty(), code = 'PENALTY'): Promise<Document> => {
    const [outcome] = await hub.submit(code, [row]);
    if (outcome?.outcome !== 'accepted') throw new Error(JSON.stringify(outcome));
    return hub.recordOf(code, outcome.id);
  };
  const present = ({ key }: Document, code = 'PENALTY') => hub.recordOf(code, key);
  const indexed = async ({ key }: Document) => (await hub.store.read((tx) => tx.get('record-index', [key])))[0];
  /** As a service of the hub moves a record on. */
  const setGate = async ({ key }: Document, changes: Partial<Gate>) => {
    const type = hub.typeOf('PENALTY');
    await hub.store.write(
      async (tx) => {
        const [record] = await tx.get(type.collection, [key]);
        if (!record?.gate) throw new Error('no record');
        await putRecords(
          tx,
          type,
          [{ key, body: record.body, expected: record.version, gate: { ...record.gate, ...changes }, columns: record.columns }],
          '2026-11-24',
        );
      },
      { actor: 'test' },
    );
  };

  describe('judges a row by what stands', () => {
    it('accepts it once, then leaves it unchanged', async () => {
      expect(await submitted(penalty())).toEqual(['accepted']);
      expect(await submitted(penalty(), penalty())).toEqual(['unchanged', 'unchanged']);
    });

    it('takes rows of one batch one after the other', async () => {
      expect(
        await submitted(penalty(), penalty(), penalty({ content: '罚款3万元' }), penalty(), penalty({ documentNo: '另一号' })),
      ).toEqual(['accepted', 'unchanged', 'updated', 'unchanged OLDER_VERSION', 'accepted']);
    });

    it('keeps every earlier version', async () => {
      const record = await accepted();
      await submitted(penalty({ content: '罚款3万元' }));
      const versions = await hub.store.read((tx) => tx.versions('administrative-penalty', record.key));
      expect(versions.map(({ version, body }) => [version, body.content])).toEqual([
        [1, '罚款2.5万元'],
        [2, '罚款3万元'],
      ]);
    });

    it('gives the same outcomes however the rows are cut into batches', async () => {
      const row = fc.record({
        documentNo: fc.constantFrom('甲', '乙'),
        content: fc.constantFrom('一', '二', '三'),
        sourceDeptUscc: fc.constantFrom(MARKET, HOUSING),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 8 }), async (rows) => {
          const mark = String(Math.random());
          const about = (name: string) =>
            rows.map((changes) => penalty({ ...changes, documentNo: `${mark} ${name} ${changes.documentNo}` }));
          const together = await submitted(...about('together'));
          const apart: string[] = [];
          for (const one of about('apart')) apart.push(...(await submitted(one)));
          expect(together).toEqual(apart);
        }),
        { numRuns: 30 },
      );
    });

    it('takes more rows than fit into one transaction', async () => {
      const rows = Array.from({ length: 1201 }, (_row, index) => penalty({ documentNo: `第${index}号` }));
      expect(new Set(await submitted(...rows))).toEqual(new Set(['accepted']));
      expect(await hub.store.read((tx) => tx.count('administrative-penalty', { op: 'all', of: [] }))).toBe(1201);
      expect(new Set(await submitted(...rows))).toEqual(new Set(['unchanged']));
    });

    it('ends with one record when two processes submit the same row at once', async () => {
      const other = await openHub({ dataDir: hub.dataDir, clock: hub.clock, env: {} });
      try {
        const rows = Array.from({ length: 50 }, (_row, index) => ({
          row: index + 1,
          values: penalty({ documentNo: `第${index}号`, uscc: index % 2 === 0 ? COMPANY : OTHER_COMPANY }),
        }));
        const origin = { actor: 'test', mode: 'MANUAL', viaToken: false } as const;
        const both = await Promise.all([hub, other].map(({ engine }) => engine.submit(hub.typeOf('PENALTY'), rows, origin)));
        expect(both.flat().filter(({ outcome }) => outcome === 'accepted')).toHaveLength(50);
        expect(both.flat().filter(({ outcome }) => outcome === 'unchanged')).toHaveLength(50);
        expect(await hub.store.read((tx) => tx.count('subject', { op: 'all', of: [] }))).toBe(2);
      } finally {
        await other.close();
      }
    });
  });

  describe('tells sources apart', () => {
    it("lets a second source's record of the same act wait, and leaves the first one's as it is", async () => {
      const first = await accepted();
      const second = await accepted(penalty({ sourceDeptUscc: HOUSING, content: '另一说法' }));
      expect(second.key).not.toBe(first.key);
      expect(second.gate?.status).toBe('VALIDATED');
      expect(await present(first)).toEqual(first);
    });

    it('keeps the first published and the second waiting when they are updated', async () => {
      const first = await accepted();
      const second = await accepted(penalty({ sourceDeptUscc: HOUSING }));
      expect(await submitted(penalty({ content: '改' }), penalty({ sourceDeptUscc: HOUSING, content: '改' }))).toEqual([
        'updated',
        'updated',
      ]);
      expect([(await present(first)).gate?.status, (await present(second)).gate?.status]).toEqual(['PUBLISHED', 'VALIDATED']);
    });

    it('finds the record of each again, however many tell of one act', async () => {
      const rows = Array.from({ length: 60 }, (_, n) => {
        const body = `11411502MA${String(n).padStart(7, '0')}`;
        return penalty({ sourceDeptUscc: body + (usccCheckDigit(body) ?? '') });
      });
      expect(await submitted(...rows)).toEqual(rows.map(() => 'accepted'));
      expect(await submitted(...rows)).toEqual(rows.map(() => 'unchanged'));
    });

    it('says that a document stands already in a record about somebody else, to its own source only', async () => {
      await accepted();
      expect(await submitted(penalty({ uscc: OTHER_COMPANY }))).toEqual(['accepted SAME_DOCUMENT_OTHER_SUBJECT']);
      expect(await submitted(penalty({ uscc: SOLE_TRADER, counterpartType: 'INDIVIDUAL_BUSINESS', sourceDeptUscc: HOUSING }))).toEqual([
        'accepted',
      ]);
    });

    it('takes the source of the whole file where a row has none, and refuses a row that contradicts it', async () => {
      const outcomes = await hub.submit('PENALTY', [penalty({ sourceDeptUscc: undefined }), penalty({ sourceDeptUscc: HOUSING })], {
        source: TAX,
      });
      expect(outcomes.map(({ outcome, reasons }) => [outcome, ...reasons.map(({ code }) => code)])).toEqual([
        ['accepted'],
        ['rejected', 'SOURCE_DIFFERS'],
      ]);
      const record = await hub.recordOf('PENALTY', outcomes[0]?.id);
      expect([record.gate?.sourceOrg, record.body.sourceDeptUscc]).toEqual([TAX, TAX]);
    });
  });

  describe('on an update', () => {
    it.each<[string, Partial<Gate>]>([
      ['a stop', { stopped: 'REPAIRED' }],
      ['a withdrawal', { stopped: 'WITHDRAWN' }],
      ['an objection', { objection: true }],
      ['a draft', { draft: 'AFTER_NOTICE' }],
      ['a secrecy', { secrecy: 'PERSONAL_PRIVACY' }],
      ['a hold by a list', { heldByBlack: true }],
    ])('never clears %s', async (_what, set) => {
      const record = await accepted();
      await setGate(record, set);
      const [outcome] = await submitted(penalty({ content: '改' }));
      expect(outcome).toBe(set.stopped ? 'updated STOPPED_RECORD' : 'updated');
      expect((await present(record)).gate).toMatchObject(set);
      expect((await indexed(record))?.gate).toEqual((await present(record)).gate);
    });

    it('tightens the secrecy and never loosens it', async () => {
      const record = await accepted();
      await submitted(penalty({ secretMark: 'NOT_TO_DISCLOSE' }));
      expect((await present(record)).gate).toMatchObject({ secrecy: 'NOT_TO_DISCLOSE', status: 'NOT_PUBLIC' });
      await submitted(penalty({ secretMark: 'NONE', content: '改' }));
      expect(await present(record)).toMatchObject({ gate: { secrecy: 'NOT_TO_DISCLOSE' }, body: { secretMark: 'NOT_TO_DISCLOSE' } });
    });

    it('keeps what the hub itself put into the record', async () => {
      const record = await accepted(licence, 'LICENSE');
      const type = hub.typeOf('LICENSE');
      await hub.store.write(
        (tx) =>
          tx.put(type.collection, record.key, {
            body: { ...record.body, commitmentId: 'c1', $note: 'own' },
            expected: 1,
            gate: record.gate,
            columns: record.columns,
          }),
        { actor: 'test' },
      );
      await hub.submit('LICENSE', [{ ...licence, content: '改' }]);
      expect((await present(record, 'LICENSE')).body).toMatchObject({ commitmentId: 'c1', $note: 'own', content: '改' });
    });
  });

  describe('keeps', () => {
    it('no identity number in the clear anywhere in the store, neither in its own field nor in a code column', async () => {
      const record = await accepted(personalPenalty());
      const person = record.body.personIdNumber;
      expect(isSealed(person) && hub.sealer.open(person)).toBe(PERSON.idNumber);
      const grade = {
        taxpayerName: '陈记',
        taxpayerId: PERSON.idNumber,
        uscc: SOLE_TRADER,
        ratingYear: 2025,
        level: 'A',
        ratedOn: '2026-04-01',
      };
      await accepted({ ...grade, ratingAuthority: '税务局', sourceDeptUscc: TAX }, 'TAX_CREDIT');
      await accepted(penalty({ documentNo: PERSON.idNumber, legalRepIdNumber: PERSON.idNumber }));
      await hub.effects.settle();
      const files = readdirSync(hub.dataDir).filter((name) => name.startsWith('hub.sqlite'));
      expect(files.filter((name) => readFileSync(join(hub.dataDir, name)).includes(PERSON.idNumber))).toEqual([]);
    });

    it("a person's number in a code column sealed, and out of the column it is looked up by", async () => {
      const record = await accepted(penalty({ documentNo: PERSON.idNumber }));
      expect(isSealed(record.body.documentNo)).toBe(true);
      expect(record.columns.documentNo).toBeNull();
      expect(await submitted(penalty({ documentNo: PERSON.idNumber }))).toEqual(['unchanged']);
    });

    it('free texts with the scrubbed form beside them, where it differs', async () => {
      const record = await accepted(
        penalty({ violationFacts: '联系电话13900000000', content: '罚款', basis: `见身份证${PERSON.idNumber}` }),
      );
      expect(record.body.$scrubbed).toEqual({ violationFacts: '联系电话139****0000', basis: '见身份证411599********5684' });
    });

    it('the facts that it computes', async () => {
      const { body, gate } = await accepted(
        penalty({ decisionDate: '2026-09-30', regionCode: undefined, sourceDeptName: undefined }),
        'PENALTY',
      );
      expect(body).toMatchObject({
        publishDueOn: '2026-10-15',
        publicityMinEndOn: '2026-12-30',
        submissionMode: 'MANUAL',
        infoOrigin: 'PUBLIC_CREDIT',
        regionCode: '411502',
        submittedAt: '2026-11-24T04:00:00.000Z',
        publishedAt: '2026-11-24T04:00:00.000Z',
      });
      expect(body.$hashes).toEqual([body.contentHash]);
      expect(gate?.publishedUntil).toBe('2027-09-30');
      expect(body).not.toHaveProperty('sourceDeptName');
    });

    it('"without end" apart from "not given"', async () => {
      const record = await accepted({ ...licence, validTo: '2099/12/31' }, 'LICENSE');
      expect(record.body).toMatchObject({ isLongTerm: true });
      expect(record.body).not.toHaveProperty('validTo');
      const [again] = await hub.submit('LICENSE', [{ ...licence, validTo: '2099-12-31' }]);
      expect(again?.outcome).toBe('unchanged');
      const [ended] = await hub.submit('LICENSE', [licence]);
      expect([ended?.outcome, (await present(record, 'LICENSE')).body.isLongTerm]).toEqual(['updated', false]);
    });

    it('the index entry in step with the record', async () => {
      const record = await accepted();
      expect(await indexed(record)).toMatchObject({
        body: { recordType: 'PENALTY' },
        gate: record.gate,
        columns: { recordType: 'PENALTY' },
      });
    });
  });

  describe('corrects', () => {
    const correct = (record: Document, fields: Readonly<Record<string, unknown>>, expectedVersion?: number) =>
      hub.engine.correct(hub.typeOf('PENALTY'), { id: record.key, fields, reason: '更正笔误', expectedVersion, actor: 'test' });

    it('fields, in one version that says so, and stays published', async () => {
      const record = await accepted();
      const corrected = await correct(record, { penaltyTypes: ['ORDER_CLOSE'], fineAmountWan: null, violationFacts: '电话13911111111' });
      expect(corrected).toMatchObject({
        version: 2,
        body: {
          dataStatus: 'CORRECTED',
          changeReason: '更正笔误',
          $scrubbed: { violationFacts: '电话139****1111' },
          submittedAt: record.body.submittedAt,
        },
        gate: { status: 'PUBLISHED', severity: 'SERIOUS', publishedUntil: '2029-09-01' },
      });
      expect(corrected.body).not.toHaveProperty('fineAmountWan');
      expect((await indexed(record))?.gate).toEqual(corrected.gate);
      expect(isSealed(corrected.body.legalRepIdNumber) && hub.sealer.open(corrected.body.legalRepIdNumber)).toBe('411599197710058716');
    });

    it('so that the old row changes nothing any more, and the corrected one neither', async () => {
      const record = await accepted();
      await correct(record, { content: '罚款3万元' });
      expect(await submitted(penalty(), penalty({ content: '罚款3万元' }))).toEqual(['unchanged OLDER_VERSION', 'unchanged']);
    });

    it('the secrecy, which a submission cannot loosen', async () => {
      const record = await accepted(penalty({ secretMark: 'TRADE_SECRET' }));
      expect((await correct(record, { secretMark: 'NONE' })).gate).toMatchObject({ secrecy: 'NONE', status: 'PUBLISHED' });
    });

    it.each([
      ['part of the identity', { documentNo: '2' }],
      ['the subject', { counterpartName: '别的公司' }],
      ['the source', { sourceDeptUscc: HOUSING }],
      ['a field that there is not', { unheardOf: 1 }],
      ['a field that the hub computes', { contentHash: 'x' }],
      ['a value that does not fit', { decisionDate: '2026-02-30' }],
      ['a required field with nothing', { basis: null }],
      ['nothing', {}],
    ])('never %s', async (_what, fields) => {
      const record = await accepted();
      await expect(correct(record, fields)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
      expect(await present(record)).toEqual(record);
    });

    it('only the version that was seen', async () => {
      const record = await accepted();
      await submitted(penalty({ content: '改' }));
      await expect(correct(record, { content: '又改' }, 1)).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('nothing that has been stopped, and nothing that is not there', async () => {
      const record = await accepted();
      await setGate(record, { stopped: 'REPAIRED' });
      await expect(correct(record, { content: '改' })).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
      await expect(correct({ ...record, key: 'unknown' }, { content: '改' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    });

    it('and leaves an objection, a hold and a draft as they are', async () => {
      const record = await accepted();
      await setGate(record, { objection: true, heldByBlack: true, draft: 'AFTER_NOTICE' });
      expect((await correct(record, { content: '改' })).gate).toMatchObject({ objection: true, heldByBlack: true, draft: 'AFTER_NOTICE' });
    });

    it('what only stood in for a corrected field along with it', async () => {
      const row = {
        taxpayerName: '茶韵食品有限公司',
        taxpayerId: 'T1',
        uscc: COMPANY,
        ratingYear: 2025,
        level: 'A',
        ratedOn: '2026-04-01',
        ratingAuthority: '税务局',
        sourceDeptUscc: TAX,
      };
      const record = await accepted(row, 'TAX_CREDIT');
      const corrected = await hub.engine.correct(hub.typeOf('TAX_CREDIT'), {
        id: record.key,
        fields: { ratedOn: '2026-05-01' },
        reason: '更正',
        actor: 'test',
      });
      expect(corrected).toMatchObject({
        body: { ratedOn: '2026-05-01', decisionDate: '2026-05-01' },
        columns: { decisionDate: '2026-05-01' },
        gate: { publishedFrom: '2026-05-01' },
      });
    });
  });

  describe('withdraws', () => {
    const withdraw = (record: Document, expectedVersion?: number) =>
      hub.engine.withdraw(hub.typeOf('PENALTY'), {
        id: record.key,
        documentRef: '撤1号',
        reason: '处罚决定被撤销',
        expectedVersion,
        actor: 'test',
      });

    it('every record of the act, whatever its source, and keeps its content', async () => {
      const first = await accepted();
      const second = await accepted(penalty({ sourceDeptUscc: HOUSING }));
      const other = await accepted(penalty({ documentNo: '无关' }));
      const [answered] = await withdraw(second);
      expect(answered.key).toBe(second.key);
      for (const record of [first, second]) {
        const now = await present(record);
        expect(now).toMatchObject({
          gate: { stopped: 'WITHDRAWN' },
          body: { content: '罚款2.5万元', $withdrawal: { documentRef: '撤1号', reason: '处罚决定被撤销', on: '2026-11-24' } },
        });
        expect((await indexed(record))?.gate).toEqual(now.gate);
      }
      expect(await present(other)).toEqual(other);
    });

    it.each<Gate['stopped']>(['EXPIRED', 'ARCHIVED', 'SHIELDED', 'REPAIRED', 'WRONG_IDENTITY'])('a record that is %s', async (stopped) => {
      const record = await accepted();
      await setGate(record, { stopped });
      expect((await withdraw(record))[0].gate?.stopped).toBe('WITHDRAWN');
    });

    it('nothing twice', async () => {
      const record = await accepted();
      await withdraw(record);
      await expect(withdraw(record)).rejects.toMatchObject({ code: 'INVALID_TRANSITION' });
      await expect(withdraw(record, 1)).rejects.toMatchObject({ code: 'CONFLICT' });
    });

    it('so that no other source can bring the act back', async () => {
      await withdraw(await accepted());
      expect(await submitted(penalty({ sourceDeptUscc: HOUSING }))).toEqual(['accepted STOPPED_RECORD']);
      const [found] = await hub.store.read((tx) =>
        tx.find('administrative-penalty', { where: { op: 'eq', field: 'gate.sourceOrg', value: HOUSING }, order: [], limit: 1 }),
      );
      expect(found?.gate?.stopped).toBe('WITHDRAWN');
    });

    it('a record that its source submits again, which stays withdrawn', async () => {
      const record = await accepted();
      await withdraw(record);
      expect(await submitted(penalty(), penalty({ content: '改' }))).toEqual(['unchanged STOPPED_RECORD', 'updated STOPPED_RECORD']);
      expect(await present(record)).toMatchObject({ gate: { stopped: 'WITHDRAWN' }, body: { $withdrawal: { documentRef: '撤1号' } } });
    });
  });

  it('lets the registry go back and forth', async () => {
    const department = { uscc: MARKET, name: '浉河区市场监督管理局', regionCode: '411502', status: 'ACTIVE' };
    const outcomes: string[] = [];
    for (const status of ['ACTIVE', 'SUSPENDED', 'ACTIVE', 'ACTIVE'])
      outcomes.push(...(await hub.submit('DEPARTMENT', [{ ...department, status }])).map(({ outcome }) => outcome));
    expect(outcomes).toEqual(['accepted', 'updated', 'updated', 'unchanged']);
    expect(await hub.store.read((tx) => tx.count('record-index', { op: 'all', of: [] }))).toBe(0);
  });
});
