import type { Capability, RefusableField } from '@capstan/core'
import type { CaseContext } from './case-context.js'

/** One promise of the contract, as something that can be tried. */
export interface ConformanceCase {
  /** Stable: a report can be compared with an older one. What stands before the dash is the group. */
  readonly id: string
  /** A claim about the runtime. */
  readonly title: string
  /** Whose promise it is. Where the runtime does not have it, the case is that it is absent, with a reason. */
  readonly capability: Capability<object>
  /** Further capabilities without which it cannot be tried. */
  readonly needs: readonly Capability<object>[]
  /** What it relies on. Where the runtime refuses one of them, the case is that it is refused, by name. */
  readonly requiredOptions: readonly RefusableField[]
  /** Options of the kit without which it cannot be tried. */
  readonly given: readonly ('specifier' | 'unavailableEnv')[]
  /** Whether the runtime is opened for it. */
  readonly opens: boolean
  /** How many times the usual limit it may take. */
  readonly timeFactor: number
  /** Rejects with a {@link ConformanceFailure}, or whatever escaped from the plugin. */
  run(context: CaseContext): Promise<void>
}

/** A case as it is written down: what most cases leave at its default may be left out. */
export interface CaseDefinition
  extends Pick<ConformanceCase, 'id' | 'title' | 'run'>,
    Partial<Omit<ConformanceCase, 'id' | 'title' | 'run'>> {}

/** The cases of one area. `shared` holds for all of them; what a case lists is added to it. */
export function defineCases(
  shared: Pick<ConformanceCase, 'capability'> & Partial<ConformanceCase>,
  definitions: readonly CaseDefinition[],
): readonly ConformanceCase[] {
  return definitions.map((definition) => ({
    opens: true,
    timeFactor: 1,
    ...shared,
    ...definition,
    needs: [...(shared.needs ?? []), ...(definition.needs ?? [])],
    requiredOptions: [...(shared.requiredOptions ?? []), ...(definition.requiredOptions ?? [])],
    given: [...(shared.given ?? []), ...(definition.given ?? [])],
  }))
}

/** `NET` of `NET-003`. */
export function toGroup(id: string): string {
  return id.slice(0, id.indexOf('-'))
}

/** The cases by their groups, both in order. */
export function groupCases(cases: readonly ConformanceCase[]): ReadonlyMap<string, readonly ConformanceCase[]> {
  const groups = new Map<string, ConformanceCase[]>()
  for (const listed of cases) {
    const group = groups.get(toGroup(listed.id)) ?? []
    group.push(listed)
    groups.set(toGroup(listed.id), group)
  }
  return groups
}
