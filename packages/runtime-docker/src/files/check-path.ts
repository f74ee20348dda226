import { posix } from 'node:path'
import { fileTransferCapability } from '@capstan/core'
import { checkOption, createHostError } from '@capstan/core/plugin'
import { inspectContainer } from '../containers/inspection/inspect-container.js'
import type { InspectedContainer } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { requestStat } from './request-stat.js'

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
  const mounts = listMounts(container)
  const isRootReadOnly = container.HostConfig?.ReadonlyRootfs === true
  // Without such mounts, links need not be resolved.
  if (!isRootReadOnly && !mounts.some(({ type, isReadOnly }) => type === 'tmpfs' || isReadOnly)) return
  const mount = findMount(mounts, await resolveLinks(engine, path, call))
  const { runtimeName: runtime, details } = engine
  const given = mount?.type === 'tmpfs' ? path : undefined
  checkOption(fileTransferCapability, 'files.tmpfs', given, { runtime, unsupportedOptions: details.unsupportedOptions })
  if (!call.isWritten || !(mount?.isReadOnly ?? isRootReadOnly)) return
  const reason = `"${path}" is on a read-only filesystem`
  const { operation, subject } = call
  throw createHostError('OPERATION_FAILED', { operation, subject, status: undefined, reason })
}

/** Replaces the links in a path by their targets, a link at its end only if it is written to. */
async function resolveLinks(
  engine: DockerEngine,
  path: string,
  { isWritten, ...call }: EngineCall & { readonly isWritten: boolean },
): Promise<string> {
  const names = path.split('/').filter((name) => name !== '')
  let resolved = '/'
  for (const [index, name] of names.entries()) {
    const next = posix.join(resolved, name)
    const isFollowed = isWritten || index < names.length - 1
    const found = isFollowed ? await requestStat(engine, next, call) : undefined
    resolved = found?.linkTarget ?? next
    if (isFollowed && found === undefined) return posix.join(next, ...names.slice(index + 1))
  }
  return resolved
}

interface FoundMount {
  readonly target: string
  readonly type: string
  readonly isReadOnly: boolean
}

function listMounts({ Mounts, HostConfig }: InspectedContainer): readonly FoundMount[] {
  return [
    ...(Mounts ?? []).map(({ Destination, Type = '', RW = true }) => ({
      target: Destination,
      type: Type,
      isReadOnly: !RW,
    })),
    ...Object.keys(HostConfig?.Tmpfs ?? {}).map((target) => ({ target, type: 'tmpfs', isReadOnly: false })),
  ]
}

/** Finds the innermost mount that contains the path. */
function findMount(mounts: readonly FoundMount[], path: string): FoundMount | undefined {
  const around = mounts.filter(({ target }) => path === target || path.startsWith(`${target.replace(/\/$/, '')}/`))
  return around.sort((one, other) => other.target.length - one.target.length)[0]
}
