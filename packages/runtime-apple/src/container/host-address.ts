import { createHostError } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { parseNetworks } from '../output/networks.js'

/** The gateway of the network, as it is now: the service picks another one where the usual is taken. */
export async function getHostAddress(connection: AppleConnection, networkId: string, call: AppleCall): Promise<string> {
  const { stdout } = await connection.run(['network', 'inspect', networkId], { ...call, subject: networkId })
  const [network] = parseNetworks(call.operation, stdout)
  if (network === undefined) throw createHostError('NETWORK_NOT_FOUND', { id: networkId })
  if (network.gateway !== undefined) return network.gateway
  const reason = 'it has no gateway now; start a container on it first'
  const facts = { operation: call.operation, subject: `network "${networkId}"`, status: undefined, reason }
  throw createHostError('OPERATION_FAILED', facts)
}
