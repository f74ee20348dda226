import { type FeatureSupport, type MissingCapability, type RuntimeReport, toFeatureSupport } from '@capstan/core'
import { findUnsupportedOption, type UnsupportedOption } from '@capstan/core/plugin'
import { buildKitNeeds } from './buildkit-needs.js'
import { findUnsupportedLevelOption, privilegeLevels } from './sidecar/privilege-levels.js'

/**
 * Returns whether BuildKit can start on the runtime of this report.
 *
 * A runtime that supports no privilege level cannot run the sidecar. On a runtime without shared volumes, `connect` by socket is
 * not available.
 */
export function toBuildKitSupport(report: RuntimeReport): FeatureSupport {
  const support = toFeatureSupport('BuildKit', buildKitNeeds, report)
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
  if (!report.provides.some(({ id }) => id === buildKitNeeds.optional.volumes.id)) return [] // already in `missingOptional`
  const unsupported =
    findUnsupportedOption('mounts.volume', report.unsupportedOptions) ??
    findUnsupportedOption('mounts.volume.shared', report.unsupportedOptions)
  return unsupported === undefined ? [] : [toMissing(unsupported, 'a shared socket')]
}

type AvailableReport = Extract<RuntimeReport, { readonly available: true }>

function toMissing({ field, reason, remedy }: UnsupportedOption, title: string): MissingCapability {
  return { id: field, title, reason, remedy }
}
