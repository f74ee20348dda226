import type { RuntimePlugin } from '@capstan/core'
import type { Io } from './io.js'
import type { Interrupts } from './terminal/interrupts.js'

/** What each command gets, beside its own arguments. */
export interface Invocation {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly plugins: PluginSource
  readonly globals: GlobalOptions
}

/** The runtimes that come with the command. A function, so that none is loaded before it is needed. */
export type PluginSource = () => Promise<readonly RuntimePlugin[]>

export interface GlobalOptions {
  /** `--runtime`; without it CAPSTAN_RUNTIME, else the first that fits. */
  readonly runtime: string | undefined
  /** `--plugin`, each. */
  readonly plugin: readonly string[]
  /** `--probe-timeout`, else CAPSTAN_PROBE_TIMEOUT; without both each runtime chooses by its endpoint. */
  readonly probeTimeoutMs: number | undefined
  readonly debug: boolean
}
