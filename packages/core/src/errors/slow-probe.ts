import type { RuntimeReport } from '../contract/runtime-report.js'

/** Whether a runtime may exist and be busy: an attempt of its probe timed out (`cause.code` is TIMED_OUT). */
export function isSlow(report: RuntimeReport): boolean {
  return !report.available && report.attempts.some(({ cause }) => cause.code === 'TIMED_OUT')
}

/** The remedy of an attempt that timed out. It tells to wait, and not to restart anything: the endpoint may only be busy. */
export const raiseLimitRemedy: string =
  'wait and try again, or raise the limit: --probe-timeout SECONDS, CAPSTAN_PROBE_TIMEOUT or probeTimeoutMs'
