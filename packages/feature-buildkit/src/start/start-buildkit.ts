import { createHostError, createUndoStack, isHostError, withUndoFailures } from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { findTcpAddress } from '../connect/tcp-address.js'
import { ControlConnection, loadControlClient } from '../control/control-connection.js'
import { giveBack } from '../give-back.js'
import { type Lease, takeLease } from '../lease.js'
import { RunningBuildKit } from '../running-buildkit.js'
import { untilAborted } from '../until-aborted.js'
import { askBuildKit } from './ask-buildkit.js'
import { removeBelongings, toBelongings } from './belongings.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import { DaemonWatch } from './daemon-watch.js'
import { findDaemon } from './find-daemon.js'
import { makeDaemon } from './make-daemon.js'
import { placeCertificates } from './place-certificates.js'
import { type Settings, toSettings } from './settings.js'
import { untilReady } from './until-ready.js'

/**
 * Network, volumes, sidecar, lease, answer: each step is undone in reverse when a later one fails or the signal aborts;
 * the first failure survives. A sidecar that is there for the same configuration is shared, and stays while others use it.
 */
export async function startBuildKit(managers: BuildKitManagers, options: BuildKitOptions): Promise<RunningBuildKit> {
  validateBuildKitOptions(options)
  loadControlClient().catch(() => {}) // whoever needs it hears of a failure
  const { signal } = options
  const settings = toSettings(options)
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    try {
      return await tryStart(managers, settings, options)
    } catch (error) {
      if (error !== sidecarEnds) throw error
      if (attempt === mostAttempts) throw toBusyError(settings.name)
      await untilAborted(new Promise((resolve) => setTimeout(resolve, betweenMs)), signal)
    }
  }
}

async function tryStart(
  managers: BuildKitManagers,
  settings: Settings,
  { signal, onProgress, readyTimeoutMs: timeoutMs = 60_000, graceMs = 500 }: BuildKitOptions,
): Promise<RunningBuildKit> {
  const belongings = toBelongings(settings)
  const undo = createUndoStack()
  try {
    let daemon = await findDaemon(managers, settings, { signal })
    if (daemon === undefined) {
      undo.add('what was made unanswered', (own) => removeBelongings(managers, belongings, own))
      const orphanMs = timeoutMs + orphanGraceMs
      daemon = await makeDaemon(managers, settings, { belongings, undo, orphanMs, onProgress, signal })
    }
    const found = daemon
    const watch = new DaemonWatch(managers.runtime, found.id)
    undo.add('watch', () => watch.stop())
    const control = new ControlConnection(managers.execs, daemon.id)
    const steps = async (own: { readonly signal: AbortSignal }) => {
      const lease = await lend(managers, found, { ...own, graceMs })
      undo.add('lease', (undoing) => giveBack(managers, { daemon: found, watch, lease }, undoing))
      await placeCertificates(managers, found.id, { ...own, certificates: settings.tcp?.certificates })
      undo.add('connection', () => control.close())
      await askBuildKit(control, found, { ...own, timeoutMs })
      const tcpAddress = await findTcpAddress(managers, settings, { ...own, ...found })
      return { lease, tcpAddress }
    }
    const ready = await untilReady(steps, { daemon, watch, timeoutMs, onProgress, signal })
    undo.release()
    return new RunningBuildKit(managers, { daemon, watch, control, ...ready })
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

const mostAttempts = 100
const betweenMs = 50
const orphanGraceMs = 30_000
