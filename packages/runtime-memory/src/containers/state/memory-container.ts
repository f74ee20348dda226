import type { ContainerConfig, ContainerState, FirewallRules, TerminalSize } from '@capstan/core'
import type { Argv, StringMap } from '@capstan/core/plugin'
import type { StoredImage } from '../../images/state/stored-image.js'
import type { ContainerFiles } from '../../simulation/files/container-files.js'
import type { ContainerLifecycle } from './container-lifecycle.js'
import type { ContainerLog } from './container-log.js'
import type { ContainerRun } from './container-run.js'

/** One simulated container, from its creation to its removal. */
export interface MemoryContainer {
  readonly id: string
  readonly name: string
  readonly config: ContainerConfig
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
  /** The current run, or the last one. */
  run: ContainerRun | undefined
  /** The start in progress: concurrent starts wait for it. */
  starting: Promise<void> | undefined
  /** The firewall rules that each start applies. */
  firewallRules: FirewallRules | undefined
  terminalSize: TerminalSize | undefined
  readonly lifecycle: ContainerLifecycle
}

/** Returns the state of a container. While it is being removed, the state is `stopping`. */
export function toContainerState({ run, lifecycle }: MemoryContainer): ContainerState {
  if (lifecycle.isBeingRemoved) return 'stopping'
  if (run === undefined) return 'created'
  return run.exitCode === undefined ? 'running' : 'exited'
}

/** Returns the current run; `undefined` unless the container is running. */
export function getCurrentRun({ run }: MemoryContainer): ContainerRun | undefined {
  return run?.exitCode === undefined ? run : undefined
}
