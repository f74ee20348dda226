import { createServer, type Http2Server, type Http2ServerRequest, type Http2Session } from 'node:http2'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { timestampFromDate } from '@bufbuild/protobuf/wkt'
import type { BuildSessionHeaders } from '@capstan/core'
import {
  Code,
  ConnectError,
  createContextKey,
  createContextValues,
  type HandlerContext,
  type ServiceImpl,
} from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { Control, type SolveRequest } from '../../src/generated/control_pb.js'
import { BuildHistory } from './daemon/build-history.js'
import { BuildProgress } from './daemon/build-progress.js'
import { DaemonSession, type HealthChecks, type SessionHeaders } from './daemon/daemon-session.js'
import { exporters, type ImageStore } from './daemon/export-build.js'
import { type FakeTransfer, LocalSources } from './daemon/local-sources.js'
import {
  type BuildPhase,
  type BuildWorker,
  findExporter,
  type RegistryImage,
  solveBuild,
} from './daemon/solve-build.js'
import { SolveError, toAnswer } from './daemon/solve-error.js'
import { readFixture } from './read-fixture.js'
import { createStreamPair } from './stream-pair.js'

/** What happens when a build reaches a phase. The phase `export` is reached by each chunk of an output. */
export interface DaemonFault {
  readonly at: BuildPhase
  /**
   * `cut` ends the connection, `garble` sends bytes that are not HTTP/2, `hang` lets the call wait until the client cancels it, or
   * until `until` resolves, and `wait` until `until` resolves, also when the client cancels the call.
   */
  readonly kind: 'cut' | 'garble' | 'hang' | 'wait'
  readonly until?: Promise<unknown>
  /** Called when a build reaches the phase. */
  readonly onReached?: () => void
}

/** Options and faults of a fake daemon. */
export interface FakeDaemonOptions {
  /** Calls that are not implemented, as in an older BuildKit. */
  readonly without?: readonly (keyof ServiceImpl<typeof Control>)[]
  /** Where images are stored: `none` for a daemon of its own (default), else in an engine. */
  readonly store?: ImageStore
  readonly faults?: readonly DaemonFault[]
  /** Additional entries of the response to `Solve`. Default: none. */
  readonly response?: Readonly<Record<string, string>>
  /** Default: every 5 s, with 15 s to answer, as the daemon does. */
  readonly health?: HealthChecks
  /** How long a build waits for its session. Default 10 s. */
  readonly sessionTimeoutMs?: number
  /** The images that can be pulled, by their names with registry and tag. Default: none. */
  readonly images?: Readonly<Record<string, RegistryImage>>
  /** Whether pushes succeed. Default: there is no registry. */
  readonly acceptsPushes?: boolean
  /** The entitlements that builds may have. Default: none. */
  readonly entitlements?: readonly string[]
  /** Returns the error of the container runtime if no container can be started. */
  readonly findRunError?: () => string | undefined
  /** Reads a recording by its file name. */
  readonly read?: (name: string) => Uint8Array
  /** Called after each transfer of local files. */
  readonly onTransfer?: (transfer: FakeTransfer) => void
}

/** Serves one connection with a daemon of its own. */
export function serveDaemon(stream: Duplex, options: FakeDaemonOptions = {}): void {
  new FakeDaemon(options).serve(stream)
}

/**
 * A working fake of a BuildKit daemon: real gRPC with the control service, sessions and builds of the frontend `dockerfile.v0`.
 * Its containers run only the commands of `run-command.ts`, it reaches no network, and it can fail in ways that a real daemon
 * cannot be told to. Workers and cache records are recordings of BuildKit v0.32.2.
 *
 * All connections share the cache, the local sources and the history.
 */
export class FakeDaemon {
  /** The finished transfers of local files, in order. */
  readonly transfers: FakeTransfer[] = []
  readonly #options: FakeDaemonOptions
  readonly #server: Http2Server
  readonly #streams = new Map<Http2Session, Duplex>()
  readonly #sessions = new Map<string, DaemonSession>()
  readonly #builds = new Map<string, BuildProgress>()
  readonly #history = new BuildHistory()
  readonly #worker: BuildWorker
  readonly #wakers = new Set<() => void>()
  #records: readonly RecordedUsage[]

  constructor(options: FakeDaemonOptions = {}) {
    this.#options = options
    this.#records = this.#parse('du.json')
    const { store = 'none', images = {}, acceptsPushes = false, findRunError = () => undefined } = options
    const platform = this.#findWorker().platforms.map(({ os, architecture }) => `${os}/${architecture}`)[0] ?? ''
    const onTransfer = (transfer: FakeTransfer) => this.#addTransfer(transfer)
    const shared = { cache: new Map(), sources: new LocalSources() }
    this.#worker = { store, platform, images, acceptsPushes, findRunError, onTransfer, ...shared }
    const service = this.#createService()
    for (const name of options.without ?? []) delete service[name]
    const adapter = connectNodeAdapter({
      grpc: true,
      connect: false,
      grpcWeb: false,
      routes: (router) => router.service(Control, service),
      contextValues: (request) => createContextValues().set(requestKey, request as Http2ServerRequest),
    })
    this.#server = createServer(adapter)
  }

  /** Serves one connection. */
  serve(stream: Duplex): void {
    this.#server.once('session', (session) => {
      this.#streams.set(session, stream)
      session.once('close', () => this.#streams.delete(session))
    })
    this.#server.emit('connection', stream)
  }

  /** Serves one session on a connection of its own, as an engine does for `POST /session`. */
  serveSession(stream: Duplex, headers: BuildSessionHeaders): void {
    const rawHeaders = Object.entries(headers).flatMap(([name, given]) =>
      [given].flat().flatMap((value) => [name, value]),
    )
    const session = this.#addSession(stream, rawHeaders)
    stream.once('close', () => this.#sessions.delete(session.id))
  }

  /** Ends all connections, like a daemon that is stopped. */
  close(): void {
    for (const session of this.#sessions.values()) session.close()
    for (const stream of this.#streams.values()) stream.destroy()
  }

  #createService(): Partial<ServiceImpl<typeof Control>> {
    return {
      info: () => ({ buildkitVersion: { version: this.#findWorker().buildkitVersion.version } }),
      listWorkers: () => ({ record: [toWorker(this.#findWorker(), this.#worker.store)] }),
      diskUsage: () => ({ record: this.#records.map(toUsage) }),
      prune: (request) => this.#prune(Number(request.reservedSpace)),
      session: (requests, context) => this.#serveSession(requests, context),
      solve: (request, context) => this.#solve(request, context),
      status: ({ Ref }, context) => this.#follow(Ref, context),
      listenBuildHistory: (request, { signal }) => this.#history.listen(request, signal),
      updateBuildHistory: (request) => {
        this.#history.update(request)
        return {}
      },
    }
  }

  async *#prune(keepBytes: number) {
    const removed = chooseOldest(this.#records, keepBytes)
    this.#records = this.#records.filter((record) => !removed.includes(record))
    if (this.#records.length === 0) this.#worker.cache.clear()
    for (const record of removed) yield toUsage(record)
  }

  /** Answers with the bytes of a connection on which the client is the server. */
  async *#serveSession(requests: AsyncIterable<{ readonly data: Uint8Array }>, context: HandlerContext) {
    await this.#reach('session', context)
    const [ours, theirs] = createStreamPair()
    const session = this.#addSession(ours, context.values.get(requestKey)?.rawHeaders ?? [])
    const chunks = async function* () {
      for await (const { data } of requests) yield data
    }
    pipeline(chunks, theirs).catch(() => session.close())
    context.signal.addEventListener('abort', () => session.close())
    try {
      for await (const data of theirs) yield { data }
    } finally {
      this.#sessions.delete(session.id)
      session.close()
    }
  }

  #addSession(stream: Duplex, rawHeaders: readonly string[]): DaemonSession {
    const { health = { intervalMs: 5_000, timeoutMs: 15_000 } } = this.#options
    const session = new DaemonSession(stream, readSessionHeaders(rawHeaders), health)
    this.#sessions.set(session.id, session)
    this.#wakeAll()
    return session
  }

  async #solve(request: SolveRequest, context: HandlerContext) {
    await this.#reach('solve', context)
    const rejection = this.#findRejection(request)
    if (rejection !== undefined) throw toAnswer(rejection)
    const progress = new BuildProgress()
    this.#builds.set(request.Ref, progress)
    this.#wakeAll()
    const record = this.#history.start(request, progress)
    try {
      const exported = await solveBuild(this.#worker, {
        request,
        progress,
        signal: context.signal,
        findSession: () => this.#findSession(request.Session, context.signal),
        reach: (phase) => this.#reach(phase, context),
      })
      const response = { ...exported, ...this.#options.response }
      record.complete({ response })
      return { ExporterResponse: response }
    } catch (error) {
      const failure = error instanceof SolveError ? error : new SolveError(String(error))
      record.complete({ failure })
      throw toAnswer(failure)
    } finally {
      progress.end()
    }
  }

  /** The errors of a request before a build is started. */
  #findRejection(request: SolveRequest): SolveError | undefined {
    const { store = 'none', entitlements = [] } = this.#options
    const exporter = findExporter(request)
    if (exporter !== undefined && !exporters[store].includes(exporter.type)) {
      return new SolveError(`exporter "${exporter.type}" could not be found`)
    }
    const refused = request.Entitlements.find((entitlement) => !entitlements.includes(entitlement))
    if (refused !== undefined) {
      return new SolveError(`granting entitlement ${refused} is not allowed by build daemon configuration`)
    }
    return request.Frontend === 'dockerfile.v0' ? undefined : new SolveError(`invalid frontend: ${request.Frontend}`)
  }

  async *#follow(ref: string, context: HandlerContext) {
    const { signal } = context
    await this.#reach('status', context)
    const progress = await this.#waitFor(() => this.#builds.get(ref), { timeoutMs: statusTimeoutMs, signal })
    if (progress === undefined) throw new ConnectError(`no such job ${ref}`, Code.NotFound)
    yield* progress.follow(signal)
  }

  async #findSession(id: string, signal: AbortSignal): Promise<DaemonSession> {
    const { sessionTimeoutMs = 10_000 } = this.#options
    const findOpen = () => {
      const session = this.#sessions.get(id)
      return session?.isClosed ? undefined : session
    }
    const session = await this.#waitFor(findOpen, { timeoutMs: sessionTimeoutMs, signal })
    signal.throwIfAborted()
    if (session !== undefined) return session
    throw new SolveError(`no active session for ${id}: context deadline exceeded`, {}, Code.DeadlineExceeded)
  }

  /** Resolves with the first value that is found, or with `undefined` at the end of the time. */
  async #waitFor<T>(find: () => T | undefined, { timeoutMs, signal }: WaitOptions): Promise<T | undefined> {
    const end = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    for (let found = find(); ; found = find()) {
      if (found !== undefined || end.aborted) return found
      await new Promise<void>((resolve) => {
        this.#wakers.add(resolve)
        end.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }

  #wakeAll(): void {
    for (const wake of this.#wakers) wake()
    this.#wakers.clear()
  }

  async #reach(phase: BuildPhase, { values, signal }: HandlerContext): Promise<void> {
    const fault = this.#options.faults?.find(({ at }) => at === phase)
    fault?.onReached?.()
    const session = values.get(requestKey)?.stream.session
    const stream = session === undefined ? undefined : this.#streams.get(session)
    if (fault?.kind === 'cut') stream?.destroy()
    if (fault?.kind === 'garble') stream?.write('HTTP/1.1 502 Bad Gateway\r\n\r\nno HTTP/2 any more')
    if (fault === undefined) return
    if (fault.kind === 'wait') return void (await fault.until)
    const aborted = new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([aborted, ...(fault.until === undefined ? [] : [fault.until])])
    signal.throwIfAborted()
  }

  #addTransfer(transfer: FakeTransfer): void {
    this.transfers.push(transfer)
    this.#options.onTransfer?.(transfer)
  }

  #findWorker(): RecordedWorker {
    return this.#parse<readonly [RecordedWorker]>('debug-workers.json')[0]
  }

  #parse<T>(name: string): T {
    return JSON.parse(Buffer.from((this.#options.read ?? readFixture)(name)).toString())
  }
}

interface WaitOptions {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The fields of `x-docker-expose-session-grpc-method` are read one by one, because the daemon does not split them. */
function readSessionHeaders(raw: readonly string[]): SessionHeaders {
  const read = (name: string) =>
    raw.flatMap((key, index) =>
      index % 2 === 0 && key === `x-docker-expose-session-${name}` ? (raw[index + 1] ?? '') : [],
    )
  return { id: read('uuid')[0] ?? '', sharedKey: read('sharedkey')[0] ?? '', methods: read('grpc-method') }
}

/** Selects the least recently used records to remove until at most `keepBytes` are left. */
function chooseOldest(records: readonly RecordedUsage[], keepBytes: number): readonly RecordedUsage[] {
  let total = records.reduce((sum, { size }) => sum + size, 0)
  const byAge = [...records].sort((one, other) => one.lastUsedAt.localeCompare(other.lastUsedAt))
  return byAge.filter(({ size }) => {
    const isRemoved = total > keepBytes
    if (isRemoved) total -= size
    return isRemoved
  })
}

/** An engine with Docker's own store has no label for a snapshotter. */
function toWorker({ id, labels, platforms, buildkitVersion }: RecordedWorker, store: ImageStore) {
  const toPlatform = ({ os, architecture, variant = '' }: RecordedPlatform) => {
    return { OS: os, Architecture: architecture, Variant: variant }
  }
  const engineLabels = { 'org.mobyproject.buildkit.worker.moby.host-gateway-ip': '172.17.0.1' }
  return {
    ID: id,
    Labels: { ...(store === 'docker' ? {} : labels), ...(store === 'none' ? {} : engineLabels) },
    platforms: platforms.map(toPlatform),
    BuildkitVersion: { version: buildkitVersion.version },
  }
}

function toUsage(record: RecordedUsage) {
  return {
    ID: record.id,
    InUse: record.inUse,
    Size: BigInt(record.size),
    CreatedAt: timestampFromDate(new Date(record.createdAt)),
    LastUsedAt: timestampFromDate(new Date(record.lastUsedAt)),
    Description: record.description,
  }
}

/** The fields that are read of `buildctl debug workers --format '{{json .}}'`. */
interface RecordedWorker {
  readonly id: string
  readonly labels: Record<string, string>
  readonly platforms: readonly RecordedPlatform[]
  readonly buildkitVersion: { readonly version: string }
}

interface RecordedPlatform {
  readonly os: string
  readonly architecture: string
  readonly variant?: string
}

/** The fields that are read of `buildctl du --format '{{json .}}'`. */
interface RecordedUsage {
  readonly id: string
  readonly inUse: boolean
  readonly size: number
  readonly createdAt: string
  readonly lastUsedAt: string
  readonly description: string
}

const requestKey = createContextKey<Http2ServerRequest | undefined>(undefined)
/** https://github.com/moby/buildkit/blob/v0.32.2/solver/jobs.go */
const statusTimeoutMs = 6_000
