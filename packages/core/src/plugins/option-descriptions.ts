import type { Capability } from '../contract/capability.js'
import { builtInCapabilities } from '../contract/managers/built-in-capabilities.js'
import type { OptionName, ProbeResult, UnsupportedOption } from '../contract/probe.js'
import type { ReportedOption, RuntimeReport } from '../contract/runtime-report.js'
import { toMissingCapability } from './capability-access.js'
import { findUnsupportedOption } from './unsupported-options.js'

/** Adds to each unsupported option the description that its capability declares. */
export function describeOptions({ provides, unsupportedOptions }: ProbedOptions): readonly ReportedOption[] {
  const descriptions = listDescriptions(provides)
  return unsupportedOptions.map((option) => ({ ...option, description: descriptions.get(option.field) ?? '' }))
}

/** Finds an unsupported option that neither a built-in capability nor one of the plugin declares. */
export function findUndeclaredOption({ provides, unsupportedOptions }: ProbedOptions): string | undefined {
  const descriptions = listDescriptions(provides)
  return unsupportedOptions.find(({ field }) => !descriptions.has(field))?.field
}

/**
 * Finds why a runtime does not support an option: it does not support the option or one that contains it, or does not
 * provide its capability. `undefined` if the runtime supports the option or is not available.
 */
export function findMissingOption(field: OptionName, report: RuntimeReport): UnsupportedOption | undefined {
  if (!report.available) return undefined
  const capability =
    builtInCapabilities.find(({ options }) => field in options) ??
    [...report.provides, ...report.absent].find(({ id }) => field.startsWith(`${id}.`)) ??
    toThirdParty(field)
  const isProvided = report.provides.some(({ id }) => id === capability.id)
  if (isProvided) return findUnsupportedOption(field, report.unsupportedOptions)
  const { reason, remedy } = toMissingCapability(capability, report)
  return { field, reason, remedy }
}

/** Returns the descriptions of all declared options. */
function listDescriptions(provides: readonly Capability<object>[]): ReadonlyMap<string, string> {
  // A capability of another version of core may not have `options`.
  const entries = [...builtInCapabilities, ...provides].flatMap(({ options = {} }) => Object.entries<string>(options))
  return new Map(entries)
}

/** Returns `example.com/checkpoints` for `example.com/checkpoints.live`, for a capability that the report does not name. */
function toThirdParty(field: string): Pick<Capability<object>, 'id' | 'title'> {
  const id = field.replace(/^([^/]*\/[^.]*)\..*$/, '$1')
  return { id, title: id }
}

type ProbedOptions = Pick<Extract<ProbeResult<unknown>, { available: true }>, 'provides' | 'unsupportedOptions'>
