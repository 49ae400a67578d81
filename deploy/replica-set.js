// mongosh --file replica-set.js, on the first member: makes the replica set and the hub's user where they are missing. Fails as long as there is no primary.
const password = require('node:fs').readFileSync('/run/secrets/mongo-password', 'utf8').trim();
const admin = db.getSiblingDB('admin');
const members = ['mongo-1', 'mongo-2', 'mongo-3'].map((host, _id) => ({ _id, host: `${host}:27017` }));

function attempt(action) {
  try {
    // Kept in a name first: the shell waits for it there, and not where it is returned.
    const result = action();
    return result;
  } catch (error) {
    return { ok: 0, code: error.code };
  }
}
const isPrimary = () => admin.hello().isWritablePrimary === true;

// Until there is a user, whoever is on this host may do this, and nothing else.
if (!admin.hello().setName) attempt(() => rs.initiate({ _id: 'hub', members }));
if (isPrimary()) attempt(() => admin.createUser({ user: 'root', pwd: password, roles: ['root'] }));
if (attempt(() => admin.auth('root', password)).ok && isPrimary()) {
  const roles = [{ role: 'readWrite', db: 'credit_hub' }];
  attempt(() => admin.createUser({ user: 'hub', pwd: password, roles }));
}
quit(admin.hello().primary ? 0 : 1);
