import { defineConfig } from 'vitest/config'

// Tests run against the sources, not against dist.
const conditions = ['@capstan/source', 'module', 'node', 'import', 'default']
// tsconfig.base.json says the same to tsc; vite reads it for the files that a tsconfig includes alone, so not for tests.
const oxc = { decorator: { legacy: true, emitDecoratorMetadata: false } }
// Minutes, and no part of `npm test`: the conformance kit on a real engine, and on the simulator of Apple's command.
const kit = ['packages/conformance/test/docker-conformance.integration.test.ts']
const appleKit = ['packages/runtime-apple/test/kit/*.integration.test.ts']
// The kit once for each faulty plugin of its tests: a minute of both processors, and no part of `npm test` either.
const faults = ['packages/conformance/test/broken/**/*.test.ts']
// Installs what is packed with npm, which takes a minute and a registry: no part of `npm test`.
const packed = ['test/packed/**/*.test.ts']
// The same tests with a real BuildKit. The project `integration` uses a fake one.
const buildkit = [
  'packages/feature-buildkit/test/buildkit.integration.test.ts',
  'packages/feature-buildkit/test/build/build-in-sidecar.integration.test.ts',
]
// A part of the project `integration` that needs no fake BuildKit, for `pnpm test:engines --builds`.
const builds = ['packages/feature-buildkit/test/build/build-on-engine.integration.test.ts']
// Needs a cluster of three engines, which `pnpm test:cluster` starts.
const cluster = ['packages/*/test/**/*.cluster.test.ts']
// Connections to an engine over TLS and ssh, for `pnpm test:engines --remote`.
const remote = ['packages/*/test/remote/*.integration.test.ts']
// Needs a Compose, for `pnpm test:engines --compose`.
const compose = ['packages/*/test/compose/*.integration.test.ts']
const source = { oxc, resolve: { conditions }, ssr: { resolve: { conditions } } }
// A killed vitest leaves no worker.
const ending = { setupFiles: ['test/support/end-with-vitest.ts'] }
// Polls end at once when they succeed. On a busy machine that can take seconds.
const polling = { expect: { poll: { timeout: 15_000 } } }

export default defineConfig({
  test: {
    projects: [
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'unit',
          // Tests share nothing but modules, and wait more than they compute.
          isolate: false,
          maxWorkers: 6,
          // Against a hang; a busy machine may take its time.
          testTimeout: 30_000,
          hookTimeout: 30_000,
          include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', ...faults, ...packed, ...cluster],
        },
      },
      {
        ...source,
        test: {
          ...ending,
          name: 'kit',
          globalSetup: ['test/support/set-up-test-engine.ts'],
          include: kit,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          name: 'kit-apple',
          include: appleKit,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          name: 'faults',
          include: faults,
          maxWorkers: 2,
          testTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          name: 'packed',
          include: packed,
          testTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.test.json',
          },
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'real-buildkit',
          isolate: false,
          sequence: { groupOrder: 2 },
          globalSetup: ['test/support/set-up-real-buildkit.ts'],
          include: buildkit,
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'builds',
          // An engine without BuildKit is a failure.
          env: { CAPSTAN_REQUIRE_ENGINE_BUILDKIT: '1' },
          globalSetup: ['test/support/set-up-test-engine.ts'],
          include: builds,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'cluster',
          // Tests kill nodes.
          maxWorkers: 1,
          include: cluster,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'remote',
          globalSetup: ['test/support/set-up-test-engine.ts'],
          include: remote,
          // A kit runs four cases at once.
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'compose',
          isolate: false,
          maxWorkers: 2,
          maxConcurrency: 4,
          globalSetup: ['test/support/set-up-test-engine.ts'],
          include: compose,
          // A kit runs four cases at once.
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        ...source,
        test: {
          ...ending,
          ...polling,
          name: 'integration',
          isolate: false,
          // After the unit tests, which would take the engine's time.
          sequence: { groupOrder: 1 },
          maxWorkers: 3,
          globalSetup: ['test/support/set-up-integration.ts'],
          include: ['packages/*/test/**/*.integration.test.ts', 'test/**/*.integration.test.ts'],
          exclude: [...kit, ...appleKit, ...remote, ...compose],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})
