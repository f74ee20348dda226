import type { Capability, Runtime, RuntimePlugin, RuntimeScope } from '@capstan/core'
import type { Environment, StringMap, UndoStep } from '@capstan/core/plugin'
import type { ConformancePrograms } from './programs.js'

/** The environment of one case. A runtime is opened for it under a separate owner, unless its `opensRuntime` is false. */
export interface CaseContext {
  /** The plugin under test. */
  readonly plugin: RuntimePlugin
  readonly image: string
  readonly firewallImage: string
  readonly firewallRepetitions: number
  readonly programs: ConformancePrograms
  readonly env: Environment
  readonly specifier: string | undefined
  readonly unavailableEnv: Environment | undefined
  /** Aborts at the time limit of the case. */
  readonly signal: AbortSignal
  /** @throws ConformanceFailure in a case that opens no runtime */
  readonly scope: RuntimeScope
  readonly runtime: Runtime
  /** Returns the manager in the scope (default: that of the case). @throws ConformanceFailure when the scope has none */
  require<T extends object>(capability: Capability<T>, scope?: RuntimeScope): T
  /** Opens the runtime again on another host, which is another owner. The host is closed after the case. */
  open(options?: OpenOtherOptions): Promise<RuntimeScope>
  /**
   * Counts the case as absent with this reason. For a case that requires something that this engine lacks and that no
   * report can state beforehand. The case must return afterwards.
   */
  reportAbsent(subject: string, reason: string): void
  /** Lists the resources that the case created and that still exist, as text: `container "x" (running)`. */
  listCreated(): Promise<readonly string[]>
  /** Returns a unique name that contains the word. */
  uniqueName(word: string): string
  /** Runs the step after the case, in reverse order, also after a failure. Resources that remain then fail the case. */
  defer(title: string, step: UndoStep): void
}

/** Options of `CaseContext.open`. */
export interface OpenOtherOptions {
  /** Changes the owner labels that `register` gets, for example to those of an owner that has ended. */
  readonly relabel?: (ownerLabels: StringMap) => StringMap
  /** Limits all lists to resources with these labels, so that a sweep of this scope removes nothing else. */
  readonly onlyLabelled?: StringMap
}
