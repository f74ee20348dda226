import type { Capability, OptionName } from '@capstan/core'
import type { CaseContext } from './case-context.js'

/** A test case for one promise of the contract. */
export interface ConformanceCase {
  /** Stable between versions, so that reports can be compared. The part before the hyphen is the group. */
  readonly id: string
  /** The behaviour that the case verifies. */
  readonly title: string
  /** The capability that makes the promise. When the runtime lacks it, the case verifies that it is absent with a reason. */
  readonly capability: Capability<object>
  /** Further capabilities that the case uses. */
  readonly needs: readonly Capability<object>[]
  /** The options that the case uses. When the runtime does not support one, the case verifies that its use is refused by name. */
  readonly requiredOptions: readonly OptionName[]
  /** The options of the kit that the case requires. */
  readonly given: readonly ('specifier' | 'unavailableEnv')[]
  /** Whether a runtime is opened for the case. */
  readonly opens: boolean
  /** Multiplies the time limit of the case. */
  readonly timeFactor: number
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
  const { needs = [], requiredOptions = [], given = [] } = common
  return Object.entries(definitions).map(([id, definition]) => ({
    opens: true,
    timeFactor: 1,
    ...common,
    ...definition,
    id,
    needs: [...needs, ...(definition.needs ?? [])],
    requiredOptions: [...requiredOptions, ...(definition.requiredOptions ?? [])],
    given: [...given, ...(definition.given ?? [])],
  }))
}

/** Returns the group of a case id: `NET` of `NET-003`. */
export function toGroup(id: string): string {
  return id.slice(0, id.indexOf('-'))
}

/** Groups the cases; groups and cases keep their order. */
export function groupCases(cases: readonly ConformanceCase[]): ReadonlyMap<string, readonly ConformanceCase[]> {
  const groups = new Map<string, ConformanceCase[]>()
  for (const listed of cases) {
    const group = groups.get(toGroup(listed.id)) ?? []
    group.push(listed)
    groups.set(toGroup(listed.id), group)
  }
  return groups
}
