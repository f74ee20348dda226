import { type BuildOptions, type ImageBuilder, imageBuilderCapability } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { AppleConnection } from './apple-connection.js'
import { buildImage } from './images/build-image.js'
import { BuildQueue } from './images/build-queue.js'

/** Builds images with `container build`. */
export class AppleImageBuilder implements ImageBuilder {
  readonly #connection: AppleConnection
  readonly #queue = new BuildQueue()

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    const { dns = [] } = options
    this.#connection.checkOption(imageBuilderCapability, 'build.dns', dns.length > 0 && dns)
    await this.#connection.call({ operation: 'buildImage', subject: tag }, options, (call) =>
      buildImage(this.#connection, { dockerfile, tag, options, call, queue: this.#queue }),
    )
  }
}
