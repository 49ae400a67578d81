import { describe, expect, it } from '@jest/globals';
import library from 'chinese-days';
import fc from 'fast-check';
import { addDays } from '../../schema/calendar-date.ts';
import { addWorkdays, isWorkday, PUBLISHED_CALENDAR, PUBLISHED_YEARS, workdayCalendar } from '../../schema/working-days.ts';

const day = fc.integer({ min: 0, max: 8500 }).map((step) => addDays('2004-01-01', step));

describe('a deadline in working days', () => {
  it.each([
    ['2020-09-07', 7, '2020-09-16'],
    ['2020-09-25', 7, '2020-10-12'],
    ['2026-02-13', 7, '2026-03-02'],
    ['2026-04-30', 7, '2026-05-13'],
    ['2026-09-30', 1, '2026-10-08'],
    ['2026-09-30', 3, '2026-10-10'],
    ['2026-09-30', 7, '2026-10-15'],
    ['2026-09-30', 10, '2026-10-20'],
    ['2026-11-20', 7, '2026-12-01'],
    ['2026-11-21', 7, '2026-12-01'],
    ['2026-11-21', 0, '2026-11-21'],
  ])('from %s, %i days, is %s', (start, n, date) => expect(addWorkdays(start, n)).toEqual({ date, provisional: false }));

  it.each([
    ['2026-12-28', 7, '2027-01-06', true],
    ['2026-12-28', 3, '2026-12-31', false],
    ['2026-12-31', 1, '2027-01-01', true],
    ['2003-12-31', 1, '2004-01-02', false],
    ['2003-12-30', 1, '2003-12-31', true],
    ['1999-10-01', 1, '1999-10-04', true],
  ])('from %s, %i days, is %s (provisional: %s)', (start, n, date, provisional) =>
    expect(addWorkdays(start, n)).toEqual({ date, provisional }),
  );

  it('is counted anew once the notice of the year is loaded', () => {
    const notice = { year: 2027, holidays: ['2027-01-01', '2027-01-02', '2027-01-03'], makeUpWorkdays: ['2026-12-27'] };
    const calendar = workdayCalendar([...PUBLISHED_YEARS, notice]);
    expect(addWorkdays('2026-12-28', 7, calendar)).toEqual({ date: '2027-01-07', provisional: false });
    expect(addWorkdays('2026-12-25', 1, calendar)).toEqual({ date: '2026-12-27', provisional: false });
  });

  it('follows the later of two rows for one year', () => {
    const calendar = workdayCalendar([...PUBLISHED_YEARS, { year: 2026, holidays: [], makeUpWorkdays: [] }]);
    expect(addWorkdays('2026-09-30', 1, calendar)).toEqual({ date: '2026-10-01', provisional: false });
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('is refused for %p days', (n) => {
    expect(() => addWorkdays('2026-01-05', n)).toThrow(RangeError);
  });

  it('is refused from what is no date', () => expect(() => addWorkdays('2026-02-30', 1)).toThrow(RangeError));

  it('is a working day with just so many working days up to it', () => {
    fc.assert(
      fc.property(day, fc.integer({ min: 1, max: 40 }), (start, n) => {
        const { date } = addWorkdays(start, n);
        let workdays = 0;
        for (let at = addDays(start, 1); at <= date; at = addDays(at, 1)) if (isWorkday(at)) workdays++;
        expect([isWorkday(date), workdays]).toEqual([true, n]);
      }),
    );
  });

  it('comes no earlier for more days or a later start', () => {
    fc.assert(
      fc.property(day, fc.nat(40), fc.nat(5), (start, n, more) => {
        const { date } = addWorkdays(start, n);
        expect(addWorkdays(start, n + more).date >= date).toBe(true);
        expect(addWorkdays(addDays(start, more), n).date >= date).toBe(true);
      }),
    );
  });
});

describe('the calendar', () => {
  it('covers the years of the library without a gap', () => {
    expect([...PUBLISHED_CALENDAR.years]).toEqual(Array.from({ length: 23 }, (_, step) => 2004 + step));
  });

  it('agrees with the library on every day it covers', () => {
    for (let at = '2004-01-01'; at <= '2026-12-31'; at = addDays(at, 1)) {
      if (isWorkday(at) !== library.isWorkday(at)) throw new Error(`disagrees on ${at}`);
    }
  });
});
