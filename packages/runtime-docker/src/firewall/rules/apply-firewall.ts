import {
  createHostError,
  createUndoStack,
  type FirewallRules,
  isHostError,
  type OperationOptions,
  validateFirewallRules,
  validateId,
  withUndoFailures,
} from '@capstan/core'
import { type FirewallPlan, readFirewallOutcome, toFirewallScript } from '@capstan/egress-firewall'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'
import { toReason } from '../../engine-text.js'
import { isAnswered } from '../../unanswered/is-answered.js'
import { type Contained, contain } from './contain.js'
import { makePlan } from './make-plan.js'
import type { NamespaceRunner, RunnerContext } from './namespace-runner.js'
import { createNoRunnerError } from './no-runner-error.js'
import type { ResolveContext } from './resolve-host.js'
import { listRunners } from './runners.js'
import { readWorkload, type Workload } from './workload.js'

export interface ApplyFirewallOptions extends OperationOptions {
  /** An image with `sh`, `iptables` and `ip6tables`, for a helper; default: the workload's own image is tried. */
  readonly firewallImage?: string
  /** For each request, and for each run of a script; default 60 000. */
  readonly stepTimeoutMs?: number
}

/**
 * Leaves a running container no way out but what the rules name, IPv4 and IPv6, and proves it by reading the rules back
 * and by a connection that must fail.
 *
 * Not running: NOT_RUNNING. Host networking, or the namespace of another container: FIREWALL_FAILED, `unchanged`. No
 * network at all: nothing to do. Whatever fails later, and an abort: the way out is cut by the strongest means left,
 * then FIREWALL_FAILED tells which (an abort rejects with its reason).
 */
export async function applyFirewall(
  engine: DockerEngine,
  id: string,
  rules: FirewallRules,
  options: ApplyFirewallOptions = {},
): Promise<void> {
  validateId(id)
  validateFirewallRules(rules)
  const call: EngineCall = {
    operation: 'setupFirewall',
    subject: id,
    signal: options.signal,
    timeoutMs: options.stepTimeoutMs ?? 60_000,
  }
  const workload = await readWorkload(engine, call)
  if (workload.networkMode === 'none') return
  refuseForeignNamespace(id, workload)
  const context = { engine, workload }
  const runners = listRunners(context, options.firewallImage)
  try {
    const reasons = await setRules({ ...context, runners }, rules, call)
    if (reasons !== undefined) throw createNoRunnerError(reasons)
  } catch (error) {
    throw await toContained(context, { id, firewallImage: options.firewallImage, call, error })
  }
}

/**
 * Sets the rules in the workload's network namespace by the first runner that can, and verifies them. Resolves with
 * `undefined` then, and with the reasons of all runners when none could: nothing is changed.
 *
 * Where this rejects, the namespace may be open.
 */
export async function setRules(
  context: ResolveContext,
  rules: FirewallRules,
  call: EngineCall,
): Promise<readonly string[] | undefined> {
  const { engine, workload, runners } = context
  const plan = await makePlan(context, rules, call)
  const reasons: string[] = []
  for (const runner of runners) {
    const reason = await tryRunner(runner, plan, call)
    if (reason === undefined) {
      if (workload.hasNetAdmin) warnOfNetAdmin(engine, workload)
      return undefined
    }
    reasons.push(`${runner.title}: ${reason}`)
  }
  return reasons
}

function warnOfNetAdmin(engine: DockerEngine, { name }: Workload): void {
  engine.warn(`container "${name}" has NET_ADMIN: its own processes can take its firewall away`)
}

/** The rules would apply to the host, or to a container that the caller did not name. */
function refuseForeignNamespace(id: string, { networkMode }: Workload): void {
  if (networkMode !== 'host' && !networkMode.startsWith('container:')) return
  const whose = networkMode === 'host' ? 'the host' : `another container (${networkMode.slice('container:'.length)})`
  const reason = `it shares the network of ${whose}, whose rules are not touched`
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
}

/** Resolves with the reason why the runner changed nothing; `undefined`: it set the rules. Rejects where it may have changed something. */
async function tryRunner(runner: NamespaceRunner, plan: FirewallPlan, call: EngineCall): Promise<string | undefined> {
  const result = await runner.run(toFirewallScript(plan), call).catch((error: unknown) => ({ error }))
  call.signal?.throwIfAborted()
  if ('error' in result) {
    if (isAnswered(result.error, call)) return toReason(result.error)
    throw result.error // the script may have run
  }
  const outcome = readFirewallOutcome(result, plan)
  if (outcome.state === 'failed') throw new Error(outcome.reason)
  return outcome.state === 'unchanged' ? outcome.reason : undefined
}

interface Fault {
  readonly id: string
  readonly firewallImage: string | undefined
  readonly call: EngineCall
  readonly error: unknown
}

/** Contains the container, with a signal and a limit of its own and also while the runtime closes, and returns the error. */
async function toContained(context: RunnerContext, fault: Fault): Promise<unknown> {
  const { id, firewallImage, call, error } = fault
  let contained: Contained = { containment: 'unchanged', failures: [] }
  let ended: unknown
  const undo = createUndoStack({ timeoutMs: containTimeoutMs })
  undo.add('firewall', async (limits) => {
    const own = { ...call, ...limits }
    ended = await readWorkload(context.engine, own).then(() => undefined, toEnded)
    if (ended === undefined) contained = await contain(context, listRunners(context, firewallImage), own)
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

/** A container that has ended needs no containment. A paused one does: its processes go on later. */
function toEnded(error: unknown): unknown {
  if (isHostError(error, 'NOT_RUNNING')) return error.facts.state === 'paused' ? undefined : error
  return isHostError(error, 'CONTAINER_NOT_FOUND') ? error : undefined
}

const containTimeoutMs = 150_000
