import type { ContainerUpdate } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { passWarnings } from './container-create-error.js'
import { dropUndefined } from './create-body.js'
import { toRestartPolicy } from './create-settings.js'
import { inspectContainer } from './inspection/inspect-container.js'

/** Changes settings of a container. The engine stores them for later starts. */
export async function updateContainer(engine: DockerEngine, update: ContainerUpdate, call: EngineCall): Promise<void> {
  const { Id: id, HostConfig } = await inspectContainer(engine, call)
  const { memoryBytes, cpus, pidsLimit, restartPolicy } = update
  if ((restartPolicy?.name ?? 'no') !== 'no') checkMayRestart(engine, id, HostConfig?.AutoRemove === true)
  const body = dropUndefined({
    Memory: memoryBytes,
    MemorySwap: memoryBytes && toMemorySwap(memoryBytes, HostConfig?.MemorySwap),
    NanoCpus: cpus && Math.round(cpus * 1e9),
    PidsLimit: pidsLimit,
    RestartPolicy: toRestartPolicy(restartPolicy),
  })
  const request = { ...call, method: 'POST', path: `/containers/${id}/update`, body } as const
  const answer = await engine.sendJson<{ readonly Warnings?: readonly string[] | null } | undefined>(request)
  engine.containers.changeHostConfig(id, body)
  passWarnings(engine, update, answer?.Warnings ?? [])
}

/** Rejects a restart policy of a container that the engine removes at its exit, or would start without its firewall rules. */
function checkMayRestart({ containers }: DockerEngine, id: string, autoRemove: boolean): void {
  if (autoRemove) {
    const expected = 'absent for a container with autoRemove'
    throw createHostError('INVALID_ARGUMENT', { field: 'update.restartPolicy', expected, given: 'a restart policy' })
  }
  if (containers.settings.find(id)?.rules === undefined && containers.findSandboxed(id) === undefined) return
  const reason = 'the engine would restart it without its firewall rules'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
}

/**
 * Returns the limit of memory and swap together, which must not be below that of the memory: twice the memory, as the engine sets it
 * at a create, or still unlimited.
 */
function toMemorySwap(memoryBytes: number, current: number | undefined): number {
  return current === -1 ? -1 : 2 * memoryBytes
}
