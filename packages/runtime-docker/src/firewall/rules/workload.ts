import { createHostError } from '@capstan/core'
import { toContainerName, toContainerState } from '../../container/container-shapes.js'
import { inspectContainer } from '../../container/inspect-container.js'
import type { InspectedContainer } from '../../docker-api.js'
import type { DockerEngine, EngineCall } from '../../docker-engine.js'

/** The container that is to be shut in, as the engine tells of it. */
export interface Workload {
  readonly id: string
  /** The container that its network namespace belongs to: itself, or its sandbox. */
  readonly namespaceId: string
  readonly name: string
  readonly imageId: string
  readonly networkMode: string
  /** It has NET_ADMIN itself: its processes could take the rules away again. */
  readonly hasNetAdmin: boolean
  /** `name:address`, as they were asked for. */
  readonly extraHosts: readonly string[]
  /** Of its own, instead of the engine's. */
  readonly nameServers: readonly string[]
  readonly attachments: readonly Attachment[]
}

export interface Attachment {
  readonly networkId: string
  readonly networkName: string
  readonly gateways: readonly string[]
}

/** Reads it anew. Gone: CONTAINER_NOT_FOUND; not running, or paused: NOT_RUNNING. */
export async function readWorkload(engine: DockerEngine, call: EngineCall): Promise<Workload> {
  const inspected = await inspectContainer(engine, call)
  const { Running, Status } = inspected.State ?? {}
  if (Running !== true || Status === 'paused') {
    throw createHostError('NOT_RUNNING', { id: call.subject, state: toContainerState(Status) })
  }
  return toWorkload(inspected, engine.containers.findSandboxed(inspected.Id)?.sandboxId)
}

/** The workload that an inspection shows, whether it runs or not. Pure. */
export function toWorkload(
  { Id, Name = Id, Image = '', HostConfig = {}, NetworkSettings = {} }: InspectedContainer,
  sandboxId: string | undefined,
): Workload {
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
