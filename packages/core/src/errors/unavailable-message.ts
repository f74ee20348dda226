import type { ProbeAttempt } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { HostErrorFacts } from './host-error-facts.js'
import { hasTimedOutAttempt } from './timed-out-attempt.js'

/** Returns the message of RUNTIME_UNAVAILABLE: its first line, {@link toAttemptLines} and how to open simulations. */
export function formatUnavailable(facts: HostErrorFacts['RUNTIME_UNAVAILABLE']): string {
  const { runtime, reports } = facts
  const summary = formatUnavailableSummary(facts)
  if (reports.length === 0) return runtime === undefined ? `${summary}: the host has no plugins or is closed` : summary
  const simulations = reports.filter(({ available, selection }) => available && selection === 'named')
  const hints = simulations.map(
    ({ runtime: name }) =>
      `${name} is a simulation and is opened only by name: open({ runtime: '${name}' }), or CAPSTAN_RUNTIME`,
  )
  const lines = [...listRelevantReports(facts).flatMap(toAttemptLines), ...hints]
  return [summary, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** Returns the first line of the message of RUNTIME_UNAVAILABLE, which tells a timeout from an absent runtime. */
export function formatUnavailableSummary(facts: HostErrorFacts['RUNTIME_UNAVAILABLE']): string {
  const { runtime, reports } = facts
  const isClosed = reports.some(({ attempts }) => attempts.some(({ cause }) => cause.code === 'CLOSED'))
  if (runtime !== undefined && (isClosed || reports.length === 0)) return `runtime "${runtime}" is closed`
  const slow = listRelevantReports(facts).filter(hasTimedOutAttempt)
  if (slow.length > 0)
    return `runtime ${slow.map((report) => `"${report.runtime}"`).join(' and ')} did not answer in time`
  const requested = runtime ?? reports.find((report) => !report.available && report.chosen)?.runtime
  return requested === undefined
    ? 'no container runtime is available'
    : `runtime "${requested}" was requested and is not available`
}

/** Returns the reports of the runtimes whose endpoints the user named; all reports if there are none. */
export function listRelevantReports({ reports }: HostErrorFacts['RUNTIME_UNAVAILABLE']): readonly RuntimeReport[] {
  const chosen = reports.filter((report) => !report.available && report.chosen)
  return chosen.length === 0 ? reports : chosen
}

/**
 * Returns a line for each attempt of a report, followed by a line with its remedy: `→ start the engine`. A remedy that several
 * attempts share follows the last of them.
 *
 * Of the attempts that found nothing (step `find`) only the first is listed and the others are counted, because most default
 * locations do not exist on a machine.
 */
export function toAttemptLines({ runtime, attempts }: RuntimeReport): readonly string[] {
  const notFound = attempts.filter(({ step }) => step === 'find')
  const shown = attempts.filter((attempt) => attempt.step !== 'find' || attempt === notFound[0])
  const more = attempts.length - shown.length
  const others = more === 1 ? 'one other location' : `${more} other locations`
  return [
    ...shown.flatMap((attempt, index) => {
      const isRepeated = shown.slice(index + 1).some(({ remedy }) => remedy === attempt.remedy)
      return [toAttemptLine(runtime, attempt), ...(isRepeated ? [] : [`→ ${attempt.remedy}`])]
    }),
    ...(more === 0 ? [] : [`${runtime} was not found at ${others}`]),
  ]
}

/** `docker at unix:///run/x.sock (DOCKER_HOST) failed at connect: connect ECONNREFUSED`. */
function toAttemptLine(runtime: string, { candidate, source, step, cause }: ProbeAttempt): string {
  const where = candidate === runtime ? `${runtime} (${source})` : `${runtime} at ${candidate} (${source})`
  return `${where} failed at ${step}: ${toCauseText(cause)}`
}

/** Returns the message of a cause, preceded by the code unless the message contains it. */
export function toCauseText({ code, message }: ProbeAttempt['cause']): string {
  return message.includes(code) ? message : `${code}, ${message}`
}
