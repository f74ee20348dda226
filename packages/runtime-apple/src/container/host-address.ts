import { createHostError } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { parseNetworks } from '../output/networks.js'
import { listAll } from './find-container.js'

/**
 * Resolves with the current gateway of the network: the service chooses another one if the usual address is in use.
 * `undefined` on macOS 15 while no container runs, because nothing there names the gateway.
 */
export async function getHostAddress(
  connection: AppleConnection,
  networkId: string,
  call: AppleCall,
): Promise<string | undefined> {
  const find = connection.details.hasNetworkCommand ? askNetwork : askContainers
  return await find(connection, networkId, call)
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
