import { type ContainerHealth, type ContainerState, type HostError, isHostError } from '@capstan/core'
import { createHostError, type NetworkAttachment } from '@capstan/core/plugin'
import { toContainerState } from '../containers/inspection/convert-container.js'
import { findContainer, findHostConfig } from '../containers/inspection/inspect-container.js'
import type { CreateBody, InspectedContainer, InspectedExec } from '../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { additionalGroups, isCommandMissing, isGroupMissing } from '../engine/docker-error-texts.js'
import { ignoreErrors } from '../engine/ignore-errors.js'
import { hasFeature } from './api-features.js'
import type { EngineQuirks } from './engine-quirks.js'

/** Replaces the names of networks with ids, since the inspections of Podman 4.3 have the name in place of the id. */
export function withNetworkIds(
  engine: DockerEngine,
  attachments: readonly NetworkAttachment[],
  call: EngineCall,
): Promise<readonly NetworkAttachment[]> {
  return Promise.all(attachments.map((attachment) => withNetworkId(engine, attachment, call)))
}

async function withNetworkId(
  engine: DockerEngine,
  attachment: NetworkAttachment,
  call: EngineCall,
): Promise<NetworkAttachment> {
  const { networkId, networkName } = attachment
  if (networkId !== networkName || networkId === '') return attachment
  const api = await engine.api({ ...call, subject: networkName })
  const network = await ignoreErrors(['NETWORK_NOT_FOUND'], api.getNetwork(encodeURIComponent(networkName)).inspect())
  return { ...attachment, networkId: network?.Id ?? networkId }
}

/** Whether the engine runs health checks. An engine that does not reports `starting` for ever. */
export function runsHealthchecks({ details }: Pick<DockerEngine, 'details'>): boolean {
  return !details.unsupportedOptions.some(({ field }) => field === 'healthcheck')
}

/** Lists the health of containers by the engine's ids, on an engine with the quirk `listsNoHealth`; empty on any other. */
export async function listHealths(
  engine: DockerEngine,
  call: EngineCall,
): Promise<ReadonlyMap<string, { readonly health: ContainerHealth }>> {
  const lists = engine.details.quirks.listsNoHealth && runsHealthchecks(engine) ? healths : []
  const api = await engine.api(call)
  const found = lists.map(async (health) => {
    const listed = await api.listContainers({ filters: { health: [health] } })
    return listed.map(({ Id }) => [Id, { health }] as const)
  })
  return new Map((await Promise.all(found)).flat())
}

const healths: readonly ContainerHealth[] = ['starting', 'healthy', 'unhealthy']

/**
 * Whether the container runs although its start was refused: Podman 4.3 refuses a start while another start of the
 * container is in progress.
 */
export async function isStartedMeanwhile(engine: DockerEngine, error: unknown, call: EngineCall): Promise<boolean> {
  if (!isHostError(error, 'NOT_RUNNING')) return false
  // A paused container is `Running`, too.
  return toContainerState((await findContainer(engine, call))?.State?.Status) === 'running'
}

/**
 * Sets the field `groupAdd` in the error of a start when that option has the missing group. Docker 28.5 uses the same
 * text for a missing group of the user.
 */
export async function nameGroupOption(
  engine: DockerEngine,
  error: HostError<'INVALID_ARGUMENT'>,
  call: EngineCall,
): Promise<HostError<'INVALID_ARGUMENT'>> {
  const { facts, cause } = error
  if (facts.field !== 'user' || !isGroupMissing(error)) return error
  const HostConfig = await findHostConfig(engine, call)
  if (!HostConfig?.GroupAdd?.some((group) => JSON.stringify(group) === facts.given)) return error
  return createHostError('INVALID_ARGUMENT', { ...facts, field: 'groupAdd', expected: additionalGroups }, { cause })
}

/**
 * Returns the exit code that the engine recorded for an exec, and 127 for a missing command. Docker 20.10 records 126
 * and process id 0 for every command that does not start, and sends the OCI runtime's message as output.
 */
export function toExecExitCode({ ExitCode, Pid }: InspectedExec, output: string): number | undefined {
  return ExitCode === 126 && Pid === 0 && isCommandMissing(output) ? 127 : (ExitCode ?? undefined)
}

/**
 * Whether the engine ends a followed log with the container, although a slow reader has not read all of it. Docker does
 * so before 23.0 (API 1.42).
 */
export function truncatesLogs({ apiVersion, details }: Pick<DockerEngine, 'apiVersion' | 'details'>): boolean {
  return details.quirks.truncatesLogs === true || !hasFeature(apiVersion, 'completeLogs')
}

/**
 * Whether what arrived of a followed log may lack lines, because the container has ended, on an engine with the quirk
 * `dropsLogLines`. `false` for a container that is removed at its exit, because its log cannot be read again.
 */
export async function mayLackLines(
  engine: DockerEngine,
  { HostConfig }: Pick<InspectedContainer, 'HostConfig'>,
  call: EngineCall,
): Promise<boolean> {
  if (!engine.details.quirks.dropsLogLines || HostConfig?.AutoRemove === true) return false
  const container = await findContainer(engine, call)
  return container !== undefined && toContainerState(container.State?.Status) === 'exited'
}

/** Returns the host name to set for a container in a sandbox on an engine with the quirk `hasSeparateHostname`. */
export function toSeparateHostname(
  { details }: Pick<DockerEngine, 'details'>,
  { Hostname }: CreateBody,
  firstId: string,
): string | undefined {
  return details.quirks.hasSeparateHostname ? (Hostname ?? firstId.slice(0, 12)) : undefined
}

/**
 * Returns the `filters` of a list request for containers in these states. Returns no filter for `unknown`, which stands for
 * any other state of the engine, and if the engine has none of the states.
 */
export function toStatusFilter(
  states: readonly ContainerState[] | undefined,
  { hasOwnStates = false }: EngineQuirks,
): { readonly status?: readonly string[] } {
  if (states === undefined || states.includes('unknown')) return {}
  const known = hasOwnStates ? podmanFilterStates : dockerFilterStates
  const status = known.filter((name) => states.includes(toContainerState(name)))
  return status.length === 0 ? {} : { status }
}

/** The states that a filter may have. */
const dockerFilterStates = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead']
const podmanFilterStates = ['created', 'initialized', 'running', 'paused', 'removing', 'stopped', 'exited']

/** Unpauses a paused container before it is stopped on an engine with the quirk `keepsPaused`. */
export async function unpauseBeforeStop(engine: DockerEngine, call: EngineCall): Promise<void> {
  if (!engine.details.quirks.keepsPaused) return
  if ((await findContainer(engine, call))?.State?.Status !== 'paused') return
  const path = `/containers/${encodeURIComponent(call.subject)}/unpause`
  await ignoreErrors(['NOT_RUNNING', 'CONTAINER_NOT_FOUND'], engine.sendJson({ ...call, method: 'POST', path }))
}

/**
 * Kills a running container before its removal on an engine with the quirk `removesGracefully`. Ignores a failure, since
 * the removal reports its cause. Does not kill a paused container: its process ends only after an unpause, which the
 * removal does.
 */
export async function killBeforeRemoval(engine: DockerEngine, call: EngineCall): Promise<void> {
  if (!engine.details.quirks.removesGracefully) return
  const state = toContainerState((await findContainer(engine, call))?.State?.Status)
  if (state !== 'running' && state !== 'stopping') return
  const api = await engine.api(call)
  const killed = api.getContainer(call.subject).kill({ _query: { signal: 'KILL' }, _body: {} })
  await ignoreErrors(['NOT_RUNNING', 'CONTAINER_NOT_FOUND', 'OPERATION_FAILED'], killed)
}
