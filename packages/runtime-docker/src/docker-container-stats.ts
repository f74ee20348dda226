import type { ContainerSample, ContainerStats, OperationOptions } from '@capstan/core'
import { createStream, type SampleStream } from '@capstan/core/plugin'
import { validateContainerId } from './containers/inspection/inspect-container.js'
import { readSample, watchSamples } from './containers/stats/read-stats.js'
import type { DockerEngine } from './engine/docker-engine.js'

/** The use of resources by containers on a Docker Engine. */
export class DockerContainerStats implements ContainerStats {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async sample(id: string, options: OperationOptions = {}): Promise<ContainerSample> {
    validateContainerId(id)
    return await this.#engine.run('sample', id, options, (call) => readSample(this.#engine, call))
  }

  watch(id: string, options: OperationOptions = {}): SampleStream {
    validateContainerId(id)
    const { operations } = this.#engine
    return createStream({ operations, operation: 'watch', subject: id, options }, (call) =>
      watchSamples(this.#engine, call),
    )
  }
}
