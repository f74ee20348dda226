import { type FeatureSupport, type MissingCapability, type RuntimeReport, toFeatureSupport } from '@capstan/core'
import { type AvailableRuntime, findUnsupportedOption, type UnsupportedOption } from '@capstan/core/plugin'
import { buildKitNeeds } from './buildkit-needs.js'
import { listPrivilegeLevels } from './sidecar/privilege-levels.js'

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

function listMissingPrivileges({ unsupportedOptions }: AvailableRuntime): readonly MissingCapability[] {
  const refused = unsupportedOptions.find(({ field }) => field === 'privileged')
  if (refused === undefined || listPrivilegeLevels(unsupportedOptions).length > 0) return []
  return [toMissing(refused, 'privileged containers')]
}

/** Without shared volumes other containers cannot use the socket. */
function listMissingOptionalMounts(report: AvailableRuntime): readonly MissingCapability[] {
  if (!report.provides.some(({ id }) => id === buildKitNeeds.optional.volumes.id)) return [] // already in `missingOptional`
  const refused =
    findUnsupportedOption('mounts.volume', report.unsupportedOptions) ??
    findUnsupportedOption('mounts.volume.shared', report.unsupportedOptions)
  return refused === undefined ? [] : [toMissing(refused, 'a shared socket')]
}

function toMissing({ field, reason, remedy }: UnsupportedOption, title: string): MissingCapability {
  return { id: field, title, reason, remedy }
}
