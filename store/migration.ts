import type { Awaitable } from './port.ts';

/**
 * One step by which a newer hub takes over what an older one stored. Numbers only rise; a new store begins behind the last one. A step that was
 * interrupted is run again: one whose database cannot take it back as a whole has to bear that.
 */
export interface Migration<Database> {
  readonly number: number;
  readonly name: string;
  run(database: Database): Awaitable<void>;
}

/** The layout that every store began with; migrations count on from here. */
export const FIRST_LAYOUT = 1;

/** What a store lacks before this hub can work on it. */
export interface Migrator {
  /** What is to be done, in order; empty when nothing is. Changes nothing. @throws STORE_UNAVAILABLE when a newer hub laid the store out */
  pending(): Promise<readonly string[]>;
  /** Does it; `onStep` is told of each step when it is kept. */
  migrate(onStep: (step: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** The layout of a store on which all of these were run. @throws Error when their numbers do not rise */
export function newestLayout(migrations: readonly Pick<Migration<unknown>, 'number'>[]): number {
  return migrations.reduce((before, { number }) => {
    if (!Number.isInteger(number) || number <= before) throw new Error(`migration ${number} does not come behind ${before}`);
    return number;
  }, FIRST_LAYOUT);
}

export function migrationStep({ number, name }: Pick<Migration<unknown>, 'number' | 'name'>): string {
  return `migration ${number}: ${name}`;
}
