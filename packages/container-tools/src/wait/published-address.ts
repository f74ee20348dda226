import { createHostError } from '@capstan/core/plugin'
import type { WaitContext } from './wait-strategy.js'

/**
 * Resolves with the address at which a TCP port of a container is published on the engine's machine; `undefined` while the
 * container is not running.
 *
 * @throws HostError INVALID_ARGUMENT when the container runs and does not publish the port; CONTAINER_NOT_FOUND
 */
export async function findPublishedAddress(
  { runtime, id, signal }: WaitContext,
  { containerPort, host }: PublishedPort,
): Promise<PublishedAddress | undefined> {
  const { state, ports } = await runtime.inspectContainer(id, { signal })
  const bindings = ports.filter((port) => port.protocol === 'tcp' && port.containerPort === containerPort)
  const binding = bindings.find(({ hostAddress }) => !hostAddress.includes(':')) ?? bindings[0]
  if (binding !== undefined) return { host: host ?? toReachable(binding.hostAddress), port: binding.hostPort }
  if (!state.running) return undefined
  const facts = { field: 'containerPort', expected: 'a TCP port that the container publishes' }
  throw createHostError('INVALID_ARGUMENT', { ...facts, given: String(containerPort) })
}

/** A port of a container, and the host of the engine's machine. */
export interface PublishedPort {
  readonly containerPort: number
  /** Default: the address of the binding, or the loopback address if it is that of all interfaces. */
  readonly host: string | undefined
}

/** An address on the engine's machine. */
export interface PublishedAddress {
  readonly host: string
  readonly port: number
}

function toReachable(hostAddress: string): string {
  if (hostAddress === '0.0.0.0') return '127.0.0.1'
  return hostAddress === '::' ? '::1' : hostAddress
}
