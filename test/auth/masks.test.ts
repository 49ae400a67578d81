import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { applyMask } from '../../auth/masks.ts';
import { MASKS } from '../../schema/catalogue.ts';

describe('a mask', () => {
  it.each([
    ['ID', '411502199001011237', '411502********1237'],
    ['ID', '11010519491231002x', '110105********002x'],
    ['ID', '411502900101123', '411502******123'],
    ['ID', 'E12345678', 'E*******8'],
    ['ID', '123456', '1****6'],
    ['ID', '12345', '*****'],
    ['ID', '91411502MA4TE5T058', '9****************8'],
    ['ID', '豫字第00001号', '豫*******号'],
    ['NAME', '张三', '张*'],
    ['NAME', '张三丰', '张**'],
    ['NAME', '欧阳娜娜', '欧**'],
    ['NAME', '张', '*'],
    ['NAME', '𠮷野家', '𠮷**'],
    ['PHONE', '13812345678', '138****5678'],
    ['PHONE', '0376-6366123', '037*****6123'],
    ['PHONE', '6366123', '*******'],
    ['ADDR', '河南省信阳市浉河区新华路1号', '河南省信阳市浉河区****'],
    ['ADDR', '河南省信阳市浉河区', '河南省信阳市浉河区****'],
    ['ADDR', '北京市海淀区中关村大街27号', '北京市海淀区****'],
    ['ADDR', '浉河区新华路', '浉河区****'],
    ['ADDR', '山东省淄博市周村区机场路', '山东省淄博市周村区****'],
    ['ADDR', '河北省唐山市路南区永红桥街道', '河北省唐山市路南区****'],
    ['ADDR', '湖北省荆州市沙市区北京路', '湖北省荆州市沙市区****'],
    ['ADDR', '新乡市红旗区洪门镇', '新乡市红旗区****'],
    ['ADDR', '新乡市红旗路12号', '新乡市****'],
    ['ADDR', '信阳市新华路1号小区5栋', '信阳市****'],
    ['ADDR', '信阳市五里镇张庄区', '信阳市****'],
    ['ADDR', '内蒙古自治区锡林郭勒盟正镶白旗明安图镇', '内蒙古自治区锡林郭勒盟正镶白旗****'],
    ['ADDR', '云南省临沧市双江拉祜族佤族布朗族傣族自治县勐勐镇', '云南省临沧市双江拉祜族佤族布朗族傣族自治县****'],
    ['ADDR', '新疆维吾尔自治区阿克苏地区库车市', '新疆维吾尔自治区阿克苏地区库车市****'],
    ['ADDR', '13 Main Street', '****'],
    ['ACCT', '6222020000001234', '************1234'],
    ['ACCT', '1234567', '*******'],
    ['PLATE', '豫S12345', '豫S****5'],
    ['PLATE', '豫SD12345', '豫S*****5'],
    ['PLATE', '豫S123', '*****'],
    ['EMAIL', 'zhang.san@example.com', 'z***@example.com'],
    ['EMAIL', 'z@example.com', '***@example.com'],
    ['EMAIL', 'zhang', null],
    ['EMAIL', '@example.com', null],
    ['EMAIL', 'zhang@13812345678', null],
    ['TEXT', '电话13812345678。', '电话138****5678。'],
    ['NAME', '', null],
    ['PHONE', ' 　 ', null],
  ] as const)('%s of %p is %p', (mask, value, masked) => expect(applyMask(mask, value)).toBe(masked));

  it('answers for every text, and never with a broken character', () => {
    fc.assert(
      fc.property(fc.constantFrom(...MASKS), fc.string({ unit: 'binary' }), (mask, value) => {
        expect(applyMask(mask, value)?.isWellFormed() ?? true).toBe(true);
      }),
    );
  });

  const certificate = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[0-9A-Z]{1,20}$/)).map((text) => text.trim());

  it.each([
    ['ID', 1 / 3],
    ['PHONE', 7 / 11],
    ['ACCT', 1 / 2],
    ['PLATE', 3 / 7],
  ] as const)('%s keeps the length and shows no more than its share of other texts', (mask, share) => {
    fc.assert(
      fc.property(certificate, (value) => {
        fc.pre(value !== '' && !/^(\d{15}|\d{17}[\dX])$/.test(value) && !value.includes('*'));
        const shown = [...(applyMask(mask, value) ?? '')];
        const length = [...value].length;
        expect(shown).toHaveLength(length);
        expect(shown.filter((character) => character !== '*').length).toBeLessThanOrEqual(length * share);
      }),
    );
  });

  it('of a name shows at most its first character and tells at most three lengths apart', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1 }).filter((name) => name.trim() !== ''),
        (name) => expect(applyMask('NAME', name)).toMatch(/^(\*|.\*{1,2})$/su),
      ),
    );
  });

  it('of an address shows nothing behind the county and no digit', () => {
    const street = fc.string({ unit: fc.constantFrom('路', '街', '号', '小', '区', '市', '村', '1', '二', '楼') });
    fc.assert(
      fc.property(street, (rest) => {
        expect(applyMask('ADDR', `河南省信阳市浉河区${rest}`)).toBe('河南省信阳市浉河区****');
        expect(applyMask('ADDR', rest) ?? '').not.toMatch(/\d|.{20}/);
      }),
    );
  });
});
