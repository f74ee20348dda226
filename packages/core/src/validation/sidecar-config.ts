import type { ContainerConfig, CreateOptions } from '../contract/container/container-config.js'
import type { SidecarConfig } from '../contract/managers/sidecar-manager.js'
import { checkObject } from './check.js'
import { checkJoins, validateContainerConfig } from './container-config.js'
import { checkFields } from './known-fields.js'
import { validateName } from './names.js'

/**
 * Validates the config of a sidecar and the options of `startSidecar`, and returns the config of its container. Every sidecar
 * manager must call it before any side effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field in the sidecar's config
 */
export function validateSidecarConfig(sidecar: SidecarConfig, options: CreateOptions = {}): ContainerConfig {
  checkObject('config', sidecar)
  checkFields('SidecarConfig', sidecar)
  const { networks = [], ...config } = sidecar
  validateName(config.name)
  checkJoins('networks', networks)
  const [first, ...others] = networks
  const container: ContainerConfig =
    first === undefined ? config : { ...config, network: { mode: 'networks', networks: [first, ...others] } }
  validateContainerConfig(container, options)
  return container
}
