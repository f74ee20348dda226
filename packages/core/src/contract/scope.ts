import type { DependencyContainer } from '../injection/di.js'
import type { Environment } from './environment.js'
import type { StringMap } from './operation.js'

/** What resolves capabilities: a scope while it is wired, and after. `container` is the runtime's own child container. */
export interface CapabilityScope {
  readonly runtimeName: string
  readonly container: DependencyContainer
}

/** What `register` gets. */
export interface RegistrationScope extends CapabilityScope {
  /** Go on everything that the runtime makes: containers, networks, volumes, built images. */
  readonly ownerLabels: StringMap
  /** The environment that the host was given: read this, and pass it to child processes, instead of `process.env`. */
  readonly env: Environment
  /** For facts that are no errors. */
  readonly warn: (message: string) => void
  /** The package of the plugin, as PLUGIN_* errors name it. */
  readonly packageName?: string
  readonly packageVersion?: string
}
