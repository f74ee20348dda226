import { runtimeCapability } from '@capstan/core'
import { createHostError, type NetworkJoin } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { checkAddress, type MemoryNetwork } from '../networks/network-store.js'
import { getCurrentRun, type MemoryContainer, toContainerState } from './state/memory-container.js'

/**
 * Connects a container to a network: at once when it is running, else at its next start. Resolves with whether it was not
 * connected before.
 */
export async function connectContainer(
  context: MemoryRuntimeContext,
  {
    network,
    container,
    join,
  }: { readonly network: MemoryNetwork; readonly container: MemoryContainer; readonly join: NetworkJoin },
): Promise<boolean> {
  const { joins } = container
  checkJoin(context, network, { ...join, field: 'ipAddress' })
  checkMode(container)
  while (container.starting !== undefined) await container.starting
  checkIsNotPaused(container)
  const existing = joins.get(network.id)
  if (existing !== undefined) {
    checkIsSame(existing, join)
    return false
  }
  context.checkOption(runtimeCapability, 'network.several', joins.size > 0)
  getCurrentRun(container)?.network.join(network, join)
  joins.set(network.id, join)
  return true
}

/** Disconnects a container from a network. Does nothing if it is not connected. */
export function disconnectContainer(network: MemoryNetwork, container: MemoryContainer): void {
  if (!container.joins.has(network.id)) return
  checkIsNotPaused(container)
  getCurrentRun(container)?.network.leave(network)
  container.joins.delete(network.id)
}

/**
 * Checks the settings with which a container joins a network. As on Docker, the default network has no name service.
 * `field`: the path of the address.
 */
export function checkJoin(
  context: MemoryRuntimeContext,
  network: MemoryNetwork,
  { aliases = [], ipAddress, field }: NetworkJoin & { readonly field: string },
): void {
  context.checkOption(runtimeCapability, 'network.aliases', aliases.length > 0 && aliases)
  context.checkOption(runtimeCapability, 'network.ipAddress', ipAddress)
  checkAddress(network, ipAddress, field)
  if (network !== context.engine.networks.defaultNetwork || aliases.length === 0) return
  throw createHostError('OPTION_UNSUPPORTED', {
    runtime: context.runtimeName,
    field: 'network.aliases',
    given: aliases.join(', '),
    reason: 'the default network has no name service',
    remedy: 'create a network',
  })
}

function checkMode({ config, id }: MemoryContainer): void {
  const mode = config.network?.mode
  if (mode === undefined || mode === 'default' || mode === 'networks') return
  const expected = `a container whose network mode is not "${mode}"`
  throw createHostError('INVALID_ARGUMENT', { field: 'containerId', expected, given: JSON.stringify(id) })
}

function checkIsNotPaused(container: MemoryContainer): void {
  const state = toContainerState(container)
  if (state === 'paused') throw createHostError('NOT_RUNNING', { id: container.id, state })
}

/** @throws HostError INVALID_ARGUMENT unless the existing connection has these settings */
function checkIsSame(existing: NetworkJoin, { aliases = [], ipAddress }: NetworkJoin): void {
  const other = aliases.find((alias) => !existing.aliases?.includes(alias))
  const field = other === undefined ? 'ipAddress' : 'aliases'
  if (other === undefined && (ipAddress === undefined || ipAddress === existing.ipAddress)) return
  const expected = 'that of the existing connection: disconnect the container first to change it'
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(other ?? ipAddress) })
}
