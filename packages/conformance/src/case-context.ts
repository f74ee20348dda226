import type { Capability, Runtime, RuntimePlugin, RuntimeScope } from '@capstan/core'
import type { Environment, StringMap, UndoStep } from '@capstan/core/plugin'
import type { ConformancePrograms } from './programs.js'

/** What one case works with: a runtime opened for it alone, under an owner of its own. */
export interface CaseContext {
  /** As it was given to the kit. */
  readonly plugin: RuntimePlugin
  readonly image: string
  readonly firewallImage: string
  readonly firewallStarts: number
  readonly programs: ConformancePrograms
  readonly env: Environment
  readonly specifier: string | undefined
  readonly unavailableEnv: Environment | undefined
  /** Aborts when the time of the case is over. */
  readonly signal: AbortSignal
  /** @throws ConformanceFailure in a case that opens none */
  readonly scope: RuntimeScope
  readonly runtime: Runtime
  /** What the scope has for it. @throws ConformanceFailure where it has nothing */
  require<T extends object>(capability: Capability<T>): T
  /** The same runtime once more, for another owner, on another host; closed after the case. */
  open(options?: OpenOtherOptions): Promise<RuntimeScope>
  /**
   * Counts the case as absent, with this reason: what it tries depends on something that this engine does not have, and
   * that no report can tell beforehand. The case ends itself.
   */
  reportAbsent(subject: string, reason: string): void
  /** What the case has made by now and is still there, by the runtime's own lists: `container "x" (running)`. */
  listCreated(): Promise<readonly string[]>
  /** A name that nothing else has. */
  uniqueName(word: string): string
  /** Runs after the case, last one first, whatever became of it. What is left then fails the case. */
  defer(title: string, step: UndoStep): void
}

/** Options of `CaseContext.open`. */
export interface OpenOtherOptions {
  /** Makes another owner of the one that the host is. */
  readonly relabel?: (ownerLabels: StringMap) => StringMap
  /** The lists of the runtime hold nothing but what carries these. */
  readonly onlyLabelled?: StringMap
}
