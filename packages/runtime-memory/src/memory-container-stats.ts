import { totalmem } from 'node:os'
import type { ContainerSample, ContainerStats, OperationOptions } from '@capstan/core'
import { createHostError, createStream, delay, type SampleStream, untilAborted, validateId } from '@capstan/core/plugin'
import type { ContainerRun } from './containers/state/container-run.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/**
 * Measures simulated containers. A program is a function of this Node process, so its use of resources cannot be measured:
 * each container uses 1 % of a CPU while it runs, and each of its processes 1 MiB of memory.
 */
export class MemoryContainerStats implements ContainerStats {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async sample(id: string, options: OperationOptions = {}): Promise<ContainerSample> {
    validateId(id)
    return await this.#context.call('sample', options, () => this.#measure(...this.#require(id)))
  }

  watch(id: string, options: OperationOptions = {}): SampleStream {
    validateId(id)
    const { operations } = this.#context
    const subject = `container "${id}"`
    return createStream({ operations, operation: 'watch', subject, options }, ({ signal }) => this.#watch(id, signal))
  }

  async *#watch(id: string, signal: AbortSignal): AsyncGenerator<ContainerSample, void> {
    const [container, run] = await this.#context.call('watch', { signal }, () => this.#require(id))
    while (run.exitCode === undefined) {
      yield this.#measure(container, run)
      const ended = new AbortController()
      const elapsed = delay(intervalMs, { signal: ended.signal }).catch(() => {})
      await untilAborted(Promise.race([elapsed, run.whenEnded]), signal).finally(() => ended.abort())
    }
  }

  /** @throws HostError CONTAINER_NOT_FOUND, NOT_RUNNING */
  #require(id: string): readonly [MemoryContainer, ContainerRun] {
    const container = this.#context.engine.containers.require(id)
    const run = getCurrentRun(container)
    if (run === undefined) throw createHostError('NOT_RUNNING', { id, state: toContainerState(container) })
    return [container, run]
  }

  #measure({ config }: MemoryContainer, { startedAt, execs }: ContainerRun): ContainerSample {
    const at = this.#context.engine.now()
    const pids = 1 + execs.size
    const limitBytes = config.memoryBytes ?? totalmem()
    return {
      at,
      cpu: { usedNs: (at.getTime() - startedAt.getTime()) * 1_000_000 * cpuShare, share: cpuShare },
      memory: { usedBytes: Math.min(pids * bytesOfProcess, limitBytes), limitBytes },
      network: undefined,
      blocks: undefined,
      pids,
    }
  }
}

const intervalMs = 1000
const cpuShare = 0.01
const bytesOfProcess = 1024 * 1024
