import { type BuildOptions, type ImageBuilder, imageBuilderCapability } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { MemoryRuntimeContext } from './memory-runtime-context.js'

/** Builds simulated images. RUN runs simulated programs. */
export class MemoryImageBuilder implements ImageBuilder {
  readonly #context: MemoryRuntimeContext

  constructor(context: MemoryRuntimeContext) {
    this.#context = context
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    this.#context.checkOption(imageBuilderCapability, 'build.platform', options.platform)
    this.#context.checkOption(imageBuilderCapability, 'build.dns', options.dns?.length ? options.dns : undefined)
    await this.#context.call('buildImage', options, async (call) => {
      // Loaded at the first build, because the parsers of Dockerfiles take longer to load than the rest of the package.
      const { buildImage } = await import('./images/build-image.js')
      await buildImage(this.#context, { dockerfile, tag, options }, call)
    })
  }
}
