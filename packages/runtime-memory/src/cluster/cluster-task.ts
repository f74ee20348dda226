import { type ContainerConfig, isHostError, type ServiceConfig, type TaskInfo, type TaskState } from '@capstan/core'
import { delay, type Operation, toErrorText } from '@capstan/core/plugin'
import { createContainer } from '../containers/create-container.js'
import { removeContainer } from '../containers/remove-container.js'
import { startContainer } from '../containers/start-container.js'
import type { ContainerRun } from '../containers/state/container-run.js'
import { getCurrentRun, type MemoryContainer } from '../containers/state/memory-container.js'
import { stopContainer } from '../containers/stop-container.js'
import { type ClusterNode, createClusterId } from './cluster-node.js'

/** The settings of the tasks of a service at one time. A changed service has another template. */
export interface TaskTemplate {
  readonly config: ServiceConfig
  /** The ids of the networks. */
  readonly networkIds: readonly string[]
  readonly secrets: readonly TaskFile[]
  readonly configs: readonly TaskFile[]
  /** The labels of the containers. */
  readonly labels: Readonly<Record<string, string>>
}

/** A secret or a config as a file of a task. */
export interface TaskFile {
  readonly source: { readonly id: string; readonly name: string }
  readonly target: string
  readonly bytes: Uint8Array
}

/** One run of a container of a service on a node. */
export class ClusterTask {
  readonly id: string = createClusterId()
  readonly serviceId: string
  /** The number of the replica, or the id of the node of a service with one task per node. */
  readonly slot: number | string
  readonly template: TaskTemplate
  readonly createdAt: Date
  node: ClusterNode | undefined
  /** Whether its desired state is to run. */
  isDesired = true
  container: MemoryContainer | undefined
  /** The error with which the node could not start it. */
  failure: unknown
  /** Whether it runs and has run for the monitored time. */
  isStable = false
  readonly #onChange: () => void
  readonly #now: () => Date
  readonly #monitorMs: () => number
  #state: TaskState = 'pending'
  #reason: string | undefined
  #exitCode: number | undefined
  #changedAt: Date
  #starting: Promise<void> | undefined

  constructor({ serviceId, slot, template, now, onChange, monitorMs }: ClusterTaskOptions) {
    this.serviceId = serviceId
    this.slot = slot
    this.template = template
    this.createdAt = now()
    this.#changedAt = this.createdAt
    this.#now = now
    this.#onChange = onChange
    this.#monitorMs = monitorMs
  }

  get exitCode(): number | undefined {
    return this.#exitCode
  }

  get state(): TaskState {
    return this.#state
  }

  get reason(): string | undefined {
    return this.#reason
  }

  /** When it reached its state. */
  get changedAt(): Date {
    return this.#changedAt
  }

  /** Whether it has not ended. */
  get isLive(): boolean {
    return this.#state === 'pending' || this.#state === 'preparing' || this.#state === 'running'
  }

  /** Says why no node has the task. */
  setPending(reason: string): void {
    if (this.#reason !== reason) this.#change('pending', { reason })
  }

  /** Creates and starts the container on a node. A failure ends the task. */
  start(node: ClusterNode, serviceName: string): void {
    this.node = node
    this.#change('preparing')
    this.#starting = this.#start(node, serviceName).finally(() => {
      this.#starting = undefined
    })
  }

  /** Ends the task because the cluster does not need it any more. Resolves when its process has ended. */
  async shutDown(): Promise<void> {
    this.isDesired = false
    if (this.#state === 'pending') this.#change('stopped')
    else if (this.isLive) this.#onChange()
    await this.#starting
    const { container } = this
    if (container === undefined) return
    const { stopGraceMs = defaultStopGraceMs } = this.template.config
    await stopContainer(container, { graceMs: stopGraceMs, signal: new AbortController().signal })
    await container.latestRun?.whenEnded
  }

  /** Ends the task with its node. Resolves when its process has ended. */
  async lose(): Promise<void> {
    const isLive = this.isLive
    this.isDesired = false
    if (isLive) this.#change('lost', { reason: 'the node is down' })
    await this.#starting
    await this.forget()
  }

  /** Removes the container with its output. */
  async forget(): Promise<void> {
    const { node, container } = this
    this.container = undefined
    if (node !== undefined && container !== undefined) await removeContainer(node.context.engine, container.id)
  }

  toInfo(): TaskInfo {
    const { id, slot, node, container, isDesired, createdAt, template } = this
    const run = container && getCurrentRun(container)
    return {
      id,
      slot: typeof slot === 'number' ? slot : undefined,
      nodeId: node?.id,
      containerId: container?.id,
      image: template.config.image,
      state: this.#state,
      isDesired,
      exitCode: this.#exitCode,
      reason: this.#reason,
      ports: (run?.network.ports ?? []).map(({ containerPort, hostPort, protocol }) => {
        return { containerPort, hostPort, protocol }
      }),
      createdAt,
      changedAt: this.#changedAt,
    }
  }

  async #start(node: ClusterNode, serviceName: string): Promise<void> {
    const { operations } = node.context
    try {
      const run = await operations.run({ operation: 'startTask', subject: this.id }, {}, (call) =>
        this.#startContainer(node, serviceName, call),
      )
      void run.whenEnded.then((exitCode) => this.#end(exitCode))
      if (this.#state !== 'preparing' || !this.isDesired) return
      this.#change('running')
      void this.#monitor()
    } catch (error) {
      this.failure = error
      if (this.#state === 'preparing') this.#change(...toFailure(error, this.template.config.image))
    }
  }

  /** Waits for the monitored time in many steps, between which its program runs, also while this process is busy. */
  async #monitor(): Promise<void> {
    const stepMs = this.#monitorMs() / monitorSteps
    for (let step = 0; step < monitorSteps; step += 1) {
      await delay(stepMs, { ref: false })
      if (this.#state !== 'running') return
    }
    this.isStable = true
    this.#onChange()
  }

  async #startContainer(node: ClusterNode, serviceName: string, call: Operation): Promise<ContainerRun> {
    const container = await createContainer(node.context, this.#toContainerConfig(node, serviceName), { call })
    const { secrets, configs } = this.template
    for (const { target, bytes } of [...secrets, ...configs]) {
      await container.files.put(target, { type: 'file', mode: 0o444, bytes })
    }
    const run = await startContainer(node.context, container, call)
    this.container = container
    return run
  }

  #toContainerConfig(node: ClusterNode, serviceName: string): ContainerConfig {
    const { template, id, slot } = this
    const { image, command, entrypoint, env, user, workingDirectory, mounts, memoryBytes, cpus } = template.config
    const settings = { command, entrypoint, env, user, workingDirectory, mounts, memoryBytes, cpus }
    const given = Object.entries(settings).filter(([, value]) => value !== undefined)
    const name = `${serviceName}.${slot}.${id}`
    const [first, ...others] = template.networkIds.map((networkId) => {
      return { networkId, aliases: [serviceName, `tasks.${serviceName}`] }
    })
    return {
      image,
      ...Object.fromEntries(given),
      name,
      labels: {
        ...template.labels,
        'com.docker.swarm.node.id': node.id,
        'com.docker.swarm.service.id': this.serviceId,
        'com.docker.swarm.service.name': serviceName,
        'com.docker.swarm.task.id': id,
        'com.docker.swarm.task.name': name,
      },
      ...(first !== undefined && { network: { mode: 'networks', networks: [first, ...others] } as const }),
      ports: (template.config.ports ?? [])
        .filter(({ mode }) => mode !== 'ingress')
        .map(({ mode: _, ...port }) => ({ ...port, hostAddress: node.address })),
    }
  }

  #end(exitCode: number): void {
    if (!this.isLive) return
    if (!this.isDesired) this.#change('stopped', { exitCode })
    else if (exitCode === 0) this.#change('complete', { exitCode })
    else this.#change('failed', { exitCode, reason: `task: non-zero exit (${exitCode})` })
  }

  #change(state: TaskState, { reason, exitCode }: TaskEnd = {}): void {
    this.isStable = false
    this.#state = state
    this.#reason = reason
    this.#exitCode = exitCode
    this.#changedAt = this.#now()
    this.#onChange()
  }
}

/** Options of `ClusterTask`. */
export interface ClusterTaskOptions extends Pick<ClusterTask, 'serviceId' | 'slot' | 'template'> {
  readonly now: () => Date
  /** Called when its state changes. */
  readonly onChange: () => void
  /** Returns how long it must run until it counts as started. */
  readonly monitorMs: () => number
}

interface TaskEnd {
  readonly reason?: string
  readonly exitCode?: number
}

/** Returns the state of a task that a node could not start. */
function toFailure(error: unknown, image: string): [TaskState, TaskEnd] {
  if (isHostError(error, 'IMAGE_NOT_FOUND') || isHostError(error, 'IMAGE_PULL_FAILED'))
    return ['rejected', { reason: toMissingImageReason(image) }]
  const reason = toErrorText(error)
  if (isHostError(error, 'COMMAND_NOT_STARTED')) return ['failed', { exitCode: error.facts.exitCode, reason }]
  return ['rejected', { reason }]
}

/** Returns the reason of a task whose node has no such image, as in a swarm. */
export function toMissingImageReason(image: string): string {
  return `No such image: ${image}`
}

/** The default of `stopGraceMs`, as in a swarm. */
const defaultStopGraceMs = 10_000
const monitorSteps = 20
