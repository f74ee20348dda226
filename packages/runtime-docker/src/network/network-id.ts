import { isHostError, type NetworkAttachment } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/** The attachments with the ids of their networks: Podman tells the names in place of them. */
export function withNetworkIds(
  engine: DockerEngine,
  attachments: readonly NetworkAttachment[],
  call: EngineCall,
): Promise<readonly NetworkAttachment[]> {
  return Promise.all(attachments.map((attachment) => withNetworkId(engine, attachment, call)))
}

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
