import type { RuntimeReport } from '../contract/runtime-report.js'

/** Whether an attempt of a runtime's probe timed out (`cause.code` TIMED_OUT), so that the runtime may exist and be busy. */
export function hasTimedOutAttempt(report: RuntimeReport): boolean {
  return !report.available && report.attempts.some(({ cause }) => cause.code === 'TIMED_OUT')
}

/** The remedy of an attempt that timed out. The endpoint may only be busy, so it does not suggest to restart anything. */
export const probeTimeoutRemedy: string =
  'wait and try again, or raise the limit: --probe-timeout SECONDS, CAPSTAN_PROBE_TIMEOUT or probeTimeoutMs'
