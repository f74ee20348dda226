import type { ContainerConfig, ContainerState, FirewallRules, TerminalSize } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'
import type { StoredImage } from '../../images/state/stored-image.js'
import type { ContainerFiles } from '../../simulation/files/container-files.js'
import type { ContainerEvents } from './container-events.js'
import type { ContainerLog } from './container-log.js'
import type { ContainerRun } from './container-run.js'

/** One simulated container, from create to removal. */
export interface MemoryContainer {
  readonly id: string
  readonly name: string
  readonly config: ContainerConfig
  readonly image: StoredImage
  readonly labels: StringMap
  readonly createdAt: bigint
  /** Entrypoint and command. */
  readonly argv: Argv
  readonly env: StringMap
  readonly user: string
  readonly workingDirectory: string
  readonly files: ContainerFiles
  readonly log: ContainerLog
  /** The run under way, or the last one. */
  run: ContainerRun | undefined
  /** One start at a time. */
  starting: Promise<void> | undefined
  /** Kept for each start. */
  firewallRules: FirewallRules | undefined
  terminalSize: TerminalSize | undefined
  readonly events: ContainerEvents
}

/** As a real engine tells it; `stopping` while it is being removed. */
export function toContainerState({ run, events }: MemoryContainer): ContainerState {
  if (events.isRemoved) return 'stopping'
  if (run === undefined) return 'created'
  return run.exitCode === undefined ? 'running' : 'exited'
}

/** The run under way; `undefined` unless the container is running. */
export function findRun({ run }: MemoryContainer): ContainerRun | undefined {
  return run?.exitCode === undefined ? run : undefined
}
