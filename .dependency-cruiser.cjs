/** Who may import whom: a folder may import itself and what is listed behind it. */
const MAY_IMPORT = {
  schema: [],
  auth: ['schema'],
  store: ['schema'],
  changes: ['schema', 'auth', 'store/port.ts'],
  subgraphs: ['schema', 'auth', 'store/port.ts'],
  gateway: ['schema', 'auth'],
};
const FOLDERS = ['schema', 'auth', 'store', 'changes', 'subgraphs', 'gateway', 'cli', 'deploy', 'test', 'bench'];

const folderRules = Object.entries(MAY_IMPORT).map(([folder, others]) => ({
  name: `${folder}-imports-down`,
  severity: 'error',
  from: { path: `^${folder}/` },
  to: {
    path: `^(${FOLDERS.join('|')})/`,
    pathNot: `^(${[`${folder}/`, ...others.map((other) => (other.endsWith('.ts') ? `${other}$` : `${other}/`))].join('|')})`,
  },
}));

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'no-other-subgraph',
      comment: 'A subgraph imports the kit and itself, never another subgraph.',
      severity: 'error',
      from: { path: '^subgraphs/([^/]+)/', pathNot: '^subgraphs/kit/' },
      to: { path: '^subgraphs/', pathNot: '^subgraphs/(kit|$1)/' },
    },
    {
      name: 'kit-below-subgraphs',
      severity: 'error',
      from: { path: '^subgraphs/kit/' },
      to: { path: '^subgraphs/', pathNot: '^subgraphs/kit/' },
    },
    {
      name: 'driver-in-its-adapter',
      comment: 'A database driver is imported inside its own adapter only.',
      severity: 'error',
      from: { pathNot: '^store/(sqlite|mongodb)/|^test/(store|support|faults)/|^deploy/' },
      to: { path: '^(node:)?sqlite$|node_modules/(mongodb|mongoose)/' },
    },
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'resolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
