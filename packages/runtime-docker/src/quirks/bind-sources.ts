import { stat } from 'node:fs/promises'
import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import type { DockerEngine } from '../engine/docker-engine.js'

/** Throws INVALID_ARGUMENT for a missing source of a bind mount on an engine that would create it. */
export async function checkBindSources(
  { details }: Pick<DockerEngine, 'details'>,
  { mounts = [] }: ContainerConfig,
): Promise<void> {
  if (!details.quirks.createsBindSources) return
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind' || (await exists(mount.source))) continue
    const expected = 'a file or directory that exists on the machine of the engine'
    const facts = { field: `mounts[${index}].source`, expected, given: JSON.stringify(mount.source) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
}

/** Whether the path exists. The engine may access paths that this user may not. */
function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isAbsentFile(error),
  )
}
