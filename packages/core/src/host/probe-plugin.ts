import { createHostError } from '../errors/create-host-error.js'
import { isHostError } from '../errors/host-error.js'
import { toPluginNames, toUnknownNames } from '../plugin/check-plugin.js'
import type { RuntimePlugin } from '../plugin/plugin.js'
import type { ProbeAttempt, ProbeOptions, ProbeResult } from '../plugin/probe.js'
import type { ReportedPlugin, RuntimeReport } from '../plugin/runtime-report.js'
import { runWithin } from '../signals/run-within.js'
import { findResultProblem } from './check-probe-result.js'
import type { PluginEntry } from './plugin-entry.js'

/** A plugin with what its probe found; `result` is there when a runtime is. */
export type ProbedPlugin =
  | { readonly entry: PluginEntry; readonly report: RuntimeReport; readonly found: undefined }
  | { readonly entry: PluginEntry; readonly report: RuntimeReport; readonly found: FoundRuntime }

/** What `open` needs of a runtime that is here. */
export interface FoundRuntime {
  readonly plugin: RuntimePlugin
  readonly result: Extract<ProbeResult<unknown>, { available: true }>
}

/** Probes one plugin. A plugin's fault is an attempt in its report; only an abort rejects, with its reason. */
export async function probePlugin(entry: PluginEntry, options: ProbeOptions): Promise<ProbedPlugin> {
  options.signal?.throwIfAborted()
  if (entry.fault !== undefined) return toFailed(entry, entry.fault)
  const { plugin } = entry
  const timeoutMs = plugin.probeTimeoutMs ?? options.timeoutMs
  try {
    const result = await probeWithin(plugin, { ...options, timeoutMs })
    const problem = findResultProblem(result)
    if (problem !== undefined) {
      throw createHostError('PLUGIN_INVALID', { ...toPluginNames(plugin, toUnknownNames(entry.name)), problem })
    }
    return toProbed(entry, plugin, result)
  } catch (error) {
    options.signal?.throwIfAborted()
    return toFailed(entry, error)
  }
}

/** The probe's answer, or TIMED_OUT when the plugin does not keep its deadline: late by a margin, so that its own word comes first. */
function probeWithin(plugin: RuntimePlugin, options: ProbeOptions): Promise<ProbeResult<unknown>> {
  const { timeoutMs, signal } = options
  const limit = { operation: 'probe', timeoutMs, graceMs: marginMs, signal }
  return runWithin((own) => plugin.probe({ ...options, ...own }), limit)
}

function toProbed(entry: PluginEntry, plugin: RuntimePlugin, result: ProbeResult<unknown>): ProbedPlugin {
  const names = toReportedPlugin(entry)
  if (!result.available) {
    const { chosen, attempts } = result
    return { entry, report: { ...names, available: false, chosen, attempts }, found: undefined }
  }
  const { version, endpoint, absent, refuses, attempts, notes } = result
  const provides = result.provides.map(({ id, title }) => ({ id, title }))
  const report = { ...names, available: true, version, endpoint, provides, absent, refuses, attempts, notes } as const
  return { entry, report, found: { plugin, result } }
}

function toFailed(entry: PluginEntry, error: unknown): ProbedPlugin {
  const report = {
    ...toReportedPlugin(entry),
    available: false,
    chosen: false,
    attempts: [toAttempt(entry, error)],
  } as const
  return { entry, report, found: undefined }
}

function toAttempt(entry: PluginEntry, error: unknown): ProbeAttempt {
  const { plugin, packageName, packageVersion } = toPluginNames(entry.plugin, toUnknownNames(entry.name))
  return {
    candidate: plugin,
    source: `${packageName} ${packageVersion}`,
    step: 'probe',
    cause: {
      code: isHostError(error) ? error.code : 'PLUGIN_INVALID',
      message: error instanceof Error ? error.message : String(error),
    },
    remedy: `tell the makers of plugin "${plugin}", or leave it out`,
  }
}

function toReportedPlugin({ name, plugin, fault }: PluginEntry): Omit<ReportedPlugin, 'attempts'> {
  if (fault === undefined) {
    const { selection = 'automatic', packageName, packageVersion } = plugin
    return { runtime: name, selection, packageName, packageVersion }
  }
  const { packageName, packageVersion } = toPluginNames(plugin, toUnknownNames(name))
  return { runtime: name, selection: 'automatic', packageName, packageVersion }
}

const marginMs = 300
