import {
  type BuildEventListener,
  type BuildRequest,
  type BuildResult,
  validateBuildRequest,
} from '@capstan/buildkit-client/request'
import { linkSignals } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { type ControlConnection, loadBuildKitClient } from '../control/control-connection.js'
import { checkSidecarRequest } from './check-sidecar-request.js'

/** The connection to the sidecar's daemon, and the signals that end the build. */
export interface SidecarBuildOptions {
  readonly control: ControlConnection
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly onEvents: BuildEventListener
}

/** Runs one build in a sidecar. */
export async function buildInSidecar(
  managers: BuildKitManagers,
  request: BuildRequest,
  { control, signals, onEvents }: SidecarBuildOptions,
): Promise<BuildResult> {
  validateBuildRequest(request)
  checkSidecarRequest(managers, request)
  const { runtime, images } = managers
  const linked = linkSignals(signals)
  const { signal } = linked
  try {
    const { runBuild } = await loadBuildKitClient()
    const client = await control.connect({ signal })
    const [worker] = await client.workers({ signal })
    onEvents([{ type: 'builder', builder: 'sidecar', version: worker?.version, reasons: [] }])
    return await runBuild(client, request, { kind: 'daemon', runtime, images, signal, onEvents })
  } finally {
    linked.unlink()
  }
}
