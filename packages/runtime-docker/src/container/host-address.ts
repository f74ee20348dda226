import { createHostError, type HostAddressOptions, refuseField, validateId } from '@capstan/core'
import type { InspectedNetwork } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'

/**
 * The address by which a container reaches this host: given in code, else the name that a virtual machine has for it,
 * else the gateway of the network, read from the engine.
 */
export async function getHostAddress(
  engine: DockerEngine,
  { networkId, signal }: HostAddressOptions = {},
): Promise<string> {
  if (networkId !== undefined) validateId(networkId, 'networkId')
  const { hostAddress, facts, refuses } = engine.details
  signal?.throwIfAborted()
  if (hostAddress !== undefined) return hostAddress
  refuseField(engine.runtimeName, 'getHostAddress', networkId, refuses)
  if (facts.location === 'virtual-machine') return facts.hostName
  return readGateway(engine, { operation: 'getHostAddress', subject: networkId ?? 'bridge', signal })
}

async function readGateway(engine: DockerEngine, call: EngineCall): Promise<string> {
  const api = await engine.api(call)
  const network = await api.getNetwork(encodeURIComponent(call.subject)).inspect()
  const gateway = toGateway(network)
  if (gateway !== undefined) return gateway
  const reason = 'the network has no gateway; use one that is not internal, or give hostAddress to the plugin'
  const { operation, subject } = call
  throw createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
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
