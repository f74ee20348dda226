import type { RuntimePlugin } from '@capstan/core'

/** One fault, planted in a sound plugin. */
export interface PlantedFault {
  /** What the plugin does wrong. */
  readonly fault: string
  /** The case that must fail. */
  readonly expected: string
  readonly plant: (sound: RuntimePlugin) => RuntimePlugin
}
