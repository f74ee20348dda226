import { type ContainerInspection, isHostError, type OperationOptions } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { type PrivilegeLevel, privilegeLabel, privilegeLevels } from './privilege-levels.js'
import { creationLabel, removeResources, type SidecarResources, toSidecarResources } from './sidecar-resources.js'
import { isSameConfiguration, type SidecarSettings } from './sidecar-settings.js'

/** A sidecar that was created by this start, or existed before. */
export interface SidecarInstance {
  readonly id: string
  readonly networkId: string
  readonly level: PrivilegeLevel
  readonly resources: SidecarResources
  /** Whether this start found the sidecar instead of creating it. */
  readonly existedBeforeStart: boolean
}

/**
 * Finds the sidecar of the same name and configuration. Resolves with `undefined` if there is none. Removes the resources of
 * one that has ended, and starts one whose creator has not started it. Resolves with `retry` after such a start, when the
 * runtime does not know the state yet, and when the container is not yet in its network. `elapsedMs` is the time since the
 * start began.
 */
export async function findSidecar(
  managers: BuildKitManagers,
  settings: SidecarSettings,
  { elapsedMs, signal }: OperationOptions & { readonly elapsedMs: number },
): Promise<SidecarInstance | 'retry' | undefined> {
  const container = await findContainer(managers, settings.name, { signal })
  const level = privilegeLevels.find(({ privilege }) => privilege === container?.labels[privilegeLabel])
  if (container === undefined || level === undefined || !isSameConfiguration(container.labels, settings))
    return undefined
  const { id, labels, networks } = container
  const resources = toSidecarResources(settings, labels[creationLabel])
  switch (container.state.status) {
    case 'exited':
    case 'dead':
      await removeResources(managers, resources, { signal })
      return undefined
    case 'unknown':
      // Another process created the container, and is probably about to start it. On some runtimes only the process that
      // starts a container gets its exit code, so this process waits before it starts the container itself.
      if (elapsedMs > unknownStateMs) await startCreated(managers, id, { signal })
      return 'retry'
    case 'created':
      await startCreated(managers, id, { signal })
      return 'retry' // the next round finds the container with its network
    default: {
      const networkId = networks.find(({ networkName }) => networkName === resources.network)?.networkId
      if (networkId === undefined || networkId === '') return 'retry'
      return { id, networkId, level, resources, existedBeforeStart: true }
    }
  }
}

/** Finds the container with the name of the sidecar. It may have another configuration. */
export async function findContainer(
  { sidecars }: BuildKitManagers,
  name: string,
  options: OperationOptions,
): Promise<ContainerInspection | undefined> {
  try {
    return await sidecars.inspectContainer(name, options)
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/** Starts a container that was not started because its creator died or has not reached that step yet. */
async function startCreated({ runtime }: BuildKitManagers, id: string, { signal }: OperationOptions): Promise<void> {
  try {
    await runtime.startContainer(id, { signal })
  } catch {
    // Other errors are ignored: a creator that is alive gets the same error, and removes the container.
    signal?.throwIfAborted()
  }
}

const unknownStateMs = 3000
