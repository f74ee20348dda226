import type { ContextEntry } from '@capstan/build-context'
import type { ExecProcess } from '@capstan/core'
import { delay, type LinkedSignal, linkSignals, untilAborted } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import type { ContainerWatch } from '../container/container-watch.js'
import { startExec } from '../container/exec.js'
import { toEnvironmentInput, toStdinBoundCommand } from '../container/stdin-bound-command.js'
import { toBuildCommand } from './build-command.js'
import { openBuildDirectory } from './build-directory.js'
import { createConnectionLostError } from './build-failure.js'
import { type BuildPlan, planBuild, writeBuildFiles } from './build-files.js'
import { type BuildRequest, validateBuildRequest } from './build-request.js'
import { type BuildResult, readBuildResult } from './build-result.js'
import type { BuildEventListener } from './buildkit-build.js'
import { readContextFiles } from './context-files.js'
import { deliverOutput, destroyArchive, endArchive } from './deliver-output.js'
import { followBuild } from './follow-build.js'
import { Redactor } from './redactor.js'
import { requireImageTransfer } from './require-image-transfer.js'

export interface RunBuildOptions {
  readonly containerId: string
  /** The state directory of the daemon. */
  readonly stateDirectory: string
  readonly watch: ContainerWatch
  readonly signals: readonly (AbortSignal | undefined)[]
  readonly onEvents: BuildEventListener
}

/**
 * Runs one build with the sidecar's own `buildctl`, so that client and daemon have the same version. Removes everything that
 * the build has written in the sidecar, except the cache and the record of file times.
 */
export async function runBuild(
  managers: BuildKitManagers,
  request: BuildRequest,
  { signals, ...options }: RunBuildOptions,
): Promise<BuildResult> {
  validateBuildRequest(request)
  requireImageTransfer(managers, request.output)
  const linked = linkSignals(signals)
  const { signal } = linked
  try {
    signal.throwIfAborted()
    const result = await Promise.race([
      buildInDirectory(managers, request, { ...options, linked }),
      rejectWhenSidecarEnds(options),
    ])
    await endArchive(request.output)
    return result
  } catch (error) {
    destroyArchive(request.output)
    signal.throwIfAborted() // an abort makes the build fail: report its reason, not that failure
    throw error
  } finally {
    linked.unlink()
  }
}

/** Aborts the build when its directory is removed early. */
async function buildInDirectory(
  managers: BuildKitManagers,
  request: BuildRequest,
  { linked, ...options }: Omit<RunBuildOptions, 'signals'> & { readonly linked: LinkedSignal },
): Promise<BuildResult> {
  const { signal } = linked
  const files = await readContextFiles(request, { signal })
  const plan = planBuild(request)
  const { containerId, stateDirectory } = options
  const { list } = files
  const opening = { path: plan.directory, stateDirectory, list, onRemovedEarly: linked.abort }
  const directory = await openBuildDirectory({ execs: managers.execs, containerId, signal }, opening)
  try {
    const entries = files.toEntries(directory.changedTimes)
    return await build(managers, request, { ...options, signal, plan, entries })
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
  { containerId, signal, plan: { env, secretEnvironment, ...paths }, entries, ...options }: BuildRun,
): Promise<BuildResult> {
  const { execs, images } = managers
  const { onEvents } = options
  await writeBuildFiles({ execs, containerId, signal, entries, onEvents }, request, paths)
  const command = toStdinBoundCommand(toBuildCommand(request, paths))
  await using process = await startExec(execs, containerId, { command, env, signal })
  process.stdin.write(toEnvironmentInput(secretEnvironment))
  const { output } = request
  const delivery = deliverOutput(images, process.stdout, { output, onEvents, signal })
  const following = followBuild(process, { ...options, containerId, delivery, redactor: new Redactor(request) })
  try {
    await untilAborted(following, signal)
  } catch (error) {
    await stop(process)
    throw error
  }
  return readBuildResult(managers, containerId, { output, path: paths.metadataFile, signal })
}

async function rejectWhenSidecarEnds({ watch, containerId }: Omit<RunBuildOptions, 'signals'>): Promise<never> {
  await watch.ended
  throw createConnectionLostError(containerId)
}

/** Ends the stdin of the build, which terminates it, and waits a limited time for its end. */
async function stop({ stdin, exitCode }: ExecProcess): Promise<void> {
  stdin.end()
  await Promise.race([exitCode.catch(() => {}), delay(stopMs, { ref: false })])
}

const stopMs = 5000
