import { type FirewallRules, isHostError } from '@capstan/core'
import { createHostError, type Operation } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from '../apple-runtime-context.js'
import { findContainer, toContainerState } from '../containers/queries/find-container.js'
import type { ContainerSession } from '../sessions/container-session.js'
import { applyFirewall, isNotRunningError } from './apply-firewall.js'

/**
 * Sets the rules of a running container, and stores them for its later starts. The rules of a created container are stored for
 * its first start. A container without a network needs no rules.
 */
export async function setupFirewall(
  context: AppleRuntimeContext,
  id: string,
  { rules, call }: { readonly rules: FirewallRules; readonly call: Operation },
): Promise<void> {
  const store = () => {
    context.records.getOrAdd(id).afterStart = (session, start) =>
      applyAfterStart(context, id, { session, rules, call: start })
  }
  const setUp = async () => {
    const found = await findContainer(context, id, call)
    const state = toContainerState(context, found)
    if (state === 'exited' || state === 'stopping') throw createHostError('NOT_RUNNING', { id, state })
    if (found.networks.length === 0) return
    try {
      if (state === 'running') await applyFirewall(context, id, rules, call)
      store()
    } catch (error) {
      // Without stored rules, the next start would be unrestricted.
      if (call.signal.aborted || wasContained(error)) store()
      throw error
    }
  }
  // After a start in progress, which would not apply the rules.
  await context.records.runExclusive(id, setUp, call.signal)
}

function wasContained(error: unknown): boolean {
  return isHostError(error, 'FIREWALL_FAILED') && error.facts.containment !== 'unchanged'
}

interface StartedContainer {
  readonly session: ContainerSession
  readonly rules: FirewallRules
  readonly call: Operation
}

/** Sets stored rules after a start, because they can be set only in the running guest. */
async function applyAfterStart(
  context: AppleRuntimeContext,
  id: string,
  { session, rules, call }: StartedContainer,
): Promise<void> {
  try {
    if (session.ended === undefined) return await applyFirewall(context, id, rules, call)
  } catch (error) {
    const isUnchanged = isHostError(error, 'FIREWALL_FAILED') && error.facts.containment === 'unchanged'
    if (!isNotRunningError(error) && !(isUnchanged && session.ended !== undefined)) throw error
  }
  const reason = 'its process ended before the rules were set'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'ended' })
}
