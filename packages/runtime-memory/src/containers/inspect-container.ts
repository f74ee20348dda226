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

function toAttachments({ networks }: MemoryEngine, { config, id }: MemoryContainer): readonly NetworkAttachment[] {
  const { network = { mode: 'default' } } = config
  if (network.mode !== 'default' && network.mode !== 'networks') return []
  const joined =
    network.mode === 'networks' ? network.networks : [{ networkId: networks.defaultNetwork.id, aliases: [] }]
  return joined.map(({ networkId, aliases = [] }) => {
    const found = networks.find(networkId)
    const ipAddress = found?.members.get(id)?.ipAddress
    const gateway = ipAddress === undefined ? undefined : found?.gateway
    return { networkId: found?.id ?? networkId, networkName: found?.name ?? networkId, ipAddress, gateway, aliases }
  })
}
