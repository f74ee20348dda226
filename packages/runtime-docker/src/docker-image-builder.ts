import type { BuildOptions, ImageBuilder } from '@capstan/core'
import type { DockerEngine } from './docker-engine.js'
import { buildImage } from './image/build-image.js'

/** Builds images with the engine's own builder. */
export class DockerImageBuilder implements ImageBuilder {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  buildImage(dockerfile: string, tag: string, options?: BuildOptions): Promise<void> {
    return this.#engine.keepOpen(() => buildImage(this.#engine, { dockerfile, tag }, options))
  }
}
