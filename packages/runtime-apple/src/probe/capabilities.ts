import {
  buildServiceCapability,
  type Capability,
  composeManagerCapability,
  containerControlCapability,
  containerStatsCapability,
  eventStreamCapability,
  execManagerCapability,
  fileTransferCapability,
  firewallManagerCapability,
  imageBuilderCapability,
  imageManagerCapability,
  imageTransferCapability,
  jobManagerCapability,
  type MissingCapability,
  networkManagerCapability,
  runtimeCapability,
  sidecarManagerCapability,
  swarmManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { type Commands, hasOption } from './commands.js'

/** The capabilities that the probe reports. */
export interface ReportedCapabilities {
  readonly provides: readonly Capability<object>[]
  readonly absent: readonly MissingCapability[]
}

/** Whether the command prints the statistics of a container once, in a format for programs. */
export function hasStats(commands: Commands): boolean {
  return hasOption(commands, 'stats', 'no-stream') && hasOption(commands, 'stats', 'format')
}

/** Why a capability is absent. */
export type AbsenceReason = Omit<MissingCapability, 'id' | 'title'>

/**
 * Lists the provided capabilities, and the absent ones with their reasons. `noNetworks` is the reason why there are no
 * networks, also for sidecars, which need networks to reach their peers.
 */
export function listCapabilities(commands: Commands, noNetworks: AbsenceReason | undefined): ReportedCapabilities {
  const noVolumes = { reason: 'this release of the command has no volumes', remedy: 'update it' }
  const noStats = { reason: 'this release of the command has no statistics as JSON', remedy: 'update it' }
  const noEvents = { reason: 'the command reports no events', remedy: 'list the containers again' }
  const noCompose = {
    reason: 'Compose needs the API of the Docker Engine',
    remedy: 'create the services as containers, or use an engine with this API, such as Docker or Podman',
  }
  const noCluster = {
    reason: 'the command runs containers on this machine only',
    remedy: 'use Docker on a manager node of a swarm',
  }
  const noBuildService = {
    reason: 'the command gives no access to its BuildKit',
    remedy: 'start BuildKit in a sidecar',
  }
  const noFirewalls = {
    reason: 'this release of the command has no --cap-add, and firewall rules need NET_ADMIN in the guest',
    remedy: 'update the command',
  }
  const capabilities: readonly (readonly [Capability<object>, AbsenceReason | undefined])[] = [
    [runtimeCapability, undefined],
    [imageBuilderCapability, undefined],
    [buildServiceCapability, noBuildService],
    [firewallManagerCapability, hasOption(commands, 'create', 'cap-add') ? undefined : noFirewalls],
    [networkManagerCapability, noNetworks],
    [sidecarManagerCapability, noNetworks],
    [execManagerCapability, undefined],
    [fileTransferCapability, undefined],
    [containerControlCapability, undefined],
    [imageTransferCapability, undefined],
    [imageManagerCapability, undefined],
    [volumeManagerCapability, commands.has('volume') ? undefined : noVolumes],
    [containerStatsCapability, hasStats(commands) ? undefined : noStats],
    [eventStreamCapability, noEvents],
    [composeManagerCapability, noCompose],
    [jobManagerCapability, undefined],
    [swarmManagerCapability, noCluster],
  ]
  return {
    provides: capabilities.flatMap(([capability, reason]) => (reason === undefined ? [capability] : [])),
    absent: capabilities.flatMap(([{ id, title }, reason]) => (reason === undefined ? [] : [{ id, title, ...reason }])),
  }
}
