import type { FirewallManager, FirewallRules, OperationOptions } from '@capstan/core'
import { createHostError, validateFirewallRules, validateId } from '@capstan/core/plugin'
import { getCurrentRun, type MemoryContainer, toContainerState } from './containers/state/memory-container.js'
import { applyFirewall } from './firewall/apply-firewall.js'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Restricts the simulated connections of containers. */
export class MemoryFirewallManager implements FirewallManager {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async setupFirewall(id: string, rules: FirewallRules, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateFirewallRules(rules)
    const { containers } = this.#context.engine
    await this.#context.call('setupFirewall', options, () => {
      setupFirewall(containers.require(id), rules)
    })
  }
}

/** Stores the rules for each start, and sets them at once when the container is running. */
function setupFirewall(container: MemoryContainer, rules: FirewallRules): void {
  const { config, id } = container
  const state = toContainerState(container)
  if (state !== 'created' && state !== 'running') throw createHostError('NOT_RUNNING', { id, state })
  if (config.network?.mode === 'none') return
  if (config.network?.mode === 'host') {
    const reason = 'it uses the network of this machine, so its rules would affect the machine'
    throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
  }
  if (config.network?.mode === 'container') {
    const reason = `it shares the network of another container (${config.network.id})`
    throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
  }
  if ((config.restartPolicy?.name ?? 'no') !== 'no') {
    const reason = 'its restart policy would start it without the rules'
    throw createHostError('FIREWALL_FAILED', { id, reason, containment: 'unchanged' })
  }
  container.firewallRules = rules
  const run = getCurrentRun(container)
  if (run !== undefined) applyFirewall(run.network.networking, rules)
}
