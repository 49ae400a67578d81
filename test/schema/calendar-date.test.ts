import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  addDays,
  addMonths,
  addYears,
  dateOfDay,
  dayOf,
  isCalendarDate,
  isDateTime,
  LONG_TERM,
  parseExchangeDate,
  shanghaiDateOf,
  shanghaiToday,
  yearsAgoExclusive,
} from '../../schema/calendar-date.ts';

const moment = fc.date({ min: new Date('1600-01-01'), max: new Date('2400-12-31'), noInvalidDate: true });
const date = moment.map((day) => day.toISOString().slice(0, 10));

describe('a calendar date', () => {
  it.each([
    ['2025-01-13', true],
    ['2024-02-29', true],
    ['2000-02-29', true],
    ['1900-02-29', false],
    ['2025-02-29', false],
    ['2025-04-31', false],
    ['2025-13-01', false],
    ['2025-00-10', false],
    ['2025-01-00', false],
    ['0000-01-01', false],
    ['2025-1-3', false],
    ['2025-01-13\n', false],
    [LONG_TERM, true],
  ])('%p: %s', (text, valid) => expect(isCalendarDate(text)).toBe(valid));

  it('is counted in days as the platform counts them', () => {
    fc.assert(
      fc.property(date, (day) => {
        expect(dayOf(day)).toBe(Date.parse(day) / 86_400_000);
        expect(dateOfDay(dayOf(day))).toBe(day);
        expect(addDays(addDays(day, 77), -77)).toBe(day);
      }),
    );
  });
});

describe('a date in a file', () => {
  it.each([
    '2025/01/13',
    '2025-1-13',
    '2025-01-13',
    '2025.1.13',
    '20250113',
    '2025年1月13日',
    '２０２５／０１／１３',
    ' 2025/1/13 ',
    '2025/1/13 0:00',
    '2025-01-13 00:00:00.0',
    '2025 年 1 月 13 日',
  ])('is read when it is written %p', (text) => expect(parseExchangeDate(text)).toEqual({ date: '2025-01-13' }));

  it.each(['2025/02/30', '2025-13-01', '20250230', '2025年2月29日', '0000/01/01', '2025/0/1'])(
    'is impossible when it is written %p',
    (text) => {
      expect(parseExchangeDate(text)).toEqual({ impossible: true });
    },
  );

  it.each(['', '长期', '25/1/13', '2025', '2025/01-13', '2025/01', '45670', '13/01/2025', '2025-01-13T00:00:00Z', '2025/01/13 25:00'])(
    'is none when it is written %p',
    (text) => {
      expect(parseExchangeDate(text)).toBeUndefined();
    },
  );

  it('keeps the date without end as a date', () => {
    expect(parseExchangeDate('2099/12/31')).toEqual({ date: LONG_TERM });
  });

  it('is read back however it was written', () => {
    fc.assert(
      fc.property(date, fc.constantFrom('-', '/', '.', ''), (day, separator) => {
        expect(parseExchangeDate(day.replaceAll('-', separator))).toEqual({ date: day });
      }),
    );
  });

  it('never makes reading fail', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const found = parseExchangeDate(text)?.date;
        expect(found === undefined || isCalendarDate(found)).toBe(true);
      }),
    );
  });
});

describe('months and years', () => {
  it.each([
    ['2025-01-31', 1, '2025-02-28'],
    ['2024-01-31', 1, '2024-02-29'],
    ['2025-12-15', 1, '2026-01-15'],
    ['2025-03-31', -1, '2025-02-28'],
    ['2025-01-15', -13, '2023-12-15'],
    ['2025-11-25', 36, '2028-11-25'],
    ['9999-06-01', 12, '9999-12-31'],
  ])('%s and %i months is %s', (from, months, to) => expect(addMonths(from, months)).toBe(to));

  it('keep the order of dates', () => {
    fc.assert(
      fc.property(date, date, fc.integer({ min: -600, max: 600 }), (a, b, months) => {
        if (a <= b) expect(addMonths(a, months) <= addMonths(b, months)).toBe(true);
      }),
    );
  });

  it('never leave the month they lead to', () => {
    fc.assert(
      fc.property(date, fc.integer({ min: -600, max: 600 }), (from, months) => {
        const to = addMonths(from, months);
        const distance = (day: string) => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
        expect(isCalendarDate(to)).toBe(true);
        expect(distance(to) - distance(from)).toBe(months);
      }),
    );
  });
});

describe('the bound of so many years ago', () => {
  it.each([
    ['2029-02-28', 5, '2024-02-28'],
    ['2029-03-01', 5, '2024-03-01'],
    ['2024-02-29', 5, '2019-03-01'],
    ['2028-02-29', 4, '2024-02-29'],
    ['2026-11-24', 5, '2021-11-24'],
  ])('on %s for %i years is %s', (today, years, bound) => expect(yearsAgoExclusive(today, years)).toBe(bound));

  it('parts the dates whose anniversary is past from the others', () => {
    const near = fc.integer({ min: -3, max: 3 });
    const nearLeapDay = fc.tuple(fc.integer({ min: 1900, max: 2100 }), near).map(([year, step]) => addDays(`${year}-02-28`, step));
    fc.assert(
      fc.property(fc.oneof(date, nearLeapDay), fc.integer({ min: 0, max: 40 }), near, (today, years, step) => {
        const actEnd = addDays(addYears(today, -years), step);
        expect(actEnd < yearsAgoExclusive(today, years)).toBe(today > addYears(actEnd, years));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a moment', () => {
  it.each([
    ['2025-01-12T15:59:59Z', '2025-01-12'],
    ['2025-01-12T16:00:00Z', '2025-01-13'],
    ['2024-12-31T16:00:00.000Z', '2025-01-01'],
    ['2025-01-13T00:30:00+08:00', '2025-01-13'],
    ['2025-01-13T00:30:00+09:00', '2025-01-12'],
  ])('%s is on %s in China', (text, day) => {
    expect(shanghaiDateOf(text)).toBe(day);
    expect(shanghaiToday(new Date(text))).toBe(day);
  });

  it.each([
    '2025-01-13',
    '2025-01-13T00:30:00',
    '2025-02-30T00:30:00Z',
    '2025-01-13T24:00:00Z',
    '2025-01-13T23:59:60Z',
    '2025-01-13 00:30:00Z',
    '2025-01-13T00:30:00+0800',
  ])('%s is refused', (text) => {
    expect(isDateTime(text)).toBe(false);
    expect(() => shanghaiDateOf(text)).toThrow(RangeError);
  });

  it('is on the date that the platform gives for China', () => {
    const format = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai', dateStyle: 'short' });
    const recent = fc.date({ min: new Date('1992-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
    fc.assert(fc.property(recent, (now) => expect(shanghaiToday(now)).toBe(format.format(now))));
  });
});
