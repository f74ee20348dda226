import type { ContainerInfo, ContainerInspection, ContainerState } from '@capstan/core'
import { type NetworkAttachment, toFamiliarName } from '@capstan/core/plugin'
import { toContainerName } from '../../engine/container-name.js'
import type { InspectedAttachment, InspectedContainer, ListedContainer } from '../../engine/docker-api.js'
import { podmanStates } from '../../quirks/podman-answers.js'
import { toPortBindings } from './port-settings.js'

/** Converts the engine's state to that of the contract; unrecognized states are `unknown`. */
export function toContainerState(status: string | undefined): ContainerState {
  return states[status ?? ''] ?? 'unknown'
}

/** Converts an entry of the engine's list. */
export function toContainerInfo({ Id, Names, Image, State, Created, Labels }: ListedContainer): ContainerInfo {
  return {
    id: Id,
    name: toContainerName(Names?.find((name) => name.lastIndexOf('/') === 0) ?? Names?.[0]), // other names belong to legacy links
    image: toFamiliarName(Image ?? ''),
    state: toContainerState(State),
    createdAt: Created === undefined ? undefined : new Date(Created * 1000),
    labels: { ...Labels },
  }
}

export function toContainerInspection(container: InspectedContainer): ContainerInspection {
  const { Id, Name, Image, Created, Path, Args, State, Config, NetworkSettings } = container
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
    command: [...(Path ? [Path] : []), ...(Args ?? [])],
    state: {
      status,
      running,
      exitCode: hasEnded(container) ? State?.ExitCode : undefined,
      startedAt: toDate(State?.StartedAt),
      finishedAt: toDate(State?.FinishedAt),
    },
    networks: Object.entries(NetworkSettings?.Networks ?? {}).map(([networkName, settings]) =>
      toAttachment(networkName, hasAddresses ? settings : withoutAddresses(settings)),
    ),
    ports: running ? toPortBindings(NetworkSettings?.Ports) : [], // some engines report them before the start too
  }
}

/** Whether the container has exited. The exit code 0 of a container that was never started has no meaning. */
export function hasEnded({ State }: InspectedContainer): boolean {
  return State?.Status === 'exited' || State?.Status === 'dead'
}

function withoutAddresses({ IPAddress: _address, Gateway: _gateway, ...settings }: InspectedAttachment) {
  return settings
}

function toAttachment(
  networkName: string,
  { NetworkID, IPAddress, Gateway, Aliases }: InspectedAttachment,
): NetworkAttachment {
  return {
    networkId: NetworkID ?? '',
    networkName,
    ipAddress: IPAddress || undefined,
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
