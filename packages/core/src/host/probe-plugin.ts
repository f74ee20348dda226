import type { RuntimePlugin } from '../contract/plugin.js'
import type { ProbeAttempt, ProbeOptions, ProbeResult } from '../contract/probe.js'
import type { ReportedPlugin, RuntimeReport } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { toDuration } from '../errors/duration.js'
import { type HostError, isHostError } from '../errors/host-error.js'
import { toErrorText } from '../errors/message.js'
import { redactTexts } from '../errors/redact.js'
import { raiseLimitRemedy } from '../errors/slow-probe.js'
import { runWithin } from '../operation/signals/run-within.js'
import { toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'
import { describeOptions, findUndeclaredOption } from '../plugin/option-descriptions.js'
import { findResultProblem } from './check-probe-result.js'
import type { PluginEntry } from './plugin-entry.js'

/** A plugin with the report of its probe; `found` is present if the runtime is available. */
export type ProbedPlugin =
  | { readonly entry: PluginEntry; readonly report: RuntimeReport; readonly found: undefined }
  | { readonly entry: PluginEntry; readonly report: RuntimeReport; readonly found: FoundRuntime }

/** An available runtime, as `open` needs it. */
export interface FoundRuntime {
  readonly plugin: RuntimePlugin
  readonly result: Extract<ProbeResult<unknown>, { available: true }>
}

/**
 * Probes a plugin. A fault of the plugin becomes an attempt in its report. Rejects only on an abort, with its reason.
 *
 * `isChosen` is called before the probe, so that its result is available also when the probe fails.
 */
export async function probePlugin(entry: PluginEntry, options: ProbeOptions): Promise<ProbedPlugin> {
  options.signal?.throwIfAborted()
  const chosen = isChosen(entry, options.env)
  if (entry.fault !== undefined) return toFailed(entry, chosen, toFault(entry, entry.fault))
  const { plugin } = entry
  try {
    const result = await probeWithin(plugin, { ...options, timeoutMs: options.timeoutMs ?? plugin.probeTimeoutMs })
    const problem = findResultProblem(result) ?? findRefusalProblem(result)
    if (problem !== undefined) {
      throw createHostError('PLUGIN_INVALID', { ...toPluginNames(plugin, toUnknownNames(entry.name)), problem })
    }
    return toProbed(entry, plugin, result.available || !chosen ? result : { ...result, chosen })
  } catch (error) {
    options.signal?.throwIfAborted()
    return toFailed(entry, chosen, isHostError(error, 'TIMED_OUT') ? toLate(entry, error) : toFault(entry, error))
  }
}

/** Creates the report of a plugin whose probe `open` aborted because it had selected another runtime. */
export function toUnawaited(entry: PluginEntry): ProbedPlugin {
  const message = 'it had not answered when another runtime was opened'
  const remedy = 'call discover() to wait for its result'
  return toFailed(entry, false, toAttempt(entry, { code: 'TIMED_OUT', message }, remedy))
}

/**
 * Whether the user named the plugin's endpoint. False if `isChosen` is missing or throws. Plugins with a fault are asked, too,
 * since no other runtime may be opened instead of them.
 */
export function isChosen({ plugin }: PluginEntry, env: ProbeOptions['env']): boolean {
  try {
    const given: unknown = plugin
    return hasChosen(given) && given.isChosen(env) === true
  } catch {
    return false
  }
}

/** Whether the plugin has the optional method `isChosen`. */
export function hasChosen(plugin: unknown): plugin is Required<Pick<RuntimePlugin, 'isChosen'>> {
  return typeof plugin === 'object' && plugin !== null && 'isChosen' in plugin && typeof plugin.isChosen === 'function'
}

/** Resolves with the result of the probe. Rejects with TIMED_OUT if the plugin exceeds its limit. */
function probeWithin(plugin: RuntimePlugin, options: ProbeOptions): Promise<ProbeResult<unknown>> {
  const { timeoutMs = longestTimeoutMs, signal } = options
  const limit = { operation: 'probe', timeoutMs, graceMs: Math.min(mostMarginMs, timeoutMs + 100), signal }
  return runWithin((own) => plugin.probe({ ...options, ...own }), limit)
}

function toProbed(entry: PluginEntry, plugin: RuntimePlugin, result: ProbeResult<unknown>): ProbedPlugin {
  const names = toReportedPlugin(entry)
  if (!result.available) {
    const { chosen, attempts } = result
    return { entry, report: redactTexts({ ...names, available: false, chosen, attempts } as const), found: undefined }
  }
  const { version, endpoint, absent, attempts, notes } = result
  const unsupportedOptions = describeOptions(result)
  const provides = result.provides.map(({ id, title }) => ({ id, title }))
  const report = {
    ...names,
    available: true,
    version,
    endpoint,
    provides,
    absent,
    unsupportedOptions,
    attempts,
    notes,
  } as const
  return { entry, report: redactTexts(report), found: { plugin, result } }
}

function findRefusalProblem(result: ProbeResult<unknown>): string | undefined {
  const stray = result.available ? findUndeclaredOption(result) : undefined
  return stray === undefined ? undefined : `refuses "${stray}", which none of its capabilities declares as an option`
}

function toFailed(entry: PluginEntry, chosen: boolean, attempt: ProbeAttempt): ProbedPlugin {
  const report = { ...toReportedPlugin(entry), available: false, chosen, attempts: [attempt] } as const
  return { entry, report: redactTexts(report), found: undefined }
}

/** Creates the attempt for TIMED_OUT, whether the host's limit was exceeded or the probe rejected with it. */
function toLate(entry: PluginEntry, { facts }: HostError<'TIMED_OUT'>): ProbeAttempt {
  const message = `it did not answer within ${toDuration(facts.timeoutMs)}`
  return toAttempt(entry, { code: 'TIMED_OUT', message }, raiseLimitRemedy)
}

function toFault(entry: PluginEntry, error: unknown): ProbeAttempt {
  const code = isHostError(error) ? error.code : 'PLUGIN_INVALID'
  const remedy = `report this error to the authors of plugin "${entry.name}", or do not pass the plugin to the host`
  return toAttempt(entry, { code, message: toErrorText(error) }, remedy)
}

function toAttempt(entry: PluginEntry, cause: ProbeAttempt['cause'], remedy: string): ProbeAttempt {
  const { plugin, packageName, packageVersion } = toPluginNames(entry.plugin, toUnknownNames(entry.name))
  return { candidate: plugin, source: `${packageName} ${packageVersion}`, step: 'probe', cause, remedy }
}

function toReportedPlugin({ name, plugin, fault }: PluginEntry): Omit<ReportedPlugin, 'attempts'> {
  if (fault === undefined) {
    const { selection = 'automatic', packageName, packageVersion } = plugin
    return { runtime: name, selection, packageName, packageVersion }
  }
  const { packageName, packageVersion } = toPluginNames(plugin, toUnknownNames(name))
  return { runtime: name, selection: 'automatic', packageName, packageVersion }
}

/** Used where neither the host nor the plugin sets a limit. */
const longestTimeoutMs = 30_000
/** Added to the limit, so that the result of a plugin that observes the limit arrives before the timeout. */
const mostMarginMs = 1_000
