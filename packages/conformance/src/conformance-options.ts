import type { RuntimePlugin } from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import type { ConformancePrograms } from './programs.js'

/** The plugin under test and how to test it. */
export interface ConformanceOptions {
  /** The plugin under test. */
  readonly plugin: RuntimePlugin
  /** A local image in which `programs` run. The kit pulls nothing. */
  readonly image: string
  /** An image in which the programs run and whose firewall can be set. Default: `image`. */
  readonly firewallImage?: string
  /** The command lines that the cases use. Default for each: that of {@link busyboxPrograms}. */
  readonly programs?: Partial<ConformancePrograms>
  /**
   * The package, folder or file from which another process loads the plugin, as for `loadPlugins` in the working
   * directory. Without it the cases that start another process count as absent.
   */
  readonly specifier?: string
  /** The environment of the hosts and processes that the cases start. Default: `process.env`. */
  readonly env?: Environment
  /** An environment in which the plugin finds no runtime. Without it the cases that use it count as absent. */
  readonly unavailableEnv?: Environment
  /** The number of processes that each case of a start with stored firewall rules starts. Default: 2. */
  readonly firewallRepetitions?: number
  /**
   * The time limit of one case in milliseconds; some cases get a multiple. Default: 20 000. A longer limit extends the
   * limits and pauses within a case in proportion, for example on a busy machine.
   */
  readonly timeoutMs?: number
  /** The ids or groups (`NET`, `RT-017`) of the cases to run. Default: all. Only a report of all cases shows conformance. */
  readonly only?: readonly string[]
  /** The number of cases that run at the same time. Default: 4. */
  readonly concurrency?: number
}
