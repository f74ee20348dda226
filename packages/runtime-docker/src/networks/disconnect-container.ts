import { createHostError } from '@capstan/core/plugin'
import { findContainer } from '../containers/inspection/inspect-container.js'
import { inspectNetwork } from '../containers/join-networks.js'
import type { CreateRequest, InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isNotConnected } from '../engine/docker-error-texts.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { checkIsNotPaused, findAttachment } from './network-attachment.js'

/** Disconnects a container, or its sandbox, from a network. Resolves if it is not connected, and if one of them does not exist. */
export async function disconnectContainer(
  engine: DockerEngine,
  { networkId, force }: { readonly networkId: string; readonly force: boolean },
  call: EngineCall,
): Promise<void> {
  const network = await ignoreErrors(['NETWORK_NOT_FOUND'], inspectNetwork(engine, { ...call, subject: networkId }))
  if (network === undefined) return
  if (network.Name === 'host' || network.Name === 'none') {
    const expected = 'a network from which containers can be disconnected'
    throw createHostError('INVALID_ARGUMENT', { field: 'networkId', expected, given: JSON.stringify(networkId) })
  }
  const container = await findContainer(engine, call)
  // With `force` an engine removes also what is left of a container that it does not know any more.
  if (container === undefined && !force) return
  const id = container?.Id ?? call.subject
  if (container !== undefined) {
    checkIsNotPaused(container)
    if (findAttachment(container, network) === undefined) return
  }
  const target = engine.containers.findSandboxed(id)?.sandboxId ?? id
  await sendDisconnect(engine, { networkId: network.Id, target, force }, call)
  engine.containers.updateCreated(id, (request) => withoutNetwork(request, network))
}

/** Disconnects a container of the engine. Resolves if it is not connected, and if one of them does not exist. */
export async function sendDisconnect(
  engine: DockerEngine,
  { networkId, target, force }: { readonly networkId: string; readonly target: string; readonly force: boolean },
  call: EngineCall,
): Promise<void> {
  const api = await engine.api({ ...call, subject: networkId })
  const sent = api.getNetwork(networkId).disconnect({ Container: target, Force: force })
  try {
    await ignoreErrors(['NETWORK_NOT_FOUND', 'CONTAINER_NOT_FOUND'], sent)
  } catch (error) {
    if (!isNotConnected(error)) throw error
  }
}

function withoutNetwork(
  { laterNetworks, leftNetworks = [], ...request }: CreateRequest,
  { Id, Name }: InspectedNetwork,
): CreateRequest {
  const others = laterNetworks.filter(({ networkId }) => networkId !== Id && networkId !== Name)
  const isLater = others.length < laterNetworks.length
  return { ...request, laterNetworks: others, leftNetworks: isLater ? leftNetworks : [...leftNetworks, Id] }
}
