import { type Runtime, toReachableHost } from '@capstan/core'
import { createHostError, type PortBinding } from '@capstan/core/plugin'
import type { WaitContext } from './wait-strategy.js'

/**
 * Resolves with the address at which this process reaches a published TCP port of a container; `undefined` while the container is
 * not running.
 *
 * @throws HostError INVALID_ARGUMENT when the container runs and does not publish the port, or publishes it only where this process
 * cannot reach it; CONTAINER_NOT_FOUND
 */
export async function findPublishedAddress(
  { runtime, id, signal }: WaitContext,
  { containerPort, host }: PublishedPort,
): Promise<PublishedAddress | undefined> {
  const { state, ports } = await runtime.inspectContainer(id, { signal })
  const bindings = ports.filter((port) => port.protocol === 'tcp' && port.containerPort === containerPort)
  const binding = bindings.find(({ hostAddress }) => !hostAddress.includes(':')) ?? bindings[0]
  if (binding !== undefined) return { host: host ?? requireHost(binding, runtime), port: binding.hostPort }
  if (!state.running) return undefined
  const facts = { field: 'containerPort', expected: 'a TCP port that the container publishes' }
  throw createHostError('INVALID_ARGUMENT', { ...facts, given: String(containerPort) })
}

/** A port of a container, and the host of the engine's machine. */
export interface PublishedPort {
  readonly containerPort: number
  /** Default: see `PortOpenOptions`. */
  readonly host: string | undefined
}

/** An address of the engine's machine as this process reaches it. */
export interface PublishedAddress {
  readonly host: string
  readonly port: number
}

function requireHost({ hostAddress, hostPort }: PortBinding, { portHost }: Pick<Runtime, 'portHost'>): string {
  const reachable = toReachableHost({ hostAddress }, { portHost })
  if (reachable !== undefined) return reachable
  const expected =
    portHost === undefined
      ? "the name or address of the engine's machine, which the runtime does not know"
      : `given, or the port published on an address of ${portHost} that this machine reaches`
  throw createHostError('INVALID_ARGUMENT', { field: 'host', expected, given: `${hostAddress}:${hostPort}` })
}
