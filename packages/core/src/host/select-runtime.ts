import type { Capability } from '../contract/capability.js'
import { toMissingCapability } from '../contract/missing-capability.js'
import { createHostError } from '../errors/create-host-error.js'
import { findUnsupported } from '../plugin/refusable-fields.js'
import { toRefusal } from '../plugin/refuse-options.js'
import type { FoundRuntime, ProbedPlugin } from './probe-plugin.js'
import type { OpenOptions } from './runtime-host.js'

/** The one that `open` opens. */
export type UsableRuntime = Extract<ProbedPlugin, { readonly found: FoundRuntime }>

type Wishes = Pick<OpenOptions, 'requires' | 'requiredOptions'>
type RequiredCapabilities = NonNullable<OpenOptions['requires']>

/** The runtime that was named: it, or the reason why not; no other is tried. */
export function selectNamed(probed: ProbedPlugin, { requires = [], requiredOptions = [] }: Wishes): UsableRuntime {
  const { entry, report, found } = probed
  if (entry.fault !== undefined) throw entry.fault
  if (found === undefined) throw createHostError('RUNTIME_UNAVAILABLE', { runtime: entry.name, reports: [report] })
  const missing = findMissing(probed, requires)
  if (missing.length > 0) throw toMissingError([probed], missing)
  for (const field of requiredOptions) {
    const refused = findUnsupported(field, report)
    if (refused !== undefined) throw toRefusal(entry.name, refused, 'required')
  }
  return probed
}

/** The first, in order, that is available, provides all of `requires` and supports all of `requiredOptions`. */
export function selectFirst(
  probed: readonly ProbedPlugin[],
  { requires = [], requiredOptions = [] }: Wishes,
): UsableRuntime {
  const available = probed.filter((candidate): candidate is UsableRuntime => candidate.found !== undefined)
  // An endpoint that the user named is never replaced by another runtime, wherever its plugin is in the order.
  const isBarred = probed.some(({ report }) => !report.available && report.chosen)
  if (isBarred || available.length === 0) {
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: probed.map(({ report }) => report) })
  }
  const able = available.filter((candidate) => findMissing(candidate, requires).length === 0)
  const [firstAble] = able
  if (firstAble === undefined) throw toMissingError(available, toUnion(available, requires))
  const keeping = able.find((candidate) => isFitting(candidate, { requiredOptions }))
  return keeping ?? selectNamed(firstAble, { requires, requiredOptions })
}

/** Whether it is available, provides all of `requires` and supports all of `requiredOptions`. */
export function isFitting(probed: ProbedPlugin, { requires = [], requiredOptions = [] }: Wishes): boolean {
  if (probed.found === undefined || findMissing(probed, requires).length > 0) return false
  return requiredOptions.every((field) => findUnsupported(field, probed.report) === undefined)
}

function findMissing({ found }: ProbedPlugin, requires: RequiredCapabilities): readonly Capability<object>[] {
  const tokens = new Set(found?.result.provides.map(({ token }) => token))
  return Object.values(requires).filter(({ token }) => !tokens.has(token))
}

/** What at least one of the runtimes lacks, in the order of `requires`. */
function toUnion(available: readonly ProbedPlugin[], requires: RequiredCapabilities) {
  const lacking = new Set(available.flatMap((candidate) => findMissing(candidate, requires)))
  return Object.values(requires).filter((capability) => lacking.has(capability))
}

/** Each with the reason of the first runtime that lacks it. */
function toMissingError(available: readonly ProbedPlugin[], missing: readonly Capability<object>[]) {
  const only = available.length === 1 ? available[0] : undefined
  return createHostError('CAPABILITY_MISSING', {
    feature: undefined,
    runtime: only?.entry.name,
    missing: missing.map((capability) => {
      const lacking = available.find((candidate) => findMissing(candidate, [capability]).length > 0)
      return toMissingCapability(capability, lacking?.report)
    }),
    reports: available.map(({ report }) => report),
  })
}
