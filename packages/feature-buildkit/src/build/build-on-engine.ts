import type { BuildEventListener, BuildRequest, BuildResult } from '@capstan/buildkit-client/request'
import type { BuildService, OperationOptions } from '@capstan/core'
import type { InjectedBuildKitManagers } from '../buildkit-needs.js'
import { loadBuildKitClient } from '../control/control-connection.js'
import { checkSupportedFields } from './check-supported-fields.js'

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
  const client = new BuildKitClient(await connect({ signal }), { endpoint, connect, openSession })
  try {
    const workers = await client.workers({ signal })
    checkSupportedFields(managers, request, { kind: 'engine', workers })
    onEvents([{ type: 'builder', builder: 'build-service', version: workers[0]?.version, reasons: [] }])
    return await runBuild(client, request, { kind: 'engine', runtime: managers.runtime, signal, onEvents })
  } finally {
    client.close()
  }
}
