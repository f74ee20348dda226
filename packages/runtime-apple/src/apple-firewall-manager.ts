import type { FirewallManager, FirewallRules, OperationOptions } from '@capstan/core'
import { validateFirewallRules, validateId } from '@capstan/core/plugin'
import type { AppleConnection } from './apple-connection.js'
import { setupFirewall } from './firewall/setup-firewall.js'

/** Restricts the egress of containers with rules inside the guest. */
export class AppleFirewallManager implements FirewallManager {
  readonly #connection: AppleConnection

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async setupFirewall(id: string, rules: FirewallRules, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateFirewallRules(rules)
    await this.#connection.call({ operation: 'setupFirewall', subject: id }, options, (call) =>
      setupFirewall(this.#connection, id, { rules, call }),
    )
  }
}
