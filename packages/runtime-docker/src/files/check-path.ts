import { fileTransferCapability } from '@capstan/core'
import { checkOption, createHostError } from '@capstan/core/plugin'
import { inspectContainer } from '../containers/inspection/inspect-container.js'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

/**
 * Inspects the container, and checks that its files at the path can be copied.
 *
 * Docker would write below a tmpfs, where no program sees the files, and Podman to a read-only mount of a container that is
 * not running.
 *
 * @throws HostError CONTAINER_NOT_FOUND, OPTION_UNSUPPORTED for a tmpfs, OPERATION_FAILED for a read-only filesystem
 */
export async function checkPath(
  engine: DockerEngine,
  path: string,
  call: EngineCall & { readonly isWritten: boolean },
): Promise<void> {
  const container = await inspectContainer(engine, call)
  const mount = findMount(container, path)
  const { runtimeName: runtime, details } = engine
  const given = mount?.type === 'tmpfs' ? path : undefined
  checkOption(fileTransferCapability, 'files.tmpfs', given, { runtime, unsupportedOptions: details.unsupportedOptions })
  const isReadOnly = mount?.isReadOnly ?? container.HostConfig?.ReadonlyRootfs === true
  if (!call.isWritten || !isReadOnly) return
  const reason = `"${path}" is on a read-only filesystem`
  const { operation, subject } = call
  throw createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}

interface FoundMount {
  readonly target: string
  readonly type: string
  readonly isReadOnly: boolean
}

/** Finds the innermost mount that contains the path. Links in the path are not followed. */
function findMount({ Mounts, HostConfig }: InspectedContainer, path: string): FoundMount | undefined {
  const mounts: readonly FoundMount[] = [
    ...(Mounts ?? []).map(({ Destination, Type = '', RW = true }) => ({
      target: Destination,
      type: Type,
      isReadOnly: !RW,
    })),
    ...Object.keys(HostConfig?.Tmpfs ?? {}).map((target) => ({ target, type: 'tmpfs', isReadOnly: false })),
  ]
  const around = mounts.filter(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`))
  return around.sort((one, other) => other.target.length - one.target.length)[0]
}
