import type { RuntimePlugin } from '@capstan/core'
import type { GlobalOptions } from '../options/command-options.js'
import type { Interrupts } from '../terminal/interrupts.js'
import type { Io } from '../terminal/io.js'

/** What every command receives beside its own arguments. */
export interface Invocation {
  readonly io: Io
  readonly interrupts: Interrupts
  readonly plugins: PluginSource
  readonly globals: GlobalOptions
}

/** Loads the plugins that are available without `--plugin`. A function, so that none is loaded before it is needed. */
export type PluginSource = () => Promise<readonly RuntimePlugin[]>
