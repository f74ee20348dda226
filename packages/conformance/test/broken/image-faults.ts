import { type ImageManager, isHostError, type Runtime } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { breakPlugin } from './break-plugin.js'
import type { FaultyPlugin } from './faulty-plugin.js'

/** Faults of the image manager, and of pushing and saving images. */
export const imageFaults: readonly FaultyPlugin[] = [
  imageFault('inspectImage returns no settings', 'IMGR-002', (images) => ({
    inspectImage: async (image, options) => {
      const seen = await images.inspectImage(image, options)
      return { ...seen, config: { ...seen.config, exposedPorts: [], volumes: [] } }
    },
  })),
  imageFault('tagImage does not move the tag of another image', 'IMGR-004', (images, runtime) => ({
    tagImage: async (image, tag, options) => {
      // The correct plugin rejects values that are not tags.
      const isTaken = /^[a-z]/.test(tag) && (await runtime.imageExists(tag, options))
      if (!isTaken) await images.tagImage(image, tag, options)
    },
  })),
  imageFault('imageHistory lists the first step first', 'IMGR-005', (images) => ({
    imageHistory: async (image, options) => (await images.imageHistory(image, options)).toReversed(),
  })),
  imageFault('commitContainer ignores the changes', 'IMGR-009', (images) => ({
    commitContainer: async (id, { changes, ...options } = {}) => {
      // The correct plugin rejects invalid changes.
      const isValid = changes?.entrypoint === undefined || changes.env === undefined
      return await images.commitContainer(id, isValid ? { ...options, ...(changes && { changes }) } : options)
    },
  })),
  imageFault('commitContainer ignores the files of the container', 'IMGR-008', (images, runtime) => ({
    commitContainer: async (id, options) => {
      if (options?.message === undefined) return await images.commitContainer(id, options)
      const { image } = await runtime.inspectContainer(id)
      const fresh = await runtime.createContainer({ image })
      return await images.commitContainer(fresh, options).finally(() => runtime.removeContainer(fresh))
    },
  })),
  {
    fault: 'saveImages saves only the first image',
    failingCase: 'XFER-013',
    addFault: (correct) =>
      breakPlugin(correct, {
        transfer: (transfer) => ({
          saveImages: async (references, options) => {
            const isValid = Array.isArray(references) && references.every((one) => /^[a-z]/.test(one))
            const stream = await transfer.saveImages(references, options)
            if (!isValid || references.length < 2) return stream
            stream.destroy()
            return await transfer.saveImages(references.slice(0, 1), options)
          },
        }),
      }),
  },
  {
    fault: 'pushImage rejects with an error that contains the password',
    failingCase: 'XFER-015',
    addFault: (correct) =>
      breakPlugin(correct, {
        transfer: (transfer) => ({
          pushImage: (reference, options) =>
            transfer.pushImage(reference, options).catch((error: unknown) => {
              if (!isHostError(error, 'IMAGE_PUSH_FAILED')) throw error
              const cause = new Error(`POST /images/push with ${options?.credentials?.password}`)
              throw createHostError('IMAGE_PUSH_FAILED', error.facts, { cause })
            }),
        }),
      }),
  },
]

function imageFault(
  fault: string,
  failingCase: string,
  images: (correct: ImageManager, runtime: Runtime) => Partial<ImageManager>,
): FaultyPlugin {
  return { fault, failingCase, addFault: (correct) => breakPlugin(correct, { images }) }
}
