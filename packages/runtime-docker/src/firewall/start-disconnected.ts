import type { FirewallRules } from '@capstan/core'
import { createHostError, createUndoStack, withUndoFailures } from '@capstan/core/plugin'
import { findContainer, inspectContainer } from '../containers/inspection/inspect-container.js'
import type { PreparedStart } from '../containers/start-container.js'
import { toContainerName } from '../engine/container-name.js'
import type { InspectedAttachment, InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toReason } from '../engine/engine-text.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { applyFirewall } from './rules/apply-firewall.js'
import { sealContainer } from './rules/contain.js'
import { isEndError } from './rules/firewalled-container.js'

/**
 * Disconnects a container that does not run from its networks, and resolves with the function that starts it: it starts
 * the container, seals it, connects it to its networks again and sets the rules. Until then the process reaches its own
 * loopback interface only.
 *
 * That function rejects with FIREWALL_FAILED: `ended` when the process ends before the rules are set, `disconnected`
 * when the container could not be sealed, `sealed` when its networks could not be connected again. When the start
 * fails, or this function rejects, the container is connected to its networks again.
 */
export async function startDisconnected(
  engine: DockerEngine,
  { container, rules, call }: DisconnectOptions,
): Promise<PreparedStart['run']> {
  const { Id: id } = container
  const { settings } = engine.containers
  // An earlier start may have left it disconnected.
  const networks = settings.find(id)?.networks ?? container.NetworkSettings?.Networks ?? {}
  settings.add(id, toContainerName(container.Name), { networks })
  const own = { ...call, subject: id }
  try {
    await leaveNetworks(engine, own)
  } catch (error) {
    throw withUndoFailures(error, await restore(engine, networks, own))
  }
  return async (start) => {
    try {
      await start()
    } catch (error) {
      throw withUndoFailures(error, await restore(engine, networks, own))
    }
    try {
      await sealContainer(engine, own)
    } catch (error) {
      throw await toFailure(engine, networks, { call: own, error })
    }
    try {
      await joinNetworks(engine, networks, own)
    } catch (error) {
      if (await isOver(engine, own)) throw await toFailure(engine, networks, { call: own, error })
      call.signal?.throwIfAborted()
      throw createHostError('FIREWALL_FAILED', { id, reason: toReason(error), containment: 'sealed' }, { cause: error })
    }
    try {
      await applyFirewall(engine, id, rules, call)
      settings.take(id, 'networks')
    } catch (error) {
      throw isEndError(error) ? await toFailure(engine, networks, { call: own, error }) : error
    }
  }
}

interface DisconnectOptions {
  readonly container: InspectedContainer
  readonly rules: FirewallRules
  readonly call: EngineCall
}

type Networks = Readonly<Record<string, InspectedAttachment>>

interface FailureContext {
  readonly call: EngineCall
  readonly error: unknown
}

/** The error of a start whose container has ended, or runs without a network. */
async function toFailure(engine: DockerEngine, networks: Networks, { call, error }: FailureContext): Promise<unknown> {
  const { subject: id, signal } = call
  const isEnded = await isOver(engine, call).catch(() => false)
  const failures = isEnded ? await restore(engine, networks, call) : []
  if (signal?.aborted) return withUndoFailures(signal.reason, failures)
  const reason = isEnded ? 'its process ended before the rules were set' : toReason(error)
  const facts = { id, reason, containment: isEnded ? 'ended' : 'disconnected' } as const
  return withUndoFailures(createHostError('FIREWALL_FAILED', facts, { cause: error }), failures)
}

async function isOver(engine: DockerEngine, { signal: _signal, ...call }: EngineCall): Promise<boolean> {
  return (await findContainer(engine, { ...call, timeoutMs: inspectMs }))?.State?.Running !== true
}

/**
 * Disconnects the container from all networks, and connects it to `none`, because a Docker Engine connects a container
 * without a network to the default one at its start.
 */
async function leaveNetworks(engine: DockerEngine, call: EngineCall): Promise<void> {
  for (const network of await listNetworks(engine, call)) await leave(engine, network, call)
  const api = await engine.api(call)
  // An engine without the network `none` does not need it.
  await ignoreErrors(['NETWORK_NOT_FOUND'], api.getNetwork('none').connect({ Container: call.subject }))
  const left = (await listNetworks(engine, call)).filter((network) => network !== 'none')
  if (left.length > 0) throw new Error(`it could not be disconnected from ${left.join(' and ')}`)
}

async function joinNetworks(engine: DockerEngine, networks: Networks, call: EngineCall): Promise<void> {
  await leave(engine, 'none', call)
  const joined = await listNetworks(engine, call)
  for (const [network, { Aliases, IPAMConfig, Links, DriverOpts }] of Object.entries(networks)) {
    if (network === 'none' || joined.includes(network)) continue
    const aliases = Aliases?.filter((alias) => alias !== call.subject.slice(0, 12)) ?? []
    const EndpointConfig = {
      ...(aliases.length === 0 ? {} : { Aliases: aliases }),
      ...(IPAMConfig && { IPAMConfig }),
      ...(Links && { Links }),
      ...(DriverOpts && { DriverOpts }),
    }
    const api = await engine.api({ ...call, subject: network })
    await api.getNetwork(network).connect({ Container: call.subject, EndpointConfig })
  }
}

async function leave(engine: DockerEngine, network: string, call: EngineCall): Promise<void> {
  const api = await engine.api(call)
  const left = api.getNetwork(network).disconnect({ Container: call.subject, Force: true })
  // The network was removed, or the container is not on it.
  await ignoreErrors(['NETWORK_NOT_FOUND', 'OPERATION_FAILED'], left)
}

async function listNetworks(engine: DockerEngine, call: EngineCall): Promise<readonly string[]> {
  const { NetworkSettings } = await inspectContainer(engine, call)
  return Object.keys(NetworkSettings?.Networks ?? {})
}

/** Connects a container that does not run to its networks again; does nothing for one that was removed. */
async function restore(engine: DockerEngine, networks: Networks, call: EngineCall): Promise<readonly unknown[]> {
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add(`networks of ${call.subject}`, async (own) => {
    const join = async () => {
      await joinNetworks(engine, networks, { ...call, ...own })
      engine.containers.settings.take(call.subject, 'networks')
    }
    await ignoreErrors(['CONTAINER_NOT_FOUND'], join())
  })
  return undo.run()
}

const inspectMs = 5_000
