import { createHostError, type OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import type { Settings } from '../start/settings.js'
import { isRefused, tcpAlias } from '../start/sidecar-config.js'

/** By what other containers of its network reach the sidecar, if it listens there: a name, or where none resolve, an address. */
export async function findTcpAddress(
  { sidecars, report }: BuildKitManagers,
  { tcp }: Settings,
  { id, networkId, signal }: OperationOptions & { readonly id: string; readonly networkId: string },
): Promise<string | undefined> {
  if (tcp === undefined) return undefined
  if (!isRefused(report, 'network.aliases')) return `tcp://${tcpAlias}:${tcp.port}`
  const { networks } = await sidecars.inspectContainer(id, { signal })
  const ipAddress = networks.find((network) => network.networkId === networkId)?.ipAddress
  if (ipAddress !== undefined) return `tcp://${ipAddress.includes(':') ? `[${ipAddress}]` : ipAddress}:${tcp.port}`
  const reason = 'it has no address on its network'
  throw createHostError('OPERATION_FAILED', { operation: 'start BuildKit', subject: id, status: undefined, reason })
}
