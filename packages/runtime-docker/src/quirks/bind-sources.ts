import { stat } from 'node:fs/promises'
import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { isAbsentFile } from '../engine/absent-file.js'
import type { DockerEngine } from '../engine/docker-engine.js'

/** Looks for the sources of bind mounts where the engine would make those that are missing: INVALID_ARGUMENT. */
export async function checkBindSources(
  { details }: Pick<DockerEngine, 'details'>,
  { mounts = [] }: ContainerConfig,
): Promise<void> {
  if (!details.quirks.makesBindSources) return
  for (const [index, mount] of mounts.entries()) {
    if (mount.type !== 'bind' || (await isThere(mount.source))) continue
    const expected = 'a file or directory that is there, on the machine of the engine'
    const facts = { field: `mounts[${index}].source`, expected, given: JSON.stringify(mount.source) }
    throw createHostError('INVALID_ARGUMENT', facts)
  }
}

/** What this user may not see the engine may. */
function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => !isAbsentFile(error),
  )
}
