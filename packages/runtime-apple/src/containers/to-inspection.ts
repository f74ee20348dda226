import type { ContainerInfo, ContainerInspection } from '@capstan/core'
import { type PortBinding, toFamiliarName } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { interactiveLabel } from './create-container.js'
import { toContainerState } from './queries/find-container.js'
import type { AppleContainer } from './queries/parse-containers.js'

/** Converts a listed container to an entry of `listContainers`. */
export function toContainerInfo(context: AppleRuntimeContext, container: AppleContainer): ContainerInfo {
  const { id, image, createdAt, labels } = container
  return {
    id,
    name: id,
    image: toFamiliarName(image),
    state: toContainerState(context, container),
    createdAt,
    labels,
  }
}

/** Converts an inspected container. The exit code is known only for containers that this process started. */
export function toInspection(context: AppleRuntimeContext, container: AppleContainer): ContainerInspection {
  const { imageId, command, startedAt, networks, attachments, labels, hasTerminal } = container
  const outcome = context.records.find(container.id)?.session?.ended
  const info = toContainerInfo(context, container)
  const { state: status } = info
  const isRunning = status === 'running'
  return {
    ...info,
    imageId,
    command,
    interactive: labels[interactiveLabel] === 'true',
    tty: hasTerminal,
    state: {
      status,
      running: isRunning,
      exitCode: isRunning ? undefined : outcome?.exitCode,
      startedAt: status === 'created' ? undefined : startedAt,
      finishedAt: isRunning ? undefined : outcome?.endedAt,
    },
    networks: networks.map((network) => {
      const attached = isRunning ? attachments.find((listed) => listed.network === network) : undefined
      const { address: ipAddress, ipv6Address, gateway } = attached ?? {}
      return { networkId: network, networkName: network, ipAddress, ipv6Address, gateway, aliases: [] }
    }),
    ports: toPorts(container),
  }
}

/** The published ports; none unless the container runs. */
export function toPorts({ state, ports }: AppleContainer): readonly PortBinding[] {
  return state === 'running' ? ports : []
}

/** Maps container ports to host ports: TCP before UDP, and the first of several bindings of one port. */
export function toPortMap(ports: readonly PortBinding[]): ReadonlyMap<number, number> {
  const ordered = [
    ...ports.filter(({ protocol }) => protocol === 'udp').reverse(),
    ...ports.filter(({ protocol }) => protocol === 'tcp').reverse(),
  ]
  const bindings = new Map<number, number>()
  for (const { containerPort, hostPort } of ordered) bindings.set(containerPort, hostPort)
  return bindings
}
