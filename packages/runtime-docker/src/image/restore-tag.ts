import { parseImageReference } from '@capstan/core'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { findImage } from './images.js'
import { toPullTag } from './pull-image.js'

/**
 * Undoes a build that has moved a tag: the tag points to the image that it had before, or is gone; the new image goes.
 *
 * Touches the tag only if it is on an image which this runtime made.
 */
export async function restoreTag(
  engine: DockerEngine,
  { tag, before }: { readonly tag: string; readonly before: string | undefined },
  call: EngineCall,
): Promise<void> {
  const now = await findImage(engine, tag, call)
  if (now === undefined || now.Id === before) return
  const labels = now.Config?.Labels ?? {}
  const isOurs = Object.entries(engine.ownerLabels).every(([key, value]) => labels[key] === value)
  if (!isOurs) return
  if (before !== undefined) await tagImage(engine, { id: before, tag }, call)
  await (await engine.api(call)).getImage(before === undefined ? tag : now.Id).remove()
}

async function tagImage(
  engine: DockerEngine,
  { id, tag }: { readonly id: string; readonly tag: string },
  call: EngineCall,
): Promise<void> {
  const reference = parseImageReference(tag)
  const query = { repo: reference.name, tag: toPullTag(reference) }
  await engine.sendJson<undefined>({ ...call, method: 'POST', path: `/images/${id}/tag`, query })
}
