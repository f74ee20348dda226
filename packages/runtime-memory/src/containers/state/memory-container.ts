import type { ContainerConfig, ContainerState, FirewallRules, Healthcheck, TerminalSize } from '@capstan/core'
import type { Argv, NetworkJoin, StringMap } from '@capstan/core/plugin'
import type { StoredImage } from '../../images/state/stored-image.js'
import type { ContainerFiles } from '../../simulation/files/container-files.js'
import type { ContainerLifecycle } from './container-lifecycle.js'
import type { ContainerLog } from './container-log.js'
import type { ContainerRestarts } from './container-restarts.js'
import type { ContainerRun } from './container-run.js'

/** One simulated container, from its creation to its removal. */
export interface MemoryContainer {
  readonly id: string
  name: string
  /** With the limits that were changed last. */
  config: ContainerConfig
  readonly image: StoredImage
  readonly labels: StringMap
  readonly createdAt: Date
  /** The entrypoint and the command. */
  readonly argv: Argv
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly files: ContainerFiles
  readonly log: ContainerLog
  /** The health check of the config, else of the image. */
  readonly healthcheck: Exclude<Healthcheck, 'none'> | undefined
  readonly restarts: ContainerRestarts
  /** The names of its anonymous volumes. */
  readonly anonymousVolumes: readonly string[]
  /** The current run, or the last one. */
  latestRun: ContainerRun | undefined
  /** The start in progress: concurrent starts wait for it. */
  starting: Promise<unknown> | undefined
  /** The networks that the container joins at each start, by id, in order. */
  readonly joins: Map<string, NetworkJoin>
  /** The firewall rules that each start applies. */
  firewallRules: FirewallRules | undefined
  /** The last size that was set; used only with a terminal. */
  terminalSize: TerminalSize | undefined
  readonly lifecycle: ContainerLifecycle
}

/** Returns the state of a container. While it is being removed, the state is `stopping`. */
export function toContainerState({ latestRun, lifecycle, restarts }: MemoryContainer): ContainerState {
  if (lifecycle.isBeingRemoved) return 'stopping'
  if (latestRun === undefined) return 'created'
  if (latestRun.exitCode === undefined) return latestRun.isPaused ? 'paused' : 'running'
  return restarts.isPending ? 'restarting' : 'exited'
}

/** Returns the current run; `undefined` unless the container is running or paused. */
export function getCurrentRun({ latestRun }: MemoryContainer): ContainerRun | undefined {
  return latestRun?.exitCode === undefined ? latestRun : undefined
}
