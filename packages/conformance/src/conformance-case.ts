import type { Capability, OptionName } from '@capstan/core'
import type { CaseContext } from './case-context.js'

/** A test case for one requirement of the contract. */
export interface ConformanceCase {
  /** Stable between versions, so that reports can be compared. The part before the hyphen is the group. */
  readonly id: string
  /** The behaviour that the case verifies. */
  readonly title: string
  /** The capability whose contract has the requirement. When the runtime lacks it, the case verifies that it is absent with a reason. */
  readonly capability: Capability<object>
  /** Further capabilities that the case uses. */
  readonly needs: readonly Capability<object>[]
  /** The options that the case uses. When one is unsupported, the case verifies that its use rejects with its name. */
  readonly requiredOptions: readonly OptionName[]
  /** The options of the kit without which the case counts as absent. */
  readonly kitOptions: readonly ('specifier' | 'unavailableEnv')[]
  /** Whether a runtime is opened for the case. */
  readonly opensRuntime: boolean
  /** The factor by which the time limit of the case is multiplied. */
  readonly timeLimitFactor: number
  /** Rejects with a {@link ConformanceFailure} or with an error of the plugin. */
  run(context: CaseContext): Promise<void>
}

/** The definition of a case; fields with a default are optional. */
export type CaseDefinition = Pick<ConformanceCase, 'title' | 'run'> & Partial<Omit<ConformanceCase, 'id'>>

/**
 * Defines cases by id, in the order of a report.
 *
 * `shared` is the capability of the cases, or all properties that they share. The lists of a case are added to shared lists.
 */
export function defineCases(
  shared: Capability<object> | (Pick<ConformanceCase, 'capability'> & Partial<Omit<ConformanceCase, 'id'>>),
  definitions: Readonly<Record<string, CaseDefinition>>,
): readonly ConformanceCase[] {
  const common = 'token' in shared ? { capability: shared } : shared
  const { needs = [], requiredOptions = [], kitOptions = [] } = common
  return Object.entries(definitions).map(([id, definition]) => ({
    opensRuntime: true,
    timeLimitFactor: 1,
    ...common,
    ...definition,
    id,
    needs: [...needs, ...(definition.needs ?? [])],
    requiredOptions: [...requiredOptions, ...(definition.requiredOptions ?? [])],
    kitOptions: [...kitOptions, ...(definition.kitOptions ?? [])],
  }))
}

/** Returns the group of a case id: `NET` of `NET-003`. */
export function toGroup(id: string): string {
  return id.slice(0, id.indexOf('-'))
}

/** Groups the cases; groups and cases keep their order. */
export function groupCases(cases: readonly ConformanceCase[]): ReadonlyMap<string, readonly ConformanceCase[]> {
  const groups = new Map<string, readonly ConformanceCase[]>()
  for (const definition of cases) {
    const name = toGroup(definition.id)
    groups.set(name, [...(groups.get(name) ?? []), definition])
  }
  return groups
}
