import type { RuntimePlugin } from '@capstan/core'
import type { Environment } from '@capstan/core/plugin'
import type { ConformancePrograms } from './programs.js'

/** The plugin under test and how to test it. */
export interface ConformanceOptions {
  /** The plugin under test. */
  readonly plugin: RuntimePlugin
  /** A local image in which `programs` run. The kit pulls nothing. */
  readonly image: string
  /**
   * A local image for containers with a firewall, in which `programs` run and, if the runtime needs it, iptables. Used in
   * FW-001 to FW-009 and FW-015 to FW-018. Default: `image`.
   */
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
  /** An environment in which the plugin finds no runtime. Without it PRB-013 and PRB-014 count as absent. */
  readonly unavailableEnv?: Environment
  /** How often FW-015 and FW-016 repeat the start of a container with stored firewall rules. Default: 2. */
  readonly firewallRepetitions?: number
  /**
   * The time limit of one case in milliseconds; some cases get a multiple. Default: 20 000. A longer limit extends the
   * limits and pauses within a case in proportion, for example on a busy machine.
   */
  readonly timeoutMs?: number
  /** The ids or groups (`RT-017`, `NET`; README.md lists the groups) of the cases to run. Default: all. Only a report of all cases shows conformance. */
  readonly only?: readonly string[]
  /** The number of cases that run at the same time. Default: 4. */
  readonly concurrency?: number
}
