import { isHostError } from '@capstan/core'
import { poll, toObjectLabels } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** Lists the ids of untagged images that this host has built for these tags. */
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
 * Removes the labelled but untagged images of an interrupted build, except `existing`. The engine continues for a
 * moment after its client disconnects, so the list is polled for a while.
 */
export async function removeUntagged(
  engine: DockerEngine,
  { tags, existing }: CutBuild,
  call: EngineCall,
): Promise<void> {
  const find = async () => (await listUntagged(engine, tags, call)).find((id) => !existing.includes(id))
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
  /** The ids of images that existed before the build. */
  readonly existing: readonly string[]
}
