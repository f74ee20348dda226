import { abortCases } from './cases/abort.js'
import { attachCases } from './cases/attach.js'
import { buildCases } from './cases/build.js'
import { buildCacheAndPullCases } from './cases/build-cache-and-pull.js'
import { buildFailureCases } from './cases/build-failure.js'
import { buildServiceCases } from './cases/build-service.js'
import { closeCases } from './cases/close.js'
import { composeCases } from './cases/compose.js'
import { configCases } from './cases/config.js'
import { containerControlCases } from './cases/container-control.js'
import { containerStatsCases } from './cases/container-stats.js'
import { eventCases } from './cases/events.js'
import { execCases } from './cases/exec.js'
import { execTerminalCases } from './cases/exec-terminal.js'
import { exitCodeCases } from './cases/exit-code.js'
import { fileCases } from './cases/files.js'
import { firewallCases } from './cases/firewall.js'
import { healthCases } from './cases/health.js'
import { hostAddressCases } from './cases/host-address.js'
import { imageHomeCases } from './cases/image-home.js'
import { imageManagerCases } from './cases/image-manager.js'
import { imagePushCases } from './cases/image-push.js'
import { imageTransferCases } from './cases/image-transfer.js'
import { imageCases } from './cases/images.js'
import { inspectionCases } from './cases/inspection.js'
import { invalidArgumentCases } from './cases/invalid-arguments.js'
import { jobCases } from './cases/jobs.js'
import { lifecycleCases } from './cases/lifecycle.js'
import { limitAndPrivilegeCases } from './cases/limits-and-privileges.js'
import { listCases } from './cases/list.js'
import { logCases } from './cases/logs.js'
import { mountCases } from './cases/mounts.js'
import { nameCases } from './cases/names.js'
import { networkConnectionCases } from './cases/network-connections.js'
import { networkModeCases } from './cases/network-modes.js'
import { networkCases } from './cases/networks.js'
import { notFoundCases } from './cases/not-found.js'
import { otherProcessCases } from './cases/other-process.js'
import { ownershipCases } from './cases/ownership.js'
import { portCases } from './cases/ports.js'
import { probeCases } from './cases/probe.js'
import { registerCases } from './cases/register.js'
import { restartCases } from './cases/restart.js'
import { serviceCases } from './cases/services.js'
import { sidecarCases } from './cases/sidecars.js'
import { stopCases } from './cases/stop.js'
import { sweepCases } from './cases/sweep.js'
import { terminalCases } from './cases/terminal.js'
import { unsupportedOptionCases } from './cases/unsupported-options.js'
import { volumeCases } from './cases/volumes.js'
import { type ConformanceCase, toGroup } from './conformance-case.js'
import type { ConformanceOptions } from './conformance-options.js'

/** Returns the cases of the kit in the order of a report; with `only`, those with these ids or groups. */
export function conformanceCases({ only }: Pick<ConformanceOptions, 'only'> = {}): readonly ConformanceCase[] {
  if (only === undefined) return all
  const wanted = new Set(only)
  return all.filter(({ id }) => wanted.has(id) || wanted.has(toGroup(id)))
}

const all: readonly ConformanceCase[] = [
  ...probeCases,
  ...registerCases,
  ...unsupportedOptionCases,
  ...lifecycleCases,
  ...stopCases,
  ...nameCases,
  ...listCases,
  ...notFoundCases,
  ...exitCodeCases,
  ...logCases,
  ...attachCases,
  ...terminalCases,
  ...configCases,
  ...limitAndPrivilegeCases,
  ...healthCases,
  ...restartCases,
  ...mountCases,
  ...portCases,
  ...networkModeCases,
  ...hostAddressCases,
  ...imageCases,
  ...imageHomeCases,
  ...buildCases,
  ...buildFailureCases,
  ...buildCacheAndPullCases,
  ...buildServiceCases,
  ...networkCases,
  ...networkConnectionCases,
  ...sidecarCases,
  ...inspectionCases,
  ...execCases,
  ...execTerminalCases,
  ...containerControlCases,
  ...volumeCases,
  ...containerStatsCases,
  ...eventCases,
  ...composeCases,
  ...jobCases,
  ...serviceCases,
  ...imageTransferCases,
  ...imagePushCases,
  ...imageManagerCases,
  ...fileCases,
  ...firewallCases,
  ...ownershipCases,
  ...sweepCases,
  ...invalidArgumentCases,
  ...abortCases,
  ...closeCases,
  ...otherProcessCases,
]
