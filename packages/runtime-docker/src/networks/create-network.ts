import { type CreateNetworkOptions, isHostError, type SubnetConfig } from '@capstan/core'
import {
  createRequestIdLabel,
  delay,
  listRequestedSubnets,
  type Operation,
  parseSubnet,
  toObjectLabels,
} from '@capstan/core/plugin'
import { withAbortGrace } from '../engine/abort-grace.js'
import type { DockerEngine } from '../engine/docker-engine.js'
import { hasKnownOutcome } from '../engine/has-known-outcome.js'
import { hasFeature } from '../quirks/api-features.js'
import { explainNetworkError, toNameConflict } from './network-create-error.js'
import { findByRequestId, findNamed, type NetworkRequest, removeByRequestId } from './network-request.js'

/**
 * Creates a network and resolves with its id: a bridge, or an overlay on all nodes of the cluster.
 *
 * Rejects with NAME_CONFLICT when another network has the name, with IN_USE when a subnet overlaps with another one, and with
 * OPERATION_FAILED when no address pool is left; that error lists the networks of Capstan. When the engine does not answer within
 * `answerMs`, resolves if the network is listed within `lateResultMs`, and rejects with TIMED_OUT otherwise. After an abort or a
 * lost connection the network is removed.
 */
export async function createNetwork(
  engine: DockerEngine,
  name: string,
  { labels = {}, internal = false, scope = 'engine', ...addresses }: CreateNetworkOptions,
  call: Operation,
): Promise<string> {
  const ownLabels = toObjectLabels({ kind: 'network' }, engine.ownerLabels, labels)
  const subnets = listRequestedSubnets(addresses)
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const request = { call, name, internal, scope, subnets, labels: ownLabels, requestIdLabel: createRequestIdLabel() }
    const id = await createUnique(engine, request)
    if (id !== undefined) return id
    await delay(Math.random() * betweenAttemptsMs, call)
  }
  throw toNameConflict(engine, name, undefined)
}

/**
 * Resolves with the id, or with `undefined` when concurrent requests created networks of the same name and each removed
 * its own.
 */
async function createUnique(engine: DockerEngine, request: NetworkRequest): Promise<string | undefined> {
  const { call, name } = request
  const addUndo = () =>
    call.undo.add(`network ${name}`, (own) => removeByRequestId(engine, request, { ...call, ...own }))
  const id = await sendCreateNetwork(engine, request).catch(async (error: unknown) => {
    if (hasKnownOutcome(error, call)) throw await explainNetworkError(engine, request, error)
    addUndo()
    throw error
  })
  addUndo()
  if (hasFeature(engine.apiVersion, 'uniqueNetworkNames')) return id
  // The engine checks `CheckDuplicate` before it creates the network, so requests at the same time can create several of
  // one name. A request that finds another network removes its own and tries again.
  if ((await findNamed(engine, request, id)) === undefined) return id
  const [failure] = await call.undo.run()
  if (failure !== undefined) throw failure
  const holder = await findNamed(engine, request)
  if (holder !== undefined) throw toNameConflict(engine, name, holder)
  return undefined
}

function sendCreateNetwork(engine: DockerEngine, request: NetworkRequest): Promise<string> {
  const { call, name, internal, scope, subnets, labels, requestIdLabel } = request
  return withAbortGrace(engine, call, async (graceCall) => {
    try {
      const api = await engine.api(graceCall)
      const Labels = { ...labels, ...requestIdLabel }
      // An engine without `uniqueNetworkNames` creates a second network of the same name without CheckDuplicate.
      const body = {
        Name: name,
        ...(scope === 'cluster' ? { Driver: 'overlay', Attachable: true } : { Driver: 'bridge' }),
        Internal: internal,
        Labels,
        CheckDuplicate: true,
        ...toAddressing(subnets, { internal }),
      }
      return (await api.createNetwork(body)).id
    } catch (error) {
      call.signal.throwIfAborted()
      const created = isHostError(error, 'TIMED_OUT') ? await findByRequestId(engine, request, call) : undefined
      if (created === undefined) throw error
      return created.Id // the engine was slow but created the network
    }
  })
}

/**
 * The subnets of the request. The gateway is always sent, since an engine reports the one that it has chosen only after a
 * restart. An internal network needs none.
 */
function toAddressing(subnets: readonly SubnetConfig[], { internal }: { readonly internal: boolean }): object {
  if (subnets.length === 0) return {}
  const Config = subnets.map(({ cidr, gateway = internal ? undefined : parseSubnet(cidr)?.firstAddress }) => {
    return { Subnet: cidr, ...(gateway !== undefined && { Gateway: gateway }) }
  })
  return { EnableIPv6: subnets.some(({ cidr }) => cidr.includes(':')), IPAM: { Driver: 'default', Config } }
}

const mostAttempts = 8
const betweenAttemptsMs = 100
