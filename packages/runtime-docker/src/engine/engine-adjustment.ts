import type { MissingCapability } from '@capstan/core'
import type { Environment, UnsupportedOption } from '@capstan/core/plugin'
import type { EngineQuirks } from '../quirks/engine-quirks.js'
import type { ApiVersions, EngineFacts } from './docker-details.js'
import type { InfoAnswer } from './engine-facts.js'

/** The facts about an engine from which the `adjust` of a product derives adjustments. */
export interface FoundEngine {
  readonly api: ApiVersions
  readonly facts: EngineFacts
  /** The unsupported options by `/info` and by the location of the engine, and those that no engine supports. */
  readonly unsupportedOptions: readonly UnsupportedOption[]
  /** The engine's answer to `/info`. */
  readonly info: InfoAnswer
  readonly env: Environment
}

/** Corrections of the facts that an engine reports. Omitted fields are unchanged. */
export interface EngineAdjustment {
  /** Facts that replace the reported ones. */
  readonly facts?: Partial<EngineFacts>
  /** Replaces the whole list in the report. `build.dns` is rejected in any case. */
  readonly unsupportedOptions?: readonly UnsupportedOption[]
  /** Capabilities that this engine does not have and the plugin does not provide. */
  readonly absent?: readonly MissingCapability[]
  readonly quirks?: EngineQuirks
  /** Notes for the report, after those about every engine. */
  readonly notes?: readonly string[]
}
