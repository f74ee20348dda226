import type { ContainerSample, ContainerStats, OperationOptions } from '@capstan/core'
import { createStream, type SampleStream, validateId } from '@capstan/core/plugin'
import type { AppleRuntimeContext } from './apple-runtime-context.js'
import { readSample, watchSamples } from './containers/read-stats.js'

/** The use of resources by containers, by the command `stats`. Each run of it takes about two seconds. */
export class AppleContainerStats implements ContainerStats {
  readonly #context: AppleRuntimeContext

  constructor(context: AppleRuntimeContext) {
    this.#context = context
  }

  async sample(id: string, options: OperationOptions = {}): Promise<ContainerSample> {
    validateId(id)
    const operation = { operation: 'sample', subject: id }
    return await this.#context.call(operation, options, (call) => readSample(this.#context, call))
  }

  watch(id: string, options: OperationOptions = {}): SampleStream {
    validateId(id)
    const { operations } = this.#context
    return createStream({ operations, operation: 'watch', subject: id, options }, (call) =>
      watchSamples(this.#context, call),
    )
  }
}
