import { type FeatureSupport, type MissingCapability, type RuntimeReport, toFeatureSupport } from '@capstan/core'
import { findUnsupportedOption, type UnsupportedOption } from '@capstan/core/plugin'
import { buildKitNeeds, sidecarNeeds } from './buildkit-needs.js'
import { findUnsupportedLevelOption, privilegeLevels } from './sidecar/privilege-levels.js'

/**
 * Returns whether BuildKit can build on the runtime of this report: by the engine's own BuildKit, or in a sidecar. With the
 * engine's own BuildKit, the capabilities that a sidecar would need are optional.
 */
export function toBuildKitSupport(report: RuntimeReport): FeatureSupport {
  const support = toSidecarSupport(report)
  const { feature, runtime } = support
  const hasService = report.available && report.provides.some(({ id }) => id === buildKitNeeds.optional.service.id)
  return support.supported || !hasService
    ? support
    : { supported: true, feature, runtime, missingOptional: support.missing }
}

/**
 * Returns whether BuildKit can start in a sidecar on the runtime of this report.
 *
 * A runtime that supports no privilege level cannot run the sidecar. On a runtime without shared volumes, `connect` by socket is
 * not available.
 */
export function toSidecarSupport(report: RuntimeReport): FeatureSupport {
  const support = toFeatureSupport('BuildKit', sidecarNeeds, report)
  if (!report.available) return support
  const privileges = listMissingPrivileges(report)
  if (!support.supported) return { ...support, missing: [...support.missing, ...privileges] }
  const { feature, runtime, missingOptional } = support
  if (privileges.length > 0) return { supported: false, feature, runtime, missing: privileges }
  return { ...support, missingOptional: [...missingOptional, ...listMissingOptionalMounts(report)] }
}

/** Not empty if the runtime supports no level. The first level is `privileged`. */
function listMissingPrivileges(report: AvailableReport): readonly MissingCapability[] {
  const unsupported = privilegeLevels.map((level) => findUnsupportedLevelOption(level, report))
  const [privileged] = unsupported
  if (privileged === undefined || unsupported.includes(undefined)) return []
  return [toMissing(privileged, 'privileged containers')]
}

/** Without shared volumes other containers cannot use the socket. */
function listMissingOptionalMounts(report: AvailableReport): readonly MissingCapability[] {
  if (!report.provides.some(({ id }) => id === sidecarNeeds.optional.volumes.id)) return [] // already in `missingOptional`
  const unsupported =
    findUnsupportedOption('mounts.volume', report.unsupportedOptions) ??
    findUnsupportedOption('mounts.volume.shared', report.unsupportedOptions)
  return unsupported === undefined ? [] : [toMissing(unsupported, 'a shared socket')]
}

type AvailableReport = Extract<RuntimeReport, { readonly available: true }>

function toMissing({ field, reason, remedy }: UnsupportedOption, title: string): MissingCapability {
  return { id: field, title, reason, remedy }
}
