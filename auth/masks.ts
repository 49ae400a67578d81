import type { Mask } from '../schema/catalogue.ts';
import { scrubText, starOut } from '../schema/text-scrub.ts';

const HIDDEN = '****';
const LONG_ID = /^\d{17}[\dXx]$/;
const SHORT_ID = /^\d{15}$/;
/** A domain that is one; anything else behind the sign could be personal. */
const MAIL_DOMAIN = /^[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*\.\p{L}{2,}$/u;

const PROVINCE =
  '(?:北京|天津|上海|重庆)市|(?:河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾)省|(?:内蒙古|广西壮族|西藏|宁夏回族|新疆维吾尔)自治区|(?:香港|澳门)特别行政区';
/** Inside a name these would mean that it runs on into streets and houses; they may begin a name (路桥区) or end it (鼓楼区). */
const PLACE = String.raw`\p{Script=Han}(?:(?![路街巷弄号楼栋室村镇乡组队店厂院区县市旗])\p{Script=Han}){0,13}?[楼镇乡村店旗市]?`;
const PREFECTURE = `${PLACE}(?:市(?!场|政|民|中心)|自治州|地区|盟)`;
const COUNTY = `${PLACE}(?:(?<![小社园校厂院库景片])区|县|市(?!场|政|民|中心)|旗(?![路街大小村镇乡店广]))`;
const DOWN_TO_COUNTY = new RegExp(`^(?:${PROVINCE})?(?:${PREFECTURE})?(?:${COUNTY})?`, 'u');

/** What is left of a value under each mask. */
const MASKED: Readonly<Record<Mask, (value: string) => string | null>> = {
  ID: maskId,
  NAME: maskName,
  PHONE: (value) => keep(value, { head: 3, tail: 4, hidden: 4 }),
  ADDR: (value) => `${DOWN_TO_COUNTY.exec(value)?.[0] ?? ''}${HIDDEN}`,
  ACCT: (value) => keep(value, { head: 0, tail: 4, hidden: 4 }),
  PLATE: (value) => keep(value, { head: 2, tail: 1, hidden: 4 }),
  EMAIL: maskEmail,
  TEXT: scrubText,
};

/** The part of a value that its mask leaves readable (decision table M1), or null where there is nothing to show. */
export function applyMask(mask: Mask, value: string): string | null {
  const text = mask === 'TEXT' ? value : value.trim();
  return text === '' ? null : MASKED[mask](text);
}

/** An 18-character number keeps 6 and 4, a 15-digit one 6 and 3, another certificate its first and last character, a short one nothing. */
function maskId(value: string): string {
  if (LONG_ID.test(value)) return starOut(value, 6, 4);
  if (SHORT_ID.test(value)) return starOut(value, 6, 3);
  return keep(value, { head: 1, tail: 1, hidden: 4 });
}

function maskName(value: string): string {
  const [first = '', ...others] = value;
  return others.length === 0 ? '*' : first + '*'.repeat(Math.min(others.length, 2));
}

function maskEmail(value: string): string | null {
  const at = value.lastIndexOf('@');
  const domain = value.slice(at + 1);
  if (at < 1 || !MAIL_DOMAIN.test(domain)) return null;
  const [first = '', ...others] = value.slice(0, at);
  return `${others.length === 0 ? '' : first}***@${domain}`;
}

/** Stars all but both ends, or everything where fewer than `hidden` characters would be hidden by that. */
function keep(value: string, { head, tail, hidden }: { head: number; tail: number; hidden: number }): string {
  const length = [...value].length;
  return length < head + tail + hidden ? '*'.repeat(length) : starOut(value, head, tail);
}
