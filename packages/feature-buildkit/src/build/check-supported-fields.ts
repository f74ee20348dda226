import type { BuildKitWorker } from '@capstan/buildkit-client'
import { type BuildKitKind, type BuildRequest, findUnsupportedFields } from '@capstan/buildkit-client/request'
import { createHostError } from '@capstan/core/plugin'
import type { InjectedBuildKitManagers } from '../buildkit-needs.js'

/** @throws HostError OPTION_UNSUPPORTED with the first field of the request that this BuildKit does not support */
export function checkSupportedFields(
  { report }: Pick<InjectedBuildKitManagers, 'report'>,
  request: BuildRequest,
  daemon: { readonly kind: BuildKitKind; readonly workers: readonly BuildKitWorker[] },
): void {
  const [unsupported] = findUnsupportedFields(request, daemon)
  if (unsupported === undefined) return
  throw createHostError('OPTION_UNSUPPORTED', { runtime: report.runtime, ...unsupported })
}
