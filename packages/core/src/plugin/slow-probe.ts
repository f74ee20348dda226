import type { RuntimeReport } from './runtime-report.js'

/** Whether a runtime may be there and was only not quick enough: a candidate did not answer in time. */
export function isSlow(report: RuntimeReport): boolean {
  return !report.available && report.attempts.some(({ cause }) => cause.code === 'TIMED_OUT')
}

/** The remedy of a probe that timed out: nothing is known to be wrong with what was asked. */
export const raiseLimitRemedy: string =
  'wait and try again, or raise the limit: --probe-timeout SECONDS, CAPSTAN_PROBE_TIMEOUT or probeTimeoutMs'
