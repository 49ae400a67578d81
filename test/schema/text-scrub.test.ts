import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findCitizenIds } from '../../schema/citizen-id.ts';
import { scrubText } from '../../schema/text-scrub.ts';

describe('a scrubbed text', () => {
  it.each([
    ['当事人（身份证号411502199001011237）', '当事人（身份证号411502********1237）'],
    ['身份证11010519491231002x。', '身份证110105********002x。'],
    ['身份证：４１１５０２１９９００１０１１２３７', '身份证：411502********1237'],
    ['身份证号码：411502199001011238（有误）', '身份证号码：411502********1238（有误）'],
    ['证件号码411502900101123', '证件号码411502******123'],
    ['411502 19900101 1237', '411502********1237'],
    ['电话13812345678', '电话138****5678'],
    ['手机：+8613812345678', '手机：+86138****5678'],
    ['138 1234 5678', '138****5678'],
    ['138-1234-5678', '138****5678'],
    ['13812345678,13912345678、13712345678', '138****5678,139****5678、137****5678'],
    ['拨打0376-6366123投诉', '拨打037****6123投诉'],
    ['（0376）6366123、(0376)6366123', '（0376）6366123、037****6123'],
    ['传真01088886666', '传真010****6666'],
    ['联系电话：6366123', '联系电话：*******'],
    ['卡号6222020000000000003', '卡号***************0003'],
    ['转入4111111111111111', '转入************1111'],
    ['转入4111 1111 1111 1111', '转入************1111'],
    ['账号：41050161360800000001', '账号：****************0001'],
    ['银行账户1234567890123456', '银行账户************3456'],
  ])('of %p is %p', (text, scrubbed) => expect(scrubText(text)).toBe(scrubbed));

  it.each([
    '',
    '浉HE罚〔2025〕00001号',
    '浉许准字〔2026〕第00001号',
    '豫文〔2025〕13812345678号，第13812345678号',
    '罚款22.720000万元',
    '罚款13812345678元，没收13812345678.50元',
    '￥13812345678',
    '于2025年1月13日、2025-01-13、2025/01/13、20250113',
    '统一社会信用代码91411502MA4TE5T058',
    '统一社会信用代码110105123456789018',
    '车辆豫S12345超限31%',
    '药品经营许可证 豫DA3937780，JY767141925725，JY13812345678',
    '订单4111111111111112',
    '411502********1237，138****5678，************1111',
    '比率0.4111111111111111',
    '项目2019-411502-48-03-012345',
  ])('leaves %p as it is', (text) => expect(scrubText(text)).toBe(text));

  const piece = fc.oneof(
    fc.constantFrom(
      '411502199001011237',
      '11010519491231002X',
      '13812345678',
      '138 1234 5678',
      '0376-6366123',
      '4111111111111111',
      '6222020000000000003',
    ),
    fc.constantFrom(
      '身份证号',
      '电话',
      '账号：',
      '卡号',
      '第',
      '号',
      '〔',
      '〕',
      '元',
      '万',
      '（',
      '）',
      '。',
      ',',
      '.',
      '-',
      ' ',
      '*',
      '+86',
      'X',
      'JY',
      '1',
      '0',
      '４',
    ),
    fc.stringMatching(/^[0-9]{1,20}$/),
    fc.stringMatching(/^[0-9]{4}( [0-9]{4}){1,5}$/),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''));

  it('does not change when it is scrubbed again', () => {
    fc.assert(
      fc.property(text, (original) => {
        const once = scrubText(original);
        expect(scrubText(once)).toBe(once);
      }),
      { numRuns: 3000 },
    );
  });

  it('holds no identity number, whatever stands around it', () => {
    fc.assert(
      fc.property(text, (original) => expect(findCitizenIds(scrubText(original))).toEqual([])),
      { numRuns: 1000 },
    );
  });

  it('shows nothing that did not stand in the original but stars', () => {
    fc.assert(
      fc.property(text, (original) => {
        const digits = (of: string) => of.normalize('NFKC').replace(/\D/g, '').length;
        expect(digits(scrubText(original))).toBeLessThanOrEqual(digits(original));
      }),
    );
  });

  it('keeps every amount', () => {
    const amount = fc.tuple(
      fc.nat(999_999_999),
      fc.constantFrom('', '.5', '.72', '.720000'),
      fc.constantFrom('元', '万元', ' 万元', '亿元'),
    );
    fc.assert(
      fc.property(amount, ([whole, fraction, unit]) =>
        expect(scrubText(`罚款${whole}${fraction}${unit}`)).toBe(`罚款${whole}${fraction}${unit}`),
      ),
    );
  });
});
