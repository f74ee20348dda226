import type { ProbeAttempt } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { HostErrorFacts } from './host-error-facts.js'
import { isSlow } from './slow-probe.js'

/** The text of RUNTIME_UNAVAILABLE: what happened, then each endpoint that was tried, with its remedy on the line below. */
export function toUnavailable(facts: HostErrorFacts['RUNTIME_UNAVAILABLE']): string {
  const { runtime, reports } = facts
  const subject = toUnavailableSubject(facts)
  if (reports.length === 0)
    return runtime === undefined ? `${subject}: no plugin was given, or the host is closed` : subject
  const simulations = reports.filter(({ available, selection }) => available && selection === 'named')
  const lines = [
    ...listRelevantReports(facts).flatMap(toAttemptLines),
    ...simulations.map((report) => toNameIt(report.runtime)),
  ]
  return [subject, ...lines.map((line) => `  ${line}`)].join('\n')
}

/** The first line of the text of RUNTIME_UNAVAILABLE. It says whether a runtime did not answer in time, or is absent. */
export function toUnavailableSubject({ runtime, reports }: HostErrorFacts['RUNTIME_UNAVAILABLE']): string {
  const isClosed = reports.some(({ attempts }) => attempts.some(({ cause }) => cause.code === 'CLOSED'))
  if (runtime !== undefined && (isClosed || reports.length === 0)) return `runtime "${runtime}" is closed`
  const chosen = reports.filter((report) => !report.available && report.chosen)
  const slow = (chosen.length > 0 ? chosen : reports).filter(isSlow).map((report) => `"${report.runtime}"`)
  if (slow.length > 0) return `runtime ${slow.join(' and ')} did not answer in time`
  const [asked] = runtime === undefined ? chosen.map((report) => report.runtime) : [runtime]
  return asked === undefined
    ? 'no container runtime is available'
    : `runtime "${asked}" was asked for and is not available`
}

/** The reports of what was asked for: of the runtime whose endpoint the user named, else all. */
export function listRelevantReports({ reports }: HostErrorFacts['RUNTIME_UNAVAILABLE']): readonly RuntimeReport[] {
  const chosen = reports.filter((report) => !report.available && report.chosen)
  return chosen.length === 0 ? reports : chosen
}

/**
 * The attempts of a report as lines, each followed by its remedy: `→ start the engine`. A remedy that several attempts share
 * is given once, after the last of them.
 *
 * Of the attempts that found nothing (step `find`) the first is shown and the others are counted: most machines have few of
 * the usual places.
 */
export function toAttemptLines({ runtime, attempts }: RuntimeReport): readonly string[] {
  const vacant = attempts.filter(({ step }) => step === 'find')
  const shown = attempts.filter((attempt) => attempt.step !== 'find' || attempt === vacant[0])
  const more = attempts.length - shown.length
  const others = more === 1 ? 'one other place' : `${more} other places`
  return [
    ...shown.flatMap((attempt, index) => {
      const isTold = shown.slice(index + 1).some(({ remedy }) => remedy === attempt.remedy)
      return [toAttemptLine(runtime, attempt), ...(isTold ? [] : [`→ ${attempt.remedy}`])]
    }),
    ...(more === 0 ? [] : [`nothing is at ${others} where ${runtime} may listen`]),
  ]
}

/** `docker at unix:///run/x.sock (DOCKER_HOST) failed at connect: connect ECONNREFUSED`. */
function toAttemptLine(runtime: string, { candidate, source, step, cause }: ProbeAttempt): string {
  const where = candidate === runtime ? `${runtime} (${source})` : `${runtime} at ${candidate} (${source})`
  return `${where} failed at ${step}: ${toCauseText(cause)}`
}

/** The message, with the code before it where it does not name that itself. */
export function toCauseText({ code, message }: ProbeAttempt['cause']): string {
  return message.includes(code) ? message : `${code}, ${message}`
}

function toNameIt(runtime: string): string {
  return `${runtime} is a simulation, and opened only by its name: open({ runtime: '${runtime}' }), or CAPSTAN_RUNTIME`
}
