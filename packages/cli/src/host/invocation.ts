import type { RuntimePlugin } from '@capstan/core'
import type { GlobalOptions } from '../options/global-options.js'
import type { Interrupts } from '../terminal/interrupts.js'
import type { Io } from '../terminal/io.js'

/** The process, the plugins and the global options of one command line. */
export interface Invocation {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly plugins: PluginSource
  readonly globals: GlobalOptions
}

/**
 * Loads the plugins that are available without `--plugin`. A function, so that none is loaded before it is needed. The plugin named
 * `docker` uses the context.
 */
export type PluginSource = (options: PluginSourceOptions) => Promise<readonly RuntimePlugin[]>

/** The part of a command line that plugins use. */
export interface PluginSourceOptions {
  /** The context of docker that `--context` names. `undefined`: the one that the environment selects. */
  readonly context?: string | undefined
}
