import type { CreateNetworkOptions, SubnetConfig } from '@capstan/core'
import { type Operation, poll, type StringMap } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toLabelFilter } from '../engine/label-filter.js'

/** A request to create a network. */
export interface NetworkRequest {
  readonly call: Operation
  readonly name: string
  readonly internal: boolean
  readonly scope: NonNullable<CreateNetworkOptions['scope']>
  /** The chosen subnets. */
  readonly subnets: readonly SubnetConfig[]
  readonly labels: StringMap
  /** The label with the id of this request. */
  readonly requestIdLabel: StringMap
}

/** Finds the network that this request created when its answer was lost. */
export function findByRequestId(
  engine: DockerEngine,
  { requestIdLabel }: Pick<NetworkRequest, 'requestIdLabel'>,
  call: EngineCall,
): Promise<InspectedNetwork | undefined> {
  const find = async () => {
    const api = await engine.api(call)
    return (await api.listNetworks({ filters: toLabelFilter(requestIdLabel) }))[0]
  }
  return poll(find, { limitMs: engine.timeouts.lateResultMs, signal: call.signal })
}

/** Removes the network that this request created, if it created one. */
export async function removeByRequestId(
  engine: DockerEngine,
  request: NetworkRequest,
  call: EngineCall,
): Promise<void> {
  const made = await findByRequestId(engine, request, call)
  if (made === undefined) return
  const api = await engine.api(call)
  await api.getNetwork(made.Id).remove()
}

/** Finds a network with the name, other than `except`. */
export async function findNamed(
  engine: DockerEngine,
  { call, name }: Pick<NetworkRequest, 'call' | 'name'>,
  except?: string,
): Promise<InspectedNetwork | undefined> {
  const api = await engine.api(call)
  const networks = await api.listNetworks({ filters: { name: [name] } })
  return networks.find(({ Id, Name }) => Name === name && Id !== except) // the filter also matches parts of names
}
