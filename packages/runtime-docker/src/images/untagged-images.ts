import { isHostError } from '@capstan/core'
import { poll, toObjectLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** Ids of images that this host has built for these tags and that have no tag, or none any more. */
export async function listUntagged(
  engine: DockerEngine,
  [tag, ...tags]: CutBuild['tags'],
  call: EngineCall,
): Promise<readonly string[]> {
  const { label } = toLabelFilter(toObjectLabels({ kind: 'image', tag, tags }, engine.ownerLabels))
  const api = await engine.api(call)
  return (await api.listImages({ filters: { dangling: ['true'], label } })).map(({ Id }) => Id)
}

/**
 * Removes what a build that was cut off has labelled and not tagged, other than `kept`. The engine goes on for
 * a moment when its client has gone, so it is asked again for a while.
 */
export async function removeUntagged(engine: DockerEngine, { tags, kept }: CutBuild, call: EngineCall): Promise<void> {
  const find = async () => (await listUntagged(engine, tags, call)).find((id) => !kept.includes(id))
  const id = await poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
  if (id === undefined) return
  const api = await engine.api(call)
  await api
    .getImage(id)
    .remove()
    .catch((error: unknown) => {
      if (!isHostError(error, 'IMAGE_NOT_FOUND')) throw error
    })
}

export interface CutBuild {
  readonly tags: readonly [string, ...string[]]
  /** Ids of the images that were there before the build. */
  readonly kept: readonly string[]
}
