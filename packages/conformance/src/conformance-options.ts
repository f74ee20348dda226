import type { RuntimePlugin } from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import type { ConformancePrograms } from './programs.js'

/** What the kit needs to know of a plugin to try it. */
export interface ConformanceOptions {
  /** What is tried. */
  readonly plugin: RuntimePlugin
  /** An image that the engine has, in which `programs` run; nothing is pulled. */
  readonly image: string
  /** One in which the programs run and whose firewall can be set. Default: `image`. */
  readonly firewallImage?: string
  /** The command lines that the cases use; each that is left out is the one for busybox. */
  readonly programs?: Partial<ConformancePrograms>
  /**
   * Package, folder or file by which another process loads the plugin, as `loadPlugins` takes it from the working
   * directory. Without it the cases that need a process of their own count as absent, with this reason.
   */
  readonly specifier?: string
  /** The environment of the hosts and processes of the cases. Default: `process.env`. */
  readonly env?: Environment
  /** An environment in which the plugin finds no runtime. Without it the cases for that count as absent. */
  readonly unavailableEnv?: Environment
  /** How many processes the cases of a start under kept firewall rules start, each. Default 2. */
  readonly firewallStarts?: number
  /**
   * Limit of one case, in milliseconds; a few cases that do much get a multiple. Default 20 000. A longer one lengthens the
   * limits and the pauses within a case in proportion: give one on a busy machine.
   */
  readonly timeoutMs?: number
  /** Ids or groups (`NET`, `RT-017`) of the cases to run. Default: all, and a report counts only then. */
  readonly only?: readonly string[]
  /** How many cases run at once. Default 4. */
  readonly concurrency?: number
}
