import type { RuntimePlugin } from '../contract/plugin.js'
import type { ProbeAttempt, ProbeOptions, ProbeResult } from '../contract/probe.js'
import type { ReportedPlugin, RuntimeReport } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { type HostError, isHostError } from '../errors/host-error.js'
import { formatDuration, toErrorText } from '../errors/message.js'
import { redactTexts } from '../errors/redact.js'
import { probeTimeoutRemedy } from '../errors/timed-out-attempt.js'
import { runWithin } from '../operation/signals/run-within.js'
import { describeOptions, findUndeclaredOption } from '../plugins/option-descriptions.js'
import { findResultProblem } from './find-result-problem.js'
import type { PluginEntry } from './plugin-entry.js'

/** A plugin with the report of its probe. `found` is present if the runtime is available. */
export type ProbedPlugin =
  | AvailablePlugin
  | { readonly entry: PluginEntry; readonly report: RuntimeReport; readonly found: undefined }

/** A plugin whose runtime is available, with what `open` needs to register it. */
export interface AvailablePlugin {
  readonly entry: PluginEntry
  readonly report: RuntimeReport
  readonly found: {
    readonly plugin: RuntimePlugin
    readonly result: Extract<ProbeResult<unknown>, { available: true }>
  }
}

/**
 * Probes a plugin. An error of the plugin becomes an attempt in its report. Rejects only on an abort, with its reason.
 *
 * `isChosen` is called before the probe, so that its result is available also when the probe fails.
 */
export async function probePlugin(entry: PluginEntry, options: ProbeOptions): Promise<ProbedPlugin> {
  options.signal?.throwIfAborted()
  const chosen = isChosen(entry, options.env)
  if (entry.error !== undefined) return toFailedPlugin(entry, chosen, toErrorAttempt(entry, entry.error))
  const { plugin } = entry
  try {
    const result = await probeWithin(plugin, { ...options, timeoutMs: options.timeoutMs ?? plugin.probeTimeoutMs })
    const problem = findResultProblem(result) ?? findOptionProblem(result)
    if (problem !== undefined) throw createHostError('PLUGIN_INVALID', { ...entry.names, problem })
    return toProbedPlugin(entry, plugin, result.available || !chosen ? result : { ...result, chosen })
  } catch (error) {
    options.signal?.throwIfAborted()
    const attempt = isHostError(error, 'TIMED_OUT') ? toTimeoutAttempt(entry, error) : toErrorAttempt(entry, error)
    return toFailedPlugin(entry, chosen, attempt)
  }
}

/** Returns the report of a plugin whose probe `open` aborted because it had selected another runtime. */
export function toAbortedPlugin(entry: PluginEntry): ProbedPlugin {
  const message = 'it had not answered when another runtime was opened'
  const remedy = 'call discover() to wait for its result'
  return toFailedPlugin(entry, false, toAttempt(entry, { code: 'TIMED_OUT', message }, remedy))
}

/**
 * Whether the user named the plugin's endpoint. False if `isChosen` is missing or throws. Invalid plugins are asked, too,
 * since no other runtime may be opened instead of them.
 */
export function isChosen({ plugin }: PluginEntry, env: ProbeOptions['env']): boolean {
  try {
    const given: unknown = plugin
    return hasIsChosen(given) && given.isChosen(env) === true
  } catch {
    return false
  }
}

/** Whether the plugin has the optional method `isChosen`. */
export function hasIsChosen(plugin: unknown): plugin is Required<Pick<RuntimePlugin, 'isChosen'>> {
  return typeof plugin === 'object' && plugin !== null && 'isChosen' in plugin && typeof plugin.isChosen === 'function'
}

/** Resolves with the result of the probe. Rejects with TIMED_OUT if the plugin exceeds its limit. */
function probeWithin(plugin: RuntimePlugin, options: ProbeOptions): Promise<ProbeResult<unknown>> {
  const { timeoutMs = longestTimeoutMs, signal } = options
  const limit = { operation: 'probe', timeoutMs, graceMs: Math.min(longestGraceMs, timeoutMs + 100), signal }
  return runWithin((own) => plugin.probe({ ...options, ...own }), limit)
}

function toProbedPlugin(entry: PluginEntry, plugin: RuntimePlugin, result: ProbeResult<unknown>): ProbedPlugin {
  const reported = toReportedPlugin(entry)
  if (!result.available) {
    const { chosen, attempts } = result
    return {
      entry,
      report: redactTexts({ ...reported, available: false, chosen, attempts } as const),
      found: undefined,
    }
  }
  const { version, endpoint, location, absent, attempts, notes } = result
  const unsupportedOptions = describeOptions(result)
  const provides = result.provides.map(({ id, title }) => ({ id, title }))
  const available = {
    available: true,
    version,
    endpoint,
    location,
    provides,
    absent,
    unsupportedOptions,
    attempts,
    notes,
  } as const
  return { entry, report: redactTexts({ ...reported, ...available }), found: { plugin, result } }
}

function findOptionProblem(result: ProbeResult<unknown>): string | undefined {
  const undeclared = result.available ? findUndeclaredOption(result) : undefined
  if (undeclared === undefined) return undefined
  return `lists "${undeclared}" as unsupported, which none of its capabilities declares as an option`
}

function toFailedPlugin(entry: PluginEntry, chosen: boolean, attempt: ProbeAttempt): ProbedPlugin {
  const report = { ...toReportedPlugin(entry), available: false, chosen, attempts: [attempt] } as const
  return { entry, report: redactTexts(report), found: undefined }
}

/** Returns the attempt for TIMED_OUT, whether the host's limit was exceeded or the probe rejected with it. */
function toTimeoutAttempt(entry: PluginEntry, { facts }: HostError<'TIMED_OUT'>): ProbeAttempt {
  const message = `it did not answer within ${formatDuration(facts.timeoutMs)}`
  return toAttempt(entry, { code: 'TIMED_OUT', message }, probeTimeoutRemedy)
}

function toErrorAttempt(entry: PluginEntry, error: unknown): ProbeAttempt {
  const code = isHostError(error) ? error.code : 'PLUGIN_INVALID'
  const remedy = `report this error to the authors of plugin "${entry.names.plugin}", or do not pass the plugin to the host`
  return toAttempt(entry, { code, message: toErrorText(error) }, remedy)
}

function toAttempt({ names }: PluginEntry, cause: ProbeAttempt['cause'], remedy: string): ProbeAttempt {
  const source = `${names.packageName} ${names.packageVersion}`
  return { candidate: names.plugin, source, step: 'probe', cause, remedy }
}

function toReportedPlugin({ names, plugin, error }: PluginEntry): Omit<ReportedPlugin, 'attempts'> {
  const { packageName, packageVersion } = error === undefined ? plugin : names
  const selection = error === undefined ? plugin.selection : undefined
  return { runtime: names.plugin, selection: selection ?? 'automatic', packageName, packageVersion }
}

/** Used where neither the host nor the plugin sets a limit. */
const longestTimeoutMs = 30_000
/** Added to the limit, so that a probe that keeps the limit itself can still report its result. */
const longestGraceMs = 1_000
