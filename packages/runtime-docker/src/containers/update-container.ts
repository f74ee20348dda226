import type { ContainerLimits } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { passWarnings } from './container-create-error.js'
import { dropUndefined } from './create-body.js'
import { inspectContainer } from './inspection/inspect-container.js'

/** Changes limits of a container. The engine stores them for later starts. */
export async function updateContainer(engine: DockerEngine, limits: ContainerLimits, call: EngineCall): Promise<void> {
  const { Id: id, HostConfig } = await inspectContainer(engine, call)
  const { memoryBytes, cpus, pidsLimit } = limits
  const body = dropUndefined({
    Memory: memoryBytes,
    MemorySwap: memoryBytes && toMemorySwap(memoryBytes, HostConfig?.MemorySwap),
    NanoCpus: cpus && Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
  })
  const request = { ...call, method: 'POST', path: `/containers/${id}/update`, body } as const
  const answer = await engine.sendJson<{ readonly Warnings?: readonly string[] | null } | undefined>(request)
  engine.containers.changeLimits(id, body)
  passWarnings(engine, limits, answer?.Warnings ?? [])
}

/**
 * Returns the limit of memory and swap together, which must not be below that of the memory: twice the memory, as the engine sets it
 * at a create, or still unlimited.
 */
function toMemorySwap(memoryBytes: number, current: number | undefined): number {
  return current === -1 ? -1 : 2 * memoryBytes
}
