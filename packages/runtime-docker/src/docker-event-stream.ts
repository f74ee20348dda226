import { type EventOptions, type EventStream, eventStreamCapability } from '@capstan/core'
import { checkOption, type EventSubscription, openEventSubscription, validateEventOptions } from '@capstan/core/plugin'
import type { DockerEngine } from './engine/docker-engine.js'
import { openEvents, optionOfKind } from './events/open-events.js'

/** The events of a Docker Engine, which keeps the last 256. */
export class DockerEventStream implements EventStream {
  readonly #engine: DockerEngine

  constructor(engine: DockerEngine) {
    this.#engine = engine
  }

  async events(options: EventOptions = {}): Promise<EventSubscription> {
    validateEventOptions(options)
    const { runtimeName: runtime, details, operations } = this.#engine
    for (const kind of options.kinds ?? []) {
      const field = optionOfKind[kind]
      const support = { runtime, unsupportedOptions: details.unsupportedOptions }
      if (field !== undefined) checkOption(eventStreamCapability, field, kind, support)
    }
    return await openEventSubscription({ operations, options }, (call, sink) =>
      openEvents(this.#engine, { options, sink }, call),
    )
  }
}
