import { lookup } from 'node:dns/promises'
import { type FirewallRules, isHostError } from '@capstan/core'
import {
  createHostError,
  createUndoStack,
  type HostErrorFacts,
  type Operation,
  untilAborted,
  withUndoFailures,
} from '@capstan/core/plugin'
import {
  type FirewallOutcome,
  type FirewallPlan,
  findNameServers,
  planFirewall,
  readFirewallOutcome,
  sealPlan,
  toFirewallScript,
} from '@capstan/egress-firewall'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import type { CliCall } from '../cli/apple-cli.js'
import { hasStopped } from '../containers/queries/find-container.js'

/**
 * Sets the rules in the guest of a running container and verifies them. Needs `sh` and `iptables` in the image, `ip6tables` if
 * the guest has an IPv6 address, and NET_ADMIN in the container, whose root user can therefore remove the rules again.
 *
 * If this fails, the container is sealed: rules allow only the loopback interface. If that fails, too, it is killed.
 */
export async function applyFirewall(
  context: AppleRuntimeContext,
  id: string,
  rules: FirewallRules,
  call: Operation,
): Promise<void> {
  try {
    // Names are resolved on this machine: there is no name service in the guests.
    const plan = await planFirewall(rules, {
      resolveHost: (host) => resolve(host, call.signal),
      listNameServers: () => readNameServers(context, id, call),
    })
    const outcome = await runScript(context, id, plan, call)
    if (outcome.state !== 'set') throw new Error(outcome.reason)
  } catch (error) {
    throw await restrictAfterFailure(context, id, { call, error })
  }
}

async function runScript(
  context: AppleRuntimeContext,
  id: string,
  plan: FirewallPlan,
  call: CliCall,
): Promise<FirewallOutcome> {
  const command = ['sh', '-c', toFirewallScript(plan)]
  const { exitCode, stdout, stderr } = await runInside(context, id, command, call)
  return readFirewallOutcome({ exitCode, output: `${stdout.toString('utf8')}\n${stderr}` }, plan)
}

function runInside(context: AppleRuntimeContext, id: string, command: readonly string[], call: CliCall) {
  return context.cli.run(['exec', '--user=0', id, ...command], { ...call, subject: id })
}

async function resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const found = await untilAborted(lookup(host, { all: true }), signal).catch(() => {
    signal.throwIfAborted()
    return []
  })
  return found.map(({ address }) => address)
}

async function readNameServers(context: AppleRuntimeContext, id: string, call: CliCall): Promise<readonly string[]> {
  const { stdout } = await runInside(context, id, ['cat', '/etc/resolv.conf'], call)
  return findNameServers(stdout.toString('utf8'))
}

/** Whether the rules could not be set because the container does not run or is gone. */
export function isNotRunningError(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
}

type Containment = HostErrorFacts['FIREWALL_FAILED']['containment']

/**
 * Seals the container, or kills it if that fails, and returns the error. The undo stack gives this a signal and a limit of its
 * own, because the signal of the caller may have aborted.
 */
async function restrictAfterFailure(
  context: AppleRuntimeContext,
  id: string,
  { call, error }: { readonly call: Operation; readonly error: unknown },
): Promise<unknown> {
  const { operation } = call
  let containment: Containment = 'unchanged'
  const undo = createUndoStack()
  undo.add('firewall', async ({ signal }) => {
    containment = await sealOrKill(context, id, { operation, subject: id, signal })
  })
  const failures = await undo.run()
  if (call.signal.aborted) return withUndoFailures(call.signal.reason, failures)
  if (isNotRunningError(error)) return error
  const reason = error instanceof Error ? error.message : String(error)
  return withUndoFailures(createHostError('FIREWALL_FAILED', { id, reason, containment }, { cause: error }), failures)
}

async function sealOrKill(
  context: AppleRuntimeContext,
  id: string,
  call: CliCall & { readonly signal: AbortSignal },
): Promise<Containment> {
  const outcome = await runScript(context, id, sealPlan, call).catch(() => undefined)
  if (outcome?.state === 'set') return 'sealed'
  await context.cli.run(['kill', '--signal', 'KILL', id], call)
  return (await hasStopped(context, id, call)) ? 'killed' : 'unchanged'
}
