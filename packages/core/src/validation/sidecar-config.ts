import type { ContainerConfig } from '../contract/container/container-config.js'
import type { SidecarConfig } from '../contract/managers/sidecar-manager.js'
import { checkObject, checkSecret } from './check.js'
import { checkJoins, validateContainerConfig } from './container-config.js'
import { validateName } from './names.js'

/**
 * The config of the container that a sidecar is. Each sidecar manager calls it first, as it checks what it is given.
 *
 * @throws HostError INVALID_ARGUMENT with the path of the field as the sidecar's config has it.
 */
export function toSidecarContainer(sidecar: SidecarConfig): ContainerConfig {
  checkObject('config', sidecar)
  const { networks = [], ...config } = sidecar
  for (const field of foreignFields) {
    const value: unknown = Reflect.get(sidecar, field)
    checkSecret(value === undefined, field, 'absent: it is no field of SidecarConfig', value)
  }
  validateName(config.name)
  checkJoins('networks', networks)
  const [first, ...others] = networks
  const container: ContainerConfig =
    first === undefined ? config : { ...config, network: { mode: 'networks', networks: [first, ...others] } }
  validateContainerConfig(container)
  return container
}

/** A container's, which a sidecar has not. */
const foreignFields = ['network', 'tty', 'interactive']
