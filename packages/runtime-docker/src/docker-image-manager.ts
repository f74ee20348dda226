import type { CommitOptions, ImageHistoryEntry, ImageInspection, ImageManager, OperationOptions } from '@capstan/core'
import { validateCommit, validateImageReference, validateImageTag } from '@capstan/core/plugin'
import { validateContainerId } from './containers/inspection/inspect-container.js'
import type { DockerEngine } from './engine/docker-engine.js'
import { commitContainer } from './images/commit-container.js'
import { inspectImage, readImageHistory } from './images/images.js'
import { addTag } from './images/tag-image.js'

/** Manages the images of a Docker Engine. */
export class DockerImageManager implements ImageManager {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async inspectImage(image: string, options: OperationOptions = {}): Promise<ImageInspection> {
    validateImageReference(image)
    return await this.#engine.run('inspectImage', image, options, (call) =>
      inspectImage(this.#engine, { ...call, field: 'image' }),
    )
  }

  async tagImage(image: string, tag: string, options: OperationOptions = {}): Promise<void> {
    validateImageReference(image)
    validateImageTag(tag)
    await this.#engine.run('tagImage', image, options, (call) => addTag(this.#engine, tag, call))
  }

  async imageHistory(image: string, options: OperationOptions = {}): Promise<readonly ImageHistoryEntry[]> {
    validateImageReference(image)
    return await this.#engine.run('imageHistory', image, options, (call) =>
      readImageHistory(this.#engine, { ...call, field: 'image' }),
    )
  }

  async commitContainer(id: string, options: CommitOptions = {}): Promise<string> {
    validateContainerId(id)
    validateCommit(options)
    return await this.#engine.run('commitContainer', id, options, (call) =>
      commitContainer(this.#engine, options, call),
    )
  }
}
