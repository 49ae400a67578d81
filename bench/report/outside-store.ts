import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { signDevelopmentToken } from '../../auth/dev-key.ts';
import { TOKEN_AUDIENCES } from '../../auth/issuers.ts';

/** What a hub on a store of its own (`HUB_STORE`) has to be told to take the tokens of this data folder's key, which it does only by itself on an embedded one. */
export function outsideStore(dataDir: string, storeUrl = process.env.HUB_STORE): Readonly<Record<string, string>> {
  if (storeUrl === undefined) return {};
  signDevelopmentToken(dataDir, { audience: 'OPERATOR', sub: 'bench' }, 60, { now: () => new Date() }); // makes the key
  const { d: _secret, ...key } = JSON.parse(readFileSync(join(dataDir, 'keys/dev-key.json'), 'utf8'));
  const jwks = join(dataDir, 'dev-jwks.json');
  writeFileSync(jwks, JSON.stringify({ keys: [key] }));
  return { HUB_STORE: storeUrl, HUB_JWKS: jwks, HUB_ISSUER: 'hub-dev', HUB_AUDIENCES: TOKEN_AUDIENCES.join(','), HUB_REGISTRY: 'optional' };
}
