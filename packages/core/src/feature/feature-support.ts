import type { Capability } from '../contract/capability.js'
import { type MissingCapability, toMissingCapability } from '../contract/missing-capability.js'
import type { Capabilities, Managers, Needs } from '../contract/needs.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { HostErrorOptions } from '../errors/host-error.js'
import { MissingCapabilityError } from '../errors/named-errors.js'

/** `missingOptional`: optional capabilities that the runtime does not provide; the feature works without them. */
export type FeatureSupport =
  | {
      readonly supported: true
      readonly feature: string
      readonly runtime: string
      readonly missingOptional: readonly MissingCapability[]
    }
  | {
      readonly supported: false
      readonly feature: string
      readonly runtime: string
      readonly missing: readonly MissingCapability[]
    }

/** Tells from a report whether a feature works on that runtime: all that is missing or lacking, with reason and remedy. */
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
 * Narrows what was injected into a feature: the required managers are present, everything else is unchanged.
 *
 * @throws MissingCapabilityError naming every required capability that is missing; `options` are those of the error.
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
  if (missing.length === 0) return injected as I & R // each manager of R was seen to be present
  throw new MissingCapabilityError({ feature, runtime: report.runtime, missing, reports: [report] }, options)
}

type PartlyInjected<R> = { readonly report: RuntimeReport } & { readonly [K in keyof R]: R[K] | undefined }
