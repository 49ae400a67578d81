export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', experimental: { keepImportAttributes: true }, parser: { syntax: 'typescript' } },
        module: { type: 'es6' },
      },
    ],
  },
  // Tests start processes of their own and wait for them: on two cores two files at once take little more than half the time, each a little longer.
  maxWorkers: 2,
  // What is left of one test file slows the next: a worker that holds much is replaced before it takes another file.
  workerIdleMemoryLimit: '512MB',
  testTimeout: 30_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFiles: ['<rootDir>/test/support/environment.ts'],
};
