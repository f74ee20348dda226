import {
  createHostError,
  createUndoStack,
  type FirewallRules,
  isHostError,
  type OperationOptions,
  withUndoFailures,
} from '@capstan/core'
import { toContainerState } from '../container/container-shapes.js'
import { inspectContainer } from '../container/inspect-container.js'
import { removeContainer } from '../container/remove-container.js'
import type { InspectedContainer } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import type { KeptSettings } from '../engine/start-settings.js'
import { toReason } from '../engine-text.js'
import { withCleanupLimit } from '../unanswered/cleanup-limit.js'
import { isAnswered } from '../unanswered/is-answered.js'
import { applyFirewall } from './rules/apply-firewall.js'
import { createNoRunnerError } from './rules/no-runner-error.js'
import { openSandbox, setSandboxRules, startSandbox } from './sandbox/open-sandbox.js'
import { releaseAfterEnd } from './sandbox/release-sandbox.js'
import { canReplace, replaceContainer } from './sandbox/replace-container.js'
import { cutNetworks } from './start-disconnected.js'

/** A container that may be started now, and only by `run`. */
export interface PreparedStart {
  /** Calls `start`, and resolves when the container runs under its rules. */
  run(start: () => Promise<void>): Promise<void>
  /** Ends the preparation where `run` was not called, and what is left of it after the end of the container. */
  giveUp(): Promise<void>
}

/**
 * Puts kept firewall rules in place before a start: in a sandbox whose network namespace the container is started in; or,
 * for a container that has run before, by cutting it off from its networks until the rules stand.
 *
 * Whatever fails: FIREWALL_FAILED, `not-started`; the container is there as it was.
 */
export async function prepareStart(engine: DockerEngine, kept: KeptSettings, call: EngineCall): Promise<PreparedStart> {
  if (kept.isEmpty) return unrestricted
  const { Id: id } = await inspectContainer(engine, call)
  const rules = kept.find(id)?.rules
  if (rules === undefined) return unrestricted
  return withCleanupLimit(engine, call, () => prepareRestricted(engine, kept, { id, rules, call }))
}

async function prepareRestricted(engine: DockerEngine, kept: KeptSettings, how: Restricting): Promise<PreparedStart> {
  const { id, call } = how
  const unlock = await engine.containers.lockStart(id, call)
  const end = async () => {
    unlock()
    await releaseAfterEnd(engine, { ...call, subject: id })
  }
  let mayStartLate = false
  try {
    const restricted = await restrict(engine, kept, how)
    return {
      async run(start) {
        try {
          await withCleanupLimit(engine, call, () => restricted(start))
          unlock()
        } catch (error) {
          // A start that was not answered may come late: it finds its sandbox with its rules.
          mayStartLate = !isAnswered(error, call)
          await (mayStartLate ? unlock() : end())
          throw error
        }
      },
      giveUp: async () => (mayStartLate ? undefined : end()),
    }
  } catch (error) {
    await end()
    throw toStartFailure(error, id, call)
  }
}

const unrestricted: PreparedStart = { run: (start) => start(), giveUp: async () => {} }

interface Restricting {
  readonly id: string
  readonly rules: FirewallRules
  readonly call: EngineCall
}

/** Resolves with how the container is to be started. */
async function restrict(
  engine: DockerEngine,
  kept: KeptSettings,
  { id, rules, call }: Restricting,
): Promise<PreparedStart['run']> {
  const container = await inspectContainer(engine, call)
  const apply = ({ signal }: OperationOptions) =>
    applyFirewall(engine, id, rules, { signal, ...firewallImageOf(engine) })
  refuseForeignNamespace(container)
  if (container.State?.Running === true) return async (start) => start().then(() => apply(call))
  if (container.HostConfig?.NetworkMode === 'none') return (start) => start()
  const request = engine.containers.findCreated(id)
  const sandboxId = engine.containers.findSandboxed(id)?.sandboxId
  if (sandboxId !== undefined) {
    await startSandbox(engine, sandboxId, call)
    const reasons = await setSandboxRules(engine, { container, sandboxId, rules }, call)
    if (reasons !== undefined) throw createNoRunnerError(reasons)
  } else if (
    request !== undefined &&
    toContainerState(container.State?.Status) === 'created' &&
    (await canReplace(engine, call))
  ) {
    await moveToSandbox(engine, { container, request, rules }, call)
  } else {
    return cutNetworks(engine, kept, { container, apply, call })
  }
  return (start) => start()
}

async function moveToSandbox(
  engine: DockerEngine,
  opening: Parameters<typeof openSandbox>[1],
  call: EngineCall,
): Promise<void> {
  const sandboxId = await openSandbox(engine, opening, call)
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add('firewall sandbox', (own) => removeContainer(engine, sandboxId, own))
  try {
    await replaceContainer(engine, { ...opening, sandboxId }, call)
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
  await engine.containers.untilFollowed(opening.container.Id, followMs)
}

/** The rules would be those of the machine, or of a container that the caller did not name. */
function refuseForeignNamespace({ Id: id, HostConfig }: InspectedContainer): void {
  const mode = HostConfig?.NetworkMode ?? ''
  if (mode !== 'host' && !mode.startsWith('container:')) return
  throw createHostError('FIREWALL_FAILED', { id, reason: 'its network is not its own', containment: 'not-started' })
}

/** What a start without rules would reject with, too, stays as it is. */
function toStartFailure(error: unknown, id: string, { signal }: EngineCall): unknown {
  if (signal?.aborted) return signal.reason
  if (isHostError(error) && passedOn.has(error.code)) return error
  const failure = createHostError(
    'FIREWALL_FAILED',
    { id, reason: toReason(error), containment: 'not-started' },
    { cause: error },
  )
  return withUndoFailures(failure, isHostError(error) ? error.undoFailures : [])
}

function firewallImageOf({ details: { firewallImage } }: DockerEngine) {
  return firewallImage === undefined ? {} : { firewallImage }
}

const passedOn: ReadonlySet<string> = new Set([
  'CONTAINER_NOT_FOUND',
  'FIREWALL_FAILED',
  'IN_USE',
  'NETWORK_NOT_FOUND',
  'RUNTIME_UNAVAILABLE',
])

/** For waits to follow the successor of their container, which takes a few requests. */
const followMs = 5_000
