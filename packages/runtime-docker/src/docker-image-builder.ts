import type { BuildOptions, ImageBuilder } from '@capstan/core'
import { validateBuild } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { buildImage } from './images/build-image.js'
import { checkBuildOptions } from './images/build-options.js'

/** Builds images with the engine's own builder. */
export class DockerImageBuilder implements ImageBuilder {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async buildImage(dockerfile: string, tag: string, options: BuildOptions = {}): Promise<void> {
    validateBuild(dockerfile, tag, options)
    checkBuildOptions(this.#engine, options)
    await this.#engine.run('buildImage', tag, options, (call) =>
      buildImage(this.#engine, { dockerfile, tag }, options, call),
    )
  }
}
