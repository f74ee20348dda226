import { type OperationOptions, poll, type StringMap } from '@capstan/core'
import type { InspectedNetwork } from '../docker-api.js'
import type { DockerEngine, EngineCall } from '../docker-engine.js'
import { toLabelFilter } from '../label-filter.js'

/** One request for a network. */
export interface NetworkRequest {
  readonly call: EngineCall
  readonly name: string
  readonly internal: boolean
  readonly labels: StringMap
  /** The label that this request alone puts on it. */
  readonly requestIdLabel: StringMap
}

/** What this very request made, though it was not answered. */
export function findByRequestId(
  engine: DockerEngine,
  { call, requestIdLabel }: Pick<NetworkRequest, 'call' | 'requestIdLabel'>,
  { signal }: OperationOptions,
): Promise<InspectedNetwork | undefined> {
  const find = async () => {
    const api = await engine.api({ ...call, signal })
    return (await api.listNetworks({ filters: toLabelFilter(requestIdLabel) }))[0]
  }
  return poll(find, { limitMs: engine.timeouts.lateResultMs, signal })
}

/** Removes what this very request made, if anything. */
export async function removeByRequestId(
  engine: DockerEngine,
  request: NetworkRequest,
  options: OperationOptions,
): Promise<void> {
  const made = await findByRequestId(engine, request, options)
  if (made === undefined) return
  const api = await engine.api({ ...request.call, signal: options.signal })
  await api.getNetwork(made.Id).remove()
}

/** A network of that name, other than `except`. */
export async function findNamed(
  engine: DockerEngine,
  { call, name }: Pick<NetworkRequest, 'call' | 'name'>,
  except?: string,
): Promise<InspectedNetwork | undefined> {
  const api = await engine.api(call)
  const networks = await api.listNetworks({ filters: { name: [name] } })
  return networks.find(({ Id, Name }) => Name === name && Id !== except) // the filter takes parts of names
}
