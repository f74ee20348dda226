import { isHostError, type OperationOptions, type ProgressEvent, type SidecarConfig } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-needs.js'
import type { BuildKitOptions } from '../buildkit-options.js'
import { findContainer, type SidecarInstance } from './find-sidecar.js'
import type { PrivilegeLevel } from './privilege-levels.js'
import { PrivilegeLevelError, type PrivilegeSelection } from './privilege-selection.js'
import { removeIfUnused } from './remove-if-unused.js'
import { toSidecarConfig } from './sidecar-config.js'
import { type CreateResourcesOptions, createResources } from './sidecar-resources.js'
import { isSameConfiguration, type SidecarSettings } from './sidecar-settings.js'

export interface CreateSidecarOptions extends CreateResourcesOptions {
  /** Time limit, in milliseconds, for the first lease. Without a lease by then, the sidecar stops. */
  readonly firstLeaseTimeoutMs: number
  readonly selection: PrivilegeSelection
  readonly onProgress?: BuildKitOptions['onProgress'] | undefined
}

/**
 * Creates the network, the volumes and the sidecar, at the first privilege level that the runtime accepts. Resolves with
 * `retry` if the name was taken by a sidecar of the same configuration, or by a container that has been removed meanwhile.
 */
export async function createSidecar(
  managers: BuildKitManagers,
  settings: SidecarSettings,
  options: CreateSidecarOptions,
): Promise<SidecarInstance | 'retry'> {
  const { undo, resources, selection, signal, onProgress } = options
  if (selection.remainingLevels.length === 0) throw selection.toError()
  const networkId = await createResources(managers, settings, options)
  for (const { level, image } of selection.remainingLevels) {
    const config = toSidecarConfig(managers, settings, { ...options, level, image, networkId })
    try {
      const id = await startSidecar(managers, config, { signal, onProgress })
      undo.add('sidecar', async (step) => void (await removeIfUnused(managers, id, step)))
      return { id, networkId, level, resources, existedBeforeStart: false }
    } catch (error) {
      if (isHostError(error, 'NAME_CONFLICT') && (await mayRetryAfterConflict(managers, settings, { signal })))
        return 'retry'
      const outcome = toOutcome(error, level)
      if (outcome === undefined) throw error
      selection.skip(level.privilege, new PrivilegeLevelError(outcome, error))
    }
  }
  throw selection.toError()
}

function startSidecar(
  { sidecars }: BuildKitManagers,
  config: SidecarConfig,
  { signal, onProgress }: Pick<CreateSidecarOptions, 'signal' | 'onProgress'>,
): Promise<string> {
  const { image } = config
  const onPull = onProgress && ((event: ProgressEvent) => onProgress({ ...event, phase: 'pulling', image }))
  return sidecars.startSidecar(config, { signal, ...(onPull === undefined ? {} : { onProgress: onPull }) })
}

/** Whether the container with the name of the sidecar has the same configuration, or has been removed meanwhile. */
async function mayRetryAfterConflict(
  managers: BuildKitManagers,
  settings: SidecarSettings,
  options: OperationOptions,
): Promise<boolean> {
  const container = await findContainer(managers, settings.name, options)
  return container === undefined || isSameConfiguration(container.labels, settings)
}

/** Returns `undefined` for an error that does not depend on the privilege level. */
function toOutcome(error: unknown, { privilege, config }: PrivilegeLevel): PrivilegeLevelError['outcome'] | undefined {
  if (isHostError(error, 'OPTION_UNSUPPORTED')) return error.facts.field in config ? 'refused' : undefined
  const isAbsent = isHostError(error, 'IMAGE_PULL_FAILED') || isHostError(error, 'IMAGE_NOT_FOUND')
  return privilege === 'rootless' && isAbsent ? 'image-unavailable' : undefined
}
