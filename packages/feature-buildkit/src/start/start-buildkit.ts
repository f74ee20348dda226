import {
  createHostError,
  createUndoStack,
  isHostError,
  type UndoStack,
  untilAborted,
  withUndoFailures,
} from '@capstan/core'
import type { BuildKitManagers } from '../buildkit-managers.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { findTcpAddress } from '../connect/tcp-address.js'
import { ControlConnection, loadControlClient } from '../control/control-connection.js'
import { giveBack } from '../give-back.js'
import { type Lease, takeLease } from '../lease.js'
import { pause } from '../pause.js'
import { RunningBuildKit } from '../running-buildkit.js'
import { askBuildKit } from './ask-buildkit.js'
import { removeBelongings, toBelongings } from './belongings.js'
import { type Daemon, sidecarEnds } from './daemon.js'
import { DaemonWatch } from './daemon-watch.js'
import { findDaemon } from './find-daemon.js'
import { Ladder, RungFailure } from './ladder.js'
import { makeDaemon } from './make-daemon.js'
import { placeCertificates } from './place-certificates.js'
import { proveRun } from './prove-run.js'
import { type Settings, toSettings } from './settings.js'
import { untilReady } from './until-ready.js'

/**
 * Network, volumes, sidecar, lease, answer: each step is undone in reverse when a later one fails or the signal aborts;
 * the first failure survives. A sidecar that is there for the same configuration is shared, and stays while others use it.
 */
export async function startBuildKit(managers: BuildKitManagers, options: BuildKitOptions): Promise<RunningBuildKit> {
  const { signal, onProgress, readyTimeoutMs } = options
  return attemptOften(managers, { ...options, mustRun: true }, async (settings, { undo, ladder, elapsedMs }) => {
    const daemon = await findDaemon(managers, settings, { signal, elapsedMs })
    if (daemon !== undefined && ladder.isPassedOver(daemon.rung)) throw passedOver
    if (daemon !== undefined) return daemon
    const belongings = toBelongings(settings)
    undo.add('what was made unanswered', (own) => removeBelongings(managers, belongings, own))
    const orphanMs = (readyTimeoutMs ?? defaultReadyTimeoutMs) + orphanGraceMs
    return makeDaemon(managers, settings, { belongings, undo, ladder, orphanMs, onProgress, signal })
  })
}

/** The one that is there for the same configuration, and nothing where there is none. */
export async function findBuildKit(
  managers: BuildKitManagers,
  options: BuildKitOptions,
): Promise<RunningBuildKit | undefined> {
  try {
    return await attemptOften(managers, { ...options, mustRun: false }, async (settings, { elapsedMs }) => {
      const daemon = await findDaemon(managers, settings, { signal: options.signal, elapsedMs })
      if (daemon === undefined) throw noneThere
      return daemon
    })
  } catch (error) {
    if (error === noneThere) return undefined
    throw error
  }
}

/** One that is found may be about to end: then it is looked for again. */
async function attemptOften(
  managers: BuildKitManagers,
  { mustRun, ...options }: BuildKitOptions & Pick<UseOptions, 'mustRun'>,
  obtain: (settings: Settings, attempt: Attempt) => Promise<Daemon>,
): Promise<RunningBuildKit> {
  validateBuildKitOptions(options)
  loadControlClient().catch(() => {}) // whoever needs it hears of a failure
  const { signal, readyTimeoutMs: timeoutMs = defaultReadyTimeoutMs } = options
  const settings = toSettings(options)
  const ladder = new Ladder(managers, settings, options.onProgress)
  const startedAt = performance.now()
  for (let attempt = 1; ; attempt += 1) {
    signal?.throwIfAborted()
    const undo = createUndoStack()
    let daemon: Daemon | undefined
    try {
      daemon = await obtain(settings, { undo, ladder, elapsedMs: performance.now() - startedAt })
      const given = { ...options, daemon, undo, ladder, mustRun, mayTryAgain: attempt < 3 }
      const running = await use(managers, settings, given)
      options.onProgress?.({ id: 'buildkit', phase: 'ready', status: 'ready', privilege: running.privilege })
      undo.release()
      return running
    } catch (error) {
      const undoFailures = await undo.run()
      if (error instanceof RungFailure && daemon !== undefined) {
        ladder.passOver(daemon.rung, error, undoFailures)
        continue
      }
      if (error !== sidecarEnds && error !== passedOver) throw withUndoFailures(error, undoFailures)
      const isPatient = error === passedOver && performance.now() - startedAt < timeoutMs
      if (attempt >= mostAttempts && !isPatient) throw toBusyError(settings.name)
      await untilAborted(pause(isPatient ? passedOverMs : betweenMs), signal)
    }
  }
}

interface Attempt {
  readonly undo: UndoStack
  readonly ladder: Ladder
  /** Since the first of them. */
  readonly elapsedMs: number
}

interface UseOptions extends BuildKitOptions {
  readonly daemon: Daemon
  readonly ladder: Ladder
  /** Whether a RUN must work. */
  readonly mustRun: boolean
  readonly undo: UndoStack
  readonly mayTryAgain: boolean
}

/** Acquires a lease, and waits until BuildKit answers and can run steps. */
async function use(
  managers: BuildKitManagers,
  settings: Settings,
  { daemon, undo, ladder, mustRun, mayTryAgain, ...options }: UseOptions,
): Promise<RunningBuildKit> {
  const { signal, onProgress, readyTimeoutMs: timeoutMs = defaultReadyTimeoutMs, graceMs = 500 } = options
  const watch = new DaemonWatch(managers.runtime, daemon.id)
  undo.add('watch', () => watch.stop())
  const control = new ControlConnection(managers.execs, daemon.id)
  const prepare = async (own: { readonly signal: AbortSignal }) => {
    await placeCertificates(managers, daemon.id, { ...own, certificates: settings.tcp?.certificates })
    await askBuildKit(control, daemon, { ...own, timeoutMs })
    if (mustRun) await proveRun(managers, daemon, own)
  }
  const steps = async (own: { readonly signal: AbortSignal }) => {
    undo.add('connection', () => control.close())
    const [lease] = await Promise.all([lend(managers, daemon, { ...own, graceMs, watch, undo }), prepare(own)])
    return { lease, tcpAddress: await findTcpAddress(managers, settings, { ...own, ...daemon }) }
  }
  const ready = await untilReady(steps, { daemon, watch, timeoutMs, mayTryAgain, onProgress, signal })
  return new RunningBuildKit(managers, { daemon, watch, control, rungs: ladder.toVerdicts(daemon.rung), ...ready })
}

/** One that was found may be about to end: then the next attempt makes a new one. One that was made has failed. */
async function lend(
  managers: BuildKitManagers,
  daemon: Daemon,
  { graceMs, watch, undo, signal }: LendOptions,
): Promise<Lease> {
  const { id, isAdopted } = daemon
  try {
    const lease = await takeLease(managers, id, { graceMs, signal })
    if (!signal.aborted) {
      undo.add('lease', (undoing) => giveBack(managers, { daemon, watch, lease }, undoing))
      return lease
    }
    await lease.release() // nobody waits for it any more, or will undo it
  } catch (error) {
    throw isClosed(error) || (isAdopted && isEnding(error)) ? sidecarEnds : error
  }
  throw signal.reason
}

interface LendOptions {
  readonly graceMs: number
  readonly watch: DaemonWatch
  readonly undo: UndoStack
  readonly signal: AbortSignal
}

/** By others, who found it, used it and left. */
function isClosed(error: unknown): boolean {
  return isHostError(error, 'NOT_RUNNING') && error.facts.state === 'stopping'
}

/** Also a shell that was not started, or killed: it could be, when others took their leases. */
function isEnding(error: unknown): boolean {
  if (isHostError(error, 'OPERATION_FAILED')) return (error.facts.status ?? 0) > 125
  return isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
}

function toBusyError(name: string): Error {
  return createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `sidecar "${name}"`,
    status: undefined,
    reason: 'the existing sidecar does not answer and does not end; remove it, or run a sweep',
  })
}

/** The sidecar that was found is on a rung on which no RUN works. Its maker removes it after the same test. */
const passedOver = new Error('the sidecar that was found cannot run steps')
const noneThere = new Error('there is no sidecar of this configuration')
const defaultReadyTimeoutMs = 60_000
const mostAttempts = 100
const betweenMs = 50
const passedOverMs = 250
const orphanGraceMs = 30_000
