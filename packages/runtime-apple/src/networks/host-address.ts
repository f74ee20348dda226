import { createHostError, type Operation } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { listContainers } from '../containers/queries/find-container.js'
import { parseNetworks } from './parse-networks.js'

/**
 * Resolves with the current gateway of the network: the service chooses another one if the usual address is in use.
 * `undefined` on macOS 15 while no container runs, because only a running container names the gateway there.
 */
export async function getHostAddress(
  context: AppleRuntimeContext,
  networkId: string,
  call: Operation,
): Promise<string | undefined> {
  const find = context.details.hasNetworkCommand ? inspectNetwork : findInContainers
  return await find(context, networkId, call)
}

async function inspectNetwork(context: AppleRuntimeContext, networkId: string, call: Operation) {
  const { stdout } = await context.run(['network', 'inspect', networkId], { ...call, subject: networkId })
  const [network] = parseNetworks(call.operation, stdout)
  if (network === undefined) throw createHostError('NETWORK_NOT_FOUND', { id: networkId })
  return network.gateway
}

/** On macOS 15 there is one network, and no command that inspects it. */
async function findInContainers(context: AppleRuntimeContext, networkId: string, call: Operation) {
  if (networkId !== 'default') throw createHostError('NETWORK_NOT_FOUND', { id: networkId })
  const attachments = (await listContainers(context, call)).flatMap((container) => container.attachments)
  return attachments.find(({ network, gateway }) => network === networkId && gateway !== undefined)?.gateway
}
