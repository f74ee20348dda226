import type { RuntimePlugin } from '@capstan/core'

/** A fault that is added to a correct plugin. */
export interface FaultyPlugin {
  /** The wrong behaviour of the plugin. */
  readonly fault: string
  /** The case that must fail. */
  readonly failingCase: string
  readonly addFault: (correct: RuntimePlugin) => RuntimePlugin
}
