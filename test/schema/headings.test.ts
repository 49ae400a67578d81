import { expect, it } from '@jest/globals';
import { normaliseHeading } from '../../schema/headings.ts';

it.each([
  ['行政相对人代码_1（统一社会信用代码）', '行政相对人代码_1(统一社会信用代码)'],
  [' 罚款金额\n（万元） ', '罚款金额(万元)'],
  ['\ufeff行政　相对人\u200b名称', '行政相对人名称'],
  ['ＣＦ_ＷＳＨ', 'CF_WSH'],
])('compares the heading %p as %p', (written, normal) => expect(normaliseHeading(written)).toBe(normal));
