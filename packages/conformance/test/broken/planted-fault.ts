import type { RuntimePlugin } from '@capstan/core'

/** A fault that is added to a correct plugin. */
export interface PlantedFault {
  /** The wrong behaviour of the plugin. */
  readonly fault: string
  /** The case that must fail. */
  readonly expected: string
  readonly plant: (sound: RuntimePlugin) => RuntimePlugin
}
