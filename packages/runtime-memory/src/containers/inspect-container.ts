import type { ContainerInfo, ContainerInspection } from '@capstan/core'
import type { NetworkAttachment } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './state/memory-container.js'

/** Converts a container to its entry in a list. */
export function toContainerInfo(container: MemoryContainer): ContainerInfo {
  const { id, name, config, labels, createdAt } = container
  return { id, name, image: config.image, state: toContainerState(container), createdAt, labels }
}

/** Collects all facts about a container. */
export function inspectContainer(engine: MemoryEngine, container: MemoryContainer): ContainerInspection {
  const { latestRun, image, argv } = container
  const status = toContainerState(container)
  return {
    ...toContainerInfo(container),
    imageId: image.id,
    command: argv,
    state: {
      status,
      running: status === 'running',
      exitCode: latestRun?.exitCode,
      startedAt: latestRun?.startedAt,
      finishedAt: latestRun?.finishedAt,
    },
    networks: toAttachments(engine, container),
    ports: getCurrentRun(container)?.network.ports ?? [],
  }
}

function toAttachments({ networks }: MemoryEngine, { config, id }: MemoryContainer): readonly NetworkAttachment[] {
  const { network = { mode: 'default' } } = config
  if (network.mode === 'host' || network.mode === 'none') return []
  const joined =
    network.mode === 'networks' ? network.networks : [{ networkId: networks.defaultNetwork.id, aliases: [] }]
  return joined.map(({ networkId, aliases = [] }) => {
    const found = networks.find(networkId)
    const ipAddress = found?.members.get(id)?.ipAddress
    const gateway = ipAddress === undefined ? undefined : found?.gateway
    return { networkId: found?.id ?? networkId, networkName: found?.name ?? networkId, ipAddress, gateway, aliases }
  })
}
