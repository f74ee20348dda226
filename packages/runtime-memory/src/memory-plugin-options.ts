import type { Capability, RefusableField } from '@capstan/core'
import type { MemoryFault } from './memory-fault.js'
import type { MemoryImage, MemoryProgram } from './simulation/memory-program.js'

/** What {@link memoryPlugin} simulates beyond the default image. */
export interface MemoryPluginOptions {
  /** Default `memory`. Two plugins in one host need two names. */
  readonly name?: string
  /** Images that are there, by reference, beside `busybox:latest`; one value under several is one image with several tags. */
  readonly images?: Readonly<Record<string, MemoryImage>>
  /** Images that a pull finds, by reference; any other: IMAGE_PULL_FAILED. */
  readonly pullable?: Readonly<Record<string, MemoryImage>>
  /**
   * Further commands of `busybox:latest`, which run wherever a file of their name is: `/hello` in an image that was
   * built `FROM scratch`, once it was copied there.
   */
  readonly commands?: Readonly<Record<string, MemoryProgram>>
  /**
   * Capabilities that it does not have: absent in the report with reason and remedy, and not registered. Without the volume
   * manager, `mounts.volume` is refused.
   */
  readonly without?: readonly Capability<object>[]
  /**
   * Options and promises that it refuses, as a runtime that can do less would: OPTION_UNSUPPORTED, and in the report.
   * `logs.split` makes one stream of a log; `foreignContainers.output` and `foreignContainers.exitCode` mean containers
   * that another open runtime started.
   */
  readonly unsupportedOptions?: readonly RefusableField[]
  /** What is to go wrong. The list is read at each call: it may grow while the runtime is open. */
  readonly faults?: readonly MemoryFault[]
  /** What the log of one container holds at most before the oldest goes; default 64 MiB. */
  readonly logLimitBytes?: number
}
