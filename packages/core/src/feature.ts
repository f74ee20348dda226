import type { Capability } from './capability.js'

/** What a feature asks for; static, so that a report alone tells where it would run. */
export interface FeatureNeeds {
  readonly required: readonly Capability<object>[]
  readonly optional: readonly Capability<object>[]
}

/** `lacks`: optional capabilities that are not there; the feature works without, and says what it will refuse. */
export type FeatureSupport =
  | {
      readonly supported: true
      readonly feature: string
      readonly runtime: string
      readonly lacks: readonly MissingCapability[]
    }
  | {
      readonly supported: false
      readonly feature: string
      readonly runtime: string
      readonly missing: readonly MissingCapability[]
    }

/** One capability that is not there: why, and what to do about it where something can be done. */
export interface MissingCapability {
  readonly id: string
  readonly title: string
  readonly reason: string
  readonly remedy: string | undefined
}
