import { type BuildOptions, type ImageBuilder, imageBuilderCapability } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { MemoryConnection } from './memory-connection.js'

/** Builds simulated images. The instructions of the Dockerfile run simulated programs. */
export class MemoryImageBuilder implements ImageBuilder {
  readonly #connection: MemoryConnection

  constructor(connection: MemoryConnection) {
    this.#connection = connection
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    this.#connection.refuse(imageBuilderCapability, 'build.platform', options.platform)
    this.#connection.refuse(imageBuilderCapability, 'build.dns', options.dns?.length ? options.dns : undefined)
    await this.#connection.call('buildImage', options, async (call) => {
      // The parsers load more slowly than the rest of the package, so the first build loads them.
      const { buildImage } = await import('./images/build-image.js')
      await buildImage(this.#connection, { dockerfile, tag, options }, call)
    })
  }
}
