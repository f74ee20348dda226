import type { Capability, OptionName } from '@capstan/core'
import type { MemoryClusterOptions } from './memory-cluster.js'
import type { MemoryFault } from './memory-fault.js'
import type { MemoryImage, MemoryProgram } from './simulation/memory-program.js'

/** Options of {@link memoryPlugin}. */
export interface MemoryPluginOptions {
  /** The name of the runtime. Default `memory`. Two plugins in one host need different names. */
  readonly name?: string
  /** Images by reference, besides `busybox:latest`. A value under several references is one image with several tags. */
  readonly images?: Readonly<Record<string, MemoryImage>>
  /** Images that can be pulled, by reference. Pulling any other rejects with IMAGE_PULL_FAILED. */
  readonly pullable?: Readonly<Record<string, MemoryImage>>
  /**
   * The hosts of registries that accept pushes, in addition to those of `pullable`. A pushed image can be pulled. Pushing to
   * any other host rejects with IMAGE_PUSH_FAILED. Default: `localhost:5000`.
   */
  readonly registries?: readonly string[]
  /** Additional commands of `busybox:latest`. In other images, an executable file runs the command of its name. */
  readonly commands?: Readonly<Record<string, MemoryProgram>>
  /**
   * Capabilities to leave out: reported as absent with reason and remedy, and not registered. When the
   * volume manager is left out, containers cannot mount volumes: `mounts.volume` is then reported as unsupported.
   */
  readonly without?: readonly Capability<object>[]
  /**
   * Names of options, such as `network.host`, to list as unsupported in the report. A call that uses one rejects with
   * OPTION_UNSUPPORTED, and with NOT_ATTACHABLE for `foreignContainers.output`. The options `foreignContainers.*` apply to
   * containers that this opened runtime has not started. With `logs.split`, all log chunks have the source `combined`.
   * With `firewall.beforeStart`, stored rules are set after the start. `logs.binary` and `mounts.volume.shared` are only
   * listed.
   */
  readonly unsupportedOptions?: readonly OptionName[]
  /** Faults to inject. The list is read at each call, so it may grow while the runtime is open. */
  readonly faults?: readonly MemoryFault[]
  /**
   * The maximum size of a container's log in bytes, including 128 for each write. Default 64 MiB. When the log is full,
   * output that a reader has not read blocks the container; other output is dropped, the oldest first.
   */
  readonly logLimitBytes?: number
  /** A simulated cluster with services and jobs. Default: none; services are then absent, and jobs run on the engine. */
  readonly cluster?: MemoryClusterOptions
}
