import { type BuildOptions, type ImageBuilder, imageBuilderCapability } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { AppleConnection } from './apple-connection.js'
import { buildImage } from './images/build-image.js'
import { BuildTurns } from './images/build-turns.js'

/**
 * Builds images with `container build`. Builds with other settings than the running ones wait, because they recreate the builder.
 */
export class AppleImageBuilder implements ImageBuilder {
  readonly #connection: AppleConnection
  readonly #turns = new BuildTurns()

  constructor(connection: AppleConnection) {
    this.#connection = connection
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    const { dns = [] } = options
    this.#connection.refuse(imageBuilderCapability, 'build.dns', dns.length > 0 && dns)
    await this.#connection.call({ operation: 'buildImage', subject: tag }, options, (call) =>
      buildImage(this.#connection, { dockerfile, tag, options, call, turns: this.#turns }),
    )
  }
}
