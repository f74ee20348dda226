import { type FirewallRules, isHostError } from '@capstan/core'
import { createHostError, createUndoStack, withUndoFailures } from '@capstan/core/plugin'
import { toContainerState } from '../containers/inspection/convert-container.js'
import { inspectContainer } from '../containers/inspection/inspect-container.js'
import { removeContainer } from '../containers/remove-container.js'
import { type PreparedStart, unprepared } from '../containers/start-container.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toReason } from '../engine/engine-text.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { withFirewallCleanupLimit } from './firewall-cleanup-limit.js'
import { applyFirewall } from './rules/apply-firewall.js'
import { isEndError, rejectSharedNetwork } from './rules/firewalled-container.js'
import { createNoRunnerError } from './rules/runners.js'
import { rejectUnprotected } from './rules/unprotected-container.js'
import { releaseSandboxIfEnded } from './sandbox/release-sandbox.js'
import { canReplace, replaceContainer } from './sandbox/replace-container.js'
import { type SandboxedStart, setSandboxRules, startNewSandbox, startSandbox } from './sandbox/start-sandbox.js'
import { watchSandbox } from './sandbox/watch-sandbox.js'
import { startDisconnected } from './start-disconnected.js'

/**
 * Prepares a start under stored firewall rules: in the network namespace of a sandbox that has the rules, or, for a
 * container that cannot be created again, disconnected from its networks until it is sealed. See docs/firewall.md.
 *
 * Rejects with FIREWALL_FAILED, `not-started`, when that fails. The container is unchanged then.
 */
export async function prepareStart(engine: DockerEngine, call: EngineCall): Promise<PreparedStart> {
  const { run, release } = await prepare(engine, call)
  return {
    async run(start) {
      await run(start)
      watchSandbox(engine, call.subject)
    },
    release,
  }
}

async function prepare(engine: DockerEngine, call: EngineCall): Promise<PreparedStart> {
  const { settings } = engine.containers
  if (settings.isEmpty) return unprepared
  const { Id: id, State } = await inspectContainer(engine, call)
  const rules = settings.find(id)?.rules
  if (rules === undefined) return unprepared
  if (State?.Status === 'paused') throw createHostError('NOT_RUNNING', { id: call.subject, state: 'paused' })
  return withFirewallCleanupLimit(engine, call, () => prepareRestricted(engine, { id, rules, call }))
}

interface RestrictOptions {
  readonly id: string
  readonly rules: FirewallRules
  readonly call: EngineCall
}

async function prepareRestricted(engine: DockerEngine, options: RestrictOptions): Promise<PreparedStart> {
  const { id, call } = options
  const unlock = await engine.containers.lockStart(id, call)
  let ending: Promise<void> | undefined
  const end = () => {
    unlock()
    ending ??= releaseSandboxIfEnded(engine, { ...call, subject: id })
    return ending
  }
  let mayStartLate = false
  const release = async () => (mayStartLate ? unlock() : end())
  const run = await restrict(engine, options).catch(async (error: unknown) => {
    await end()
    throw error
  })
  return {
    async run(start) {
      try {
        await withFirewallCleanupLimit(engine, call, () => run(start))
        unlock()
      } catch (error) {
        // An engine that has not answered may start the container later, so the sandbox and its rules are kept.
        mayStartLate = !hasKnownOutcome(error, call)
        await release()
        throw error
      }
    },
    release,
  }
}

/** Resolves with the function that starts the container under the rules. */
async function restrict(engine: DockerEngine, options: RestrictOptions): Promise<PreparedStart['run']> {
  const { id, rules, call } = options
  try {
    const container = await inspectContainer(engine, call)
    rejectSharedNetwork(container, 'not-started')
    rejectUnprotected(container, engine.details.facts, 'not-started')
    if (container.State?.Running === true) return (start) => restrictRunning(engine, options, start)
    if (container.HostConfig?.NetworkMode === 'none') return (start) => start()
    const request = engine.containers.findCreated(id)
    const sandboxId = engine.containers.findSandboxed(id)?.sandboxId
    if (sandboxId !== undefined) {
      await startSandbox(engine, sandboxId, call)
      const reasons = await setSandboxRules(engine, { container, sandboxId, rules }, call)
      if (reasons !== undefined) throw createNoRunnerError(reasons)
      return (start) => start()
    }
    const isNew = request !== undefined && toContainerState(container.State?.Status) === 'created'
    if (!isNew || !(await canReplace(engine, call))) return await startDisconnected(engine, { container, rules, call })
    await moveToSandbox(engine, { container, request, rules }, call)
    return (start) => start()
  } catch (error) {
    throw toStartFailure(error, options)
  }
}

/**
 * Sets the rules in a running container. Does not send the start, which would start a container without rules if it has
 * exited meanwhile. Such a container is prepared again.
 */
async function restrictRunning(
  engine: DockerEngine,
  options: RestrictOptions,
  start: () => Promise<void>,
): Promise<void> {
  const { id, rules, call } = options
  try {
    await applyFirewall(engine, id, rules, call)
  } catch (error) {
    if (!isEndError(error)) throw error
    const run = await restrict(engine, options)
    await run(start)
  }
}

async function moveToSandbox(engine: DockerEngine, prepared: SandboxedStart, call: EngineCall): Promise<void> {
  const sandboxId = await startNewSandbox(engine, prepared, call)
  const undo = createUndoStack({ timeoutMs: engine.timeouts.undoMs })
  undo.add('firewall sandbox', (own) => removeContainer(engine, sandboxId, own))
  try {
    await replaceContainer(engine, { ...prepared, sandboxId }, call)
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
  await engine.containers.untilWaitsMoved(prepared.container.Id, moveMs)
}

/** Converts an error to FIREWALL_FAILED. Returns an error that already is one, or that a start without rules can have too. */
function toStartFailure(error: unknown, { id, call: { signal } }: RestrictOptions): unknown {
  if (signal?.aborted) return signal.reason
  if (isHostError(error) && passedOn.has(error.code)) return error
  const facts = { id, reason: toReason(error), containment: 'not-started' } as const
  const failure = createHostError('FIREWALL_FAILED', facts, { cause: error })
  return withUndoFailures(failure, isHostError(error) ? error.undoFailures : [])
}

const passedOn: ReadonlySet<string> = new Set([
  'CONTAINER_NOT_FOUND',
  'FIREWALL_FAILED',
  'IN_USE',
  'NETWORK_NOT_FOUND',
  'RUNTIME_UNAVAILABLE',
])

/** The limit for moving waits to the new container, which takes a few requests. */
const moveMs = 5_000
