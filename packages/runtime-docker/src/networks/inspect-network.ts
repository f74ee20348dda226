import type { NetworkInfo, NetworkInspection, NetworkMember } from '@capstan/core'
import { inspectNetwork } from '../containers/join-networks.js'
import { toContainerName } from '../engine/container-name.js'
import type { InspectedNetwork, ListedContainer, NetworkEndpoint } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findSandboxOf } from '../engine/sandbox-labels.js'

/** Inspects a network in the format of the contract. A member in a sandbox has the addresses of the sandbox. */
export async function inspectNetworkForContract(engine: DockerEngine, call: EngineCall): Promise<NetworkInspection> {
  const network = await inspectNetwork(engine, call)
  const api = await engine.api(call)
  // The network has the names of sandboxes in place of those of their containers.
  const running = await api.listContainers()
  const members = running.flatMap((container) => {
    const endpoint = network.Containers?.[container.Id]
    return endpoint === undefined ? [] : toMember(container, endpoint, running)
  })
  return { ...toNetworkInfo(network), members }
}

/** Converts an entry of the engine's list. */
export function toNetworkInfo({ Id, Name, Internal, Labels, IPAM, Scope }: InspectedNetwork): NetworkInfo {
  const subnets = (IPAM?.Config ?? []).flatMap(({ Subnet, Gateway }) => {
    return Subnet ? [{ cidr: Subnet, gateway: withoutPrefix(Gateway) }] : []
  })
  const scope = Scope === 'swarm' && { scope: 'cluster' as const }
  return { id: Id, name: Name ?? Id, internal: Internal ?? false, labels: Labels ?? {}, ...scope, subnets }
}

function toMember(
  listed: ListedContainer,
  { IPv4Address, IPv6Address }: NetworkEndpoint,
  running: readonly ListedContainer[],
): readonly NetworkMember[] {
  const firstId = findSandboxOf(listed.Labels)
  const container = firstId === undefined ? listed : running.find(({ Id }) => Id === firstId)
  if (container === undefined) return [] // its container does not run
  const addresses = { ipAddress: withoutPrefix(IPv4Address), ipv6Address: withoutPrefix(IPv6Address) }
  return [{ containerId: container.Id, containerName: toContainerName(container.Names?.[0]), ...addresses }]
}

/** Removes the length of the prefix: `172.17.0.2/16`. */
function withoutPrefix(address: string | undefined): string | undefined {
  return address?.replace(/\/.*$/, '') || undefined
}
