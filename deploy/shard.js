// mongosh "mongodb://<mongos>/" --file shard.js: spreads the database of a hub over the shards of a cluster.
//
// This was not run on a sharded cluster: none was at hand. What was shown on a replica set is that unique indexes begin with the shard key, and that the
// hub reads and writes by commands that a mongos takes. Try it on a copy first.
//
// Run it after the hub has started once, so that collections and indexes stand, and before the first import.
const database = 'credit_hub';
const hub = db.getSiblingDB(database);
sh.enableSharding(database);

// Everything about one subject lies on one shard: its records are found, counted and kept unique there. Ids of subjects are random, so ranges of them are
// as even as hashes, and unique indexes may begin with the key.
for (const { name } of hub.getCollectionInfos({ name: /^doc\./ })) {
  const isAboutSubjects = hub
    .getCollection(name)
    .getIndexes()
    .some(({ key }) => 'gate.subjectId' in key);
  // The others (cursors, drafts, vouchers' uses) are small, and stay on the primary shard, with the change log and the access log.
  if (isAboutSubjects) sh.shardCollection(`${database}.${name}`, { 'gate.subjectId': 1 });
}

// Earlier versions are read by the key of their document.
for (const { name } of hub.getCollectionInfos({ name: /^old\./ })) {
  const isIndexed = hub
    .getCollection(name)
    .getIndexes()
    .some(({ key }) => Object.keys(key)[0] === 'key');
  if (isIndexed) sh.shardCollection(`${database}.${name}`, { key: 1 });
}
sh.status();
