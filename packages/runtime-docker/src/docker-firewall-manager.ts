import type { FirewallManager, FirewallRules, OperationOptions } from '@capstan/core'
import type { KeptSettings } from './container/kept-settings.js'
import { setupFirewall } from './container/setup-firewall.js'
import type { DockerEngine } from './docker-engine.js'

/** Egress firewalls of containers on a Docker Engine. The runtime sets the stored rules at each start. */
export class DockerFirewallManager implements FirewallManager {
  readonly #engine: DockerEngine
  readonly #kept: KeptSettings

  constructor(engine: DockerEngine, kept: KeptSettings) {
    this.#engine = engine
    this.#kept = kept
  }

  setupFirewall(id: string, rules: FirewallRules, options?: OperationOptions): Promise<void> {
    return this.#engine.keepOpen(() => setupFirewall(this.#engine, this.#kept, id, { ...options, rules }))
  }
}
