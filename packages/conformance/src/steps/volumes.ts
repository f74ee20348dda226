import { type RuntimeScope, volumeManagerCapability } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** Creates a volume that is removed after the case. */
export async function createVolume(
  context: CaseContext,
  labels: StringMap = {},
  scope: RuntimeScope = context.scope,
): Promise<string> {
  const volumes = context.require(volumeManagerCapability, scope)
  return await volumes.createVolume(nameVolume(context), { labels, signal: context.signal })
}

/** Returns the name of an absent volume, which is removed after the case if it exists then. */
export function nameVolume(context: CaseContext): string {
  const name = context.uniqueName('volume')
  context.defer(`volume ${name}`, (options) => context.require(volumeManagerCapability).removeVolume(name, options))
  return name
}
