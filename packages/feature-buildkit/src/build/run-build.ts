import type { ContextEntry } from '@capstan/build-context'
import { type ExecProcess, type LinkedSignal, linkSignals, untilAborted } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { openSession } from '../open-session.js'
import { timeLimit } from '../pause.js'
import { toLeashedCommand, toLeashInput } from '../scripts.js'
import type { DaemonWatch } from '../start/daemon-watch.js'
import { toBuildCommand } from './build-command.js'
import { openBuildDirectory } from './build-directory.js'
import { type BuildRequest, validateBuildRequest } from './build-request.js'
import { readResult } from './build-result.js'
import type { BuildResult, EventSink } from './buildkit-build.js'
import { readContextFiles } from './context-files.js'
import { breakArchive, deliverOutput, endArchive } from './deliver-output.js'
import { createLostError, followBuild } from './follow-build.js'
import { type BuildPlan, placeFiles, planPlaces } from './place-files.js'
import { Redactor } from './redactor.js'
import { requireTransfer } from './required-transfer.js'

export interface RunBuildOptions {
  /** Of the sidecar. */
  readonly id: string
  /** Of the daemon. */
  readonly stateDirectory: string
  readonly watch: DaemonWatch
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly onEvents: EventSink
}

/** One build in the sidecar, by its own `buildctl`: client and daemon are of one version. Nothing of it stays there. */
export async function runBuild(
  managers: BuildKitManagers,
  request: BuildRequest,
  { signals, ...options }: RunBuildOptions,
): Promise<BuildResult> {
  validateBuildRequest(request)
  requireTransfer(managers, request.output)
  const linked = linkSignals(signals)
  const { signal } = linked
  try {
    signal.throwIfAborted()
    const result = await Promise.race([buildInDirectory(managers, request, { ...options, linked }), failAtEnd(options)])
    await endArchive(request.output)
    return result
  } catch (error) {
    breakArchive(request.output)
    signal.throwIfAborted() // an aborted build also fails
    throw error
  } finally {
    linked.unlink()
  }
}

/** Aborts the build when its directory is lost. */
async function buildInDirectory(
  managers: BuildKitManagers,
  request: BuildRequest,
  { linked, ...options }: Omit<RunBuildOptions, 'signals'> & { readonly linked: LinkedSignal },
): Promise<BuildResult> {
  const { signal } = linked
  const files = await readContextFiles(request, { signal })
  const plan = planPlaces(request)
  const place = { path: plan.directory, stateDirectory: options.stateDirectory, list: files.list }
  const directory = await openBuildDirectory({ execs: managers.execs, id: options.id, signal }, place)
  directory.lost.catch((error: unknown) => linked.abort(error))
  try {
    return await build(managers, request, { ...options, signal, plan, entries: files.toEntries(directory.seconds) })
  } finally {
    await directory.release()
  }
}

interface BuildRun extends Omit<RunBuildOptions, 'signals'> {
  readonly signal: AbortSignal
  readonly plan: BuildPlan
  readonly entries: readonly ContextEntry[]
}

async function build(
  managers: BuildKitManagers,
  request: BuildRequest,
  { id, signal, plan: { env, secretValues, ...places }, entries, ...options }: BuildRun,
): Promise<BuildResult> {
  const { execs } = managers
  await placeFiles({ execs, id, signal, entries, onEvents: options.onEvents }, request, places)
  const command = toLeashedCommand(toBuildCommand(request, places))
  await using process = await openSession(execs, id, { command, env, signal })
  process.stdin.write(toLeashInput(secretValues))
  const { onEvents } = options
  const delivery = deliverOutput(managers, process.stdout, { output: request.output, onEvents, signal })
  const following = followBuild(process, { ...options, id, delivery, redactor: new Redactor(request) })
  try {
    await untilAborted(following, signal)
  } catch (error) {
    await stop(process)
    throw error
  }
  return readResult(managers, id, { path: places.metadata, signal })
}

async function failAtEnd({ watch, id }: Pick<RunBuildOptions, 'watch' | 'id'>): Promise<never> {
  await watch.ended
  throw createLostError(id)
}

/** The end of its stdin ends a build; it is waited for a while, so that nothing of it goes on. */
async function stop({ stdin, exitCode }: ExecProcess): Promise<void> {
  stdin.end()
  await Promise.race([exitCode.catch(() => {}), timeLimit(stopMs)])
}

const stopMs = 5000
