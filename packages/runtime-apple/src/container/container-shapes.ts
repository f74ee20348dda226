import { type ContainerInfo, type ContainerInspection, type PortBinding, toFamiliarName } from '@capstan/core'
import type { AppleConnection } from '../apple-connection.js'
import type { AppleContainer } from '../output/containers.js'
import { toContainerState } from './find-container.js'

export function toContainerInfo(connection: AppleConnection, container: AppleContainer): ContainerInfo {
  const { id, image, createdAt, labels } = container
  return {
    id,
    name: id,
    image: toFamiliarName(image),
    state: toContainerState(connection, container),
    createdAt,
    labels,
  }
}

export function toInspection(connection: AppleConnection, container: AppleContainer): ContainerInspection {
  const { imageId, command, startedAt, networks, attachments } = container
  const outcome = connection.kept.find(container.id)?.session?.ended
  const info = toContainerInfo(connection, container)
  const { state: status } = info
  const isRunning = status === 'running'
  return {
    ...info,
    imageId,
    command,
    state: {
      status,
      running: isRunning,
      exitCode: isRunning ? undefined : outcome?.exitCode,
      startedAt: status === 'created' ? undefined : startedAt,
      finishedAt: isRunning ? undefined : outcome?.endedAt,
    },
    networks: networks.map((network) => {
      const attached = isRunning ? attachments.find((listed) => listed.network === network) : undefined
      const { address, gateway } = attached ?? {}
      return { networkId: network, networkName: network, ipAddress: address, gateway, aliases: [] }
    }),
    ports: toPorts(container),
  }
}

/** Only what runs has any. */
export function toPorts({ state, ports }: AppleContainer): readonly PortBinding[] {
  return state === 'running' ? ports : []
}

/** TCP first; of several for one port the first. */
export function toPortMap(ports: readonly PortBinding[]): ReadonlyMap<number, number> {
  const ordered = [
    ...ports.filter(({ protocol }) => protocol === 'udp').reverse(),
    ...ports.filter(({ protocol }) => protocol === 'tcp').reverse(),
  ]
  const bindings = new Map<number, number>()
  for (const { containerPort, hostPort } of ordered) bindings.set(containerPort, hostPort)
  return bindings
}
