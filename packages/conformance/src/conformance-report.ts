import type { AbsentCapability, CapabilityName, ReportedRefusal } from '@capstan/core/plugin'

/** What the kit found out about one plugin on one engine: plain data, which survives JSON as it is. */
export interface ConformanceReport {
  readonly schemaVersion: 1
  readonly kit: { readonly packageName: string; readonly packageVersion: string }
  readonly plugin: { readonly name: string; readonly packageName: string; readonly packageVersion: string }
  /** The engine that was found. */
  readonly endpoint: { readonly address: string; readonly version: string }
  readonly environment: { readonly node: string; readonly platform: string; readonly architecture: string }
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  /** The ids or groups that were asked for; not there: all were. */
  readonly only?: readonly string[]
  readonly counts: Readonly<Record<CaseStatus, number>>
  /** The claims that steered the run, from the plugin's own report. */
  readonly provides: readonly CapabilityName[]
  readonly absent: readonly NamedReason<Pick<AbsentCapability, 'id' | 'title'>>[]
  readonly unsupportedOptions: readonly NamedReason<Pick<ReportedRefusal, 'field' | 'description'>>[]
  readonly notes: readonly string[]
  /** All cases of the kit, in its order. */
  readonly cases: readonly CaseResult[]
  /** Failures that belong to no case: unhandled errors, and a runtime that does not close. Absent when there are none. */
  readonly outside?: readonly CaseFailure[]
}

/**
 * `absent`: the runtime does not claim it, and does not have it. `refused`: its report refuses it, and so does the call.
 * A claim that fails, a thing that is neither claimed nor listed with a reason, a refusal that is not one: `failed`.
 */
export type CaseStatus = 'passed' | 'failed' | 'absent' | 'refused'

/** What became of one case. */
export type CaseResult = CaseHeading &
  (
    | { readonly status: 'passed' }
    | { readonly status: 'failed'; readonly failures: readonly CaseFailure[] }
    | {
        readonly status: 'absent' | 'refused'
        readonly missing: readonly [MissingRequirement, ...MissingRequirement[]]
      }
  )

/** A capability, an option of the kit, or a field that is refused: all that keeps a case from being tried, each held to it. */
export interface MissingRequirement extends Reason {
  readonly subject: string
  /** What a refused field asks for. */
  readonly description?: string
}

/** What is told of a case whatever became of it. */
export interface CaseHeading {
  /** As in `RT-017`: group and number. */
  readonly id: string
  readonly title: string
  /** Id of the capability whose promise it is. */
  readonly capability: string
  readonly durationMs: number
}

/** One thing that was not as promised. */
export interface CaseFailure {
  readonly message: string
  readonly expected?: string
  readonly seen?: string
  /** Of a HostError, or another error with a code, that escaped. */
  readonly code?: string
  readonly stack?: string
  /** True for an uncaught error, an unhandled rejection and a call of `process.exit` by the plugin. */
  readonly unhandled?: true
}

/** Whether the plugin crashed: an uncaught error, an unhandled rejection or a call of `process.exit`. */
export function hasUnhandled({ cases, outside = [] }: Pick<ConformanceReport, 'cases' | 'outside'>): boolean {
  const failures = cases.flatMap((result) => (result.status === 'failed' ? result.failures : []))
  return [...failures, ...outside].some(({ unhandled }) => unhandled === true)
}

/** Why, and what to do about it where something can be done. */
export interface Reason {
  readonly reason: string
  readonly remedy?: string
}

/** A capability or a field, with its reason. */
export type NamedReason<T> = T & Reason
