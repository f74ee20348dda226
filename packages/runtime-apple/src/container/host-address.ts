import { createHostError } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { parseNetworks } from '../output/networks.js'
import { listAll } from './find-container.js'

/** The gateway of the network, as it is now: the service picks another one where the usual is taken. */
export async function getHostAddress(connection: AppleConnection, networkId: string, call: AppleCall): Promise<string> {
  const find = connection.details.hasNetworkCommand ? askNetwork : askContainers
  const gateway = await find(connection, networkId, call)
  if (gateway !== undefined) return gateway
  const reason = 'it has no gateway now; start a container on it first'
  const facts = { operation: call.operation, subject: `network "${networkId}"`, status: undefined, reason }
  throw createHostError('OPERATION_FAILED', facts)
}

async function askNetwork(connection: AppleConnection, networkId: string, call: AppleCall) {
  const { stdout } = await connection.run(['network', 'inspect', networkId], { ...call, subject: networkId })
  const [network] = parseNetworks(call.operation, stdout)
  if (network === undefined) throw createHostError('NETWORK_NOT_FOUND', { id: networkId })
  return network.gateway
}

/** macOS 15 has no command for it, and one network alone: what runs there knows the way. */
async function askContainers(connection: AppleConnection, networkId: string, call: AppleCall) {
  if (networkId !== 'default') throw createHostError('NETWORK_NOT_FOUND', { id: networkId })
  const attachments = (await listAll(connection, call)).flatMap((container) => container.attachments)
  return attachments.find(({ network, gateway }) => network === networkId && gateway !== undefined)?.gateway
}
