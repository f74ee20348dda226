import { createHostError, type FirewallRules } from '@capstan/core'
import type { AppleCall, AppleConnection } from '../apple-connection.js'
import { findContainer, toContainerState } from '../container/find-container.js'
import { applyFirewall } from './apply-firewall.js'

/** On a container that was not started they are kept for its start; without a network there is nothing to shut. */
export async function setupFirewall(
  connection: AppleConnection,
  id: string,
  { rules, call }: { readonly rules: FirewallRules; readonly call: AppleCall },
): Promise<void> {
  const found = await findContainer(connection, id, call)
  const state = toContainerState(connection, found)
  if (state === 'exited' || state === 'stopping') throw createHostError('NOT_RUNNING', { id, state })
  if (found.networks.length === 0) return
  if (state === 'running') await applyFirewall(connection, id, rules, call)
  Object.assign(connection.kept.require(id), { firewall: rules })
}
