import { type ContainerConfig, type HostError, isHostError, type Mount } from '@capstan/core'
import { createHostError, isSameOwner } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findDroppedOption, isBadReference } from '../engine/docker-error-texts.js'
import { toBadReference } from '../images/pull-image.js'
import { inspectContainer } from './inspection/inspect-container.js'

/** Adds facts to a failed create: the path of the field, the image, or the container that has the name. */
export async function explainContainerError(
  engine: DockerEngine,
  config: ContainerConfig,
  { call, error }: { readonly call: EngineCall; readonly error: unknown },
): Promise<unknown> {
  if (isHostError(error, 'INVALID_ARGUMENT')) return toBadConfig(config, error)
  if (isHostError(error, 'IMAGE_NOT_FOUND'))
    return createHostError('IMAGE_NOT_FOUND', { image: config.image }, { cause: error.cause })
  return isHostError(error, 'NAME_CONFLICT') ? findNameHolder(engine, error, call) : error
}

/** Adds the path of the field, because the engine's text has only the value of the field, or not even that. */
function toBadConfig(
  { image, mounts = [], capDrop = [] }: ContainerConfig,
  error: HostError<'INVALID_ARGUMENT'>,
): HostError<'INVALID_ARGUMENT'> {
  const { facts, cause } = error
  if (isBadReference(error)) return toBadReference(image, error)
  const isDropped = capDrop.some(
    (name) => facts.given === JSON.stringify(`CAP_${name.toUpperCase().replace(/^CAP_/, '')}`),
  )
  if (facts.field === 'capAdd' && isDropped) {
    return createHostError('INVALID_ARGUMENT', { ...facts, field: 'capDrop' }, { cause })
  }
  const matches = (mount: Mount) => mount.type !== 'tmpfs' && JSON.stringify(mount.source) === facts.given
  const index = facts.field === 'mounts' ? mounts.findIndex(matches) : -1
  const field = index === -1 ? facts.field : `mounts[${index}].source`
  return createHostError('INVALID_ARGUMENT', { ...facts, field }, { cause })
}

/** Adds the id of the container that has the name, and whether this host created it. */
export async function findNameHolder(
  engine: DockerEngine,
  conflict: HostError<'NAME_CONFLICT'>,
  call: EngineCall,
): Promise<unknown> {
  const { name, holderId = name } = conflict.facts
  try {
    const holder = await inspectContainer(engine, { ...call, subject: holderId })
    const facts = { name, holderId: holder.Id, sameOwner: isSameOwner(holder.Config?.Labels, engine.ownerLabels) }
    return createHostError('NAME_CONFLICT', facts, { cause: conflict.cause })
  } catch (error) {
    call.signal?.throwIfAborted()
    return isHostError(error, 'CONTAINER_NOT_FOUND') ? conflict : error
  }
}

/**
 * Reports the warnings of a create or an update by `warn`.
 *
 * @throws HostError OPTION_UNSUPPORTED for a warning that the engine dropped an option of the caller.
 */
export function passWarnings(
  { runtimeName, warn }: Pick<DockerEngine, 'runtimeName' | 'warn'>,
  config: Partial<ContainerConfig>,
  warnings: readonly string[],
): void {
  for (const reason of warnings) {
    const field = findDroppedOption(reason)
    const given = field === undefined ? undefined : config[field]
    if (field === undefined || given === undefined) warn(reason)
    else throw createHostError('OPTION_UNSUPPORTED', { runtime: runtimeName, field, given: String(given), reason })
  }
}
