import { it } from '@jest/globals';

/** Defines a test where this holds; where it does not, one that is skipped and says why. */
export function testWhere(holds: boolean, reason: string) {
  return (name: string, run: () => Promise<void>, timeout?: number): void => {
    if (holds) it(name, run, timeout);
    else it.skip(`${name} [${reason}]`, run);
  };
}
