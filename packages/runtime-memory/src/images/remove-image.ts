import { createHostError } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { toTag } from './state/image-store.js'

/** Takes the tag off; the last tag, or the id, takes the image with it unless a container uses it. Gone: nothing. */
export function removeImage({ images, containers }: MemoryEngine, reference: string): void {
  const image = images.find(reference)
  if (image === undefined) return
  const isTag = image.tags.has(toTag(reference))
  const users = containers.list().filter((container) => container.image.id === image.id)
  if (isTag && image.tags.size > 1) images.untag(reference)
  else if (users.length === 0) images.delete(image.id)
  else {
    throw createHostError('IN_USE', { subject: `image "${reference}"`, users: users.map(({ name }) => name) })
  }
}
