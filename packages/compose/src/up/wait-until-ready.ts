import { type EventStream, isHostError, type Runtime } from '@capstan/core'
import { delay, linkSignals } from '@capstan/core/plugin'
import { toProjectLabels, toServiceName } from '../state/compose-labels.js'
import {
  type InspectedServiceContainer,
  inspectServiceContainers,
  listServiceContainers,
} from '../state/list-services.js'
import { judgeContainer } from './judge-container.js'
import { createServiceError } from './service-error.js'

/** The services of a project that are started. */
export interface AwaitedProject {
  readonly runtime: Runtime
  readonly events: EventStream
  readonly project: string
  /** The names of the services. Those with no containers, by their files, are left out. */
  readonly services: ReadonlySet<string>
  /** The services that are ready when they have exited with code 0. */
  readonly jobs: ReadonlySet<string>
}

/** Watches the containers of a project from before its start. */
export interface ProjectWatch extends AsyncDisposable {
  /** Resolves with SERVICE_NOT_READY when a container that did not exist before fails. Never rejects. */
  readonly failure: Promise<Error>
  /**
   * Resolves when all services are ready. Rejects with SERVICE_NOT_READY as soon as a container has failed, and when the watch is
   * disposed.
   */
  untilReady(): Promise<readonly InspectedServiceContainer[]>
}

/**
 * Subscribes to the events of the containers of a project. A container in `known` may be stopped and started by Compose, so it is
 * judged only by `untilReady`.
 */
export async function watchProject(
  awaited: AwaitedProject,
  { known, signal }: { readonly known: ReadonlySet<string>; readonly signal: AbortSignal },
): Promise<ProjectWatch> {
  const { project } = awaited
  const link = linkSignals([signal])
  const labels = toProjectLabels(project)
  const events = await awaited.events.events({ kinds: ['container'], labels, signal: link.signal })
  let changes = 0
  let notify = () => {}
  let fail: (error: Error) => void = () => {}
  const failure = new Promise<Error>((resolve) => {
    fail = resolve
  })
  const read = async () => {
    for await (const event of events) {
      changes += 1
      notify()
      if (event.kind !== 'container' || known.has(event.id)) continue
      const isFailure = event.action === 'exited' || (event.action === 'health' && event.health === 'unhealthy')
      if (!isFailure || !awaited.services.has(toServiceName(event))) continue
      const error = await findFailure(awaited, event.id, link.signal)
      if (error !== undefined) fail(error)
    }
  }
  // A lost stream is ignored: `untilReady` reads the states every `pollMs` as well, and rejects when the engine is lost.
  const reading = read().catch(() => {})
  return {
    failure,
    async untilReady() {
      for (;;) {
        const seen = changes
        const containers = await inspectAwaited(awaited, link)
        if (await isReady(awaited, containers, link.signal)) return containers
        if (seen !== changes) continue
        const changed = new Promise<void>((resolve) => {
          notify = resolve
        })
        await Promise.race([changed, delay(pollMs, { signal: link.signal })])
      }
    },
    async [Symbol.asyncDispose]() {
      link.abort()
      link.unlink()
      await reading
    },
  }
}

/** Inspects the containers of the services. */
export async function inspectAwaited(
  { runtime, project, services }: AwaitedProject,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly InspectedServiceContainer[]> {
  const listed = await listServiceContainers(runtime, project, { signal })
  const own = listed.filter((container) => services.has(toServiceName(container)))
  return await inspectServiceContainers(runtime, own, { signal })
}

/** Returns the first service that is not ready, and one of its containers. */
export async function findUnready(
  awaited: AwaitedProject,
  { signal }: { readonly signal: AbortSignal },
): Promise<{ readonly service: string; readonly id: string | undefined } | undefined> {
  const { runtime, project, services, jobs } = awaited
  const containers = await inspectServiceContainers(
    runtime,
    await listServiceContainers(runtime, project, { signal }),
    { signal },
  )
  for (const service of services) {
    const own = containers.filter((entry) => entry.service === service)
    const unready = own.find((entry) => judgeContainer(entry, { isJob: jobs.has(service) }) !== 'ready')
    if (unready !== undefined || own.length === 0) return { service, id: unready?.container.id }
  }
  return undefined
}

async function isReady(
  { runtime, project, services, jobs }: AwaitedProject,
  containers: readonly InspectedServiceContainer[],
  signal: AbortSignal,
): Promise<boolean> {
  let ready = [...services].every((name) => containers.some(({ service }) => service === name))
  for (const entry of containers) {
    const verdict = judgeContainer(entry, { isJob: jobs.has(entry.service) })
    if (verdict === 'failed') throw await createServiceError(runtime, project, entry, { signal })
    if (verdict === 'pending') ready = false
  }
  return ready
}

/** Returns the failure of a container that has exited or is unhealthy, if it is one. */
async function findFailure(
  { runtime, project, jobs }: AwaitedProject,
  id: string,
  signal: AbortSignal,
): Promise<Error | undefined> {
  try {
    const info = await runtime.inspectContainer(id, { signal })
    const [entry] = await inspectServiceContainers(runtime, [{ ...info, state: info.state.status }], { signal })
    if (entry === undefined) return undefined
    const isFailed = judgeContainer(entry, { isJob: jobs.has(entry.service) }) === 'failed'
    return isFailed ? await createServiceError(runtime, project, entry, { signal }) : undefined
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return undefined
    throw error
  }
}

/** Not every engine reports each change of the health as an event. */
const pollMs = 250
