import { poll, validateName } from '@capstan/core/plugin'
import { toContainerName } from '../../engine/container-name.js'
import type { CreateBody, InspectedContainer } from '../../engine/docker-api.js'
import type { DockerEngine, EngineCall } from '../../engine/docker-engine.js'
import { ignoreErrors } from '../../engine/ignore-errors.js'
import { findReplacementLabels } from '../../engine/sandbox-labels.js'
import { withoutShownBridge } from '../../quirks/podman-answers.js'

/**
 * Resolves with the engine's inspection. That of a container in a sandbox has the networks of the sandbox. Rejects with
 * CONTAINER_NOT_FOUND if it does not exist.
 */
export async function inspectContainer(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer> {
  const api = await engine.api(call)
  const inspected = await api.getContainer(call.subject).inspect()
  const container = engine.details.quirks.showsBridgeWithoutNetwork ? withoutBridge(inspected) : inspected
  const { Config, HostConfig } = container
  const labels = findReplacementLabels(Config?.Labels, HostConfig?.NetworkMode)
  if (labels === undefined) return container
  const sandbox = await findContainer(engine, { ...call, subject: labels.sandboxId })
  return sandbox === undefined ? container : withNetworkOf(container, sandbox)
}

function withoutBridge(container: InspectedContainer): InspectedContainer {
  const { NetworkSettings } = container
  const Networks = withoutShownBridge(NetworkSettings?.Networks ?? {})
  return { ...container, NetworkSettings: { ...NetworkSettings, Networks } }
}

/** Adds the networks of the sandbox, without the aliases that `toAliases` and the engine add: name and short ids. */
function withNetworkOf(container: InspectedContainer, sandbox: InspectedContainer): InspectedContainer {
  const { NetworkMode = 'default', ExtraHosts, Dns, PortBindings } = sandbox.HostConfig ?? {}
  const shortIds = [container.Id, sandbox.Id].map((id) => id.slice(0, 12))
  const hidden = new Set([toContainerName(container.Name), ...shortIds])
  const networks = Object.entries(sandbox.NetworkSettings?.Networks ?? {}).map(([name, network]) => {
    return [name, { ...network, Aliases: network.Aliases?.filter((alias) => !hidden.has(alias)) ?? null }] as const
  })
  return {
    ...container,
    HostConfig: {
      ...container.HostConfig,
      NetworkMode,
      ...(ExtraHosts === undefined ? {} : { ExtraHosts }),
      ...(Dns === undefined ? {} : { Dns }),
      ...(PortBindings === undefined ? {} : { PortBindings }),
    },
    NetworkSettings: { ...sandbox.NetworkSettings, Networks: Object.fromEntries(networks) },
  }
}

/** Inspects a container; `undefined` if it does not exist. */
export function findContainer(engine: DockerEngine, call: EngineCall): Promise<InspectedContainer | undefined> {
  return ignoreErrors(['CONTAINER_NOT_FOUND'], inspectContainer(engine, call))
}

/**
 * Finds the settings of a container whose start has failed: those of its create request, since the engine removes a container
 * with `autoRemove` then. `undefined` if another process created it and it is removed.
 */
export async function findHostConfig(
  engine: DockerEngine,
  call: EngineCall,
): Promise<InspectedContainer['HostConfig'] | CreateBody['HostConfig']> {
  return engine.containers.findCreated(call.subject)?.body.HostConfig ?? (await findContainer(engine, call))?.HostConfig
}

/** Validates the id or name of a container. It becomes part of a path, so it must not have a slash. */
export function validateContainerId(id: string): void {
  validateName(id, 'id')
}

/**
 * Whether a container still runs after the end of its output, which is then incomplete. The engine records the exit
 * shortly after the end of the output, so the container is polled for a while. `startedAt`: the start of the run that had the
 * output, in the engine's format; a container that the engine has started again does not count as still running.
 */
export async function isStillRunning(engine: DockerEngine, call: EngineCall, startedAt?: string): Promise<boolean> {
  const limit = { limitMs: engine.timeouts.containerEndMs, signal: call.signal }
  const hasEnded = await poll(async () => ((await isRunning(engine, call, startedAt)) ? undefined : true), limit)
  return hasEnded === undefined
}

async function isRunning(engine: DockerEngine, call: EngineCall, startedAt: string | undefined): Promise<boolean> {
  const { State } = (await findContainer(engine, call)) ?? {}
  return (
    State?.Running === true &&
    State.Status !== 'restarting' &&
    (startedAt === undefined || State.StartedAt === startedAt)
  )
}

/** Whether the engine may start a container again after its exit. */
export function mayRestart({ HostConfig }: Pick<InspectedContainer, 'HostConfig'>): boolean {
  return !['', 'no'].includes(HostConfig?.RestartPolicy?.Name ?? 'no')
}
