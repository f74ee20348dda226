import { delay } from '@capstan/core/plugin'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { inspectContainer } from './inspect-container.js'
import { toPortBindings, toPortMap } from './port-settings.js'

/** Container port → host port. Mappings lag behind a start: a port that was asked for is looked for again, up to 1 s. */
export async function getPortBindings(engine: DockerEngine, call: EngineCall): Promise<ReadonlyMap<number, number>> {
  for (let attempt = 1; ; attempt += 1) {
    const container = await inspectContainer(engine, call)
    if (container.State?.Running !== true) return new Map() // Podman has them from the create on
    const ports = toPortMap(toPortBindings(container.NetworkSettings?.Ports))
    if (attempt === mostAttempts || !lacksPort(container, ports)) return ports
    await delay(betweenMs, call)
  }
}

function lacksPort({ HostConfig }: InspectedContainer, ports: ReadonlyMap<number, number>): boolean {
  return Object.keys(HostConfig?.PortBindings ?? {}).some((key) => !ports.has(Number.parseInt(key, 10)))
}

const betweenMs = 100
const mostAttempts = 11
