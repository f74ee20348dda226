import { defaultNetworkId } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'

/**
 * Inspects the engine's default network. An engine with the quirk `renamesDefaultNetwork` shows it by the name of the request,
 * so it is inspected again by its id.
 */
export async function findDefaultNetwork(engine: DockerEngine, call: EngineCall): Promise<InspectedNetwork> {
  const api = await engine.api({ ...call, subject: defaultNetworkId })
  const network = await api.getNetwork('bridge').inspect()
  return engine.details.quirks.renamesDefaultNetwork ? await api.getNetwork(network.Id).inspect() : network
}
