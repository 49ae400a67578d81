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
  testTimeout: 30_000,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFiles: ['<rootDir>/test/support/environment.ts'],
};
