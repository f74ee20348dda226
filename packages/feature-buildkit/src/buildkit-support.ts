import {
  type AvailableRuntime,
  type FeatureSupport,
  findRefusal,
  type MissingCapability,
  type RefusedOption,
  type RuntimeReport,
  toFeatureSupport,
} from '@capstan/core'
import { buildKitNeeds } from './buildkit-managers.js'
import { listRungs } from './start/rungs.js'

/**
 * Whether BuildKit would start on the runtime of this report, from the report alone.
 *
 * Beside capabilities it counts what the runtime refuses: with every rung of privilege refused there is no sidecar,
 * without shared volumes no `connect`.
 */
export function toBuildKitSupport(report: RuntimeReport): FeatureSupport {
  const support = toFeatureSupport('BuildKit', buildKitNeeds, report)
  if (!report.available) return support
  const privileges = listMissingPrivileges(report)
  if (!support.supported) return { ...support, missing: [...support.missing, ...privileges] }
  const { feature, runtime, lacks } = support
  if (privileges.length > 0) return { supported: false, feature, runtime, missing: privileges }
  return { ...support, lacks: [...lacks, ...listLackingMounts(report)] }
}

function listMissingPrivileges({ refuses }: AvailableRuntime): readonly MissingCapability[] {
  const refused = refuses.find(({ field }) => field === 'privileged')
  if (refused === undefined || listRungs(refuses).length > 0) return []
  return [toMissing(refused, 'privileged containers')]
}

/** Without volumes the sidecar keeps its cache in itself; without shared ones no other container has its socket. */
function listLackingMounts(report: AvailableRuntime): readonly MissingCapability[] {
  if (!report.provides.some(({ id }) => id === buildKitNeeds.optional.volumes.id)) return [] // said already
  const refused = findRefusedMount(report) ?? findRefusedShare(report)
  return refused === undefined ? [] : [toMissing(refused, 'a shared socket')]
}

/** Why a container of this runtime mounts no volume. */
export function findRefusedMount({ refuses }: Pick<AvailableRuntime, 'refuses'>): RefusedOption | undefined {
  return findRefusal('mounts.volume', refuses)
}

/** Why two containers of this runtime have no volume at once. */
function findRefusedShare({ refuses }: Pick<AvailableRuntime, 'refuses'>): RefusedOption | undefined {
  return findRefusal('mounts.volume.shared', refuses)
}

function toMissing({ field, reason, remedy }: RefusedOption, title: string): MissingCapability {
  return { id: field, title, reason, remedy }
}
