import { expect, it } from '@jest/globals';
import type { AccessEntry } from '../../auth/access-entry.ts';
import { ANOMALY, type Anomaly, watchAnomalies } from '../../subgraphs/access/anomalies.ts';
import { entryNo } from './log-place.ts';

function watched(hours: readonly (readonly [count: number, decision: AccessEntry['decision']])[]): readonly Anomaly[] {
  const told: Anomaly[] = [];
  const watch = watchAnomalies((anomaly) => void told.push(anomaly));
  for (const [hour, [count, decision]] of hours.entries()) {
    const at = new Date(Date.UTC(2026, 10, 24, hour)).toISOString();
    for (let number = 0; number < count; number++) watch.note({ ...entryNo(number), at, decision });
  }
  expect(watch.counts().VOLUME + watch.counts().REFUSALS).toBe(told.length);
  return told;
}

it('tells once an hour of an organisation that asks far more than it uses to', () => {
  const usual = Array.from({ length: 24 }, () => [400, 'ALLOW'] as const);
  expect(watched([...usual, [5000, 'ALLOW'], [100, 'ALLOW']])).toEqual([
    { kind: 'VOLUME', organisation: entryNo(0).organisation, count: expect.any(Number), usual: expect.any(Number) },
  ]);
  expect(watched([...usual, [1500, 'ALLOW']])).toEqual([]);
});

it('tells of refusals sooner than of answers', () => {
  expect(watched([[ANOMALY.least.REFUSALS + 1, 'DENY']])).toMatchObject([
    { kind: 'REFUSALS', count: ANOMALY.least.REFUSALS + 1, usual: 0 },
  ]);
  expect(watched([[ANOMALY.least.REFUSALS, 'DENY']])).toEqual([]);
  expect(watched([[ANOMALY.least.VOLUME, 'ALLOW']])).toEqual([]);
});
