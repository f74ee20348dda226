import { type FeatureSupport, type MissingCapability, type RuntimeReport, toFeatureSupport } from '@capstan/core'
import { findUnsupportedOption, type UnsupportedOption } from '@capstan/core/plugin'
import { buildKitNeeds } from './buildkit-needs.js'
import { findLevelRefusal, privilegeLevels } from './sidecar/privilege-levels.js'

/**
 * Returns whether BuildKit can start on the runtime of this report.
 *
 * A runtime that refuses every privilege level cannot run the sidecar. On a runtime that refuses shared volumes, `connect` is
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

/** Not empty if every level is refused. The first one is `privileged`. */
function listMissingPrivileges(report: AvailableReport): readonly MissingCapability[] {
  const refusals = privilegeLevels.map((level) => findLevelRefusal(level, report))
  const [privileged] = refusals
  if (privileged === undefined || refusals.includes(undefined)) return []
  return [toMissing(privileged, 'privileged containers')]
}

/** Without shared volumes other containers cannot use the socket. */
function listMissingOptionalMounts(report: AvailableReport): readonly MissingCapability[] {
  if (!report.provides.some(({ id }) => id === buildKitNeeds.optional.volumes.id)) return [] // already in `missingOptional`
  const refused =
    findUnsupportedOption('mounts.volume', report.unsupportedOptions) ??
    findUnsupportedOption('mounts.volume.shared', report.unsupportedOptions)
  return refused === undefined ? [] : [toMissing(refused, 'a shared socket')]
}

type AvailableReport = Extract<RuntimeReport, { readonly available: true }>

function toMissing({ field, reason, remedy }: UnsupportedOption, title: string): MissingCapability {
  return { id: field, title, reason, remedy }
}
