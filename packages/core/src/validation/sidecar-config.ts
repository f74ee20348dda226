import type { ContainerConfig } from '../contract/container/container-config.js'
import type { SidecarConfig } from '../contract/managers/sidecar-manager.js'
import { checkObject, checkSecret } from './check.js'
import { checkJoins, validateContainerConfig } from './container-config.js'
import { validateName } from './names.js'

/**
 * Validates the config of a sidecar and returns the config of its container. Every sidecar manager must call it before
 * any side effect.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field in the sidecar's config
 */
export function validateSidecarConfig(sidecar: SidecarConfig): ContainerConfig {
  checkObject('config', sidecar)
  const { networks = [], ...config } = sidecar
  for (const field of containerFields) {
    const value: unknown = Reflect.get(sidecar, field)
    checkSecret(value === undefined, field, 'absent, since it is not a field of SidecarConfig', value)
  }
  validateName(config.name)
  checkJoins('networks', networks)
  const [first, ...others] = networks
  const container: ContainerConfig =
    first === undefined ? config : { ...config, network: { mode: 'networks', networks: [first, ...others] } }
  validateContainerConfig(container)
  return container
}

/** Fields of a container that a sidecar does not have. */
const containerFields = ['network', 'tty', 'interactive']
