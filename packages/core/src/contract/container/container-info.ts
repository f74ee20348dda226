import type { Argv, ListOptions, OperationOptions, StringMap } from '../operation.js'
import type { PortBinding } from './ports.js'

/** `unknown`: a state of the engine that this contract has no word for. */
export type ContainerState =
  | 'created'
  | 'running'
  | 'paused'
  | 'restarting'
  | 'stopping'
  | 'exited'
  | 'dead'
  | 'unknown'

/** One container in a list; stopped ones are listed too. `id` is the full id. */
export interface ContainerInfo {
  readonly id: string
  readonly name: string
  /** As it was asked for. */
  readonly image: string
  readonly state: ContainerState
  /** `undefined` where the engine does not tell. */
  readonly createdAt: Date | undefined
  readonly labels: StringMap
}

/** Options of `listContainers`. */
export interface ListContainersOptions extends ListOptions {}

/** Where a container is reachable on one network; the addresses are `undefined` while it does not run. */
export interface NetworkAttachment {
  readonly networkId: string
  readonly networkName: string
  readonly ipAddress: string | undefined
  readonly gateway: string | undefined
  readonly aliases: readonly string[]
}

/** One container in full. */
export interface ContainerInspection extends Omit<ContainerInfo, 'state'> {
  readonly imageId: string
  readonly command: Argv
  readonly state: {
    readonly status: ContainerState
    readonly running: boolean
    /** `undefined` while it runs, before its first start, and where the engine does not tell. */
    readonly exitCode: number | undefined
    readonly startedAt: Date | undefined
    readonly finishedAt: Date | undefined
  }
  readonly networks: readonly NetworkAttachment[]
  /** All published ports, with protocol and host address; empty while it does not run. */
  readonly ports: readonly PortBinding[]
}

/** Options of `stopContainer`: the polite signal, a wait, then kill. */
export interface StopOptions extends OperationOptions {
  /** How long the program may take to end. Default 10 000; 0 kills at once. */
  readonly graceMs?: number
}
