import { randomInt } from 'node:crypto'
import type { NodeInfo } from '@capstan/core'
import type { StringMap } from '@capstan/core/plugin'
import type { MemoryEngine } from '../memory-engine.js'
import { MemoryRuntimeContext } from '../memory-runtime-context.js'

/** One node of a simulated cluster: an engine with its state in the cluster. */
export class ClusterNode {
  readonly id: string = createClusterId()
  readonly hostname: string
  readonly isManager: boolean
  readonly labels: StringMap
  /** The address of its published ports, which are real. */
  readonly address: string
  /** Runs the tasks: their containers have no owner besides their service. */
  readonly context: MemoryRuntimeContext
  availability: NodeInfo['availability'] = 'active'
  state: 'ready' | 'down' = 'ready'

  /** `number`: counts from 1. The first node is the manager. */
  constructor(number: number, { engine, labels, runtimeName }: ClusterNodeOptions) {
    this.hostname = `node-${number}`
    this.isManager = number === 1
    this.labels = labels
    // All addresses that begin with 127 are those of this machine on Linux only.
    this.address = process.platform === 'linux' ? `127.0.0.${number}` : '127.0.0.1'
    this.context = new MemoryRuntimeContext({
      engine,
      runtimeName,
      ownerLabels: {},
      unsupportedOptions: [],
      packageName: '@capstan/runtime-memory',
      packageVersion: '0.1.0',
      isInternal: true,
    })
  }

  /** Whether it gets new tasks. */
  get acceptsTasks(): boolean {
    return this.state === 'ready' && this.availability === 'active'
  }

  toInfo(): NodeInfo {
    const { id, hostname, state, availability, isManager, address, labels } = this
    const role = isManager ? 'manager' : 'worker'
    const size = { cpus: 2, memoryBytes: 4 * 1024 ** 3 }
    return {
      id,
      hostname,
      state,
      availability,
      role,
      isLeader: isManager,
      address,
      engineVersion: '0.1.0',
      labels,
      ...size,
    }
  }
}

/** Options of `ClusterNode`. */
export interface ClusterNodeOptions {
  readonly engine: MemoryEngine
  readonly labels: StringMap
  readonly runtimeName: string
}

/** Creates the id of a node, service, task, secret or config: 25 lower-case letters and digits, as in a swarm. */
export function createClusterId(): string {
  return Array.from({ length: 25 }, () => randomInt(36).toString(36)).join('')
}
