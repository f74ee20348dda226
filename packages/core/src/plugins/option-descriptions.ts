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
 * Finds why a runtime does not support a field: it does not support the field or one that contains it, or does not
 * provide its capability. `undefined` if the runtime supports the field.
 */
export function findMissingOption(field: OptionName, report: RuntimeReport): UnsupportedOption | undefined {
  if (!report.available) return undefined
  const owner =
    builtInCapabilities.find(({ options }) => field in options) ??
    [...report.provides, ...report.absent].find(({ id }) => field.startsWith(`${id}.`)) ??
    toThirdParty(field)
  const isProvided = report.provides.some(({ id }) => id === owner.id)
  if (isProvided) return findUnsupportedOption(field, report.unsupportedOptions)
  const { reason, remedy } = toMissingCapability(owner, report)
  return { field, reason, remedy }
}

/** Returns the descriptions of all declared fields. */
function listDescriptions(provides: readonly Capability<object>[]): ReadonlyMap<string, string> {
  // A capability of another version of core may not have `options`.
  const fields = [...builtInCapabilities, ...provides].flatMap(({ options = {} }) => Object.entries<string>(options))
  return new Map(fields)
}

/** Returns `example.com/checkpoints` for `example.com/checkpoints.live`, for a capability that the report does not name. */
function toThirdParty(field: string): Pick<Capability<object>, 'id' | 'title'> {
  const id = field.replace(/^([^/]*\/[^.]*)\..*$/, '$1')
  return { id, title: id }
}

type ProbedOptions = Pick<Extract<ProbeResult<unknown>, { available: true }>, 'provides' | 'unsupportedOptions'>
