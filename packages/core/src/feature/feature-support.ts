import type { Capability } from '../contract/capability.js'
import type { Capabilities, Managers, Needs } from '../contract/needs.js'
import type { MissingCapability } from '../contract/probe.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import { createHostError } from '../errors/create-host-error.js'
import type { HostErrorOptions } from '../errors/host-error.js'
import { toMissingCapability } from '../plugins/capability-access.js'

/**
 * Whether a feature works on a runtime. `missing` has the required capabilities that the runtime does not provide,
 * `missingOptional` the optional ones, without which the feature works.
 */
export type FeatureSupport = { readonly feature: string; readonly runtime: string } & (
  | { readonly supported: true; readonly missingOptional: readonly MissingCapability[] }
  | { readonly supported: false; readonly missing: readonly MissingCapability[] }
)

/** Determines from a report whether a feature works on that runtime, with reason and remedy of each missing capability. */
export function toFeatureSupport(feature: string, needs: Needs, report: RuntimeReport): FeatureSupport {
  const provided = new Set(report.available ? report.provides.map(({ id }) => id) : [])
  const toMissing = (capabilities: Needs['required']) =>
    Object.values(capabilities)
      .filter(({ id }) => !provided.has(id))
      .map((capability) => toMissingCapability(capability, report))
  const missing = toMissing(needs.required)
  const { runtime } = report
  if (!report.available || missing.length > 0) return { supported: false, feature, runtime, missing }
  return { supported: true, feature, runtime, missingOptional: toMissing(needs.optional) }
}

/**
 * Returns the injected managers of a feature with a type in which the required ones are present. `options`: the cause
 * and the undo failures of the thrown error, if the managers are needed because an earlier attempt failed.
 *
 * @throws MissingCapabilityError with all required capabilities that are missing
 */
export function requireManagers<R extends Managers<R>, I extends PartlyInjected<R>>(
  feature: string,
  needs: { readonly required: Capabilities<R> },
  injected: I,
  options?: HostErrorOptions,
): I & R {
  const { report } = injected
  const missing = Object.entries<Capability<object>>(needs.required)
    .filter(([name]) => injected[name as keyof typeof injected] === undefined)
    .map(([, capability]) => toMissingCapability(capability, report))
  if (missing.length === 0) return injected as I & R // each manager of R was checked above
  throw createHostError('CAPABILITY_MISSING', { feature, runtime: report.runtime, missing, reports: [report] }, options)
}

type PartlyInjected<R> = { readonly report: RuntimeReport } & { readonly [K in keyof R]: R[K] | undefined }
