import { type FirewallRules, isHostError } from '@capstan/core'
import type { Operation } from '@capstan/core/plugin'
import { inspectContainer } from '../containers/inspection/inspect-container.js'
import { toContainerName } from '../engine/container-name.js'
import type { DockerEngine } from '../engine/docker-engine.js'
import { withFirewallCleanupLimit } from './firewall-cleanup-limit.js'
import { applyFirewall } from './rules/apply-firewall.js'
import { rejectSharedNetwork } from './rules/firewalled-container.js'
import { rejectUnprotected } from './rules/unprotected-container.js'

/**
 * Sets the rules in a running container and stores them for its next starts by this runtime. The rules of a created
 * container are only stored. See docs/firewall.md.
 */
export async function setupFirewall(engine: DockerEngine, rules: FirewallRules, call: Operation): Promise<void> {
  const { subject: id, signal } = call
  const container = await inspectContainer(engine, call)
  const store = () => engine.containers.settings.add(container.Id, toContainerName(container.Name), { rules })
  try {
    rejectUnprotected(container, engine.details.facts, 'unchanged')
    if (container.State?.Status === 'created') rejectSharedNetwork(container, 'unchanged')
    else await withFirewallCleanupLimit(engine, call, () => applyFirewall(engine, id, rules, { signal }))
    store()
  } catch (error) {
    // The container was restricted. Without stored rules its next start would be unrestricted.
    if (wasContained(error) || signal.aborted) store()
    throw error
  }
}

function wasContained(error: unknown): boolean {
  return isHostError(error, 'FIREWALL_FAILED') && error.facts.containment !== 'unchanged'
}
