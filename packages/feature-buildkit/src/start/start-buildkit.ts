import { createHostError, createUndoStack, isHostError, type OperationOptions, withUndoFailures } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { type Lease, takeLease } from '../lease.js'
import { RunningBuildKit } from '../running-buildkit.js'
import { awaitReady, toEndedError } from './await-ready.js'
import { DaemonWatch } from './daemon-watch.js'
import { markSettings, removeMarked } from './remove-marked.js'
import { type Settings, toSettings } from './settings.js'
import { areStillThere, ensureNetwork, ensureVolume, sidecarEnds } from './shared-objects.js'
import { type Daemon, startDaemon } from './start-daemon.js'

/**
 * Network, volumes, sidecar, lease, answer: each step is undone in reverse when a later one fails or the signal aborts;
 * the first failure survives. What is there for the same configuration is shared, and stays while others use it.
 */
export async function startBuildKit(managers: BuildKitManagers, options: BuildKitOptions): Promise<RunningBuildKit> {
  validateBuildKitOptions(options)
  const { signal } = options
  const settings = toSettings(options)
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    try {
      return await tryStart(managers, settings, options)
    } catch (error) {
      if (error !== sidecarEnds) throw error
      if (attempt === mostAttempts) throw toBusyError(settings.name)
      await new Promise((resolve) => setTimeout(resolve, betweenMs))
    }
  }
}

async function tryStart(
  managers: BuildKitManagers,
  unmarked: Settings,
  { signal, onProgress, readyTimeoutMs: timeoutMs = 60_000, graceMs = 500 }: BuildKitOptions,
): Promise<RunningBuildKit> {
  const { runtime, volumes } = managers
  const settings = markSettings(unmarked)
  const undo = createUndoStack()
  undo.add('what was made unanswered', (own) => removeMarked(managers, settings, own))
  try {
    const networkId = await ensureNetwork(managers, settings, { undo, signal })
    if (volumes !== undefined) {
      for (const name of [settings.stateVolume, settings.socketVolume])
        await ensureVolume(volumes, name, { undo, signal, settings })
    }
    const orphanMs = timeoutMs + orphanGraceMs
    // The undoing of a volume that an engine made by itself comes after that of the sidecar.
    const rest = createUndoStack()
    undo.add('volumes', () => rest.run())
    const daemon = await startDaemon(managers, settings, { undo, signal, networkId, orphanMs, onProgress })
    if (!daemon.isAdopted) undo.add('sidecar', (own) => runtime.removeContainer(daemon.id, own))
    const watch = new DaemonWatch(runtime, daemon.id)
    undo.add('watch', () => watch.stop())
    const lease = await lend(managers, daemon, { watch, graceMs, signal })
    undo.add('lease', () => lease.release())
    if (!(await areStillThere(managers, settings, { undo: rest, signal }))) throw sidecarEnds
    await awaitReady(managers, daemon.id, { watch, timeoutMs, onProgress, signal })
    undo.release()
    return new RunningBuildKit(managers, { settings, daemon, networkId, lease, watch })
  } catch (error) {
    throw withUndoFailures(error, await undo.run())
  }
}

/** One that was found may be about to end: then the next attempt makes a new one. One that was made has failed. */
async function lend(
  managers: BuildKitManagers,
  { id, isAdopted }: Daemon,
  { watch, graceMs, signal }: LendOptions,
): Promise<Lease> {
  try {
    return await takeLease(managers, id, { graceMs, signal })
  } catch (error) {
    signal?.throwIfAborted()
    if (isAdopted && isEnding(error)) throw sidecarEnds
    if (!(await watch.hasEnded())) throw error
    throw isAdopted ? sidecarEnds : await toEndedError(watch, id)
  }
}

function isEnding(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
}

function toBusyError(name: string): Error {
  return createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `sidecar "${name}"`,
    status: undefined,
    reason: 'the one that is there neither serves nor makes way: remove it, or sweep',
  })
}

interface LendOptions extends OperationOptions {
  readonly watch: DaemonWatch
  readonly graceMs: number
}

const mostAttempts = 50
const betweenMs = 100
const orphanGraceMs = 30_000
