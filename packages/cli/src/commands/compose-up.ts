import {
  type ComposeManager,
  type ComposeSource,
  type ComposeUpOptions,
  composeManagerCapability,
  type LogOptions,
  type Runtime,
  type RuntimeScope,
} from '@capstan/core'
import { ownershipLabelKeys, validateComposeUpOptions } from '@capstan/core/plugin'
import { type ComposeProjectOptions, findComposeSource } from '../compose/compose-source.js'
import { type LoggedContainer, showLogs, toLoggedContainers } from '../compose/service-logs.js'
import type { Interruption } from '../errors/interruption.js'
import type { Invocation } from '../host/invocation.js'
import { type OpenedRuntime, openRuntime } from '../host/open-host.js'
import { parseSeconds } from '../options/numbers.js'
import { omitUndefined } from '../options/omit-undefined.js'
import { createComposeDisplay } from '../render/compose-display.js'
import { toJson, writeOutput } from '../render/write-output.js'
import type { Call } from './command.js'

/** The options of `capstan compose up`, as commander parses them. */
export interface UpCommandOptions {
  readonly detach?: boolean
  readonly build?: boolean
  readonly pull?: 'missing' | 'never'
  readonly job?: readonly string[]
  readonly waitTimeout?: string
  readonly timeout?: string
  readonly logPrefix: boolean
  readonly json?: boolean
}

/** Runs `capstan compose up`: starts a project, and unless it is detached shows its logs and stops it when it is interrupted. */
export async function upProject(
  { invocation, operands: services, options }: Call<UpCommandOptions>,
  project: ComposeProjectOptions,
): Promise<number> {
  const upOptions = toUpOptions(services, options)
  validateComposeUpOptions(upOptions)
  const graceMs = options.timeout === undefined ? undefined : parseSeconds(options.timeout, '--timeout')
  const source = await findComposeSource(project, invocation.io)
  await using opened = await openRuntime(invocation, {
    requires: [composeManagerCapability],
    requiredOptions: options.build ? ['compose-manager.build'] : [],
  })
  const compose = await opened.require(composeManagerCapability)
  const containers = await start(compose, source, upOptions, { invocation, opened, options })
  if (options.detach) return 0
  return await showUntilEnd(opened.scope, containers, { invocation, options, graceMs })
}

function toUpOptions(services: readonly string[], options: UpCommandOptions): ComposeUpOptions {
  const { build, pull, job: jobs, waitTimeout } = options
  return {
    // No sweep removes what a user creates.
    labels: { [ownershipLabelKeys.lifetime]: 'persistent' },
    ...omitUndefined<ComposeUpOptions>({
      build,
      pull,
      jobs,
      services: services.length === 0 ? undefined : services,
      readyTimeoutMs: waitTimeout === undefined ? undefined : parseSeconds(waitTimeout, '--wait-timeout'),
    }),
  }
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
}

/**
 * Shows the logs until all containers have ended. The first interruption stops the containers, the second kills them, the third
 * ends the command.
 */
async function showUntilEnd(
  scope: RuntimeScope,
  containers: readonly LoggedContainer[],
  { invocation: { io, interrupts }, options: { logPrefix, json = false }, graceMs }: ShowContext,
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
  await showLogs(containers, { scope, io, signal, log: { follow: true }, prefix: logPrefix, json })
  return interrupted?.exitCode ?? 0
}

// The line feed ends the line in which the terminal has echoed ^C.
const stoppingText = '\nStopping the services; Ctrl-C again kills them\n'
