import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signDevelopmentToken } from '../../auth/dev-key.ts';
import { TOKEN_AUDIENCES } from '../../auth/issuers.ts';
import { dropDatabase } from './mongod.ts';

/** Whether each test hub keeps its data in files of its folder, which some tests open by themselves. */
export const IS_ON_FILES = !process.env.HUB_TEST_STORE;

/** Settings under which a hub on this data folder keeps its data in the MongoDB at `HUB_TEST_STORE`, in a database of its own; none where the tests run on files. */
export function storeSettings(dataDir: string, env: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const url = databaseOf(dataDir);
  if (url === undefined) return {};
  // A hub on a database takes tokens of configured issuers only: here it is the development key that is one.
  const issuer = env.HUB_ISSUERS || env.HUB_JWKS ? {} : developmentIssuerSettings(dataDir);
  return { HUB_STORE: url, ...issuer };
}

/** Takes away what a test hub kept outside its data folder. */
export async function dropStore(dataDir: string): Promise<void> {
  const url = databaseOf(dataDir);
  if (url !== undefined) await dropDatabase(url);
}

function databaseOf(dataDir: string): string | undefined {
  const server = process.env.HUB_TEST_STORE;
  if (!server) return undefined;
  const url = new URL(server);
  url.pathname = `/hub_${createHash('sha256').update(dataDir).digest('hex').slice(0, 16)}`;
  return url.href;
}

/** Settings under which a hub takes tokens of the development key of this folder, as those of an issuer like any other. */
export function developmentIssuerSettings(dataDir: string): Readonly<Record<string, string>> {
  signDevelopmentToken(dataDir, { audience: 'OPERATOR', sub: 'test' }, 1, { now: () => new Date() }); // makes the key
  const { d: _secret, ...key } = JSON.parse(readFileSync(join(dataDir, 'keys/dev-key.json'), 'utf8'));
  const jwks = join(dataDir, 'dev-jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [key] }));
  return { HUB_JWKS: jwks, HUB_ISSUER: 'hub-dev', HUB_AUDIENCES: TOKEN_AUDIENCES.join(','), HUB_REGISTRY: 'optional' };
}
