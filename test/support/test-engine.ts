import type { DockerDetails } from '@capstan/runtime-docker/compatible'
import { describe, inject, type TestContext } from 'vitest'

/**
 * The engine for integration tests, which `set-up-test-engine.ts` finds once per run. Without an engine that file prints
 * the reason, and with CAPSTAN_REQUIRE_ENGINE=1 the run fails.
 */
export const testEngine: TestEngine = inject('testEngine')

/**
 * Declares tests that need a real engine. Without one they are collected and skipped, so `define` may use the engine only
 * inside tests and hooks.
 */
export function describeWithEngine(title: string, define: (engine: AvailableTestEngine) => void): void {
  describe.skipIf(!testEngine.available)(title, () => define(testEngine.available ? testEngine : placeholder))
}

/** Like {@link describeWithEngine}, for tests that also need the image with iptables. */
export function describeWithFirewallImage(title: string, define: (engine: FirewallTestEngine) => void): void {
  const engine = testEngine.available ? testEngine : placeholder
  const { firewallImage } = engine
  describe.skipIf(!testEngine.available || !firewallImage)(title, () => {
    define({ ...engine, firewallImage: firewallImage ?? '' })
  })
}

/** Whether the engine is Podman, where a test expects something else than on Docker. */
export const isPodman: boolean = testEngine.available && testEngine.details?.facts.product === 'podman'

/** Whether the engine is Podman 4, which accepts some values that Podman 5 rejects. */
export const isPodman4: boolean =
  isPodman && testEngine.available && testEngine.details?.facts.version.startsWith('4.') === true

/** Skips a test of behaviour that Podman does not have. Called first in the test. */
export function skipOnPodman(context: TestContext, reason: string): void {
  if (isPodman) skipTest(context, reason)
}

/** Skips a test that needs an option which the engine does not support. Called first in the test. */
export function skipUnsupported(context: TestContext, field: string): void {
  const options = testEngine.available ? testEngine.details?.unsupportedOptions : undefined
  const found = options?.find((option) => option.field === field)
  if (found !== undefined) skipTest(context, `${field}: ${found.reason}`)
}

/** Skips a test. The reason is printed, and is in vitest's JSON report, where `pnpm test:engines` reads it. */
export function skipTest(context: TestContext, reason: string): never {
  context.task.meta.unsupported = reason
  return context.skip(reason)
}

/** The engine of an integration test. */
export type TestEngine = AvailableTestEngine | { readonly available: false; readonly reason: string }

export interface AvailableTestEngine {
  readonly available: true
  /** The path of the engine's unix socket. */
  readonly socketPath: string
  /** The API version, for example `1.41`. */
  readonly apiVersion: string
  /** What the Docker plugin found, with the differences of the engine. Absent only while tests are collected and skipped. */
  readonly details?: DockerDetails
  /** A static busybox with all its commands, users `root` (0), `capstan` (1000) and `nobody` (65534). */
  readonly image: string
  /** The same with iptables and ip6tables, legacy and nft. Absent when this machine has none. */
  readonly firewallImage?: string
}

export interface FirewallTestEngine extends AvailableTestEngine {
  readonly firewallImage: string
}

const placeholder: AvailableTestEngine = {
  available: true,
  socketPath: '',
  apiVersion: '',
  image: '',
  firewallImage: '',
}

declare module 'vitest' {
  interface ProvidedContext {
    testEngine: TestEngine
  }
  interface TaskMeta {
    /** The reason why the engine does not support what the test tests. */
    unsupported?: string
  }
}
