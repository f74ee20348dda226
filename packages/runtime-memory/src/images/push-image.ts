import type { PushOptions } from '@capstan/core'
import { createHostError, parseImageReference } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { toShortReference } from './state/image-store.js'

/**
 * Pushes an image to the simulated registry, from which it can be pulled then. Resolves with the id of the image as the digest.
 * Rejects with IMAGE_PUSH_FAILED when there is no registry at the host of the reference.
 */
export async function pushImage(
  context: MemoryRuntimeContext,
  reference: string,
  options: PushOptions,
): Promise<string> {
  const { engine } = context
  return await context.call('pushImage', options, ({ undo }) => {
    const { onProgress } = options
    const tag = toShortReference(reference)
    const image = engine.images.findTag(reference)
    if (image === undefined) throw createHostError('IMAGE_NOT_FOUND', { image: reference })
    onProgress?.({ id: reference, status: 'Preparing', phase: 'preparing' })
    const { registry } = parseImageReference(reference)
    if (!engine.hosts.has(registry)) {
      const registryText = `there is no simulated registry ${registry}; add it to memoryPlugin({ registries })`
      throw createHostError('IMAGE_PUSH_FAILED', { image: reference, registryText })
    }
    const before = engine.registry.get(tag)
    engine.registry.set(tag, image)
    undo.add(`push of ${reference}`, async () => {
      if (before === undefined) engine.registry.delete(tag)
      else engine.registry.set(tag, before)
    })
    onProgress?.({ id: reference, status: 'Pushed', phase: 'done' })
    return image.id
  })
}
