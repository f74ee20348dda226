import { createHostError, type Operation } from '@capstan/core/plugin'
import type { DockerEngine } from '../engine/docker-engine.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { findImage } from './images.js'
import { tagImage } from './restore-tag.js'

/**
 * Gives an image a further tag. After an abort or a lost answer the tag names its earlier image again, or is removed.
 *
 * The tag is not removed if it is the only one of the image, which the engine would remove with it.
 */
export async function addTag(engine: DockerEngine, tag: string, call: Operation): Promise<void> {
  const { subject } = call
  const [image, before] = await Promise.all([findImage(engine, subject, call), findImage(engine, tag, call)])
  if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: subject })
  if (before?.Id !== image.Id) {
    call.undo.add(`tag ${tag}`, async (own) => {
      const undo = { ...call, ...own, subject: tag }
      if ((await findImage(engine, tag, undo))?.Id !== image.Id) return
      if (before !== undefined) await tagImage(engine, { id: before.Id, tag }, undo)
      else if ((image.RepoTags ?? []).length > 0) {
        await ignoreErrors(['IMAGE_NOT_FOUND'], (await engine.api(undo)).getImage(tag).remove())
      }
    })
  }
  await tagImage(engine, { id: image.Id, tag }, { ...call, field: 'tag' })
}
