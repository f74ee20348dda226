import type { DependencyContainer } from '../injection/di.js'
import type { Environment } from './environment.js'
import type { StringMap } from './operation.js'

/** Where the capabilities of a runtime are found. */
export interface CapabilityScope {
  /** The name of the plugin. */
  readonly runtimeName: string
  /** The dependency-injection container of this runtime, in which its managers are registered by their tokens. */
  readonly container: DependencyContainer
}

/** The scope that `RuntimePlugin.register` provides capabilities in. */
export interface RegistrationScope extends CapabilityScope {
  /** The labels that the runtime must set on every container, network, volume and image that it creates. */
  readonly ownerLabels: StringMap
  /** The environment of the host. Read this, and pass it to child processes, instead of `process.env`. */
  readonly env: Environment
  /** Reports something that is not an error to `onWarning` of the host. */
  readonly warn: (message: string) => void
  /** The package of the plugin, for error messages. */
  readonly packageName?: string
  readonly packageVersion?: string
}
