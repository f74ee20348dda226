import { createHostError, createUndoStack, isHostError, withUndoFailures } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { type Lease, takeLease } from '../lease.js'
import { RunningBuildKit } from '../running-buildkit.js'
import { askBuildKit } from './ask-buildkit.js'
import { DaemonWatch } from './daemon-watch.js'
import { markSettings, removeMarked } from './remove-marked.js'
import { type Settings, toSettings } from './settings.js'
import { areStillThere, ensureNetwork, ensureVolume, listVolumes, sidecarEnds } from './shared-objects.js'
import { type Daemon, startDaemon } from './start-daemon.js'
import { takeBack } from './take-back.js'
import { untilReady } from './until-ready.js'

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
  const settings = markSettings(unmarked)
  const undo = createUndoStack()
  undo.add('what was made unanswered', (own) => removeMarked(managers, settings, own))
  try {
    const networkId = await ensureNetwork(managers, settings, { undo, signal })
    for (const name of listVolumes(managers, settings)) await ensureVolume(managers, name, { undo, signal, settings })
    const orphanMs = timeoutMs + orphanGraceMs
    // The undoing of a volume that an engine made by itself comes after that of the sidecar.
    const rest = createUndoStack()
    undo.add('volumes', () => rest.run())
    const daemon = await startDaemon(managers, settings, { undo, signal, networkId, orphanMs, onProgress })
    if (!daemon.isAdopted) undo.add('sidecar', (own) => takeBack(managers, daemon.id, own))
    const watch = new DaemonWatch(managers.runtime, daemon.id)
    undo.add('watch', () => watch.stop())
    const steps = async (own: { readonly signal: AbortSignal }) => {
      const lease = await lend(managers, daemon, { ...own, graceMs })
      undo.add('lease', () => lease.release())
      if (!(await areStillThere(managers, settings, { ...own, undo: rest }))) throw sidecarEnds
      await askBuildKit(managers, daemon.id, { ...own, timeoutMs })
      return lease
    }
    const lease = await untilReady(steps, { daemon, watch, timeoutMs, onProgress, signal })
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
  { graceMs, signal }: { readonly graceMs: number; readonly signal: AbortSignal },
): Promise<Lease> {
  try {
    const lease = await takeLease(managers, id, { graceMs, signal })
    if (!signal.aborted) return lease
    await lease.release() // nobody waits for it any more, or will undo it
  } catch (error) {
    if (isAdopted && isEnding(error)) throw sidecarEnds
    throw error
  }
  throw signal.reason
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

const mostAttempts = 50
const betweenMs = 100
const orphanGraceMs = 30_000
