import { describe, inject } from 'vitest'

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

/** The engine of an integration test. */
export type TestEngine = AvailableTestEngine | { readonly available: false; readonly reason: string }

export interface AvailableTestEngine {
  readonly available: true
  /** The path of the engine's unix socket. */
  readonly socketPath: string
  /** The API version, for example `1.41`. */
  readonly apiVersion: string
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
}
