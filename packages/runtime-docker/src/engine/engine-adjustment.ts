import type { AbsentCapability, Environment, RefusedOption } from '@capstan/core/plugin'
import type { ApiVersions, EngineFacts } from './docker-details.js'
import type { InfoAnswer } from './engine-facts.js'
import type { EngineQuirks } from './engine-quirks.js'

/** An engine as it was found, for what is otherwise with it. */
export interface FoundEngine {
  readonly api: ApiVersions
  readonly facts: EngineFacts
  /** What is refused by what the engine says in `info`. */
  readonly unsupportedOptions: readonly RefusedOption[]
  /** The engine's answer to `/info`. */
  readonly info: InfoAnswer
  readonly env: Environment
}

/** What is known better of an engine than it says itself; all that is left out stays as it was found. */
export interface EngineAdjustment {
  /** In place of these facts. */
  readonly facts?: Partial<EngineFacts>
  /** In place of the whole list: so what was found goes into it, or is left out. */
  readonly unsupportedOptions?: readonly RefusedOption[]
  /** Capabilities that this engine does not have: neither claimed nor provided. */
  readonly absent?: readonly AbsentCapability[]
  readonly quirks?: EngineQuirks
  /** For the report, after what is said of every engine. */
  readonly notes?: readonly string[]
}
