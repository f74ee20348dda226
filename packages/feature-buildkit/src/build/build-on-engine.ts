import type { Duplex } from 'node:stream'
import {
  type BuildEventListener,
  type BuildRequest,
  type BuildResult,
  findUnsupportedFields,
  resolveHostGateway,
} from '@capstan/buildkit-client/request'
import type { BuildService, OperationOptions } from '@capstan/core'
import { createHostError, linkSignals } from '@capstan/core/plugin'
import type { InjectedBuildKitManagers } from '../buildkit-needs.js'
import { loadBuildKitClient } from '../control/control-connection.js'

/**
 * Runs one build by the engine's own BuildKit.
 *
 * @throws HostError OPTION_UNSUPPORTED, before the build, when it does not support a field of the request
 */
export async function buildOnEngine(
  managers: Pick<InjectedBuildKitManagers, 'report' | 'runtime'>,
  service: BuildService,
  request: BuildRequest,
  { onEvents, signal }: OperationOptions & { readonly onEvents: BuildEventListener },
): Promise<BuildResult> {
  const { BuildKitClient, runBuild } = await loadBuildKitClient()
  const endpoint = `BuildKit of runtime "${managers.report.runtime}"`
  const connect: BuildService['connect'] = (options) => service.connect(options)
  const openSession: BuildService['openSession'] = (headers, options) => service.openSession(headers, options)
  const client = new BuildKitClient(await connectUnlinked(connect, signal), { endpoint, connect, openSession })
  try {
    const workers = await client.workers({ signal })
    const [unsupported] = findUnsupportedFields(request, workers)
    if (unsupported !== undefined)
      throw createHostError('OPTION_UNSUPPORTED', { runtime: managers.report.runtime, ...unsupported })
    onEvents([{ type: 'builder', builder: 'build-service', version: workers[0]?.version, reasons: [] }])
    return await runBuild(client, resolveHostGateway(request, workers), {
      kind: 'engine',
      runtime: managers.runtime,
      signal,
      onEvents,
    })
  } finally {
    client.close()
  }
}

/** Opens a connection that an abort does not end: a build that is aborted may still be followed on it. */
async function connectUnlinked(connect: BuildService['connect'], signal: AbortSignal | undefined): Promise<Duplex> {
  const connecting = linkSignals([signal])
  try {
    return await connect({ signal: connecting.signal })
  } finally {
    connecting.unlink()
  }
}
