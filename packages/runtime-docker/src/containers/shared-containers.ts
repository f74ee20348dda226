import type { ContainerConfig } from '@capstan/core'
import { createHostError } from '@capstan/core/plugin'
import type { DockerEngine, EngineCall } from '../engine/docker-engine.js'
import { toContainerState } from './inspection/convert-container.js'
import { inspectContainer } from './inspection/inspect-container.js'

/**
 * Replaces the containers whose namespaces a new container uses by the engine's ids, which the names of other containers cannot
 * become. Rejects with CONTAINER_NOT_FOUND if one does not exist, since engines check that only at the start.
 */
export async function withSharedContainers(
  engine: DockerEngine,
  config: ContainerConfig,
  call: EngineCall,
): Promise<ContainerConfig> {
  const { network, ipcMode, pidMode } = config
  const toEngineId = async (id: string) => {
    const { Id } = await inspectContainer(engine, { ...call, subject: id })
    return engine.containers.toEngineId(Id)
  }
  return {
    ...config,
    ...(network?.mode === 'container' && { network: { mode: 'container', id: await toEngineId(network.id) } }),
    ...(typeof ipcMode === 'object' && { ipcMode: { container: await toEngineId(ipcMode.container) } }),
    ...(typeof pidMode === 'object' && { pidMode: { container: await toEngineId(pidMode.container) } }),
  }
}

/**
 * Rejects with NOT_RUNNING when a container whose namespace this one uses does not run, on an engine with the quirk
 * `startsNamespaceOwners`, which would start it. Other engines refuse the start themselves.
 */
export async function requireNamespaceOwners(engine: DockerEngine, call: EngineCall): Promise<void> {
  if (!engine.details.quirks.startsNamespaceOwners) return
  const created = engine.containers.findCreated(call.subject)?.body
  const { HostConfig } = created ?? (await inspectContainer(engine, call))
  const modes = [HostConfig?.NetworkMode, HostConfig?.IpcMode, HostConfig?.PidMode]
  const ids = modes.flatMap((mode) => (typeof mode === 'string' ? (/^container:(.*)$/.exec(mode)?.[1] ?? []) : []))
  for (const id of new Set(ids)) {
    const { State } = await inspectContainer(engine, { ...call, subject: id })
    if (State?.Running !== true) throw createHostError('NOT_RUNNING', { id, state: toContainerState(State?.Status) })
  }
}
