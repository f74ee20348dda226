import { type BuildOptions, type ImageBuilder, imageBuilderCapability } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { buildImage } from './images/build-image.js'
import { BuildQueue } from './images/build-queue.js'

/** Builds images with `container build`. */
export class AppleImageBuilder implements ImageBuilder {
  readonly #context: AppleRuntimeContext
  readonly #queue = new BuildQueue()

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    const { dns = [] } = options
    this.#context.checkOption(imageBuilderCapability, 'build.dns', dns.length > 0 && dns)
    await this.#context.call({ operation: 'buildImage', subject: tag }, options, (call) =>
      buildImage(this.#context, { dockerfile, tag, options, call, queue: this.#queue }),
    )
  }
}
