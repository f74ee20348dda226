import type { PullOptions } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { toShortReference } from './state/image-store.js'
import type { StoredImage } from './state/stored-image.js'

/** Pulls an image from the simulated registry. Rejects with IMAGE_PULL_FAILED when the registry does not have it. */
export async function pullImage(
  context: MemoryRuntimeContext,
  reference: string,
  options: PullOptions,
): Promise<StoredImage> {
  const { engine } = context
  return await context.call('pullImage', options, async ({ undo }) => {
    const { onProgress } = options
    onProgress?.({ id: reference, status: 'Resolving', phase: 'resolving' })
    const content = engine.registry.get(toShortReference(reference))
    if (content === undefined) {
      const registryText = 'the simulated registry does not have the image; add it to memoryPlugin({ pullable })'
      throw createHostError('IMAGE_PULL_FAILED', { image: reference, registryText })
    }
    onProgress?.({ id: reference, status: 'Downloading', phase: 'downloading' })
    onProgress?.({ id: reference, status: 'Extracting', phase: 'extracting' })
    const image = engine.images.addTagged(content, { tags: [reference], createdAt: engine.now(), undo })
    engine.images.emitPulled(image, reference)
    onProgress?.({ id: reference, status: 'Done', phase: 'done' })
    return image
  })
}
