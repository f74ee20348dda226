import type { ContainerHealth, ContainerInfo, ContainerInspection, ContainerState, RestartPolicy } from '@capstan/core'
import { type NetworkAttachment, parseOciImageConfig, toFamiliarName } from '@capstan/core/plugin'
import { toContainerName } from '../../engine/container-name.js'
import type { InspectedAttachment, InspectedContainer, ListedContainer } from '../../engine/docker-api.js'
import { podmanStates } from '../../quirks/podman-answers.js'
import { toPortBindings } from './port-settings.js'

/** Converts the engine's state to that of the contract; unrecognized states are `unknown`. */
export function toContainerState(status: string | undefined): ContainerState {
  return states[status ?? ''] ?? 'unknown'
}

/** Converts an entry of the engine's list. */
export function toContainerInfo(listed: ListedContainer): ContainerInfo {
  const { Id, Names, Image, State, Created, Labels, Status } = listed
  const [, text] = /\((?:health: )?([a-z]+)\)$/.exec(Status ?? '') ?? []
  const health = toHealth(text)
  return {
    id: Id,
    name: toContainerName(Names?.find((name) => name.lastIndexOf('/') === 0) ?? Names?.[0]), // other names belong to legacy links
    image: toFamiliarName(Image ?? ''),
    state: toContainerState(State),
    createdAt: Created === undefined ? undefined : new Date(Created * 1000),
    labels: { ...Labels },
    ...(health !== undefined && { health }),
  }
}

/** Converts a health. The engine reports `none` or nothing without a health check. */
function toHealth(text: string | undefined): ContainerHealth | undefined {
  return text === 'starting' || text === 'healthy' || text === 'unhealthy' ? text : undefined
}

export function toContainerInspection(container: InspectedContainer): ContainerInspection {
  const { Id, Name, Image, Created, Path, Args, State, Config, NetworkSettings, HostConfig, RestartCount } = container
  const sharesNetwork = HostConfig?.NetworkMode?.startsWith('container:') === true
  // The engine keeps the last health of a container that has exited.
  const health = State?.Running === true ? toHealth(State.Health?.Status) : undefined
  const status = toContainerState(State?.Status)
  const running = State?.Running === true
  const hasAddresses = running || status === 'paused' // Podman 5.8 reports them after the exit too
  return {
    id: Id,
    name: toContainerName(Name),
    image: toFamiliarName(Config?.Image ?? ''),
    imageId: Image ?? '',
    createdAt: toDate(Created),
    labels: { ...Config?.Labels },
    ...(health !== undefined && { health }),
    command: [...(Path ? [Path] : []), ...(Args ?? [])],
    interactive: Config?.OpenStdin === true,
    tty: Config?.Tty === true,
    state: {
      status,
      running,
      exitCode: hasEnded(container) ? State?.ExitCode : undefined,
      startedAt: toDate(State?.StartedAt),
      finishedAt: toDate(State?.FinishedAt),
      restartCount: RestartCount ?? 0,
    },
    restartPolicy: toRestartPolicy(HostConfig),
    // Podman lists the networks of the container whose network is shared.
    networks: Object.entries(sharesNetwork ? {} : (NetworkSettings?.Networks ?? {})).map(([networkName, settings]) =>
      toAttachment(networkName, hasAddresses ? settings : withoutAddresses(settings)),
    ),
    ports: running && !sharesNetwork ? toPortBindings(NetworkSettings?.Ports) : [], // some engines report them before the start too
    exposedPorts: parseOciImageConfig(Config).exposedPorts,
  }
}

function toRestartPolicy(hostConfig: InspectedContainer['HostConfig']): RestartPolicy {
  const { Name, MaximumRetryCount = 0 } = hostConfig?.RestartPolicy ?? {}
  if (Name !== 'always' && Name !== 'unless-stopped' && Name !== 'on-failure') return { name: 'no' }
  return { name: Name, ...(MaximumRetryCount > 0 && { maxRetries: MaximumRetryCount }) }
}

/** Whether the container has exited. The exit code 0 of a container that was never started has no meaning. */
export function hasEnded({ State }: InspectedContainer): boolean {
  return State?.Status === 'exited' || State?.Status === 'dead'
}

function withoutAddresses(attachment: InspectedAttachment): InspectedAttachment {
  const { IPAddress: _ipv4, GlobalIPv6Address: _ipv6, Gateway: _gateway, ...settings } = attachment
  return settings
}

function toAttachment(
  networkName: string,
  { NetworkID, IPAddress, GlobalIPv6Address, Gateway, Aliases }: InspectedAttachment,
): NetworkAttachment {
  return {
    networkId: NetworkID ?? '',
    networkName,
    ipAddress: IPAddress || undefined,
    ipv6Address: GlobalIPv6Address || undefined,
    gateway: Gateway || undefined,
    aliases: Aliases ?? [],
  }
}

/** Parses a date. The engine uses year 1 for an event that has not happened. */
function toDate(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '')
  return Number.isNaN(date.getTime()) || date.getUTCFullYear() <= 1 ? undefined : date
}

const states: Readonly<Record<string, ContainerState>> = {
  ...podmanStates,
  created: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  removing: 'stopping',
  stopping: 'stopping',
  exited: 'exited',
  dead: 'dead',
}
