import { createHostError, type FirewallRules, isHostError, type Operation } from '@capstan/core'
import { toContainerName } from '../container/container-shapes.js'
import { inspectContainer } from '../container/inspect-container.js'
import type { InspectedContainer } from '../docker-api.js'
import type { DockerEngine } from '../docker-engine.js'
import type { KeptSettings } from '../engine/start-settings.js'
import { withCleanupLimit } from '../unanswered/cleanup-limit.js'
import { applyFirewall } from './rules/apply-firewall.js'

/** Sets the rules, and keeps them for later starts by this runtime. On a created container they are kept for its first. */
export async function setupFirewall(
  engine: DockerEngine,
  kept: KeptSettings,
  rules: FirewallRules,
  call: Operation,
): Promise<void> {
  const { subject: id, signal } = call
  const { firewallImage } = engine.details
  const options = { signal, ...(firewallImage === undefined ? {} : { firewallImage }) }
  const container = await inspectContainer(engine, call)
  const keep = () => kept.keep(container.Id, toContainerName(container.Name), { rules })
  try {
    if (container.State?.Status === 'created') refuseSharedNetwork(container)
    else await withCleanupLimit(engine, call, () => applyFirewall(engine, id, rules, options))
    keep()
  } catch (error) {
    // What was cut off now would be open again after its next start.
    if (wasContained(error) || signal.aborted) keep()
    throw error
  }
}

function wasContained(error: unknown): boolean {
  return isHostError(error, 'FIREWALL_FAILED') && error.facts.containment !== 'unchanged'
}

/** Known already, so it is not found out when the container runs. */
function refuseSharedNetwork({ Id: id, HostConfig }: InspectedContainer): void {
  const mode = HostConfig?.NetworkMode ?? ''
  if (mode !== 'host' && !mode.startsWith('container:')) return
  const reason = 'its network is not its own'
  throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
}
