import type { ContainerInfo, ContainerSample, ContainerStats, Runtime } from '@capstan/core'
import { isHostError } from '@capstan/core'
import { delay } from '@capstan/core/plugin'
import { hasNoProcess, pickContainer } from './find-container.js'

/** A container with its latest sample. */
export interface MeasuredContainer {
  readonly container: ContainerInfo
  readonly sample: ContainerSample
}

/** What to measure. */
export interface WatchContainersOptions {
  readonly runtime: Pick<Runtime, 'listContainers'>
  readonly stats: ContainerStats
  /** IDs, prefixes of IDs, or names. Empty: all running containers. */
  readonly references: readonly string[]
  readonly signal: AbortSignal
}

/**
 * Measures containers once, in the order of their names. A container that stops meanwhile is left out, unless it is given.
 *
 * @throws HostError CONTAINER_NOT_FOUND and NOT_RUNNING for a given container
 */
export async function measureContainers(options: WatchContainersOptions): Promise<readonly MeasuredContainer[]> {
  const { stats, references, signal } = options
  const containers = await findContainers(options)
  const measured = await Promise.all(
    containers.map(async (container) => {
      try {
        return [{ container, sample: await stats.sample(container.id, { signal }) }]
      } catch (error) {
        if (references.length === 0 && isGone(error)) return []
        throw error
      }
    }),
  )
  return toSorted(measured.flat())
}

/**
 * Yields the latest samples each second, in the order of the names of the containers. Without references, containers that
 * start later are added, and it does not end; else it ends when all have stopped.
 *
 * @throws HostError CONTAINER_NOT_FOUND and NOT_RUNNING for a given container
 */
export async function* watchContainers(
  options: WatchContainersOptions,
): AsyncGenerator<readonly MeasuredContainer[], void> {
  const { stats, references, signal } = options
  const latest = new Map<string, MeasuredContainer>()
  const watches = new Map<string, AsyncDisposable>()
  let failure: { readonly error: unknown } | undefined
  const watch = async (container: ContainerInfo) => {
    const { id } = container
    try {
      const samples = stats.watch(id, { signal })
      watches.set(id, samples)
      for await (const sample of samples) latest.set(id, { container, sample })
    } catch (error) {
      if (references.length > 0 || !isGone(error)) failure ??= { error }
    } finally {
      latest.delete(id)
      watches.delete(id)
    }
  }
  try {
    for (let second = 0; ; second += 1) {
      const isListed = second === 0 || (references.length === 0 && second % secondsBetweenLists === 0)
      const found = isListed ? await findContainers(options) : []
      for (const container of found) if (!watches.has(container.id)) void watch(container)
      await delay(1000, { signal })
      if (failure !== undefined) throw failure.error
      if (references.length > 0 && watches.size === 0) return
      yield toSorted([...latest.values()])
    }
  } finally {
    await Promise.all([...watches.values()].map((samples) => samples[Symbol.asyncDispose]()))
  }
}

async function findContainers({
  runtime,
  references,
  signal,
}: WatchContainersOptions): Promise<readonly ContainerInfo[]> {
  const all = await runtime.listContainers({ signal })
  if (references.length === 0) return all.filter(({ state }) => !hasNoProcess(state))
  const given = references.map((reference) => pickContainer(all, reference))
  return [...new Map(given.map((container) => [container.id, container])).values()]
}

function isGone(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
}

function toSorted(measured: readonly MeasuredContainer[]): readonly MeasuredContainer[] {
  return measured.toSorted((one, other) => (one.container.name < other.container.name ? -1 : 1))
}

const secondsBetweenLists = 3
