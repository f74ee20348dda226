import type { Capability } from '../contract/capability.js'
import type { OpenOptions } from '../contract/runtime-host.js'
import { createHostError } from '../errors/create-host-error.js'
import { toMissingCapability } from '../plugins/capability-access.js'
import { findMissingOption } from '../plugins/option-descriptions.js'
import { createUnsupportedError } from '../plugins/unsupported-options.js'
import type { AvailablePlugin, ProbedPlugin } from './probe-plugin.js'

type Requirements = Pick<OpenOptions, 'requires' | 'requiredOptions'>
type RequiredCapabilities = NonNullable<OpenOptions['requires']>

/** Returns the runtime that the caller of `open` named. Throws if it is unavailable or does not meet the requirements. */
export function selectNamed(
  probed: ProbedPlugin,
  { requires = [], requiredOptions = [] }: Requirements,
): AvailablePlugin {
  const { entry, report, found } = probed
  if (entry.error !== undefined) throw entry.error
  if (found === undefined)
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: entry.names.plugin, reports: [report] })
  const missing = findMissing(probed, requires)
  if (missing.length > 0) throw createMissingError([probed], missing)
  for (const field of requiredOptions) {
    const missingOption = findMissingOption(field, report)
    if (missingOption !== undefined) throw createUnsupportedError(entry.names.plugin, missingOption, 'required')
  }
  return probed
}

/** Returns the first runtime in order that meets the requirements. Throws if there is none. */
export function selectFirst(
  probed: readonly ProbedPlugin[],
  { requires = [], requiredOptions = [] }: Requirements,
): AvailablePlugin {
  const available = probed.filter((candidate): candidate is AvailablePlugin => candidate.found !== undefined)
  // If the user named the endpoint of a runtime that is not available, no other one is opened, regardless of the order.
  const isBlocked = probed.some(({ report }) => !report.available && report.chosen)
  if (isBlocked || available.length === 0) {
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: probed.map(({ report }) => report) })
  }
  const capable = available.filter((candidate) => findMissing(candidate, requires).length === 0)
  const [first] = capable
  if (first === undefined) throw createMissingError(available, listMissingInAny(available, requires))
  const selected = capable.find((candidate) => meetsRequirements(candidate, { requiredOptions }))
  // `first` lacks an option, so the call throws OPTION_UNSUPPORTED for it.
  return selected ?? selectNamed(first, { requires, requiredOptions })
}

/** Whether a runtime is available and meets the requirements. */
export function meetsRequirements(
  probed: ProbedPlugin,
  { requires = [], requiredOptions = [] }: Requirements,
): boolean {
  if (probed.found === undefined || findMissing(probed, requires).length > 0) return false
  return requiredOptions.every((field) => findMissingOption(field, probed.report) === undefined)
}

function findMissing({ found }: ProbedPlugin, requires: RequiredCapabilities): readonly Capability<object>[] {
  const tokens = new Set(found?.result.provides.map(({ token }) => token))
  return Object.values(requires).filter(({ token }) => !tokens.has(token))
}

/** Returns the required capabilities that at least one of the runtimes does not provide. */
function listMissingInAny(available: readonly ProbedPlugin[], requires: RequiredCapabilities) {
  const missing = new Set(available.flatMap((candidate) => findMissing(candidate, requires)))
  return Object.values(requires).filter((capability) => missing.has(capability))
}

/** Creates CAPABILITY_MISSING, in which each capability has the reason of the first runtime without it. */
function createMissingError(available: readonly ProbedPlugin[], missing: readonly Capability<object>[]) {
  const only = available.length === 1 ? available[0] : undefined
  return createHostError('CAPABILITY_MISSING', {
    feature: undefined,
    runtime: only?.entry.names.plugin,
    missing: missing.map((capability) => {
      const without = available.find((candidate) => findMissing(candidate, [capability]).length > 0)
      return toMissingCapability(capability, without?.report)
    }),
    reports: available.map(({ report }) => report),
  })
}
