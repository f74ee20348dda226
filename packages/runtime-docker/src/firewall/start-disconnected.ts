import { createHostError, createUndoStack, isHostError, type OperationOptions, withUndoFailures } from '@capstan/core'
import { toContainerName } from '../container/container-shapes.js'
import { inspectContainer } from '../container/inspect-container.js'
import type { InspectedAttachment, InspectedContainer } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import type { KeptSettings } from '../engine/start-settings.js'
import { toReason } from '../engine-text.js'
import { sealWorkload } from './rules/seal-workload.js'

/**
 * Cuts a container that does not run off from its networks, and resolves with how it is started: cut off, then sealed,
 * then back on its networks, then under its rules. Until the rules stand nothing is in reach but its own loopback.
 *
 * A process that ends before that: FIREWALL_FAILED, `ended`. Whatever fails before the start: the networks are back.
 */
export async function cutNetworks(
  engine: DockerEngine,
  kept: KeptSettings,
  { container, apply, call }: CutOff,
): Promise<(start: () => Promise<void>) => Promise<void>> {
  const { Id: id } = container
  // A start before this one may have left it cut off.
  const networks = kept.find(id)?.networks ?? container.NetworkSettings?.Networks ?? {}
  kept.keep(id, toContainerName(container.Name), { networks })
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
      await sealWorkload(engine, own)
    } catch (error) {
      throw await toFailure(engine, { id, networks, call: own, error })
    }
    await joinNetworks(engine, networks, own).catch(async (error: unknown) => {
      if (await hasEnded(engine, own)) throw await toFailure(engine, { id, networks, call: own, error })
      call.signal?.throwIfAborted()
      throw createHostError('FIREWALL_FAILED', { id, reason: toReason(error), containment: 'sealed' }, { cause: error })
    })
    await apply(call).catch(async (error: unknown) => {
      throw isEnd(error) ? await toFailure(engine, { id, networks, call: own, error }) : error
    })
  }
}

interface CutOff {
  readonly container: InspectedContainer
  /** Sets and verifies the rules in the running container. */
  readonly apply: (options: OperationOptions) => Promise<void>
  readonly call: EngineCall
}

type Networks = Readonly<Record<string, InspectedAttachment>>

interface Failing {
  readonly id: string
  readonly networks: Networks
  readonly call: EngineCall
  readonly error: unknown
}

/** The container goes on without a network, or has ended. */
async function toFailure(engine: DockerEngine, { id, networks, call, error }: Failing): Promise<unknown> {
  const isOver = await hasEnded(engine, call).catch(() => false)
  const failures = isOver ? await restore(engine, networks, call) : []
  if (call.signal?.aborted) return withUndoFailures(call.signal.reason, failures)
  const reason = isOver ? 'its process ended before the rules were set' : toReason(error)
  const facts = { id, reason, containment: isOver ? 'ended' : 'disconnected' } as const
  return withUndoFailures(createHostError('FIREWALL_FAILED', facts, { cause: error }), failures)
}

async function hasEnded(engine: DockerEngine, { signal: _signal, ...call }: EngineCall): Promise<boolean> {
  try {
    return (await inspectContainer(engine, { ...call, timeoutMs: lookMs })).State?.Running !== true
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return true
    throw error
  }
}

function isEnd(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') ? error.facts.state !== 'paused' : isHostError(error, 'CONTAINER_NOT_FOUND')
}

/** The network `none` stays: a Docker Engine would join a container without any network to the default one. */
async function leaveNetworks(engine: DockerEngine, call: EngineCall): Promise<void> {
  for (const network of await listNetworks(engine, call)) await leave(engine, network, call)
  const api = await engine.api(call)
  try {
    await api.getNetwork('none').connect({ Container: call.subject })
  } catch (error) {
    if (!isHostError(error, 'NETWORK_NOT_FOUND')) throw error // Podman has none, and joins it to nothing
  }
  const left = (await listNetworks(engine, call)).filter((network) => network !== 'none')
  if (left.length > 0) throw new Error(`it could not be cut off from ${left.join(' and ')}`)
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
  try {
    await api.getNetwork(network).disconnect({ Container: call.subject, Force: true })
  } catch (error) {
    // The network is gone, or the container is not in it.
    if (!isHostError(error, 'NETWORK_NOT_FOUND') && !isHostError(error, 'OPERATION_FAILED')) throw error
  }
}

async function listNetworks(engine: DockerEngine, call: EngineCall): Promise<readonly string[]> {
  const { NetworkSettings } = await inspectContainer(engine, call)
  return Object.keys(NetworkSettings?.Networks ?? {})
}

/** Of a container that does not run; one that is gone needs none. */
async function restore(engine: DockerEngine, networks: Networks, call: EngineCall): Promise<readonly unknown[]> {
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add(`networks of ${call.subject}`, async (own) => {
    try {
      await joinNetworks(engine, networks, { ...call, ...own })
    } catch (error) {
      if (!isHostError(error, 'CONTAINER_NOT_FOUND')) throw error
    }
  })
  return undo.run()
}
const lookMs = 5_000
