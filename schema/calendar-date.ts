/** Calendar dates of Asia/Shanghai as text `YYYY-MM-DD`, years 0001 to 9999, so that the order of text is the order of time. */

const CALENDAR_DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const SEPARATED = /^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})$/;
const COMPACT = /^(\d{4})(\d{2})(\d{2})$/;
const CHINESE = /^(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日$/;
/** Spreadsheets export a date with the time of day; without an offset it does not move the date. */
const LOCAL_TIME = /[ T](?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?$/;
const DATE_TIME = /^(\d{4}-\d{2}-\d{2})[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const EARLIEST = '0001-01-01';
const LATEST = '9999-12-31';
const DAY = 86_400_000;
/** China has one time zone without daylight saving since 1991. */
const SHANGHAI = 8 * 3_600_000;

/** How files write "without end"; inside the hub it is no date and `isLongTerm`. */
export const LONG_TERM = '2099-12-31';

export type ParsedDate = { readonly date: string; readonly impossible?: never } | { readonly impossible: true; readonly date?: never };

/** True for a day that is in the calendar, written `YYYY-MM-DD`. */
export function isCalendarDate(text: string): boolean {
  const parts = CALENDAR_DATE.exec(text);
  return parts !== null && isDay(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

/** True when year, month (1–12) and day are a day of the calendar. */
export function isDay(year: number, month: number, day: number): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/** Reads a date as departments write it (2025/01/13, 2025-1-3, 2025.1.3, 20250113, 2025年1月13日); undefined when it is no date at all. */
export function parseExchangeDate(text: string): ParsedDate | undefined {
  const plain = text.normalize('NFKC').trim().replace(LOCAL_TIME, '');
  const separated = SEPARATED.exec(plain);
  if (separated) return dated(separated[1], separated[3], separated[4]);
  const joined = COMPACT.exec(plain) ?? CHINESE.exec(plain);
  return joined ? dated(joined[1], joined[2], joined[3]) : undefined;
}

/** The same day of the month so many months later (earlier when negative), or the last of that month where it has no such day. */
export function addMonths(date: string, months: number): string {
  const [year, month, day] = partsOf(date);
  const index = year * 12 + (month - 1) + months;
  const toYear = Math.floor(index / 12);
  const toMonth = index - toYear * 12 + 1;
  if (toYear < 1) return EARLIEST;
  return toYear > 9999 ? LATEST : formatted(toYear, toMonth, Math.min(day, daysInMonth(toYear, toMonth)));
}

/** The same day so many years later; 29 February becomes the 28th where there is none. */
export function addYears(date: string, years: number): string {
  return addMonths(date, years * 12);
}

/** The day so many days later. */
export function addDays(date: string, days: number): string {
  return dateOfDay(dayOf(date) + days);
}

/** The smallest date whose `addYears` reaches today: `actEnd` lies before it exactly when today is past `addYears(actEnd, years)`. */
export function yearsAgoExclusive(today: string, years: number): string {
  const sameDay = addYears(today, -years);
  // From 29 February one comes back to the 28th, whose own anniversary is a day too early.
  return addYears(sameDay, years) < today ? addDays(sameDay, 1) : sameDay;
}

/** The date in China at this moment. */
export function shanghaiToday(now: Date): string {
  return dateOfDay(Math.floor((now.getTime() + SHANGHAI) / DAY));
}

/** The date in China at a moment written as RFC 3339. @throws RangeError when it is none */
export function shanghaiDateOf(dateTime: string): string {
  if (!isDateTime(dateTime)) throw new RangeError('not a date and time with offset (RFC 3339)');
  return shanghaiToday(new Date(dateTime));
}

/** True for RFC 3339 with an offset, without leap second. */
export function isDateTime(text: string): boolean {
  const parts = DATE_TIME.exec(text);
  return parts?.[1] !== undefined && isCalendarDate(parts[1]);
}

/** Days since 1970-01-01. */
export function dayOf(date: string): number {
  const [year, month, day] = partsOf(date);
  return daysFromCivil(year, month, day);
}

/** The date so many days after 1970-01-01, within years 0001 to 9999. */
export function dateOfDay(day: number): string {
  // The Gregorian calendar repeats every 400 years (146,097 days); a year counted from March has its leap day at the end.
  const shifted = day + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const fromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 1) return EARLIEST;
  return year > 9999 ? LATEST : formatted(year, month, dayOfYear - Math.floor((153 * fromMarch + 2) / 5) + 1);
}

function daysFromCivil(year: number, month: number, day: number): number {
  const fromMarch = month > 2 ? year : year - 1;
  const era = Math.floor(fromMarch / 400);
  const yearOfEra = fromMarch - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468;
}

function dated(year: string | undefined, month: string | undefined, day: string | undefined): ParsedDate {
  const parts = [Number(year), Number(month), Number(day)] as const;
  return isDay(...parts) ? { date: formatted(...parts) } : { impossible: true };
}

function partsOf(date: string): readonly [number, number, number] {
  if (!isCalendarDate(date)) throw new RangeError('not a calendar date');
  return [Number(date.slice(0, 4)), Number(date.slice(5, 7)), Number(date.slice(8))];
}

function formatted(year: number, month: number, day: number): string {
  return `${String(year).padStart(4, '0')}-${month < 10 ? '0' : ''}${month}-${day < 10 ? '0' : ''}${day}`;
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
