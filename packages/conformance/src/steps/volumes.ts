import { volumeManagerCapability } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import type { CaseContext } from '../case-context.js'

/** Creates a volume that is removed after the case. */
export async function createVolume(context: CaseContext, labels: StringMap = {}): Promise<string> {
  const volumes = context.require(volumeManagerCapability)
  const name = context.uniqueName('volume')
  const created = await volumes.createVolume(name, { labels, signal: context.signal })
  context.defer(name, (own) => volumes.removeVolume(name, own))
  return created
}
