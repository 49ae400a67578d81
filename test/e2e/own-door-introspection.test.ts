import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildClientSchema, getIntrospectionQuery, isObjectType } from 'graphql';
import type { Audience } from '../../auth/principal.ts';
import { type Answer, startHub, type TestHub } from '../support/hub.ts';

const SCHEMA = '{ __schema { queryType { fields { name } } mutationType { fields { name } } types { name } directives { name } } }';

let records: TestHub;
let access: TestHub;
beforeAll(async () => {
  records = await startHub({ subgraph: 'records' });
  access = await startHub({ subgraph: 'access' });
}, 60_000);
afterAll(async () => {
  await records.close();
  await access.close();
});

function askedBy(hub: TestHub, audience: Audience, query: string): Promise<Answer> {
  return hub.ask(query, {
    token: audience === 'PUBLIC' ? undefined : hub.token(audience, { regionCode: '411500', orgUscc: '11411502MB0A1B2C3D' }),
  });
}

async function shown(hub: TestHub, audience: Audience) {
  const { body } = await askedBy(hub, audience, SCHEMA);
  const { queryType, mutationType, types, directives } = body.data.__schema;
  const names = (list: readonly { name: string }[] | undefined) => (list ?? []).map(({ name }) => name);
  return { query: names(queryType.fields), mutation: names(mutationType?.fields), types: names(types), directives: names(directives) };
}

describe('introspection at the door of one subgraph', () => {
  it.each<[Audience, readonly string[], readonly string[], readonly string[]]>([
    ['PUBLIC', ['penalties', 'licenses', '_entities'], [], ['submitAdministrativePenalty']],
    ['AGENCY', ['penalties', '_entities'], ['submitAdministrativePenalty'], []],
    ['OPERATOR', ['penalties', '_entities'], [], ['submitAdministrativePenalty']],
  ])('shows %s the root fields that it can use and no others', async (audience, queries, mutations, hidden) => {
    const { query, mutation } = await shown(records, audience);
    expect(query).toEqual(expect.arrayContaining([...queries]));
    expect(mutation).toEqual(expect.arrayContaining([...mutations]));
    expect(mutation.filter((name) => hidden.includes(name))).toEqual([]);
    expect(query).not.toContain('_service');
  });

  it.each<Audience>(['SYSTEM_ADMIN', 'AUDITOR'])(
    'shows %s no root field of a subgraph that holds business data alone',
    async (audience) => {
      expect(await shown(records, audience)).toMatchObject({ query: [], mutation: [] });
    },
  );

  it.each<Audience>(['PUBLIC', 'AGENCY', 'AUDITOR'])('shows %s no administration of a subgraph that has some', async (audience) => {
    const { query } = await shown(access, audience);
    expect(query.includes('whoMaySee')).toBe(audience === 'AUDITOR');
    expect(query.includes('vouchers')).toBe(audience !== 'AUDITOR');
  });

  it.each<Audience>(['PUBLIC', 'OPERATOR', 'SYSTEM_ADMIN'])('shows %s nothing of how the subgraph is built', async (audience) => {
    const { types, directives } = await shown(records, audience);
    expect(types).not.toContain('_Service');
    expect(types.filter((name) => /^(disclosure|federation|link|join)__/.test(name))).toEqual([]);
    expect([...directives].sort()).toEqual(['deprecated', 'include', 'oneOf', 'skip', 'specifiedBy']);
  });

  it('answers the whole query of a tool', async () => {
    const { status, body } = await records.ask(getIntrospectionQuery());
    expect([status, body.errors]).toEqual([200, undefined]);
    const penalty = buildClientSchema(body.data).getType('AdministrativePenalty');
    expect(isObjectType(penalty) && Object.keys(penalty.getFields())).toContain('documentNo');
  });

  it('answers what is asked of the schema beside data, in its place and under its alias', async () => {
    const { body } = await records.ask(
      `query ($all: Boolean = false) { kept: __type(name: "_Service") { name } penalties { totalCount } __schema @include(if: $all) { queryType { name } } ...Root }
       fragment Root on Query { root: __type(name: "Query") { fields { name } } __typename }`,
    );
    expect(body.errors).toBeUndefined();
    expect(Object.keys(body.data)).toEqual(['kept', 'penalties', 'root', '__typename']);
    expect(body.data).toMatchObject({ kept: null, penalties: { totalCount: 0 }, __typename: 'Query' });
    expect(body.data.root.fields).not.toContainEqual({ name: '_service' });
  });
});
