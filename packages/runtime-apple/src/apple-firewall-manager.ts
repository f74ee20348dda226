import type { FirewallManager, FirewallRules, OperationOptions } from '@capstan/core'
import { validateFirewallRules, validateId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { setupFirewall } from './firewall/setup-firewall.js'

/** Restricts the egress of containers with rules inside the guest. */
export class AppleFirewallManager implements FirewallManager {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async setupFirewall(id: string, rules: FirewallRules, options: OperationOptions = {}): Promise<void> {
    validateId(id)
    validateFirewallRules(rules)
    await this.#context.call({ operation: 'setupFirewall', subject: id }, options, (call) =>
      setupFirewall(this.#context, id, { rules, call }),
    )
  }
}
