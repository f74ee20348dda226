import { type ContainerConfig, type HostError, isHostError, type Mount } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isBadReference } from '../engine/docker-error-texts.js'
import { toEngineText } from '../engine/engine-text.js'
import { findNameHolder } from './name-holder.js'

/** A refusal with what it alone does not tell: the field by its path, the image, the holder of a name. */
export async function explainFailure(
  engine: DockerEngine,
  { image, mounts = [] }: ContainerConfig,
  { call, error }: { readonly call: EngineCall; readonly error: unknown },
): Promise<unknown> {
  if (isHostError(error, 'INVALID_ARGUMENT')) return toBadConfig({ image, mounts }, error)
  if (isHostError(error, 'IMAGE_NOT_FOUND'))
    return createHostError('IMAGE_NOT_FOUND', { image }, { cause: error.cause })
  return isHostError(error, 'NAME_CONFLICT') ? findNameHolder(engine, error, call) : error
}

/** The field by its path, where the engine's words name its value alone, or nothing of it. */
function toBadConfig(
  { image, mounts }: Pick<Required<ContainerConfig>, 'image' | 'mounts'>,
  error: HostError<'INVALID_ARGUMENT'>,
): HostError<'INVALID_ARGUMENT'> {
  const { facts, cause } = error
  if (isBadReference(error)) {
    const expected = `a reference that the engine accepts (${toEngineText(error)})`
    return createHostError('INVALID_ARGUMENT', { field: 'image', expected, given: JSON.stringify(image) }, { cause })
  }
  const isMeant = (mount: Mount) => mount.type !== 'tmpfs' && JSON.stringify(mount.source) === facts.given
  const index = facts.field === 'mounts' ? mounts.findIndex(isMeant) : -1
  const field = index === -1 ? facts.field : `mounts[${index}].source`
  return createHostError('INVALID_ARGUMENT', { ...facts, field }, { cause })
}
