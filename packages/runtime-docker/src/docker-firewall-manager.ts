import type { FirewallManager, FirewallRules, OperationOptions } from '@capstan/core'
import { validateFirewallRules } from '@capstan/core/plugin'
import { validateContainerId } from './containers/inspection/inspect-container.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { setupFirewall } from './firewall/setup-firewall.js'

/** Egress firewalls of containers on a Docker Engine. The runtime sets the stored rules at each start. */
export class DockerFirewallManager implements FirewallManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async setupFirewall(id: string, rules: FirewallRules, options: OperationOptions = {}): Promise<void> {
    validateContainerId(id)
    validateFirewallRules(rules)
    await this.#engine.run('setupFirewall', id, options, (call) => setupFirewall(this.#engine, rules, call))
  }
}
