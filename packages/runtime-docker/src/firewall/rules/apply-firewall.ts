import { type FirewallRules, isHostError, type OperationOptions } from '@capstan/core'
import {
  createHostError,
  createUndoStack,
  validateFirewallRules,
  validateId,
  withUndoFailures,
} from '@capstan/core/plugin'
import { type FirewallPlan, readFirewallOutcome, toFirewallScript } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { toReason } from '../../engine/engine-text.js'
import { hasKnownOutcome } from '../../engine/has-known-outcome.js'
import { type Contained, contain } from './contain.js'
import { isEndError, readFirewalledContainer, rejectSharedNetwork } from './firewalled-container.js'
import { makePlan } from './make-plan.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'
import type { ResolveContext } from './resolve-host.js'
import { createNoRunnerError, listRunners } from './runners.js'

export interface ApplyFirewallOptions extends OperationOptions {
  /** Limit of each request, and of each run of a script. Default 60 000. */
  readonly stepTimeoutMs?: number
}

/**
 * Sets the rules in a running container, for IPv4 and IPv6. Verifies them by reading them back and by sending a packet
 * that they must block.
 *
 * Rejects with NOT_RUNNING for a container that is paused or does not run, and with FIREWALL_FAILED, `unchanged`, for
 * one on the host's network or in the namespace of another container. Does nothing without a network. On a later
 * failure, and on an abort, the container is restricted by other means, named by `facts.containment` of
 * FIREWALL_FAILED; an abort rejects with its reason.
 */
export async function applyFirewall(
  engine: DockerEngine,
  id: string,
  rules: FirewallRules,
  { signal, stepTimeoutMs = 60_000 }: ApplyFirewallOptions = {},
): Promise<void> {
  validateId(id)
  validateFirewallRules(rules)
  const call: EngineCall = { operation: 'setupFirewall', subject: id, signal, timeoutMs: stepTimeoutMs }
  const container = await readFirewalledContainer(engine, call)
  if (container.networkMode === 'none') return
  rejectSharedNetwork({ Id: id, HostConfig: { NetworkMode: container.networkMode } }, 'unchanged')
  const context = { engine, container }
  try {
    const reasons = await setRules({ ...context, runners: listRunners(context) }, rules, call)
    if (reasons !== undefined) throw createNoRunnerError(reasons)
  } catch (error) {
    throw await toContained(context, { id, call, error })
  }
}

/**
 * Sets the rules in the container's network namespace by the first runner that can, and verifies them. Resolves with
 * `undefined` then, and with the reasons of all runners when none could: nothing is changed.
 *
 * When it rejects, the namespace may have no rules, or only some of them.
 */
export async function setRules(
  context: ResolveContext,
  rules: FirewallRules,
  call: EngineCall,
): Promise<readonly string[] | undefined> {
  const { engine, container, runners } = context
  const plan = await makePlan(context, rules, call)
  const reasons: string[] = []
  for (const runner of runners) {
    const reason = await tryRunner(runner, plan, call)
    if (reason === undefined) {
      if (container.hasNetAdmin)
        engine.warn(`container "${container.name}" has NET_ADMIN: its own processes can remove its firewall`)
      return undefined
    }
    reasons.push(`${runner.title}: ${reason}`)
  }
  return reasons
}

/**
 * Resolves with `undefined` when the runner set the rules, and with a reason when it changed nothing. Rejects when it
 * may have changed something.
 */
async function tryRunner(runner: NamespaceRunner, plan: FirewallPlan, call: EngineCall): Promise<string | undefined> {
  const result = await runner.run(toFirewallScript(plan), call).catch((error: unknown) => ({ error }))
  call.signal?.throwIfAborted()
  if ('error' in result) {
    if (hasKnownOutcome(result.error, call)) return toReason(result.error)
    throw result.error // the script may have run
  }
  const outcome = readFirewallOutcome(result, plan)
  if (outcome.state === 'failed') throw new Error(outcome.reason)
  return outcome.state === 'unchanged' ? outcome.reason : undefined
}

interface Fault {
  readonly id: string
  readonly call: EngineCall
  readonly error: unknown
}

/** Restricts the container with a separate signal and limit, also while the runtime closes, and returns the error. */
async function toContained(context: RunnerContext, fault: Fault): Promise<unknown> {
  const { id, call, error } = fault
  let contained: Contained = { containment: 'unchanged', failures: [] }
  let ended: unknown
  const undo = createUndoStack({ timeoutMs: containTimeoutMs })
  undo.add('firewall', async (limits) => {
    const own = { ...call, ...limits }
    ended = await readFirewalledContainer(context.engine, own).then(
      () => undefined,
      (failure: unknown) => (isEndError(failure) ? failure : undefined), // after any other error it may still run
    )
    if (ended === undefined) contained = await contain(context, own)
  })
  const failures = await undo.run()
  if (call.signal?.aborted) return withUndoFailures(call.signal.reason, failures)
  if (isHostError(error, 'RUNTIME_UNAVAILABLE')) return withUndoFailures(error, failures)
  if (ended !== undefined) return ended
  const facts = { id, reason: toReason(error), containment: contained.containment }
  return withUndoFailures(createHostError('FIREWALL_FAILED', facts, { cause: error }), [
    ...contained.failures,
    ...failures,
  ])
}

const containTimeoutMs = 150_000
