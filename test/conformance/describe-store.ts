import { describe } from '@jest/globals';
import { describeChanges } from './describe-changes.ts';
import { describeClaims } from './describe-claims.ts';
import { describeConcurrency } from './describe-concurrency.ts';
import { describeCutting } from './describe-cutting.ts';
import { describeFilters } from './describe-filters.ts';
import { describeOperations } from './describe-operations.ts';
import { describeReading } from './describe-reading.ts';
import { describeReopening } from './describe-reopening.ts';
import { describeRewriting } from './describe-rewriting.ts';
import { describeSurvival } from './describe-survival.ts';
import { describeWaking } from './describe-waking.ts';
import { describeWriting } from './describe-writing.ts';
import type { StoreFactory } from './place.ts';

/** What every store has to do, whichever it is. */
export function describeStore(name: string, factory: StoreFactory): void {
  describe(`the ${name} store`, () => {
    describeReading(factory);
    describeWriting(factory);
    describeChanges(factory);
    describeCutting(factory);
    describeClaims(factory);
    describeFilters(factory);
    describeOperations(factory);
    describeConcurrency(factory);
    describeReopening(factory);
    describeRewriting(factory);
    describeSurvival(factory);
    describeWaking(factory);
  });
}
