import type { ComposeSource, ComposeUpOptions, EventStream } from '@capstan/core'
import {
  check,
  createHostError,
  type Deadline,
  joinWords,
  linkSignals,
  type Operation,
  type RunningComposeProject,
  type StringMap,
  startDeadline,
  untilAborted,
  validateScale,
} from '@capstan/core/plugin'
import { findFailedDependency, findUnstartedCommand, toEngineError } from '../compose-errors.js'
import { type ComposeCommand, toGraceArguments } from '../program/compose-command.js'
import type { ComposeEndpoint } from '../program/compose-endpoint.js'
import { Transcript } from '../program/transcript.js'
import { toLabelOverride } from '../project/label-override.js'
import {
  findJobs,
  findStarted,
  type ProjectModel,
  type ServiceModel,
  toComposeProject,
} from '../project/project-model.js'
import { readActivated, toSourceArguments } from '../read-model.js'
import { readLastLines } from '../state/last-lines.js'
import { inspectServiceContainers, listServiceContainers, toServiceStates } from '../state/list-services.js'
import { listObjects, type ProjectManagers, type ProjectObjects, removeNewObjects } from '../state/project-objects.js'
import { createServiceError } from './service-error.js'
import { toProgress } from './to-progress.js'
import { type AwaitedProject, findUnready, inspectAwaited, watchProject } from './wait-until-ready.js'

/** What `up` uses. */
export interface UpContext extends ProjectManagers {
  readonly command: ComposeCommand
  readonly endpoint: ComposeEndpoint
  readonly events: EventStream
  readonly ownerLabels: StringMap
  /** Throws OPTION_UNSUPPORTED with this value where Compose cannot build images. */
  readonly checkBuild: (given: unknown) => void
  /** Throws OPTION_UNSUPPORTED with the name of a service where the engine runs no health checks. */
  readonly checkHealthcheck: (service: string) => void
}

/** Brings a project up and waits until it is ready. What it has created is undone by steps of the operation. */
export async function upProject(
  context: UpContext,
  given: ComposeSource,
  options: ComposeUpOptions,
  call: Operation,
): Promise<RunningComposeProject> {
  const { signal } = call
  const { command, endpoint } = context
  const [{ source, model }, before] = await Promise.all([
    readActivated(command, given, { services: options.services, endpoint, signal }),
    listObjects(context, given.name, { signal }),
  ])
  checkServices(model, options)
  const started = findStarted(model, options)
  const scale = new Map(Object.entries(options.scale ?? {}))
  validateScale(scale, started)
  const running = started.filter(({ name, replicas }) => (scale.get(name) ?? replicas) > 0)
  for (const { name, hasHealthcheck } of running) if (hasHealthcheck) context.checkHealthcheck(name)
  const awaited: AwaitedProject = {
    runtime: context.runtime,
    events: context.events,
    project: source.name,
    services: new Set(running.map(({ name }) => name)),
    jobs: findJobs(model, options.jobs),
  }
  const transcript = new Transcript()
  await addImageSteps(context, started, call)
  call.undo.add('project', (own) =>
    removeNewObjects(context, source.name, { before, pending: transcript.pending, ...own }),
  )
  const containers = await start(context, { source, options, model, before, awaited, transcript }, call)
  return { ...toComposeProject(model), services: toServiceStates(containers) }
}

interface Start {
  readonly source: ComposeSource
  readonly options: ComposeUpOptions
  readonly model: ProjectModel
  readonly before: ProjectObjects
  readonly awaited: AwaitedProject
  readonly transcript: Transcript
}

async function start(
  context: UpContext,
  { source, options, model, before, awaited, transcript }: Start,
  call: Operation,
) {
  const { readyTimeoutMs: limitMs = call.hasCallerSignal ? undefined : defaultReadyMs } = options
  const link = linkSignals([call.signal])
  const timeout = new Error('the limit has passed')
  let deadline: Deadline | undefined
  const startLimit = () => {
    if (limitMs !== undefined) deadline ??= startDeadline(limitMs, () => link.abort(timeout))
  }
  transcript.onStep = (step) => {
    if (step.kind === 'container') startLimit()
    try {
      options.onProgress?.(toProgress(step, model))
    } catch (error) {
      link.abort(error)
    }
  }
  const known = new Set(before.containers.map(({ id }) => id))
  const { until = 'ready' } = options
  const watch = until === 'ready' ? await watchProject(awaited, { known, signal: call.signal }) : undefined
  try {
    void watch?.failure.then(link.abort)
    const override = toLabelOverride(model, before, { ownerLabels: context.ownerLabels, labels: options.labels ?? {} })
    const end = await context.command.run(toUpArguments(source, options, override), {
      endpoint: context.endpoint,
      variables: source.env,
      input: toInput(source, override),
      transcript,
      signal: link.signal,
    })
    if (end.exitCode !== 0) throw await toUpError(context, { transcript, exitCode: end.exitCode, model, call })
    if (watch === undefined) return await inspectAwaited(awaited, link)
    startLimit()
    return await untilAborted(watch.untilReady(), link.signal)
  } catch (error) {
    call.signal.throwIfAborted()
    if (error !== timeout || limitMs === undefined) throw error
    throw await createReadyTimeout(awaited, limitMs, call)
  } finally {
    deadline?.clear()
    link.unlink()
    await watch?.[Symbol.asyncDispose]()
  }
}

function checkServices({ services }: ProjectModel, { jobs = [] }: ComposeUpOptions): void {
  const known = services.map(({ name }) => name)
  const index = jobs.findIndex((name) => !known.includes(name))
  const expected = `a service of the project with an active profile: ${joinWords(known, 'or')}`
  check(index < 0, `jobs[${index}]`, expected, jobs[index])
  check(known.length > 0, 'source', 'a project with at least one service', 'one without')
}

/** Adds steps that remove the images which Compose builds, unless an image has the tag before. */
async function addImageSteps({ runtime, checkBuild }: UpContext, services: readonly ServiceModel[], call: Operation) {
  const tags = services.flatMap(({ builtImage }) => (builtImage === undefined ? [] : [builtImage]))
  const exist = await Promise.all(tags.map((tag) => runtime.imageExists(tag, { signal: call.signal })))
  for (const [index, tag] of tags.entries()) {
    if (exist[index]) continue
    checkBuild(tag)
    call.undo.add('image', ({ signal }) => runtime.removeImage(tag, { signal }))
  }
}

function toUpArguments(
  source: ComposeSource,
  options: ComposeUpOptions,
  override: string | undefined,
): readonly string[] {
  const { build = false, pull = 'missing', recreate = 'changed', removeOrphans = false, services = [] } = options
  const { dependencies = true, scale = {}, graceMs } = options
  return [
    ...toSourceArguments(source),
    ...(override === undefined || source.files === undefined ? [] : ['--file', '-']),
    ...['up', '--detach'],
    ...(build ? ['--build'] : []),
    ...(pull === 'missing' ? [] : ['--pull', pull]),
    ...Object.entries(scale).flatMap(([name, count]) => ['--scale', `${name}=${count}`]),
    ...(recreate === 'changed' ? [] : [recreate === 'always' ? '--force-recreate' : '--no-recreate']),
    ...(removeOrphans ? ['--remove-orphans'] : []),
    ...(dependencies ? [] : ['--no-deps']),
    ...toGraceArguments(graceMs),
    ...(services.length === 0 ? [] : ['--', ...services]),
  ]
}

/** A text and the file that adds labels are two documents of one stream, since there is one stdin. */
function toInput({ content }: ComposeSource, override: string | undefined): string | undefined {
  return content === undefined || override === undefined ? (content ?? override) : `${content}\n---\n${override}\n`
}

/** Describes a failed `up`, by the containers where Compose only names one. */
async function toUpError(
  { runtime, endpoint }: UpContext,
  {
    transcript,
    exitCode,
    model,
    call,
  }: {
    readonly transcript: Transcript
    readonly exitCode: number | undefined
    readonly model: ProjectModel
    readonly call: Operation
  },
): Promise<Error> {
  const { failure: text, lastLines, steps } = transcript
  const { signal, subject } = call
  const dependency = findFailedDependency(text)
  const unstarted = findUnstartedCommand(text)
  if (dependency !== undefined || unstarted !== undefined) {
    const listed = await listServiceContainers(runtime, model.name, { signal })
    const containers = await inspectServiceContainers(runtime, listed, { signal })
    const failed = containers.find(({ service, container, inspection }) => {
      if (dependency === undefined) return container.exitCode === unstarted?.exitCode || container.state === 'created'
      return 'service' in dependency ? service === dependency.service : inspection.name === dependency.container
    })
    if (failed !== undefined && dependency !== undefined)
      return await createServiceError(runtime, model.name, failed, { signal })
    if (failed !== undefined && unstarted !== undefined)
      return createHostError('COMMAND_NOT_STARTED', { id: failed.container.id, ...unstarted })
  }
  const failure = { text, exitCode, lastLines, steps }
  return toEngineError(failure, { operation: 'up', subject, host: endpoint.host, model })
}

async function createReadyTimeout(awaited: AwaitedProject, timeoutMs: number, { signal }: Operation): Promise<Error> {
  const unready = await findUnready(awaited, { signal })
  const phase = unready === undefined ? 'docker-compose up' : `waiting for service "${unready.service}"`
  const lastLines = unready?.id === undefined ? [] : await readLastLines(awaited.runtime, unready.id, { signal })
  return createHostError('TIMED_OUT', { operation: 'up', phase, timeoutMs, lastLines, option: 'readyTimeoutMs' })
}

/** As long as `waitFor` of @capstan/container-tools. */
const defaultReadyMs = 60_000
