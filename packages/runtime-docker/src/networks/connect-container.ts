import type { ConnectContainerOptions } from '@capstan/core'
import { createHostError, type NetworkJoin, type Operation } from '@capstan/core/plugin'
import { toEndpointSettings } from '../containers/create-body.js'
import { findContainer, inspectContainer } from '../containers/inspection/inspect-container.js'
import { findJoinedNetwork } from '../containers/join-networks.js'
import type { InspectedAttachment, InspectedContainer, InspectedNetwork } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { isAlreadyConnected } from '../engine/docker-error-texts.js'
import { withRules } from '../firewall/connect-restricted.js'
import { toAliasesIn } from '../firewall/sandbox/sandbox-body.js'
import { toAliases } from '../firewall/sandbox/start-sandbox.js'
import { sendDisconnect } from './disconnect-container.js'
import { inspectNetworkForContract } from './inspect-network.js'
import { checkIsNotPaused, findAttachment } from './network-attachment.js'

/**
 * Connects a container, or its sandbox, to a network. Resolves if it is already connected with these settings.
 *
 * After a failure the container is disconnected again, because an engine may store the connection that it could not set up.
 */
export async function connectContainer(
  engine: DockerEngine,
  networkId: string,
  { aliases = [], ipAddress }: ConnectContainerOptions,
  call: Operation,
): Promise<void> {
  const join: NetworkJoin = { networkId, aliases, ...(ipAddress !== undefined && { ipAddress }) }
  const network = await findJoinedNetwork(engine, join, { call, field: '' })
  const container = await inspectContainer(engine, call)
  checkMode(engine, container)
  checkIsNotPaused(container)
  const existing = findAttachment(container, network)
  if (existing !== undefined) return checkIsSame(existing, join)
  if (ipAddress !== undefined && container.State?.Running === true)
    await checkAddressIsFree(engine, network, ipAddress, call)
  await withRules(engine, { container, network }, call, () => send(engine, { container, network, join }, call))
  storeForStart(engine, { container, network, join })
}

interface Connection {
  readonly container: InspectedContainer
  readonly network: InspectedNetwork
  readonly join: NetworkJoin
}

async function send(engine: DockerEngine, { container, network, join }: Connection, call: Operation): Promise<void> {
  const { Id: id } = container
  const target = engine.containers.findSandboxed(id)?.sandboxId ?? id
  // A sandbox must be found by the names of its container.
  const names = target === id ? [] : toAliasesIn(network.Name ?? '', toAliases(container))
  const EndpointConfig = toEndpointSettings({ ...join, aliases: [...(join.aliases ?? []), ...names] })
  const undo = (own: Pick<EngineCall, 'signal'>) => removeConnection(engine, { network, target }, { ...call, ...own })
  try {
    const api = await engine.api(call)
    await api.getNetwork(network.Id).connect({ Container: target, EndpointConfig })
    call.undo.add(`connection to ${join.networkId}`, undo)
  } catch (error) {
    // Another call has connected the container meanwhile.
    if (isAlreadyConnected(error)) return await checkConnected(engine, { container, network, join }, call)
    call.undo.add(`connection to ${join.networkId}`, undo)
    throw error
  }
}

/** Disconnects the container. Removes also a connection that the engine has stored and could not set up. */
async function removeConnection(
  engine: DockerEngine,
  { network, target }: { readonly network: InspectedNetwork; readonly target: string },
  call: EngineCall,
): Promise<void> {
  const { Id: networkId } = network
  const isStored = async () => {
    const container = await findContainer(engine, { ...call, subject: target })
    return container !== undefined && findAttachment(container, network, { isStored: true }) !== undefined
  }
  const sent = sendDisconnect(engine, { networkId, target, force: true }, call)
  await sent.catch(async (error: unknown) => {
    // Podman 4.3 removes the stored connection, and fails because it was not set up.
    if (await isStored()) throw error
  })
  if (!(await isStored())) return
  // Docker 20.10 keeps the stored connection, and replaces it by one that it sets up.
  const api = await engine.api(call)
  await api.getNetwork(networkId).connect({ Container: target })
  await sendDisconnect(engine, { networkId, target, force: true }, call)
}

/**
 * Rejects with IN_USE when the address is the gateway or that of another container. The engine is not asked, because an engine
 * stores a connection that it cannot set up, and Podman 4.3 assigns the address of the gateway.
 */
async function checkAddressIsFree(
  engine: DockerEngine,
  { IPAM, Id: networkId }: InspectedNetwork,
  ipAddress: string,
  call: EngineCall,
): Promise<void> {
  const { members } = await inspectNetworkForContract(engine, { ...call, subject: networkId })
  const holders = members.filter((member) => member.ipAddress === ipAddress || member.ipv6Address === ipAddress)
  const users = holders.map(({ containerName }) => containerName)
  if (users.length === 0 && !IPAM?.Config?.some(({ Gateway }) => Gateway === ipAddress)) return
  throw createHostError('IN_USE', { subject: `address "${ipAddress}"`, users })
}

async function checkConnected(engine: DockerEngine, { network, join }: Connection, call: Operation): Promise<void> {
  const container = await findContainer(engine, call)
  const existing = container && findAttachment(container, network)
  if (existing !== undefined) checkIsSame(existing, join)
}

/** Changes the stored create request of a container that was not started yet, from which its sandbox is created. */
function storeForStart({ containers }: DockerEngine, { container, network, join }: Connection): void {
  containers.updateCreated(container.Id, ({ laterNetworks, leftNetworks = [], ...request }) => ({
    ...request,
    laterNetworks: [...laterNetworks, { ...join, networkId: network.Name === 'bridge' ? 'bridge' : network.Id }],
    leftNetworks,
  }))
}

function checkMode({ containers }: DockerEngine, { Id, HostConfig }: InspectedContainer): void {
  const mode = HostConfig?.NetworkMode ?? ''
  const isShared = mode === 'host' || mode === 'none' || mode.startsWith('container:')
  if (!isShared || containers.findSandboxed(Id) !== undefined) return
  const expected = `a container whose network mode is not "${mode.replace(/:.*/, '')}"`
  throw createHostError('INVALID_ARGUMENT', { field: 'containerId', expected, given: JSON.stringify(Id) })
}

/** Rejects with INVALID_ARGUMENT unless the existing connection has these settings. */
function checkIsSame(
  { Aliases, IPAMConfig, IPAddress, GlobalIPv6Address }: InspectedAttachment,
  { aliases = [], ipAddress }: NetworkJoin,
): void {
  const other = aliases.find((alias) => !Aliases?.includes(alias))
  const addresses = [IPAMConfig?.IPv4Address, IPAMConfig?.IPv6Address, IPAddress, GlobalIPv6Address]
  if (other === undefined && (ipAddress === undefined || addresses.includes(ipAddress))) return
  const expected = 'that of the existing connection: disconnect the container first to change it'
  const field = other === undefined ? 'ipAddress' : 'aliases'
  throw createHostError('INVALID_ARGUMENT', { field, expected, given: JSON.stringify(other ?? ipAddress) })
}
