import type { MissingCapability } from '@capstan/core'
import type { ReportedCapability, ReportedOption } from '@capstan/core/plugin'

/** The result of the kit for one plugin on one engine, as plain data that JSON can represent. */
export interface ConformanceReport {
  readonly schemaVersion: 1
  readonly kit: { readonly packageName: string; readonly packageVersion: string }
  readonly plugin: { readonly name: string; readonly packageName: string; readonly packageVersion: string }
  /** The engine that the plugin found. Address "none" and version "unknown" when its probe failed. */
  readonly endpoint: { readonly address: string; readonly version: string }
  readonly environment: { readonly node: string; readonly platform: string; readonly architecture: string }
  /** In ISO 8601 format. */
  readonly startedAt: string
  readonly durationMs: number
  /** The requested ids or groups. Absent when all cases ran. */
  readonly only?: readonly string[]
  readonly counts: Readonly<Record<CaseStatus, number>>
  /** The capabilities that the probe lists. This and the next two fields decide which cases are absent or unsupported. */
  readonly provides: readonly ReportedCapability[]
  readonly absent: readonly NamedReason<Pick<MissingCapability, 'id' | 'title'>>[]
  readonly unsupportedOptions: readonly NamedReason<Pick<ReportedOption, 'field' | 'description'>>[]
  readonly notes: readonly string[]
  /** The results in the order of the kit. */
  readonly cases: readonly CaseResult[]
  /** Failures outside of a case: unhandled errors, and a runtime that does not close. Absent when there are none. */
  readonly outside?: readonly CaseFailure[]
}

/**
 * The outcome of a case.
 *
 * - `passed`: the runtime meets the requirement.
 * - `absent`: the case does not apply: the runtime does not provide a capability, has none in its scope and gives a reason; or
 *   the kit was not given an option; or the case found that the engine lacks something that no report states.
 * - `unsupported`: the report lists a required option as unsupported, and its use rejects.
 * - `failed`: everything else.
 */
export type CaseStatus = 'passed' | 'failed' | 'absent' | 'unsupported'

/** The result of one case. */
export type CaseResult = CaseHeading &
  (
    | { readonly status: 'passed' }
    | { readonly status: 'failed'; readonly failures: readonly CaseFailure[] }
    | {
        readonly status: 'absent' | 'unsupported'
        readonly missing: readonly [MissingRequirement, ...MissingRequirement[]]
      }
  )

/** Why a case is absent or unsupported: a missing capability, kit option or engine feature, or an unsupported option. */
export interface MissingRequirement extends Reason {
  readonly subject: string
  /** The description of an unsupported option. */
  readonly description?: string
}

/** The properties of a result that do not depend on its status. */
export interface CaseHeading {
  /** Group and number, for example `RT-017`. */
  readonly id: string
  readonly title: string
  /** The id of the capability whose contract has the requirement. */
  readonly capability: string
  readonly durationMs: number
}

/** One failure of a case. */
export interface CaseFailure {
  readonly message: string
  readonly expected?: string
  readonly seen?: string
  /** The `code` of the error, if it has one. */
  readonly code?: string
  readonly stack?: string
  /** True for an uncaught error, an unhandled rejection or a call of `process.exit` of the plugin. */
  readonly unhandled?: true
}

/** Returns whether the plugin caused an uncaught error, an unhandled rejection or a call of `process.exit`. */
export function hasUnhandled({ cases, outside = [] }: Pick<ConformanceReport, 'cases' | 'outside'>): boolean {
  const failures = cases.flatMap((result) => (result.status === 'failed' ? result.failures : []))
  return [...failures, ...outside].some(({ unhandled }) => unhandled === true)
}

/** A reason, with a remedy if there is one. */
export interface Reason {
  readonly reason: string
  readonly remedy?: string
}

/** A capability or an option, with a reason. */
export type NamedReason<T> = T & Reason
