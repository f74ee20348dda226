import type { HostAddressOptions } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { CallLimits, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findUnknownHostReason } from '../engine/engine-facts.js'

/**
 * The address by which a container reaches this host: the plugin's option `hostAddress`, else the host name of a virtual
 * machine, else the gateway of the network. `undefined` for a network without a gateway, and where the gateway is not on
 * this host: see {@link findUnknownHostReason}. A network that does not exist: NETWORK_NOT_FOUND.
 */
export async function getHostAddress(
  engine: DockerEngine,
  { networkId, signal, isBounded }: HostAddressOptions & CallLimits,
): Promise<string | undefined> {
  const { hostAddress, facts } = engine.details
  const known = hostAddress ?? (facts.location === 'virtual-machine' ? facts.hostName : undefined)
  const isGateway = known === undefined && findUnknownHostReason(facts) === undefined
  // Also where the address is that of no network: a network that does not exist is an error.
  if (networkId === undefined && !isGateway) return known
  const call: EngineCall = { operation: 'getHostAddress', subject: networkId ?? 'bridge', signal, isBounded }
  const api = await engine.api(call)
  const network = await api.getNetwork(encodeURIComponent(call.subject)).inspect()
  return isGateway ? toGateway(network) : known
}

function toGateway({ IPAM, Options }: InspectedNetwork): string | undefined {
  const configs = IPAM?.Config ?? []
  const gateways = configs.flatMap(({ Gateway }) => (Gateway ? [Gateway.replace(/\/.*$/, '')] : []))
  const gateway = gateways.find((address) => !address.includes(':')) ?? gateways[0]
  if (gateway !== undefined || Options?.['com.docker.network.bridge.default_bridge'] !== 'true') return gateway
  // Until an engine is restarted for the first time its default network has a subnet alone: it gave itself the first
  // address of that (moby, `daemon_unix.go`, initBridgeDriver; libnetwork's allocator).
  return configs.flatMap(({ Subnet }) => toFirstAddress(Subnet ?? '') ?? [])[0]
}

function toFirstAddress(subnet: string): string | undefined {
  const [, network, last] = /^(\d+\.\d+\.\d+)\.(\d+)\/\d+$/.exec(subnet) ?? []
  return network === undefined ? undefined : `${network}.${Number(last) + 1}`
}
