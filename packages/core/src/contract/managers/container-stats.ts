import { type Capability, defineCapability } from '../capability.js'
import type { OperationOptions } from '../operation.js'

/** Measures the use of resources by containers. Counters are those since the start of the container. */
export interface ContainerStats {
  /**
   * Resolves with one sample of a running or paused container. The CPU share is measured during the call, which takes up to
   * about two seconds, or two measurements of an engine that needs longer for each.
   *
   * @throws HostError NOT_RUNNING when the container is neither running nor paused; CONTAINER_NOT_FOUND
   */
  sample(id: string, options?: OperationOptions): Promise<ContainerSample>
  /**
   * Returns the samples of a container, about one each second, and the first after up to about two seconds; fewer from an
   * engine that needs longer for a measurement. Ends when the container stops or is removed. Errors such as NOT_RUNNING and
   * CONTAINER_NOT_FOUND come when it is iterated.
   *
   * @throws HostError INVALID_ARGUMENT at once for an invalid id, RUNTIME_UNAVAILABLE after `close`, and the reason of a signal
   * that has aborted before
   */
  watch(id: string, options?: OperationOptions): SampleStream
}

/** The capability of measuring containers. */
export const containerStatsCapability: Capability<ContainerStats> = defineCapability({
  id: 'container-stats',
  title: 'container statistics',
})

/**
 * The samples of a container. Can be iterated only once, and keeps no samples for a slow consumer. Leaving the loop and
 * disposing close the connection.
 */
export interface SampleStream extends AsyncIterable<ContainerSample>, AsyncDisposable {}

/** The resources that a container uses. */
export interface ContainerSample {
  /** The time of the measurement, of the engine's clock. */
  readonly at: Date
  readonly cpu: {
    /** The CPU time of all processes in nanoseconds. */
    readonly usedNs: number
    /** The average number of CPUs in use since the earlier measurement: 1.5 is one and a half CPUs. */
    readonly share: number
  }
  readonly memory: {
    /** The memory in use, without the inactive page cache where the engine reports it. */
    readonly usedBytes: number
    /** The memory limit of the container, else the memory of the machine. `undefined` where the engine does not report it. */
    readonly limitBytes: number | undefined
  }
  /** The sums of all network interfaces of the container. `undefined` if it has none, and where the engine does not report them. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number } | undefined
  /** The bytes of block devices. `undefined` where the engine does not report them. */
  readonly blocks: { readonly readBytes: number; readonly writtenBytes: number } | undefined
  /** The number of processes, including threads. `undefined` where the engine does not report it. */
  readonly pids: number | undefined
}
