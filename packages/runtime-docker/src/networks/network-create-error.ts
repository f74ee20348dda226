import { type HostError, isHostError } from '@capstan/core'
import {
  createHostError,
  isSameOwner,
  joinWords,
  overlaps,
  ownershipLabelKeys,
  parseSubnet,
} from '@capstan/core/plugin'
import type { InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { arePoolsExhausted, isPredefinedNetwork, isSubnetTaken } from '../engine/docker-error-texts.js'
import { toEngineText } from '../engine/engine-text.js'
import { findNamed, type NetworkRequest } from './network-request.js'

/** Adds facts to a failed create: the network that has the name, or the networks of Capstan when no address pool is left. */
export async function explainNetworkError(
  engine: DockerEngine,
  request: NetworkRequest,
  error: unknown,
): Promise<unknown> {
  if (isHostError(error, 'NAME_CONFLICT')) {
    return toNameConflict(engine, request.name, await findNamed(engine, request), error)
  }
  if (isPredefinedNetwork(error)) return toReservedName(engine, request, error)
  if (isSubnetTaken(error)) return toSubnetInUse(engine, request, error)
  const isPool = isHostError(error, 'OPERATION_FAILED') && arePoolsExhausted(error)
  return isPool ? toPoolFailure(engine, request.call, error) : error
}

/** Names the networks whose subnets overlap with the chosen ones. There is none where the engine's machine uses the addresses. */
async function toSubnetInUse(
  engine: DockerEngine,
  { subnets, call }: NetworkRequest,
  cause: unknown,
): Promise<HostError<'IN_USE'>> {
  const networks = await (await engine.api(call)).listNetworks()
  const used = networks.flatMap(({ Id, Name = Id, IPAM }) => {
    return (IPAM?.Config ?? []).map(({ Subnet = '' }) => ({ name: Name, range: parseSubnet(Subnet) }))
  })
  const conflicts = subnets.map(({ cidr }) => {
    const range = parseSubnet(cidr)
    const users = used.filter((other) => range && other.range && overlaps(range, other.range)).map(({ name }) => name)
    return { cidr, users }
  })
  const found = conflicts.filter(({ users }) => users.length > 0)
  const named = (found.length === 0 ? conflicts : found).map(({ cidr }) => `"${cidr}"`)
  const users = [...new Set(found.flatMap((conflict) => conflict.users))]
  return createHostError('IN_USE', { subject: `subnet ${joinWords(named)}`, users }, { cause })
}

export function toNameConflict(
  { ownerLabels }: DockerEngine,
  name: string,
  holder: InspectedNetwork | undefined,
  cause?: unknown,
): HostError<'NAME_CONFLICT'> {
  const facts = { name, holderId: holder?.Id, sameOwner: isSameOwner(holder?.Labels, ownerLabels) }
  return createHostError('NAME_CONFLICT', facts, cause === undefined ? undefined : { cause })
}

/** Translates the refusal of a reserved name: that of a predefined network, or `default`. */
async function toReservedName(engine: DockerEngine, request: NetworkRequest, error: unknown): Promise<unknown> {
  const { name } = request
  const holder = await findNamed(engine, request)
  if (holder !== undefined) return toNameConflict(engine, name, holder, error)
  const expected = 'a name that the engine does not reserve'
  const facts = { field: 'name', expected, given: JSON.stringify(name) }
  return createHostError('INVALID_ARGUMENT', facts, { cause: error })
}

/** Lists the networks of Capstan when no address pool is left. The default pools suffice for about 30 networks. */
async function toPoolFailure(
  engine: DockerEngine,
  call: EngineCall,
  error: HostError<'OPERATION_FAILED'>,
): Promise<unknown> {
  const api = await engine.api(call)
  const networks = await api.listNetworks({ filters: { label: [ownershipLabelKeys.instance] } })
  const names = networks.map(({ Id, Name }) => Name ?? Id)
  const created =
    names.length === 0 ? 'none of its networks belongs to Capstan' : `networks of Capstan: ${names.join(', ')}`
  const reason = `${toEngineText(error)}; ${created}`
  const remedy = 'remove networks, or run a sweep, which removes those of processes that no longer run'
  return createHostError('OPERATION_FAILED', { ...error.facts, reason, remedy }, { cause: error })
}
