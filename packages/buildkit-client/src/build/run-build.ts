import { randomBytes } from 'node:crypto'
import { type ImageTransfer, isHostError, type OperationOptions } from '@capstan/core'
import {
  createHostError,
  createUndoStack,
  delay,
  linkSignals,
  type StringMap,
  withUndoFailures,
} from '@capstan/core/plugin'
import type { BuildKitClient } from '../control/buildkit-client.js'
import { openSession, type SessionServices } from '../session/session.js'
import { type BuildCaches, readBuildCaches, tagLocalCaches } from './build-caches.js'
import { FailureLog } from './build-failure.js'
import type { BuildProgressEvent } from './build-progress-event.js'
import { type BuildRequest, validateBuildRequest } from './build-request.js'
import { type BuildResult, findImageId, type RuntimeImages, toMetadata } from './build-result.js'
import { type BuildSources, readBuildSources } from './build-sources.js'
import type { BuildEventListener } from './buildkit-build.js'
import { createOutputReceiver, type DeliveryOptions, destroyArchive, endArchive } from './deliver-output.js'
import { Redactor, toSecret } from './redactor.js'
import { type BuildKitKind, toSolveRequest } from './solve-request.js'
import { StatusEvents } from './status-events.js'
import { TransferProgress } from './transfer-progress.js'
import { UndoExport } from './undo-export.js'

/** Options of {@link runBuild}. */
export interface RunBuildOptions extends OperationOptions {
  /** Whether the client is connected to the BuildKit of an engine (`BuildService`) or to a daemon of its own. */
  readonly kind: BuildKitKind
  /** Loads the image of the output `load`. Required for a daemon. */
  readonly images?: ImageTransfer | undefined
  /**
   * Has the image of the output `load` after the build. Without it, the result of a daemon has the id of the configuration, and an
   * engine may keep the image of a build that is aborted while the image is exported.
   */
  readonly runtime?: RuntimeImages | undefined
  readonly onEvents: BuildEventListener
  /** Labels that a runtime gives its images. Those of the request have precedence. Default: none. */
  readonly runtimeLabels?: StringMap
}

/**
 * Runs one build. The daemon keeps nothing of it but its cache, and the image if that is the output.
 *
 * @throws HostError BUILD_FAILED when the build fails, CONNECTION_LOST when the connection ends, INVALID_ARGUMENT for the request
 * and its contexts, before the build, PROTOCOL_ERROR for an invalid response, and errors of the files, the output and the local
 * caches, such as a file that changes during the build.
 */
export async function runBuild(
  client: BuildKitClient,
  request: BuildRequest,
  { signal, ...options }: RunBuildOptions,
): Promise<BuildResult> {
  validateBuildRequest(request)
  const linked = linkSignals([signal])
  try {
    linked.signal.throwIfAborted()
    const sources = await readBuildSources(request, { signal: linked.signal })
    const caches = await readBuildCaches(request)
    const result = await build(client, request, { ...options, ...sources, caches, signal: linked.signal })
    await endArchive(request.output)
    return result
  } catch (error) {
    destroyArchive(request.output)
    linked.signal.throwIfAborted() // an abort makes the build fail: report its reason, not that failure
    throw error
  } finally {
    linked.unlink()
  }
}

interface BuildRun extends Omit<RunBuildOptions, 'signal'>, BuildSources {
  readonly caches: BuildCaches
  readonly signal: AbortSignal
}

async function build(client: BuildKitClient, request: BuildRequest, run: BuildRun): Promise<BuildResult> {
  const { caches, kind, onEvents, runtime, runtimeLabels, signal } = run
  const redactor = new Redactor(request)
  const failure = new FailureLog()
  const { output } = request
  const undo =
    kind === 'engine' && output.type === 'load' && runtime !== undefined
      ? await UndoExport.create(runtime, output.tags, { signal })
      : undefined
  const emit = (events: readonly BuildProgressEvent[]) => {
    const redacted = events.map((event) => redactor.redactEvent(event))
    failure.push(redacted)
    undo?.push(redacted)
    onEvents(redacted)
  }
  emit(caches.warnings.map(toWarning))
  using transfer = new TransferProgress({ id: 'context', onEvents })
  transfer.totalBytes = run.totalBytes
  let loaded: readonly string[] = []
  const onLoad = (references: readonly string[]) => {
    loaded = references
  }
  const services = toServices(request, run, { redactor, transfer, onLoad })
  await using session = await openSession(client, services, { sharedKey: run.sharedKey, signal })
  let isSessionLost = false
  session.ended.then(() => {
    isSessionLost = true
  })
  const ref = randomBytes(16).toString('hex')
  const labeled = { ...request, labels: { ...runtimeLabels, ...request.labels } }
  const solving = client.solve(toSolveRequest(labeled, { ref, session: session.id, kind, caches }), { signal })
  // The export of an image has to be followed after an abort as well.
  const following = followStatus(client, { ref, emit, signal: undo === undefined ? signal : undefined })
  /** Returns why BuildKit has rejected the build. */
  const toBuildError = async (error: unknown): Promise<unknown> => {
    if (signal.aborted) return signal.reason
    await following.finish()
    // The failure of this side is the reason why BuildKit reports an error.
    if (session.failure !== undefined) return session.failure
    if (!isHostError(error, 'OPERATION_FAILED')) return error
    // Without the session BuildKit reports files and secrets as missing.
    if (isSessionLost)
      return createHostError('CONNECTION_LOST', { endpoint: error.facts.subject, lastTimestamp: undefined })
    return failure.toError(error.cause, redactor)
  }
  try {
    const { ExporterResponse } = await solving.catch(async (error: unknown) => {
      throw await toBuildError(error)
    })
    await following.finish()
    emit((await tagLocalCaches(caches, ExporterResponse)).map(toWarning))
    const metadata = toMetadata(ExporterResponse)
    const imageId = await findLoadedId({ kind, runtime, request, metadata, loaded, signal })
    return { ...toResult(metadata), builder: kind === 'engine' ? 'build-service' : 'sidecar', ref, imageId }
  } catch (error) {
    if (signal.aborted && undo !== undefined) throw await undoExport(undo, { following, reason: signal.reason })
    await following.finish()
    throw error
  }
}

function toWarning(message: string): BuildProgressEvent {
  return { type: 'warning', stepId: '', message }
}

/** Undoes the export when it has ended. Returns the reason of the abort, with the failures of the undo. */
async function undoExport(
  undo: UndoExport,
  { following, reason }: { readonly following: FollowedStatus; readonly reason: unknown },
): Promise<unknown> {
  const stack = createUndoStack()
  stack.add('the export of the image', async (own) => {
    await following.ended
    await undo.run(own)
  })
  const failures = await stack.run()
  await following.finish()
  return withUndoFailures(reason, failures)
}

function toServices(
  request: BuildRequest,
  run: BuildRun,
  { redactor, transfer, onLoad }: Pick<DeliveryOptions, 'onLoad'> & BuildObservers,
): SessionServices {
  const { kind, images, onEvents, signal } = run
  const { secrets = {}, ssh, credentials = {}, output } = request
  const sending = new Set<string>()
  const receiver = createOutputReceiver(output, { kind, images, onEvents, onLoad, signal })
  return {
    sources: run.sources,
    secrets,
    credentials: async (host) => {
      const name = dockerHubHosts.has(host) ? 'docker.io' : host
      if (typeof credentials !== 'function') return Object.hasOwn(credentials, name) ? credentials[name] : undefined
      const found = await credentials(name)
      if (found !== undefined) redactor.add([toSecret(found)])
      return found
    },
    ...(ssh && { ssh }),
    ...(receiver && { output: receiver }),
    stores: run.caches.stores,
    onTransfer: (source, bytes) => {
      sending.add(source)
      transfer.add(bytes)
    },
    onTransferEnd: (source) => {
      if (sending.delete(source) && sending.size === 0) transfer.finish()
    },
  }
}

interface BuildObservers {
  readonly redactor: Redactor
  readonly transfer: TransferProgress
}

/** Emits the progress of a build until it ends. */
function followStatus(
  client: BuildKitClient,
  { ref, emit, signal }: OperationOptions & { readonly ref: string; readonly emit: BuildEventListener },
): FollowedStatus {
  const canceling = linkSignals([signal])
  let hasAnswered = false
  const read = async () => {
    const events = new StatusEvents()
    for await (const response of client.status(ref, { signal: canceling.signal })) {
      hasAnswered = true
      emit(events.push(response))
    }
  }
  // The progress is lost if this call fails. The result of the build is that of the other call.
  const reading = read().catch(() => {})
  const end = async () => {
    // A build that fails before it begins has no status, and this call would wait for it for some seconds.
    const limitMs = hasAnswered ? statusMs : firstStatusMs
    await Promise.race([reading, delay(limitMs, { ref: false })])
    canceling.abort(new Error('the build has ended'))
    canceling.unlink()
    await reading
  }
  let ending: Promise<void> | undefined
  const finish = () => {
    ending ??= end()
    return ending
  }
  return { ended: reading, finish }
}

interface FollowedStatus {
  /** Resolves when BuildKit has ended the build, or does not know it, or when the call for the progress has failed. */
  readonly ended: Promise<void>
  /** Resolves when the last events have been emitted, or after some seconds. Later calls have no effect. */
  finish(): Promise<void>
}

interface LoadedImage extends Pick<RunBuildOptions, 'kind' | 'runtime'> {
  readonly request: BuildRequest
  readonly metadata: BuildResult['metadata']
  /** The references of the image that was loaded into the runtime, or its id if it has none. */
  readonly loaded: readonly string[]
  readonly signal: AbortSignal
}

/**
 * An engine reports its own id of the image as the digest. Otherwise the runtime is asked: an engine with containerd's image store
 * identifies an image by the digest of its manifest or index, and Podman, which identifies it by the configuration, can list a
 * short tag with the registry `localhost`.
 */
async function findLoadedId({
  kind,
  runtime,
  request,
  metadata,
  loaded,
  signal,
}: LoadedImage): Promise<string | undefined> {
  const { output } = request
  const { digest, configDigest } = readDigests(metadata)
  if (output.type !== 'load') return configDigest
  if (kind === 'engine') return digest ?? configDigest
  if (output.tags.length === 0) return loaded[0] ?? configDigest
  return (runtime && (await findImageId(runtime, output.tags[0], { signal }))) ?? configDigest
}

function toResult(metadata: BuildResult['metadata']): Pick<BuildResult, 'digest' | 'metadata' | 'unsupportedFeatures'> {
  return { digest: readDigests(metadata).digest, metadata, unsupportedFeatures: [] }
}

function readDigests(metadata: BuildResult['metadata']) {
  const read = (key: string) => (typeof metadata[key] === 'string' ? metadata[key] : undefined)
  return { digest: read('containerimage.digest'), configDigest: read('containerimage.config.digest') }
}

/** The names of Docker Hub in BuildKit's requests for credentials. */
const dockerHubHosts: ReadonlySet<string> = new Set(['registry-1.docker.io', 'index.docker.io', 'docker.io'])
/** BuildKit sends the last events of a build after its result. */
const statusMs = 3000
const firstStatusMs = 250
