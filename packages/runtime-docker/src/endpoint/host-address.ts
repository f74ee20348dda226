import { defaultNetworkId, type HostAddressOptions } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { CallSignal, DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findUnknownHostReason } from '../engine/engine-facts.js'

/**
 * Resolves with the address of this host for containers: the plugin's option `hostAddress`, else the host name of a
 * virtual machine, else the gateway of the network. `undefined` for a network without a gateway, and where the gateway
 * is not known to be on this host: see {@link findUnknownHostReason}. A network that does not exist: NETWORK_NOT_FOUND.
 */
export async function getHostAddress(
  engine: DockerEngine,
  { networkId: given, signal, hasCallerSignal }: HostAddressOptions & CallSignal,
): Promise<string | undefined> {
  const networkId = given === defaultNetworkId ? undefined : given
  const { hostAddress, facts } = engine.details
  const configured = hostAddress ?? (facts.location === 'virtual-machine' ? facts.hostName : undefined)
  const isGateway = configured === undefined && findUnknownHostReason(facts) === undefined
  // The network is also read when its gateway is not used, because a missing network is an error.
  if (networkId === undefined && !isGateway) return configured
  const call: EngineCall = { operation: 'getHostAddress', subject: networkId ?? 'bridge', signal, hasCallerSignal }
  const api = await engine.api(call)
  const network = await api.getNetwork(encodeURIComponent(call.subject)).inspect()
  return isGateway ? toGateway(network) : configured
}

function toGateway({ IPAM, Options }: InspectedNetwork): string | undefined {
  const configs = IPAM?.Config ?? []
  const gateways = configs.flatMap(({ Gateway }) => (Gateway ? [Gateway.replace(/\/.*$/, '')] : []))
  const gateway = gateways.find((address) => !address.includes(':')) ?? gateways[0]
  if (gateway !== undefined || Options?.['com.docker.network.bridge.default_bridge'] !== 'true') return gateway
  // Before the first restart of an engine, its default network has a subnet but no gateway. The engine has the first
  // address of the subnet then (moby, `daemon_unix.go`, initBridgeDriver; libnetwork's allocator).
  return configs.flatMap(({ Subnet }) => toFirstAddress(Subnet ?? '') ?? [])[0]
}

function toFirstAddress(subnet: string): string | undefined {
  const [, network, last] = /^(\d+\.\d+\.\d+)\.(\d+)\/\d+$/.exec(subnet) ?? []
  return network === undefined ? undefined : `${network}.${Number(last) + 1}`
}
