import type { ContainerInfo, ContainerInspection, ListContainersOptions } from '@capstan/core'
import { delay, isListed } from '@capstan/core/plugin'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'
import { findSandboxOf } from '../engine/sandbox-labels.js'
import { listHealths, runsHealthchecks, toStatusFilter, withNetworkIds } from '../quirks/container-quirks.js'
import { toContainerInfo, toContainerInspection } from './inspection/convert-container.js'
import { inspectContainer } from './inspection/inspect-container.js'
import { toHostPorts, toPortBindings } from './inspection/port-settings.js'

/** Inspects a container in the format of the contract. Rejects with CONTAINER_NOT_FOUND if it does not exist. */
export async function inspectForContract(engine: DockerEngine, call: EngineCall): Promise<ContainerInspection> {
  const { health, ...inspection } = toContainerInspection(await inspectContainer(engine, call))
  const networks = await withNetworkIds(engine, inspection.networks, call)
  return { ...inspection, ...(health !== undefined && runsHealthchecks(engine) && { health }), networks }
}

/**
 * Resolves with the host port of each container port. Mappings appear shortly after a start, so requested ports are
 * polled for up to 1 s.
 */
export async function getPortBindings(engine: DockerEngine, call: EngineCall): Promise<ReadonlyMap<number, number>> {
  for (let attempt = 1; ; attempt += 1) {
    const container = await inspectContainer(engine, call)
    if (container.State?.Running !== true) return new Map() // some engines report them before the start too
    const ports = toHostPorts(toPortBindings(container.NetworkSettings?.Ports))
    if (attempt === mostAttempts || !lacksPort(container, ports)) return ports
    await delay(betweenMs, call)
  }
}

function lacksPort({ HostConfig }: InspectedContainer, ports: ReadonlyMap<number, number>): boolean {
  return Object.keys(HostConfig?.PortBindings ?? {}).some((key) => !ports.has(Number.parseInt(key, 10)))
}

const betweenMs = 100
const mostAttempts = 11

/**
 * Lists containers, also stopped ones, without the sandboxes of existing containers. A sandbox whose container was removed is
 * listed, so that a sweep removes it. The engine applies the filters.
 */
export async function listContainers(
  engine: DockerEngine,
  options: ListContainersOptions,
  call: EngineCall,
): Promise<readonly ContainerInfo[]> {
  const api = await engine.api(call)
  const filters = {
    ...toLabelFilter(options.labels, options.labelKeys),
    ...toStatusFilter(options.states, engine.details.quirks),
  }
  const [listed, healths] = await Promise.all([api.listContainers({ all: true, filters }), listHealths(engine, call)])
  const ids = new Set(listed.map(({ Id }) => Id))
  // A filter by state may have left out the container of a sandbox that is listed.
  const isUncertain = 'status' in filters && listed.some(({ Labels }) => findSandboxOf(Labels) !== undefined)
  const existing = isUncertain ? new Set((await api.listContainers({ all: true })).map(({ Id }) => Id)) : ids
  return listed
    .filter(({ Labels }) => !existing.has(findSandboxOf(Labels) ?? ''))
    .map((container) => ({ ...toContainerInfo(container), ...healths.get(container.Id) }))
    .filter((container) => isListed(container, options))
}
