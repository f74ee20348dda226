import { describe, inject } from 'vitest'

/**
 * The engine for integration tests, found once per run by `set-up-test-engine.ts`, which also prints the reason where
 * there is none; CAPSTAN_REQUIRE_ENGINE=1 makes that a failure of the run.
 */
export const testEngine: TestEngine = inject('testEngine')

/**
 * Declares tests that need a real engine. Where none is there they are collected all the same and count as skipped, so
 * `define` uses the engine only inside tests and hooks.
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

/** What an integration test may count on. */
export type TestEngine = AvailableTestEngine | { readonly available: false; readonly reason: string }

export interface AvailableTestEngine {
  readonly available: true
  /** Of the engine's unix socket. */
  readonly socketPath: string
  /** Such as `1.41`. */
  readonly apiVersion: string
  /** A static busybox with all its commands, users `root` (0), `capstan` (1000) and `nobody` (65534). */
  readonly image: string
  /** The same with iptables and ip6tables, legacy and nft; absent where this machine has none to give. */
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
}
