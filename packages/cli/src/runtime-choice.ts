import { isSlow, joinWords, type RuntimeReport } from '@capstan/core'
import type { Invocation } from './invocation.js'

/** The runtime that is asked for by name, and no other is: by `--runtime`, else by CAPSTAN_RUNTIME. */
export function findNamedRuntime({ globals, io }: Pick<Invocation, 'globals' | 'io'>): string | undefined {
  return globals.runtime ?? (io.env.CAPSTAN_RUNTIME || undefined)
}

/** Which runtime a command without wishes of its own would use, by the rule of the host's `open`. */
export type RuntimeChoice =
  | { readonly runtime: string; readonly by: 'name' | 'order' }
  /**
   * `barred`: the runtime whose endpoint was named and is not available, so that no other is tried. `slow`: the runtimes
   * that did not answer in time.
   */
  | { readonly runtime: undefined; readonly barred: string | undefined; readonly slow: readonly string[] }

/** `named`: see {@link findNamedRuntime}. */
export function chooseRuntime(reports: readonly RuntimeReport[], named: string | undefined): RuntimeChoice {
  const toSlow = (among: readonly RuntimeReport[]) => among.filter(isSlow).map(({ runtime }) => runtime)
  if (named !== undefined) {
    const slow = toSlow(reports.filter(({ runtime }) => runtime === named))
    const isHere = reports.some((report) => report.runtime === named && report.available)
    return isHere ? { runtime: named, by: 'name' } : { runtime: undefined, barred: named, slow }
  }
  const automatic = reports.filter(({ selection }) => selection === 'automatic')
  const barring = automatic.find((report) => !report.available && report.chosen)
  const first = automatic.find(({ available }) => available)
  if (barring !== undefined) return { runtime: undefined, barred: barring.runtime, slow: toSlow([barring]) }
  if (first === undefined) return { runtime: undefined, barred: undefined, slow: toSlow(automatic) }
  return { runtime: first.runtime, by: 'order' }
}

/** The same in a sentence. */
export function toChoiceText(choice: RuntimeChoice): string {
  if (choice.runtime !== undefined) {
    return choice.by === 'name'
      ? `Commands use ${choice.runtime}, as asked for by name.`
      : `Commands use ${choice.runtime}. Another: --runtime NAME, or CAPSTAN_RUNTIME.`
  }
  if (choice.slow.length > 0) {
    return `Commands fail: ${joinWords(choice.slow)} did not answer in time. Wait, or raise --probe-timeout.`
  }
  if (choice.barred !== undefined) {
    return `Commands fail: ${choice.barred} was asked for and is not available, and no other is used instead.`
  }
  return 'Commands fail: no runtime for real containers is available. A simulation runs only by name.'
}
