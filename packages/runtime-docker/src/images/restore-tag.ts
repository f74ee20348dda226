import { parseImageReference } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { findImage } from './images.js'
import { toPullTag } from './pull-image.js'

/**
 * Undoes the change of a tag by a build: the tag refers to its previous image again, or is removed. The built image is
 * removed with its last tag.
 *
 * Does not change the tag when it refers to an image that this host did not build.
 */
export async function restoreTag(
  engine: DockerEngine,
  { tag, before }: { readonly tag: string; readonly before: string | undefined },
  call: EngineCall,
): Promise<void> {
  const now = await findImage(engine, tag, call)
  if (now === undefined || now.Id === before) return
  const labels = now.Config?.Labels ?? {}
  const isSameOwner = Object.entries(engine.ownerLabels).every(([key, value]) => labels[key] === value)
  if (!isSameOwner) return
  const api = await engine.api(call)
  if (before === undefined) return void (await api.getImage(tag).remove())
  await tagImage(engine, { id: before, tag }, call)
  const otherTags = (now.RepoTags ?? []).length - 1
  if (otherTags <= 0) await api.getImage(now.Id).remove()
}

/** Gives an image a tag. An image that had the tag before is kept. */
export async function tagImage(
  engine: DockerEngine,
  { id, tag }: { readonly id: string; readonly tag: string },
  call: EngineCall,
): Promise<void> {
  const reference = parseImageReference(tag)
  const query = { repo: reference.name, tag: toPullTag(reference) }
  await engine.sendJson<undefined>({ ...call, method: 'POST', path: `/images/${id}/tag`, query })
}
