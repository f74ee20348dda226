import type { RuntimeReport } from '@capstan/core'
import { hasTimedOutAttempt, joinWords } from '@capstan/core/plugin'
import type { Invocation } from './invocation.js'

/** Returns the runtime that `--runtime`, else CAPSTAN_RUNTIME, names. No other is used then. */
export function findNamedRuntime({ globals, io }: Pick<Invocation, 'globals' | 'io'>): string | undefined {
  return globals.runtime ?? (io.env.CAPSTAN_RUNTIME || undefined)
}

/** The runtime that a command without requirements uses, by the rule of the host's `open`. */
export type RuntimeChoice =
  | { readonly runtime: string; readonly by: 'name' | 'order' }
  /**
   * `unavailable`: the runtime that the user chose by its name or endpoint, so that no other is used. `slow`: the runtimes
   * that did not answer in time.
   */
  | { readonly runtime: undefined; readonly unavailable: string | undefined; readonly slow: readonly string[] }

/** Selects the runtime from the reports; `named` is the result of {@link findNamedRuntime}. */
export function chooseRuntime(reports: readonly RuntimeReport[], named: string | undefined): RuntimeChoice {
  const toSlow = (among: readonly RuntimeReport[]) => among.filter(hasTimedOutAttempt).map(({ runtime }) => runtime)
  if (named !== undefined) {
    const slow = toSlow(reports.filter(({ runtime }) => runtime === named))
    const isAvailable = reports.some((report) => report.runtime === named && report.available)
    return isAvailable ? { runtime: named, by: 'name' } : { runtime: undefined, unavailable: named, slow }
  }
  const automatic = reports.filter(({ selection }) => selection === 'automatic')
  const chosen = automatic.find((report) => !report.available && report.chosen)
  const first = automatic.find(({ available }) => available)
  if (chosen !== undefined) return { runtime: undefined, unavailable: chosen.runtime, slow: toSlow([chosen]) }
  if (first === undefined) return { runtime: undefined, unavailable: undefined, slow: toSlow(automatic) }
  return { runtime: first.runtime, by: 'order' }
}

/** Describes the choice in one or two sentences. */
export function toChoiceText(choice: RuntimeChoice): string {
  if (choice.runtime !== undefined) {
    return choice.by === 'name'
      ? `Commands use ${choice.runtime}, which was selected by name.`
      : `Commands use ${choice.runtime}. Select another by --runtime NAME or CAPSTAN_RUNTIME.`
  }
  if (choice.slow.length > 0) {
    return `Commands fail: ${joinWords(choice.slow)} did not answer in time. Wait, or raise --probe-timeout.`
  }
  if (choice.unavailable !== undefined) {
    return `Commands fail: ${choice.unavailable} was selected and is not available. No other runtime is used instead.`
  }
  return 'Commands fail: no runtime for real containers is available. A simulation is used only by name.'
}
