import { createHostError, type FirewallRules } from '@capstan/core'
import { setFirewall } from '../network/set-firewall.js'
import { findRun, type MemoryContainer, toContainerState } from './memory-container.js'

/** Keeps the rules for every start, and sets them at once where the container runs. */
export function setupFirewall(container: MemoryContainer, rules: FirewallRules): void {
  const { config, id } = container
  const state = toContainerState(container)
  if (state !== 'created' && state !== 'running') throw createHostError('NOT_RUNNING', { id, state })
  if (config.network?.mode === 'none') return
  if (config.network?.mode === 'host') {
    const reason = 'it uses the network of this machine, whose rules are not its own'
    throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
  }
  container.firewallRules = rules
  const run = findRun(container)
  if (run !== undefined) setFirewall(run.origin, rules)
}
