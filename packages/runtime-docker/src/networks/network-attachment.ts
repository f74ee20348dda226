import { createHostError } from '@capstan/core/plugin'
import { toContainerState } from '../containers/inspection/convert-container.js'
import type { InspectedAttachment, InspectedContainer, InspectedNetwork } from '../engine/docker-api.js'

/**
 * Finds the connection of a container to a network. The id is missing before the first start, and is a name on Podman 4.3.
 * `isStored`: also a connection of a running container that the engine has stored and could not set up, which has no id.
 */
export function findAttachment(
  { NetworkSettings, State }: InspectedContainer,
  { Id, Name }: InspectedNetwork,
  { isStored = false }: { readonly isStored?: boolean } = {},
): InspectedAttachment | undefined {
  const networks = Object.entries(NetworkSettings?.Networks ?? {})
  const [, found] = networks.find(([name, { NetworkID }]) => NetworkID === Id || name === Name) ?? []
  return isStored || State?.Running !== true || found?.NetworkID ? found : undefined
}

/** A paused container is refused on every engine: Podman 4.3 stores the connection and cannot inspect the container afterwards. */
export function checkIsNotPaused({ Id: id, State }: InspectedContainer): void {
  if (State?.Status === 'paused') throw createHostError('NOT_RUNNING', { id, state: toContainerState('paused') })
}
