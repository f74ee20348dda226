import { isHostError } from '@capstan/core'
import { createHostError, createUndoStack, delay, type UndoStack, withUndoFailures } from '@capstan/core/plugin'
import type { BuildKitManagers } from '../buildkit-needs.js'
import { type BuildKitOptions, validateBuildKitOptions } from '../buildkit-options.js'
import { ContainerWatch } from '../container/container-watch.js'
import { ControlConnection, loadBuildKitClient } from '../control/control-connection.js'
import { BuildKitSidecarHandle } from './buildkit-sidecar-handle.js'
import { writeCertificates } from './certificates.js'
import { findTcpAddress } from './connect-container.js'
import { createSidecar } from './create-sidecar.js'
import { findSidecar, type SidecarInstance } from './find-sidecar.js'
import { acquireLease, type Lease } from './lease.js'
import { PrivilegeLevelError, PrivilegeSelection } from './privilege-selection.js'
import { releaseLease } from './release-lease.js'
import { removeResources, toSidecarResources } from './sidecar-resources.js'
import { type SidecarSettings, toSettings } from './sidecar-settings.js'
import { runTestBuild } from './test-build.js'
import { SidecarEndedError, untilReady } from './until-ready.js'
import { waitForBuildKit } from './wait-for-buildkit.js'

/**
 * Starts a sidecar, or shares the one of the same name and configuration, and waits until BuildKit is ready. When a step fails
 * or the signal aborts, the earlier steps are undone in reverse, and the first error is reported. A shared sidecar is not stopped
 * while there are other leases.
 */
export async function startBuildKit(
  managers: BuildKitManagers,
  options: BuildKitOptions,
): Promise<BuildKitSidecarHandle> {
  const { signal, onProgress, readyTimeoutMs = defaultReadyTimeoutMs } = options
  return retryUntilReady<never>(
    managers,
    { ...options, runsTestBuild: true },
    async (settings, { undo, selection, elapsedMs }) => {
      const found = await findSidecar(managers, settings, { signal, elapsedMs })
      if (typeof found === 'object') return selection.isSkipped(found.level.privilege) ? 'skipped' : found
      if (found === 'retry') return found
      const resources = toSidecarResources(settings)
      undo.add('resources whose create request got no answer', (step) => removeResources(managers, resources, step))
      const firstLeaseTimeoutMs = readyTimeoutMs + firstLeaseMarginMs
      return createSidecar(managers, settings, { resources, undo, selection, firstLeaseTimeoutMs, onProgress, signal })
    },
  )
}

/** Shares the sidecar of the same name and configuration. Resolves with `undefined` if there is none. */
export async function findBuildKit(
  managers: BuildKitManagers,
  options: BuildKitOptions,
): Promise<BuildKitSidecarHandle | undefined> {
  const { signal } = options
  return retryUntilReady<undefined>(managers, { ...options, runsTestBuild: false }, (settings, { elapsedMs }) =>
    findSidecar(managers, settings, { signal, elapsedMs }),
  )
}

/**
 * Finds or creates a sidecar by `findOrCreate`, and makes it ready. Tries again when the sidecar is about to end, or when its
 * privilege level cannot be used. Resolves with `undefined` if `findOrCreate` does.
 */
async function retryUntilReady<Absent extends undefined>(
  managers: BuildKitManagers,
  { runsTestBuild, ...options }: BuildKitOptions & Pick<MakeReadyOptions, 'runsTestBuild'>,
  findOrCreate: (settings: SidecarSettings, round: StartRound) => Promise<SidecarInstance | Retry | Absent>,
): Promise<BuildKitSidecarHandle | Absent> {
  validateBuildKitOptions(options)
  loadBuildKitClient().catch(() => {}) // loads it early; a failure is reported when the client is used
  const { signal, readyTimeoutMs: timeoutMs = defaultReadyTimeoutMs } = options
  const settings = toSettings(options)
  const selection = new PrivilegeSelection(managers, settings, options.onProgress)
  const startedAt = performance.now()
  let replacements = 0
  for (let count = 1; ; count += 1) {
    signal?.throwIfAborted()
    const elapsedMs = performance.now() - startedAt
    const mayReplace = replacements < maxReplacements
    const result = await runRound({ undo: createUndoStack(), selection, elapsedMs, mayReplace })
    if (result === 'next-level') continue
    if (result !== 'retry' && result !== 'skipped') return result
    // The creator of a skipped sidecar may need the whole ready timeout to remove it.
    const mayWait = result === 'skipped' && performance.now() - startedAt < timeoutMs
    if (count >= maxRounds && !mayWait) throw toBusyError(settings.name)
    await delay(mayWait ? skippedRetryMs : retryMs, { signal })
  }

  async function runRound(round: StartRound): Promise<BuildKitSidecarHandle | Retry | 'next-level' | Absent> {
    const { undo } = round
    let instance: SidecarInstance | undefined
    try {
      const found = await findOrCreate(settings, round)
      if (typeof found !== 'object') {
        await undo.run()
        return found
      }
      instance = found
      const sidecar = await makeReady(managers, settings, { ...options, ...round, instance, runsTestBuild })
      options.onProgress?.({ id: 'buildkit', phase: 'ready', status: 'ready', privilege: sidecar.privilege })
      undo.clear()
      return sidecar
    } catch (error) {
      const undoFailures = await undo.run()
      if (error instanceof SidecarEndedError) {
        if (instance?.existedBeforeStart === false) replacements += 1
        return 'retry'
      }
      if (!(error instanceof PrivilegeLevelError) || instance === undefined) throw withUndoFailures(error, undoFailures)
      selection.skip(instance.level.privilege, error, undoFailures)
      return 'next-level'
    }
  }
}

/**
 * `skipped`: the existing sidecar has a privilege level that this start has excluded. Its creator excludes it, too, and removes
 * the sidecar.
 */
type Retry = 'retry' | 'skipped'

/** One round of a start, which finds or creates one sidecar. */
interface StartRound {
  readonly undo: UndoStack
  readonly selection: PrivilegeSelection
  /** The time since the first round, in milliseconds. */
  readonly elapsedMs: number
  /** See `ReadyOptions`. */
  readonly mayReplace: boolean
}

interface MakeReadyOptions extends BuildKitOptions, StartRound {
  readonly instance: SidecarInstance
  /** Whether the sidecar is only ready after a test build with one RUN. */
  readonly runsTestBuild: boolean
}

/** Acquires a lease, and waits until BuildKit answers and, with `runsTestBuild`, has built the test build. */
async function makeReady(
  managers: BuildKitManagers,
  settings: SidecarSettings,
  { instance, undo, selection, runsTestBuild, mayReplace, ...options }: MakeReadyOptions,
): Promise<BuildKitSidecarHandle> {
  const { signal, onProgress, readyTimeoutMs: timeoutMs = defaultReadyTimeoutMs, graceMs = 500 } = options
  const { execs } = managers
  const { id, level } = instance
  const watch = new ContainerWatch(managers.runtime, id)
  undo.add('watch', () => watch.stop())
  const control = new ControlConnection(execs, id)
  const prepareDaemon = async (step: { readonly signal: AbortSignal }) => {
    await writeCertificates(execs, id, { ...step, certificates: settings.tcp?.certificates })
    await waitForBuildKit(control, { ...step, socketPath: level.layout.socketPath, timeoutMs })
    if (runsTestBuild) await runTestBuild(instance, { ...step, execs, control })
  }
  const prepare = async (step: { readonly signal: AbortSignal }) => {
    undo.add('connection', () => control.close())
    const leasing = leaseSidecar(managers, instance, { ...step, graceMs, watch, undo })
    const [lease] = await Promise.all([leasing, prepareDaemon(step)])
    return { lease, tcpAddress: await findTcpAddress(managers, settings, { ...step, ...instance }) }
  }
  const ready = await untilReady(prepare, { instance, watch, timeoutMs, mayReplace, onProgress, signal })
  const levels = selection.toResults(level.privilege)
  return new BuildKitSidecarHandle(managers, { instance, watch, control, levels, ...ready })
}

/** @throws SidecarEndedError when the sidecar has ended or is about to end, and another one may succeed. */
async function leaseSidecar(
  managers: BuildKitManagers,
  instance: SidecarInstance,
  { graceMs, watch, undo, signal }: LeaseOptions,
): Promise<Lease> {
  const { id, existedBeforeStart } = instance
  let lease: Lease
  try {
    lease = await acquireLease(managers.execs, id, { graceMs, signal })
  } catch (error) {
    const isStopping = isHostError(error, 'NOT_RUNNING') && error.facts.state === 'stopping'
    throw isStopping || (existedBeforeStart && isLeaseShellGone(error)) ? new SidecarEndedError() : error
  }
  if (signal.aborted) {
    await lease.release() // the undo steps may have run already
    throw signal.reason
  }
  undo.add('lease', (step) => releaseLease(managers, { instance, watch, lease }, step))
  return lease
}

interface LeaseOptions {
  readonly graceMs: number
  readonly watch: ContainerWatch
  readonly undo: UndoStack
  readonly signal: AbortSignal
}

/**
 * Whether the sidecar has probably ended. Exit codes above 125: 126 and 127 if the shell of the lease could not be started,
 * 128 + n if it was killed by signal n.
 */
function isLeaseShellGone(error: unknown): boolean {
  if (isHostError(error, 'OPERATION_FAILED')) return (error.facts.status ?? 0) > 125
  return isHostError(error, 'NOT_RUNNING') || isHostError(error, 'CONTAINER_NOT_FOUND')
}

function toBusyError(name: string): Error {
  return createHostError('OPERATION_FAILED', {
    operation: 'start BuildKit',
    subject: `sidecar "${name}"`,
    status: undefined,
    reason: `the existing sidecar could not be used or replaced within ${maxRounds} attempts`,
    remedy: `remove the container "${name}", or call scope.sweep()`,
  })
}

const defaultReadyTimeoutMs = 60_000
/** How often a created sidecar that was stopped because no lease was held is replaced. */
const maxReplacements = 2
const maxRounds = 100
const retryMs = 50
const skippedRetryMs = 250
/** Added to the ready timeout. */
const firstLeaseMarginMs = 30_000
