import type { ContainerInfo, ContainerInspection } from '@capstan/core'
import type { ExposedPort, NetworkAttachment } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './state/memory-container.js'

/** Converts a container to its entry in a list. */
export function toContainerInfo(container: MemoryContainer): ContainerInfo {
  const { id, name, config, labels, createdAt } = container
  const health = getCurrentRun(container)?.health
  return {
    id,
    name,
    image: config.image,
    state: toContainerState(container),
    createdAt,
    labels,
    ...(health !== undefined && { health }),
  }
}

/** Collects all facts about a container. */
export function inspectContainer(engine: MemoryEngine, container: MemoryContainer): ContainerInspection {
  const { latestRun, image, argv, config, restarts } = container
  const status = toContainerState(container)
  return {
    ...toContainerInfo(container),
    imageId: image.id,
    command: argv,
    interactive: config.interactive === true,
    tty: config.tty === true,
    state: {
      status,
      running: status === 'running' || status === 'paused',
      exitCode: latestRun?.exitCode,
      startedAt: latestRun?.startedAt,
      finishedAt: latestRun?.finishedAt,
      restartCount: restarts.count,
    },
    restartPolicy: config.restartPolicy ?? { name: 'no' },
    networks: toAttachments(engine, container),
    ports: getCurrentRun(container)?.network.ports ?? [],
    exposedPorts: toExposedPorts(container),
  }
}

/** The ports that the config publishes or declares, and those of the image. */
function toExposedPorts({ config, image }: MemoryContainer): readonly ExposedPort[] {
  const { ports = [], exposedPorts = [] } = config
  const all = [...ports, ...exposedPorts, ...image.config.exposedPorts].map(({ containerPort, protocol = 'tcp' }) => ({
    containerPort,
    protocol,
  }))
  return [...new Map(all.map((port) => [`${port.containerPort}/${port.protocol}`, port])).values()]
}

function toAttachments({ networks }: MemoryEngine, { joins, id }: MemoryContainer): readonly NetworkAttachment[] {
  return [...joins].map(([networkId, { aliases = [] }]) => {
    const found = networks.find(networkId)
    const { ipAddress, ipv6Address } = found?.members.get(id) ?? { ipAddress: undefined, ipv6Address: undefined }
    const gateway = ipAddress === undefined ? undefined : found?.gateway
    return { networkId, networkName: found?.name ?? networkId, ipAddress, ipv6Address, gateway, aliases }
  })
}
