import { isHostError } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import { toContainerState } from '../../containers/inspection/convert-container.js'
import { inspectContainer } from '../../containers/inspection/inspect-container.js'
import { toContainerName } from '../../engine/container-name.js'
import type { InspectedContainer } from '../../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'

/** A container whose egress is restricted, as the engine describes it. */
export interface FirewalledContainer {
  readonly id: string
  /** The container that owns its network namespace: itself, or its sandbox. */
  readonly namespaceId: string
  readonly name: string
  readonly imageId: string
  readonly networkMode: string
  /** Whether its own processes could remove the rules. */
  readonly hasNetAdmin: boolean
  /** `name:address`, as in the configuration. */
  readonly extraHosts: readonly string[]
  /** Name servers of its own configuration, which replace the engine's. */
  readonly nameServers: readonly string[]
  readonly attachments: readonly Attachment[]
}

export interface Attachment {
  readonly networkId: string
  readonly networkName: string
  readonly gateways: readonly string[]
}

/**
 * Inspects the container. Rejects with CONTAINER_NOT_FOUND if it does not exist, and with NOT_RUNNING if it is paused
 * or does not run.
 */
export async function readFirewalledContainer(engine: DockerEngine, call: EngineCall): Promise<FirewalledContainer> {
  const inspected = await inspectContainer(engine, call)
  const { Running, Status } = inspected.State ?? {}
  if (Running !== true || Status === 'paused') {
    throw createHostError('NOT_RUNNING', { id: call.subject, state: toContainerState(Status) })
  }
  return toFirewalledContainer(inspected, engine.containers.findSandboxed(inspected.Id)?.sandboxId)
}

/** Whether an error of {@link readFirewalledContainer} means that the container has ended. A paused one has not. */
export function isEndError(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') ? error.facts.state !== 'paused' : isHostError(error, 'CONTAINER_NOT_FOUND')
}

/** Refuses a container whose rules would apply to the host, or to another container. */
export function rejectSharedNetwork(
  { Id: id, HostConfig }: Pick<InspectedContainer, 'Id' | 'HostConfig'>,
  containment: 'unchanged' | 'not-started',
): void {
  const mode = HostConfig?.NetworkMode ?? ''
  const [, other] = /^container:(.*)$/.exec(mode) ?? []
  if (mode !== 'host' && other === undefined) return
  const reason = `it shares the network of ${other === undefined ? 'the host' : `another container (${other})`}`
  throw createHostError('FIREWALL_FAILED', { id, reason, containment })
}

/** Reads an inspection, of a container that runs or not. Pure. */
export function toFirewalledContainer(
  { Id, Name = Id, Image = '', HostConfig = {}, NetworkSettings = {} }: InspectedContainer,
  sandboxId: string | undefined,
): FirewalledContainer {
  return {
    id: Id,
    namespaceId: sandboxId ?? Id,
    name: toContainerName(Name),
    imageId: Image,
    networkMode: HostConfig.NetworkMode ?? 'default',
    hasNetAdmin: HostConfig.Privileged === true || (HostConfig.CapAdd ?? []).some((name) => netAdmin.test(name)),
    extraHosts: HostConfig.ExtraHosts ?? [],
    nameServers: HostConfig.Dns ?? [],
    attachments: Object.entries(NetworkSettings.Networks ?? {}).map(([networkName, network]) => ({
      networkId: network.NetworkID || networkName,
      networkName,
      gateways: [network.Gateway ?? '', network.IPv6Gateway ?? ''].filter((address) => address !== ''),
    })),
  }
}

const netAdmin = /^(ALL|(CAP_)?NET_ADMIN)$/i
