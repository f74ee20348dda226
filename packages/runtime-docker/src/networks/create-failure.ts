import { type HostError, isHostError } from '@capstan/core'
import { createHostError, isOurs, ownershipLabelKeys } from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { arePoolsExhausted, isPredefinedNetwork } from '../engine/docker-error-texts.js'
import { toEngineText } from '../engine/engine-text.js'
import { findNamed, type NetworkRequest } from './network-request.js'

/** A refusal with what is to be known about it: the holder of a name, our own networks that use up the pools. */
export async function explainFailure(engine: DockerEngine, request: NetworkRequest, error: unknown): Promise<unknown> {
  if (isHostError(error, 'NAME_CONFLICT')) {
    return toNameConflict(engine, request.name, await findNamed(engine, request), error)
  }
  if (isHostError(error, 'IN_USE') && isPredefinedNetwork(error)) return toReservedName(engine, request, error)
  const isPool = isHostError(error, 'OPERATION_FAILED') && arePoolsExhausted(error)
  return isPool ? toPoolFailure(engine, request.call, error) : error
}

export function toNameConflict(
  { ownerLabels }: DockerEngine,
  name: string,
  holder: InspectedNetwork | undefined,
  cause?: unknown,
): HostError<'NAME_CONFLICT'> {
  const facts = { name, holderId: holder?.Id, ours: isOurs(holder?.Labels, ownerLabels) }
  return createHostError('NAME_CONFLICT', facts, cause === undefined ? undefined : { cause })
}

/** The engine keeps some names for itself: its own networks have them, and `default` stands for one of those. */
async function toReservedName(engine: DockerEngine, request: NetworkRequest, error: unknown): Promise<unknown> {
  const { name } = request
  const holder = await findNamed(engine, request)
  if (holder !== undefined) return toNameConflict(engine, name, holder, error)
  const expected = 'a name that the engine does not keep for itself'
  const facts = { field: 'name', expected, given: JSON.stringify(name) }
  return createHostError('INVALID_ARGUMENT', facts, { cause: error })
}

/** The default pools hold about 30 networks: what dead owners left behind uses them up. */
async function toPoolFailure(
  engine: DockerEngine,
  call: EngineCall,
  error: HostError<'OPERATION_FAILED'>,
): Promise<unknown> {
  const api = await engine.api(call)
  const networks = await api.listNetworks({ filters: { label: [ownershipLabelKeys.instance] } })
  const names = networks.map(({ Id, Name }) => Name ?? Id)
  const ours = names.length === 0 ? 'none of its networks are of Capstan' : `networks of Capstan: ${names.join(', ')}`
  const reason = `${toEngineText(error)}; ${ours}`
  const remedy = 'remove some, or run a sweep, which removes those of dead owners'
  return createHostError('OPERATION_FAILED', { ...error.facts, reason, remedy }, { cause: error })
}
