import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serverAudits } from 'graphql-http';
import { openTinyDoor, type TinyDoor } from './tiny-door.ts';

let door: TinyDoor;
beforeAll(async () => {
  door = await openTinyDoor();
});
afterAll(() => door.close());

const audits = serverAudits({ url: () => door.url, fetchFn: fetch });

describe('the door, audited for GraphQL over HTTP', () => {
  it.each(audits.map(({ id, name, fn }) => [id, name, fn] as const))('%s %s', async (_id, _name, audit) => {
    expect(await audit()).toMatchObject({ status: 'ok' });
  });

  it('is held to audits that are there', () => {
    const binding = (word: string) => audits.filter(({ name }) => name.startsWith(word)).length;
    expect({ must: binding('MUST'), should: binding('SHOULD'), all: audits.length }).toEqual({ must: 13, should: 23, all: 61 });
  });
});
