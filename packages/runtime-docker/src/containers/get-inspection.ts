import { type ContainerInspection, isHostError } from '@capstan/core'
import type { NetworkAttachment } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toContainerInspection } from './container-shapes.js'
import { inspectContainer } from './inspect-container.js'

/** Inspects a container as the contract describes it. Gone: CONTAINER_NOT_FOUND. */
export async function getInspection(engine: DockerEngine, call: EngineCall): Promise<ContainerInspection> {
  const inspection = toContainerInspection(await inspectContainer(engine, call))
  const networks = await Promise.all(inspection.networks.map((attachment) => withNetworkId(engine, attachment, call)))
  return { ...inspection, networks }
}

/** Podman gives the name of a network in place of its id. */
async function withNetworkId(
  engine: DockerEngine,
  attachment: NetworkAttachment,
  call: EngineCall,
): Promise<NetworkAttachment> {
  const { networkId, networkName } = attachment
  if (networkId !== networkName || networkId === '') return attachment
  const api = await engine.api({ ...call, subject: networkName })
  try {
    const { Id } = await api.getNetwork(encodeURIComponent(networkName)).inspect()
    return { ...attachment, networkId: Id }
  } catch (error) {
    if (isHostError(error, 'NETWORK_NOT_FOUND')) return attachment
    throw error
  }
}
