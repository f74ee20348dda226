import type { ContainerConfig } from '@capstan/core'
import { createHostError, defaultNetworkId, joinWords, type NetworkJoin, parseSubnet } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

/**
 * Checks the networks of a config and returns it with the engine's names in place of `default`.
 *
 * Rejects with NETWORK_NOT_FOUND for a missing network, and otherwise as {@link findJoinedNetwork}. The engine itself would
 * create the container and fail at its start.
 */
export async function withJoinedNetworks(
  engine: DockerEngine,
  config: ContainerConfig,
  call: EngineCall,
): Promise<ContainerConfig> {
  const { network } = config
  if (network?.mode !== 'networks') return config
  const resolve = async (join: NetworkJoin, index: number): Promise<NetworkJoin> => {
    const found = await findJoinedNetwork(engine, join, { call, field: `network.networks[${index}].` })
    // A Docker Engine knows its default network in a create request by this name only.
    return isDockerDefault(found) ? { ...join, networkId: 'bridge' } : { ...join, networkId: toRequestId(found, join) }
  }
  const [first, ...others] = network.networks
  const networks = await Promise.all([resolve(first, 0), ...others.map((join, index) => resolve(join, index + 1))])
  return { ...config, network: { mode: 'networks', networks } }
}

function toRequestId({ Id }: InspectedNetwork, { networkId }: NetworkJoin): string {
  return networkId === defaultNetworkId ? Id : networkId
}

/**
 * Inspects a network that a container joins. `field`: the path of the join, with a dot at its end.
 *
 * Rejects with INVALID_ARGUMENT for the networks `host` and `none` and for an address outside of its subnets, and with
 * OPTION_UNSUPPORTED for aliases on the default network.
 */
export async function findJoinedNetwork(
  engine: DockerEngine,
  { networkId, aliases = [], ipAddress }: NetworkJoin,
  { call, field }: { readonly call: EngineCall; readonly field: string },
): Promise<InspectedNetwork> {
  const network = await inspectNetwork(engine, { ...call, subject: networkId })
  if (network.Name === 'host' || network.Name === 'none') {
    const expected = `another network: set network mode "${network.Name}" when the container is created`
    throw createHostError('INVALID_ARGUMENT', {
      field: `${field}networkId`,
      expected,
      given: JSON.stringify(networkId),
    })
  }
  if (ipAddress !== undefined) checkIsInside(network, ipAddress, `${field}ipAddress`)
  if (aliases.length === 0 || !(isDockerDefault(network) || networkId === defaultNetworkId)) return network
  throw createHostError('OPTION_UNSUPPORTED', {
    runtime: engine.runtimeName,
    field: 'network.aliases',
    given: aliases.join(', '),
    reason: 'the default network has no name server',
    remedy: 'create a network',
  })
}

/** Inspects the network `call.subject`. Rejects with NETWORK_NOT_FOUND. */
export async function inspectNetwork(engine: DockerEngine, call: EngineCall): Promise<InspectedNetwork> {
  if (call.subject === defaultNetworkId) return await findDefaultNetwork(engine, call)
  const api = await engine.api(call)
  return await api.getNetwork(encodeURIComponent(call.subject)).inspect()
}

/**
 * Inspects the engine's default network. An engine with the quirk `renamesDefaultNetwork` shows it by the name of the request,
 * so it is inspected again by its id.
 */
async function findDefaultNetwork(engine: DockerEngine, call: EngineCall): Promise<InspectedNetwork> {
  const api = await engine.api(call)
  const network = await api.getNetwork('bridge').inspect()
  return engine.details.quirks.renamesDefaultNetwork ? await api.getNetwork(network.Id).inspect() : network
}

function isDockerDefault({ Name }: InspectedNetwork): boolean {
  return Name === 'bridge'
}

function checkIsInside({ IPAM }: InspectedNetwork, ipAddress: string, field: string): void {
  const subnets = (IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? [])
  if (subnets.some((cidr) => parseSubnet(cidr)?.contains(ipAddress))) return
  const expected = `an address in ${joinWords(subnets, 'or')}`
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(ipAddress) })
}
