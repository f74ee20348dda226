import {
  type ComposeManager,
  type ComposeSource,
  type ComposeUpOptions,
  composeManagerCapability,
  isHostError,
  type LogOptions,
  type Runtime,
  type RuntimeScope,
} from '@capstan/core'
import { ownershipLabelKeys, parseSecondsToMs, validateComposeUpOptions } from '@capstan/core/plugin'
import { type ComposeProjectOptions, findComposeSource } from '../compose/compose-source.js'
import { type ExitOptions, endsOnExit, type ServiceExit, ServiceExits } from '../compose/service-exits.js'
import { type LoggedContainer, showLogs, toLoggedContainers } from '../compose/service-logs.js'
import { CliError } from '../errors/cli-error.js'
import type { Interruption } from '../errors/interruption.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { parseSeconds } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { createOptionError } from '../options/option-error.js'
import { createComposeDisplay } from '../render/compose-display.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call } from './command.js'

/** The options of `capstan compose up`, as commander parses them. */
export interface UpCommandOptions extends ExitOptions {
  readonly detach?: boolean
  readonly build?: boolean
  readonly pull?: 'missing' | 'always' | 'never'
  readonly scale?: readonly string[]
  readonly deps: boolean
  readonly forceRecreate?: boolean
  readonly recreate: boolean
  readonly removeOrphans?: boolean
  readonly job?: readonly string[]
  readonly waitTimeout?: string
  readonly timeout?: string
  readonly logPrefix: boolean
  readonly json?: boolean
}

/** Runs `capstan compose up`: starts a project, and unless it is detached shows its logs and stops it when it is interrupted. */
export async function upProject(
  { invocation, operands, options }: Call<UpCommandOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  checkConflicts(options)
  const { exitCodeFrom } = options
  if (!options.deps && operands.length === 0) throw new CliError('--no-deps needs the names of services')
  const isLeftOut = exitCodeFrom !== undefined && operands.length > 0 && !operands.includes(exitCodeFrom)
  const services = isLeftOut ? [...operands, exitCodeFrom] : operands
  const upOptions = toUpOptions(services, options)
  validateComposeUpOptions(upOptions)
  const { graceMs } = upOptions
  const source = await findComposeSource(project, invocation.io)
  await using opened = await openRuntime(invocation, {
    requires: [composeManagerCapability],
    requiredOptions: options.build ? ['compose-manager.build'] : [],
  })
  const compose = await opened.require(composeManagerCapability)
  // A named service activates its profiles.
  const described = services.length === 0 ? source : { ...source, profiles: ['*'] }
  const exits = endsOnExit(options)
    ? new ServiceExits(options, await compose.readProject(described, invocation.interrupts))
    : undefined
  const containers = await start(compose, source, upOptions, { invocation, opened, options })
  if (options.detach) return 0
  return await showUntilEnd(opened.scope, containers, { invocation, options, graceMs, exits })
}

function checkConflicts(options: UpCommandOptions): void {
  const { abortOnContainerExit, abortOnContainerFailure, forceRecreate, recreate } = options
  if (forceRecreate && !recreate) throw new CliError('--force-recreate cannot be used with --no-recreate')
  if (!endsOnExit(options)) return
  const given =
    options.exitCodeFrom !== undefined
      ? '--exit-code-from'
      : `--abort-on-container-${abortOnContainerExit ? 'exit' : 'failure'}`
  if (options.detach) throw new CliError(`${given} cannot be used with --detach`)
  if (options.job !== undefined) throw new CliError(`${given} cannot be used with --job`)
  if (abortOnContainerExit && abortOnContainerFailure)
    throw new CliError('--abort-on-container-exit cannot be used with --abort-on-container-failure')
}

function toUpOptions(services: readonly string[], options: UpCommandOptions): ComposeUpOptions {
  const { build, pull, job: jobs, waitTimeout, timeout, scale, deps, forceRecreate, recreate, removeOrphans } = options
  const recreated = forceRecreate ? 'always' : recreate ? undefined : 'never'
  return {
    // No sweep removes what a user creates.
    labels: { [ownershipLabelKeys.lifetime]: 'persistent' },
    ...omitUndefined<ComposeUpOptions>({
      build,
      pull,
      jobs,
      removeOrphans,
      services: services.length === 0 ? undefined : services,
      dependencies: deps ? undefined : false,
      scale: scale === undefined ? undefined : Object.fromEntries(scale.map(parseScale)),
      recreate: recreated,
      until: endsOnExit(options) ? 'started' : undefined,
      graceMs: timeout === undefined ? undefined : parseSeconds(timeout, '--timeout'),
      readyTimeoutMs: waitTimeout === undefined ? undefined : parseSecondsToMs(waitTimeout, '--wait-timeout'),
    }),
  }
}

function parseScale(text: string): readonly [service: string, count: number] {
  const [, service, count] = /^([^=]+)=(\d+)$/.exec(text) ?? []
  if (service === undefined) throw createOptionError('--scale', 'a service and a number, such as web=3', text)
  return [service, Number(count)]
}

interface StartContext {
  readonly invocation: Invocation
  readonly opened: OpenedRuntime
  readonly options: UpCommandOptions
}

async function start(
  compose: ComposeManager,
  source: ComposeSource,
  upOptions: ComposeUpOptions,
  { invocation: { io, interrupts }, opened, options: { detach, json = false } }: StartContext,
): Promise<readonly LoggedContainer[]> {
  const { signal } = interrupts
  const { runtime, runtimeName } = opened.scope
  const before = toLoggedContainers(await compose.listServices(source.name, { signal }))
  const earlier = await Promise.all(before.map(async ({ id }) => [id, await toNewOutput(runtime, id, signal)] as const))
  using display = createComposeDisplay(io, { json })
  const { onProgress } = display
  const project = await compose.up(source, { ...upOptions, onProgress, signal })
  if (json && detach) {
    await writeOutput(io.stdout, toJson({ runtime: runtimeName, project }), interrupts)
  }
  const starts = new Map(earlier)
  return toLoggedContainers(project.services).map((container) => ({
    ...container,
    from: starts.get(container.id) ?? {},
  }))
}

/** Selects the output that a container, which exists already, writes from now on. */
async function toNewOutput(runtime: Runtime, id: string, signal: AbortSignal): Promise<Pick<LogOptions, LogStart>> {
  const { state } = await runtime.inspectContainer(id, { signal })
  if (state.running) return { tailLines: 0 }
  return omitUndefined({ since: state.finishedAt })
}

type LogStart = 'since' | 'tailLines'

interface ShowContext extends Omit<StartContext, 'opened'> {
  readonly graceMs: number | undefined
  /** Absent if no exit of a container ends the project. */
  readonly exits: ServiceExits | undefined
}

/**
 * Shows the logs until all containers have ended. The first interruption stops the containers, the second kills them, the third
 * ends the command. An exit that ends the project stops the other containers.
 */
async function showUntilEnd(
  scope: RuntimeScope,
  containers: readonly LoggedContainer[],
  { invocation: { io, interrupts }, options: { logPrefix, json = false }, graceMs, exits }: ShowContext,
): Promise<number> {
  const { signal } = interrupts
  let interrupted: Interruption | undefined
  const stop = async (graceful: boolean) => {
    const grace = graceful ? omitUndefined({ graceMs }) : { graceMs: 0 }
    await Promise.all(containers.map(({ id }) => scope.runtime.stopContainer(id, grace)))
  }
  using _interrupts = interrupts.handle((interruption, count) => {
    interrupted ??= interruption
    if (count > 2 || interruption.signal === 'SIGPIPE') return interrupts.abort(interruption)
    if (count === 1 && io.stderr.isTTY) io.stderr.write(stoppingText)
    stop(count === 1).catch((error: unknown) => interrupts.abort(error))
  })
  const onEnd = async ({ id, service, label }: LoggedContainer) => {
    if (exits === undefined) return
    const { exitCode, finishedAt } = await findExit(scope.runtime, id, signal)
    if (!exits.add({ service, exitCode, finishedAt }) || interrupted !== undefined) return
    if (!json) io.stderr.write(`${label} exited with code ${exitCode ?? 'unknown'}; stopping the services\n`)
    await stop(true)
  }
  await showLogs(containers, { scope, io, signal, log: { follow: true }, prefix: logPrefix, json, onEnd })
  return interrupted?.exitCode ?? exits?.exitCode ?? 0
}

/** Resolves with the exit code and the time of the exit, which are not known of a container that another program has removed. */
async function findExit(runtime: Runtime, id: string, signal: AbortSignal): Promise<Omit<ServiceExit, 'service'>> {
  try {
    return (await runtime.inspectContainer(id, { signal })).state
  } catch (error) {
    if (isHostError(error, 'CONTAINER_NOT_FOUND')) return { exitCode: undefined, finishedAt: undefined }
    throw error
  }
}

// The line feed ends the line in which the terminal has echoed ^C.
const stoppingText = '\nStopping the services; Ctrl-C again kills them\n'
