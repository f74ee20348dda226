import type {
  ComposeProgress,
  ComposeUpOptions,
  ContainerConfig,
  PullOptions,
  Runtime,
  ServiceState,
} from '@capstan/core'
import {
  createHostError,
  delay,
  type LinkedSignal,
  linkSignals,
  type Operation,
  type StringMap,
  startDeadline,
  toObjectLabels,
} from '@capstan/core/plugin'
import { readWholeLog } from '../containers/read-logs.js'
import { removeContainer } from '../containers/remove-container.js'
import type { MemoryContainer } from '../containers/state/memory-container.js'
import { stopContainer } from '../containers/stop-container.js'
import { pullImage } from '../images/pull-image.js'
import type { MemoryRuntimeContext } from '../memory-runtime-context.js'
import { composeLabels, toContainerLabels } from './compose-labels.js'
import type { ProjectModel, ServiceModel } from './file/project-model.js'
import { listContainersOf, listServices, toServiceContainer } from './list-services.js'
import { selectJobs, selectServices } from './select-services.js'

/** Creates what a project lacks, starts it, and resolves with its services when all are ready. `call.undo` gets steps for all that it creates. */
export async function upProject(
  context: MemoryRuntimeContext,
  project: ProjectModel,
  { runtime, call, options }: UpOptions,
): Promise<readonly ServiceState[]> {
  const services = selectServices(project, options)
  const jobs = selectJobs(project, { services, jobs: options.jobs })
  const selected = selectResources(project, services)
  checkExternal(context, selected)
  if (options.pull === 'always') await pullImages(context, services, { call, options })
  const link = linkSignals([call.signal])
  const up = new ProjectUp(context, selected, { runtime, call, options, services, jobs, link })
  try {
    up.createNetworks()
    up.createVolumes()
    if (options.removeOrphans) await up.removeOrphans()
    await up.start()
  } finally {
    link.unlink()
  }
  const names = new Set(services.map(({ name }) => name))
  return listServices(context.engine, project.name).filter(({ service }) => names.has(service))
}

export interface UpOptions {
  readonly runtime: Runtime
  readonly call: Operation
  readonly options: ComposeUpOptions
}

/** Returns the project with the networks and volumes that these services use. */
function selectResources(project: ProjectModel, services: readonly ServiceModel[]): ProjectModel {
  const configs = services.map(({ config }) => config)
  const used = new Set(
    configs.flatMap(({ network, mounts = [] }) => [
      ...(network?.mode === 'networks' ? network.networks.map(({ networkId }) => `network ${networkId}`) : []),
      ...mounts.map((mount) => (mount.type === 'volume' ? `volume ${mount.source}` : '')),
    ]),
  )
  return {
    ...project,
    networks: project.networks.filter(({ name }) => used.has(`network ${name}`)),
    volumes: project.volumes.filter(({ name }) => used.has(`volume ${name}`)),
  }
}

/** Rejects when an external network or volume does not exist. */
function checkExternal({ engine }: MemoryRuntimeContext, { networks, volumes }: ProjectModel): void {
  for (const { external, name } of networks) if (external) engine.networks.require(name)
  for (const { external, name } of volumes) {
    if (external && engine.volumes.find(name) === undefined) throw createHostError('VOLUME_NOT_FOUND', { name })
  }
}

/** Pulls the image of each service, also if it exists. */
async function pullImages(
  context: MemoryRuntimeContext,
  services: readonly ServiceModel[],
  { call, options }: Pick<UpOptions, 'call' | 'options'>,
): Promise<void> {
  const images = new Map(services.map(({ name, config }) => [config.image, name]))
  for (const [image, service] of images) {
    const onProgress: PullOptions['onProgress'] = (event) =>
      options.onProgress?.({ ...event, kind: 'image', service, id: image })
    await pullImage(context, image, { signal: call.signal, onProgress })
  }
}

interface ProjectUpOptions extends UpOptions {
  readonly services: readonly ServiceModel[]
  readonly jobs: ReadonlySet<string>
  /** Aborts all starts and waits of this call. */
  readonly link: LinkedSignal
}

/** One call of `up`. */
class ProjectUp {
  readonly #context: MemoryRuntimeContext
  readonly #project: ProjectModel
  readonly #options: ProjectUpOptions
  readonly #starts = new Map<string, Promise<readonly MemoryContainer[]>>()
  /** The containers that have been started, with their services. */
  readonly #started = new Map<MemoryContainer, ServiceModel>()
  readonly #reportedReady = new Set<MemoryContainer>()

  constructor(context: MemoryRuntimeContext, project: ProjectModel, options: ProjectUpOptions) {
    this.#context = context
    this.#project = project
    this.#options = options
  }

  createNetworks(): void {
    const { networks: store } = this.#context.engine
    for (const { key, name, external, internal, labels } of this.#project.networks) {
      if (external || store.list().some((network) => network.name === name)) continue
      const all = this.#toLabels('network', { ...labels, [composeLabels.network]: key })
      const { id } = store.add({ name, internal, labels: all })
      this.#options.call.undo.add(`network ${name}`, async () => store.delete(id))
      this.#report({ kind: 'network', service: undefined, id: name, status: 'Created' })
    }
  }

  createVolumes(): void {
    const { volumes: store, containers } = this.#context.engine
    for (const { key, name, external, labels } of this.#project.volumes) {
      if (external || store.find(name) !== undefined) continue
      const all = this.#toLabels('volume', { ...labels, [composeLabels.volume]: key })
      store.add({ name, labels: all, createdAt: this.#context.engine.now(), files: new Map() })
      this.#options.call.undo.add(`volume ${name}`, async () => {
        if (containers.findUsersOfVolume(name).length === 0) store.delete(name)
      })
      this.#report({ kind: 'volume', service: undefined, id: name, status: 'Created' })
    }
  }

  /** Starts all services in the order of their dependencies, and resolves when they are ready at the same time. */
  async start(): Promise<void> {
    const { services, link, options } = this.#options
    const { signal, readyTimeoutMs = signal === undefined ? defaultReadyMs : undefined } = options
    const expire = (limitMs: number) => () => link.abort(this.#createTimeoutError(limitMs))
    const deadline = readyTimeoutMs === undefined ? undefined : startDeadline(readyTimeoutMs, expire(readyTimeoutMs))
    let hasStarted = false
    const { until = 'ready' } = options
    const starting = Promise.all(services.map((service) => this.#start(service))).then(() => {
      hasStarted = true
    })
    starting.catch((error: unknown) => link.abort(error))
    try {
      // A service that was ready may end while others are not ready yet.
      while (!hasStarted || (until === 'ready' && !this.#areStartedReady()))
        await delay(pollMs, { signal: link.signal, ref: false })
    } catch (error) {
      link.abort(error)
      await Promise.allSettled(this.#starts.values())
      throw error
    } finally {
      deadline?.clear()
    }
  }

  /** Starts the containers of a service after those on which it depends. Repeated calls share the result. */
  #start(service: ServiceModel): Promise<readonly MemoryContainer[]> {
    const started = this.#starts.get(service.name) ?? this.#startAfterDependencies(service)
    this.#starts.set(service.name, started)
    return started
  }

  async #startAfterDependencies(service: ServiceModel): Promise<readonly MemoryContainer[]> {
    const { services, link } = this.#options
    const { signal } = link
    await Promise.all(
      service.dependsOn.map(async ({ service: name, condition }) => {
        const dependency = services.find((each) => each.name === name)
        if (dependency === undefined) return
        const containers = await this.#start(dependency)
        if (condition === 'started') return
        if (condition === 'healthy') for (const each of containers) this.#checkHasHealth(service, dependency, each)
        while (!containers.every((each) => this.#isReady(dependency, each))) await delay(pollMs, { signal, ref: false })
      }),
    )
    signal.throwIfAborted()
    await this.#removeSurplus(service)
    const numbers = Array.from({ length: service.replicas }, (_, index) => index + 1)
    return await Promise.all(numbers.map((number) => this.#startContainer(service, number)))
  }

  /** Removes the containers of services that the files do not have. */
  async removeOrphans(): Promise<void> {
    const { engine } = this.#context
    const { serviceNames } = this.#project
    for (const container of listContainersOf(engine, this.#project.name)) {
      const { [composeLabels.service]: service, [composeLabels.oneOff]: oneOff } = container.labels
      if (service === undefined || oneOff === 'True' || serviceNames.has(service)) continue
      await this.#stopAndRemove(container)
    }
  }

  async #stopAndRemove(container: MemoryContainer): Promise<void> {
    const { link, options } = this.#options
    await stopContainer(container, { graceMs: options.graceMs ?? defaultGraceMs, signal: link.signal })
    await removeContainer(this.#context.engine, container.id)
  }

  async #removeSurplus({ name, replicas }: ServiceModel): Promise<void> {
    const { engine } = this.#context
    const surplus = listContainersOf(engine, this.#project.name).filter(
      ({ labels }) => labels[composeLabels.service] === name && Number(labels[composeLabels.number]) > replicas,
    )
    for (const container of surplus) await this.#stopAndRemove(container)
  }

  async #startContainer(service: ServiceModel, number: number): Promise<MemoryContainer> {
    const { runtime, link } = this.#options
    const { signal } = link
    const container = await this.#ensureContainer(service, number)
    const progress = { kind: 'container', service: service.name, id: `${service.name}-${number}` } as const
    this.#report({ ...progress, status: 'Starting' })
    await runtime.startContainer(container.id, { signal })
    this.#report({ ...progress, status: 'Started' })
    this.#started.set(container, service)
    return container
  }

  /** Returns the container with this number. Creates it unless it exists with the same settings. */
  async #ensureContainer(service: ServiceModel, number: number): Promise<MemoryContainer> {
    const { engine } = this.#context
    const { runtime, call, link, options } = this.#options
    const { signal } = link
    const labels = { ...options.labels, ...service.config.labels, ...toContainerLabels(this.#project, service, number) }
    const isSame = (key: string) => (container: MemoryContainer) => container.labels[key] === labels[key]
    const existing = listContainersOf(engine, this.#project.name)
      .filter(isSame(composeLabels.service))
      .find(isSame(composeLabels.number))
    const { recreate = 'changed' } = options
    const isKept =
      recreate === 'never' || (recreate === 'changed' && existing && isSame(composeLabels.configHash)(existing))
    if (existing !== undefined && isKept) return existing
    const progress = { kind: 'container', service: service.name, id: `${service.name}-${number}` } as const
    if (existing !== undefined) await this.#stopAndRemove(existing)
    this.#report({ ...progress, status: existing === undefined ? 'Creating' : 'Recreating' })
    const { name = `${this.#project.name}-${service.name}-${number}`, image } = service.config
    const config: ContainerConfig = {
      ...service.config,
      name,
      labels,
      ...(options.pull === 'never' && { pull: 'never' }),
    }
    const onProgress: NonNullable<Parameters<Runtime['createContainer']>[1]>['onProgress'] = (event) =>
      this.#report({ ...event, kind: 'image', service: service.name, id: image })
    const id = await runtime.createContainer(config, { signal, onProgress })
    call.undo.add(`container ${name}`, (own) =>
      this.#context.runUndoStep('removeContainer', own.signal, () => removeContainer(engine, id)),
    )
    this.#report({ ...progress, status: existing === undefined ? 'Created' : 'Recreated' })
    return engine.containers.require(id)
  }

  /** Whether all containers that have been started are ready. @throws HostError SERVICE_NOT_READY */
  #areStartedReady(): boolean {
    const ready = [...this.#started].filter(([container, service]) => this.#isReady(service, container))
    for (const [container, { name }] of ready) {
      if (this.#reportedReady.has(container)) continue
      this.#reportedReady.add(container)
      const { number, health, exitCode } = toServiceContainer(this.#context.engine, container)
      const status = exitCode !== undefined ? 'Exited' : health === undefined ? 'Running' : 'Healthy'
      this.#report({ kind: 'container', service: name, id: `${name}-${number}`, status })
    }
    return ready.length === this.#started.size
  }

  /** Whether a container is ready. @throws HostError SERVICE_NOT_READY if it cannot become ready any more */
  #isReady({ name: service }: ServiceModel, container: MemoryContainer): boolean {
    const { id, state, health, exitCode } = toServiceContainer(this.#context.engine, container)
    const isJob = this.#options.jobs.has(service)
    const hasEnded = state === 'exited' || state === 'dead'
    if (hasEnded && isJob && exitCode === 0) return true
    if (!hasEnded && health !== 'unhealthy') return !isJob && state === 'running' && health !== 'starting'
    const lastLines = readLastLines(container)
    const facts = { project: this.#project.name, service, containerId: id, state, health, exitCode, lastLines }
    throw createHostError('SERVICE_NOT_READY', facts)
  }

  #checkHasHealth({ name }: ServiceModel, dependency: ServiceModel, container: MemoryContainer): void {
    if (container.healthcheck !== undefined) return
    const field = `services.${name}.depends_on.${dependency.name}`
    const expected = 'a dependency on the health of a service with a health check'
    throw createHostError('INVALID_ARGUMENT', { field, expected, given: 'service_healthy' })
  }

  #createTimeoutError(timeoutMs: number): Error {
    const waiting = this.#options.services.filter((service) => {
      const own = listContainersOf(this.#context.engine, this.#project.name).filter(
        ({ labels }) => labels[composeLabels.service] === service.name,
      )
      try {
        return own.length < service.replicas || own.some((container) => !this.#isReady(service, container))
      } catch {
        return true
      }
    })
    const phase = `until ${waiting.map(({ name }) => `service "${name}"`).join(', ')} is ready`
    return createHostError('TIMED_OUT', { operation: 'up', phase, timeoutMs, lastLines: [], option: 'readyTimeoutMs' })
  }

  #toLabels(kind: 'network' | 'volume', labels: StringMap): StringMap {
    const { labels: given } = this.#options.options
    const own = { ...given, ...labels, [composeLabels.project]: this.#project.name }
    return toObjectLabels({ kind }, this.#context.ownerLabels, own)
  }

  #report(event: ComposeProgress): void {
    this.#options.options.onProgress?.(event)
  }
}

function readLastLines(container: MemoryContainer): readonly string[] {
  if (container.config.logDriver?.name === 'none') return []
  const text = Buffer.from(readWholeLog(container)).toString('utf8')
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .slice(-lastLineCount)
}

const defaultReadyMs = 60_000
const defaultGraceMs = 10_000
const pollMs = 5
const lastLineCount = 10
