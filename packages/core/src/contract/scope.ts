import type { DependencyContainer } from '../injection/di.js'
import type { Capability } from './capability.js'
import type { Environment } from './environment.js'
import type { StringMap } from './operation.js'

/** An open runtime, in which `findCapability` and `requireCapabilities` find managers. */
export interface CapabilityScope {
  /** The name of the plugin. */
  readonly runtimeName: string
  /** The dependency-injection container of this runtime, in which its managers are registered by their tokens. */
  readonly container: DependencyContainer
}

/** The scope that `RuntimePlugin.register` provides capabilities in. */
export interface RegistrationScope {
  /** The name of the plugin. */
  readonly runtimeName: string
  /**
   * Provides an object as the implementation of a capability. Does not depend on `this`, so a plugin that wraps another one
   * may pass it a copy of the scope with a different `provide`.
   *
   * @throws HostError CAPABILITY_DUPLICATE for a second implementation; PLUGIN_INVALID for a value that is not an object,
   * and when it is called after `register` has returned
   */
  provide<T extends object>(capability: Capability<T>, implementation: NoInfer<T>): void
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
