import { poll, toObjectLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** Lists the ids of untagged images that this host has built for these tags. */
export async function listUntagged(
  engine: DockerEngine,
  [tag, ...tags]: InterruptedBuild['tags'],
  call: EngineCall,
): Promise<readonly string[]> {
  const { label } = toLabelFilter(toObjectLabels({ kind: 'image', tag, tags }, engine.ownerLabels))
  const api = await engine.api(call)
  return (await api.listImages({ filters: { dangling: ['true'], label } })).map(({ Id }) => Id)
}

/**
 * Removes the untagged image that an interrupted build created, if one appears within `lateResultMs`: the engine
 * continues for a moment after its client disconnects. Images in `kept` are not removed.
 */
export async function removeUntagged(
  engine: DockerEngine,
  { tags, kept }: InterruptedBuild,
  call: EngineCall,
): Promise<void> {
  const find = async () => (await listUntagged(engine, tags, call)).find((id) => !kept.includes(id))
  const id = await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
  if (id === undefined) return
  const api = await engine.api(call)
  await ignoreErrors(['IMAGE_NOT_FOUND'], api.getImage(id).remove())
}

export interface InterruptedBuild {
  readonly tags: readonly [string, ...string[]]
  /**
   * The ids of the images that must not be removed: untagged images of earlier builds of these tags, and the previous
   * images of the tags.
   */
  readonly kept: readonly string[]
}
