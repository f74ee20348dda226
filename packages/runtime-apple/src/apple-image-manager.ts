import {
  type CommitOptions,
  type ImageHistoryEntry,
  type ImageInspection,
  type ImageManager,
  imageManagerCapability,
  type OperationOptions,
} from '@capstan/core'
import {
  createHostError,
  toFullName,
  validateCommit,
  validateId,
  validateImageReference,
  validateImageTag,
} from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { findReference } from './images/find-reference.js'
import { deleteReferences, findImage, inspectImage } from './images/images.js'

/** Inspects and tags images. The command cannot create an image from a container. */
export class AppleImageManager implements ImageManager {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async inspectImage(image: string, options: OperationOptions = {}): Promise<ImageInspection> {
    validateImageReference(image)
    return await this.#context.call({ operation: 'inspectImage', subject: image }, options, async (call) => {
      return (await inspectImage(this.#context, image, call)).inspection
    })
  }

  async tagImage(image: string, tag: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(image)
    validateImageTag(tag)
    await this.#context.call({ operation: 'tagImage', subject: image }, options, async (call) => {
      const reference = await findReference(this.#context, image, call)
      if ((await findImage(this.#context, reference, call)) === undefined)
        throw createHostError('IMAGE_NOT_FOUND', { image })
      const name = toFullName(tag)
      // An earlier image of the tag cannot be found again after the tag has moved, so only a new tag is removed.
      if ((await findImage(this.#context, name, call)) === undefined)
        call.undo.add(`tag ${tag}`, ({ signal }) => deleteReferences(this.#context, [name], { ...call, signal }))
      await this.#context.run(['image', 'tag', reference, name], call)
    })
  }

  async imageHistory(image: string, options: OperationOptions = {}): Promise<readonly ImageHistoryEntry[]> {
    validateImageReference(image)
    return await this.#context.call({ operation: 'imageHistory', subject: image }, options, async (call) => {
      const { inspection, details } = await inspectImage(this.#context, image, call)
      const last = details.history.length - 1
      return details.history
        .map((step, index) => ({ ...step, id: index === last ? inspection.id : undefined }))
        .toReversed()
    })
  }

  async commitContainer(id: string, options: CommitOptions = {}): Promise<string> {
    validateId(id)
    validateCommit(options)
    this.#context.operations.assertOpen()
    this.#context.checkOption(imageManagerCapability, 'commit', id)
    throw this.#context.toUnsupported('commit', id, this.#context.findReason('commit'))
  }
}
