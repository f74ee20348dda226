import { createHash } from 'node:crypto'
import type { SolveRequest } from '../../../src/generated/control_pb.js'
import {
  type BuildPlan,
  listSteps,
  type Mount,
  type PlannedStep,
  type PlanWarning,
  planBuild,
  type StepWork,
} from './build-plan.js'
import type { BuildProgress, BuildVertex } from './build-progress.js'
import type { DaemonSession } from './daemon-session.js'
import { exportBuild, type ImageStore } from './export-build.js'
import { addFile, copyFiles, type FileTree, type TreeEntry, toTreeDigest } from './file-tree.js'
import type { FakeTransfer, LocalSources } from './local-sources.js'
import { runCommand } from './run-command.js'
import { SolveError } from './solve-error.js'

/** A point of a build, or the call for its progress, at which a fault can occur. */
export type BuildPhase = 'session' | 'solve' | 'status' | 'definition' | 'context' | 'step' | 'export'

/** What all builds of one daemon share. */
export interface BuildWorker {
  readonly store: ImageStore
  readonly platform: string
  readonly sources: LocalSources
  /** The results of steps, by their cache keys. */
  readonly cache: Map<string, FileTree>
  /** The images that can be pulled, with the credentials that their registries require. */
  readonly images: Readonly<Record<string, RegistryImage>>
  /** Returns the error of the container runtime if no container can be started. */
  findRunError(): string | undefined
  readonly acceptsPushes: boolean
  onTransfer(transfer: FakeTransfer): void
}

/** An image in a registry. */
export interface RegistryImage {
  readonly username?: string
  readonly password?: string
}

/** One build: the request, and how it is connected. */
export interface BuildJob {
  readonly request: SolveRequest
  readonly progress: BuildProgress
  readonly signal: AbortSignal
  /** Resolves with the session of the client. */
  findSession(): Promise<DaemonSession>
  /** Lets the fault of a phase occur. */
  reach(phase: BuildPhase): Promise<void>
}

/**
 * Builds like the frontend `dockerfile.v0`, and exports the result. Returns the answer of the exporter.
 *
 * @throws SolveError
 */
export async function solveBuild(worker: BuildWorker, job: BuildJob): Promise<Readonly<Record<string, string>>> {
  return new Build(worker, job).solve()
}

class Build {
  readonly #worker: BuildWorker
  readonly #job: BuildJob
  readonly #filename: string
  readonly #definition: BuildVertex
  #dockerfile = ''
  #excludePatterns: readonly string[] = []

  constructor(worker: BuildWorker, job: BuildJob) {
    this.#worker = worker
    this.#job = job
    this.#filename = job.request.FrontendAttrs.filename ?? 'Dockerfile'
    this.#definition = createVertex(`[internal] load build definition from ${this.#filename}`)
  }

  async solve(): Promise<Readonly<Record<string, string>>> {
    const plan = await this.#loadPlan()
    const tree = plan.output === undefined ? new Map() : await this.#run(plan.output)
    return this.#export(plan, tree)
  }

  async #loadPlan(): Promise<BuildPlan> {
    const { FrontendAttrs: attributes } = this.#job.request
    const definition = await this.#loadDefinition()
    const read = (path: string) => {
      const entry = definition.get(path)
      return entry?.type === 'file' ? entry.content.toString() : undefined
    }
    const text = read(this.#filename) ?? read(this.#filename.replace(/Dockerfile$/, 'dockerfile'))
    if (text === undefined) {
      throw new SolveError(`failed to read dockerfile: open ${this.#filename}: no such file or directory`, frontend)
    }
    this.#dockerfile = text
    const plan = planBuild(text, { filename: this.#filename, attributes })
    for (const warning of plan.warnings) this.#warn(warning)
    for (const image of plan.baseImages) await this.#loadMetadata(image)
    this.#excludePatterns = toPatterns(read(`${this.#filename}.dockerignore`) ?? (await this.#loadIgnoreFile()))
    return plan
  }

  #warn({ message, detail, url, line }: PlanWarning): void {
    this.#job.progress.warn({
      vertex: this.#definition.digest,
      level: 1n,
      short: Buffer.from(message),
      detail: [Buffer.from(detail)],
      url,
      info: { filename: this.#filename, data: Buffer.from(this.#dockerfile), language: 'Dockerfile' },
      ranges: [{ start: { line }, end: { line } }],
    })
  }

  async #loadDefinition(): Promise<FileTree> {
    const followPaths = [
      this.#filename,
      `${this.#filename}.dockerignore`,
      this.#filename.replace(/Dockerfile$/, 'dockerfile'),
    ]
    try {
      return await this.#receive(this.#definition, {
        source: 'dockerfile',
        hint: 'dockerfile',
        followPaths: [...new Set(followPaths)],
        phase: 'definition',
      })
    } catch (error) {
      throw error instanceof SolveError ? error.wrap('failed to read dockerfile', frontend) : error
    }
  }

  async #loadIgnoreFile(): Promise<string> {
    const tree = await this.#receive(createVertex('[internal] load .dockerignore'), {
      source: 'context',
      hint: 'context-.dockerignore',
      followPaths: ['.dockerignore'],
      phase: 'definition',
    })
    const entry = tree.get('.dockerignore')
    return entry?.type === 'file' ? entry.content.toString() : ''
  }

  /** Resolves an image in its registry. There is no network, so images other than those of the options are not reached. */
  async #loadMetadata({ reference, name, lines }: BuildPlan['baseImages'][number]): Promise<void> {
    const interval = this.#job.progress.start(createVertex(`[internal] load metadata for ${name}`))
    const error = await this.#findImageError(name)
    interval.complete({ ...(error !== undefined && { error }) })
    if (error === undefined) return
    const message = `${reference}: failed to resolve source metadata for ${name}: ${error}`
    throw new SolveError(message, { ...frontend, source: this.#toSource(lines) })
  }

  async #findImageError(name: string): Promise<string | undefined> {
    const [host = '', ...path] = name.split('/')
    const image = this.#worker.images[name]
    const [repository, tag] = path.join('/').split(':')
    const url = `https://${host}/v2/${repository}/manifests/${tag}`
    if (image === undefined) return `failed to do request: Head "${url}": dial tcp: lookup ${host} on ${networkError}`
    if (image.password === undefined) return undefined
    const credentials = await (await this.#job.findSession()).findCredentials(host, this.#job.signal)
    const isAllowed = credentials?.username === image.username && credentials?.password === image.password
    return isAllowed
      ? undefined
      : `failed to authorize: failed to fetch oauth token: unexpected status from HEAD request to ${url}: 401 Unauthorized`
  }

  /** Receives files of the client. The first interval of the vertex computes its key, the second one transfers. */
  async #receive(
    vertex: BuildVertex,
    { source, hint, followPaths, phase, ...rest }: ReceiveRequest,
  ): Promise<FileTree> {
    const { progress, signal } = this.#job
    if (!rest.isAnnounced) progress.announce([vertex])
    progress.start(vertex).complete()
    const interval = progress.start(vertex)
    try {
      const session = await this.#job.findSession()
      const copy = this.#worker.sources.acquire(`${source}:${hint}:${session.sharedKey}`)
      const report = progress.status(vertex, `transferring ${source}:`, 'transferring')
      let total = 0
      let isReached = false
      const received = await session
        .receiveFiles(copy, {
          source,
          followPaths,
          excludePatterns: rest.excludePatterns,
          comparesNothing: hint !== 'context',
          signal,
          onPacket: async (bytes, { hasData }) => {
            total = bytes
            if (hasData && !isReached) {
              isReached = true
              report(bytes)
              await this.#job.reach(phase)
            }
          },
        })
        .finally(() => {
          copy.isInUse = false
        })
      report(total, { isDone: true })
      this.#worker.onTransfer({ step: vertex.name, source, sent: received.sent })
      interval.complete()
      return received.tree
    } catch (error) {
      const failure = this.#toStepError(error, { vertex: vertex.digest })
      interval.complete({ error: failure.message })
      throw failure
    }
  }

  async #run(output: PlannedStep): Promise<FileTree> {
    const steps = listSteps(output)
    this.#job.progress.announce(steps)
    const runner = new StepRunner(this.#worker, this.#job, {
      noCache: this.#job.request.FrontendAttrs['no-cache'] !== undefined,
      toSource: (step) => (step.lines === undefined ? {} : { source: this.#toSource(step.lines) }),
      receiveContext: (step, followPaths) =>
        this.#receive(step, {
          source: 'context',
          hint: 'context',
          followPaths,
          excludePatterns: this.#excludePatterns,
          phase: 'context',
          isAnnounced: true,
        }),
    })
    return runner.run(output)
  }

  async #export({ config }: BuildPlan, tree: FileTree): Promise<Readonly<Record<string, string>>> {
    const { progress, request, signal } = this.#job
    const exporter = findExporter(request)
    if (exporter === undefined) return {}
    const { type, attributes } = exporter
    const { store, platform } = this.#worker
    const target = { tree, config, platform: request.FrontendAttrs.platform ?? platform }
    const { title, statuses, archive, response } = exportBuild(target, { type, name: attributes.name, store })
    const vertex = createVertex(title)
    const interval = progress.start(vertex)
    try {
      const [first = '', ...later] = statuses
      progress.report(vertex, first)
      if (archive === undefined) await this.#job.reach('export')
      for (const status of later) progress.report(vertex, status)
      if (archive !== undefined) {
        const session = await this.#job.findSession()
        await session.sendArchive(archive, { metadata: response, signal, onChunk: () => this.#job.reach('export') })
      }
      if (attributes.push === 'true' && !this.#worker.acceptsPushes)
        throw new SolveError(`failed to push ${attributes.name}: there is no registry`)
    } catch (error) {
      const failure = this.#toStepError(error)
      interval.complete({ error: failure.message })
      throw failure
    }
    interval.complete()
    return response
  }

  #toStepError(error: unknown, details: SolveError['details'] = {}): SolveError {
    if (this.#job.signal.aborted) return new SolveError('context canceled', details)
    return error instanceof SolveError
      ? new SolveError(error.message, { ...error.details, ...details }, error.code)
      : new SolveError(String(error), details)
  }

  #toSource(lines: { readonly first: number; readonly last: number }) {
    return { filename: this.#filename, data: this.#dockerfile, ...lines }
  }
}

interface ReceiveRequest {
  readonly source: string
  /** Files are kept by this hint and the shared key of the session. */
  readonly hint: string
  readonly followPaths: readonly string[] | undefined
  readonly excludePatterns?: readonly string[]
  readonly phase: BuildPhase
  /** Whether the vertex has been reported as one that will run. */
  readonly isAnnounced?: boolean
}

/** Runs the steps of a build. Independent steps run at the same time; when one fails, the others are cancelled. */
class StepRunner {
  readonly #worker: BuildWorker
  readonly #job: BuildJob
  readonly #options: StepRunnerOptions
  readonly #cancel = new AbortController()
  readonly #signal: AbortSignal
  readonly #results = new Map<string, Promise<StepResult>>()

  constructor(worker: BuildWorker, job: BuildJob, options: StepRunnerOptions) {
    this.#worker = worker
    this.#job = job
    this.#options = options
    this.#signal = AbortSignal.any([job.signal, this.#cancel.signal])
  }

  async run(output: PlannedStep): Promise<FileTree> {
    let first: unknown
    this.#signal.addEventListener('abort', () => {
      first ??= this.#cancel.signal.reason
    })
    const result = await this.#resolve(output).catch(() => undefined)
    // The error is that of the step that failed first, after the others have ended.
    await Promise.allSettled(this.#results.values())
    if (result !== undefined) return result.tree
    throw first ?? new SolveError('context canceled')
  }

  #resolve(step: PlannedStep): Promise<StepResult> {
    const known = this.#results.get(step.digest)
    if (known !== undefined) return known
    const result = this.#resolveStep(step)
    result.catch((error: unknown) => this.#cancel.abort(error))
    this.#results.set(step.digest, result)
    return result
  }

  async #resolveStep(step: PlannedStep): Promise<StepResult> {
    const inputs = await Promise.all(step.dependencies.map((dependency) => this.#resolve(dependency)))
    this.#signal.throwIfAborted()
    if (step.work.type === 'context') {
      const tree = await this.#options.receiveContext(step, step.work.followPaths)
      return { tree, key: '' }
    }
    const key = toCacheKey(step.work, inputs)
    const cached = this.#options.noCache ? undefined : this.#worker.cache.get(key)
    if (cached !== undefined) {
      this.#job.progress.reportCached([step])
      return { tree: cached, key }
    }
    // A source computes its key in an interval of its own.
    if (step.work.type === 'inline') this.#job.progress.start(step).complete()
    const interval = this.#job.progress.start(step)
    try {
      const tree = await this.#runStep(step, inputs)
      interval.complete()
      this.#worker.cache.set(key, tree)
      return { tree, key }
    } catch (error) {
      const failure = this.#toError(step, error)
      interval.complete({ error: failure.message })
      throw step.work.type === 'copy' ? failure.wrap('failed to compute cache key') : failure
    }
  }

  async #runStep(step: PlannedStep, inputs: readonly StepResult[]): Promise<FileTree> {
    const { work } = step
    const base = inputs[0]?.tree ?? new Map()
    if (work.type === 'inline') return toInlineTree(work.files)
    if (work.type === 'directory') return addFile(base, work.path, { type: 'directory', mode: 0o755 })
    if (work.type === 'copy') return copy(work, inputs)
    return work.type === 'run' ? this.#runProcess(step, work, base) : base
  }

  async #runProcess(step: PlannedStep, work: RunWork, base: FileTree): Promise<FileTree> {
    const { progress } = this.#job
    const mounted = await this.#mount(work.mounts)
    await this.#job.reach('step')
    const error = this.#worker.findRunError()
    if (error !== undefined) {
      progress.log(step, 2, `${error}\n`)
      throw new SolveError(toProcessError(work.process, 1), { exitCode: 1 })
    }
    let tree = base
    const code = await runCommand(work.script, {
      variables: new Map([...work.variables, ...mounted.variables]),
      read: (path) => mounted.files.get(path) ?? toContent(tree.get(path.replace(/^\//, ''))),
      write: (path, content) => {
        tree = addFile(tree, path, { type: 'file', mode: 0o644, content })
      },
      log: (stream, text) => progress.log(step, stream, text),
      requestAgent: async (request) => {
        if (mounted.agent === undefined) return undefined
        return (await this.#job.findSession()).requestAgent(mounted.agent, request, this.#signal)
      },
      signal: this.#signal,
    })
    if (code !== 0) throw new SolveError(toProcessError(work.process, code), { exitCode: code })
    return tree
  }

  /** Requests the secrets and agents of the mounts. A missing one is an error only if it is required. */
  async #mount(mounts: readonly Mount[]) {
    const files = new Map<string, Buffer>()
    const variables = new Map<string, string>()
    let agent: string | undefined
    for (const { type, id = '', target, env, required } of mounts) {
      const isRequired = required === 'true'
      const session = await this.#job.findSession()
      if (type === 'secret') {
        const content = await session.findSecret(id, this.#signal)
        if (content === undefined && isRequired) throw new SolveError(`secret ${id}: not found`)
        if (content !== undefined && env !== undefined) variables.set(env, content.toString())
        if (content !== undefined && (env === undefined || target !== undefined)) {
          files.set(target ?? `/run/secrets/${id}`, content)
        }
      } else if (type === 'ssh') {
        const isForwarded = await session.checkAgent(id, this.#signal).then(
          () => true,
          (error: unknown) => {
            if (isRequired) throw error
            return false
          },
        )
        if (isForwarded) agent = id
      }
    }
    return { files, variables, agent }
  }

  #toError(step: PlannedStep, error: unknown): SolveError {
    const details = { ...this.#options.toSource(step), vertex: step.digest }
    if (error instanceof SolveError && !this.#signal.aborted) {
      return new SolveError(error.message, { ...error.details, ...details }, error.code)
    }
    const message =
      step.work.type === 'run'
        ? `${toProcessError(step.work.process, 137)}: context canceled: context canceled`
        : 'context canceled'
    return new SolveError(message, details)
  }
}

interface StepRunnerOptions {
  readonly noCache: boolean
  toSource(step: PlannedStep): SolveError['details']
  receiveContext(step: PlannedStep, followPaths: readonly string[] | undefined): Promise<FileTree>
}

interface StepResult {
  readonly tree: FileTree
  /** Empty if the result is not cached. */
  readonly key: string
}

type RunWork = Extract<StepWork, { readonly type: 'run' }>
type CopyWork = Extract<StepWork, { readonly type: 'copy' }>

function copy(work: CopyWork, inputs: readonly StepResult[]): FileTree {
  const { base, from } = toCopyInputs(work, inputs)
  const { tree, missing } = copyFiles(from?.tree ?? new Map(), base?.tree ?? new Map(), work)
  if (missing === undefined) return tree
  throw new SolveError(`failed to calculate checksum of ref fake::files: "/${missing.replace(/^\//, '')}": not found`)
}

function toCopyInputs({ hasBase }: CopyWork, inputs: readonly StepResult[]) {
  return hasBase ? { base: inputs[0], from: inputs[1] } : { base: undefined, from: inputs[0] }
}

/** Identifies the work and its inputs by their contents. A copy depends only on the files that it selects. */
function toCacheKey(work: StepWork, inputs: readonly StepResult[]): string {
  const hash = createHash('sha256')
  const toPlain = (_: string, value: unknown) => (value instanceof Map ? [...value] : value)
  hash.update(JSON.stringify(work, toPlain))
  if (work.type === 'copy') {
    const { base, from } = toCopyInputs(work, inputs)
    hash.update(`${base?.key}\0${toTreeDigest(from?.tree ?? new Map(), work.sources)}`)
  } else hash.update(inputs.map(({ key }) => key).join('\0'))
  return hash.digest('hex')
}

function toInlineTree(files: Readonly<Record<string, string>>): FileTree {
  const entries = Object.entries(files).map(
    ([name, text]) => [name, { type: 'file', mode: 0o644, content: Buffer.from(text) }] as const,
  )
  return new Map<string, TreeEntry>(entries)
}

function toContent(entry: TreeEntry | undefined): Buffer | undefined {
  return entry?.type === 'file' ? entry.content : undefined
}

function toProcessError(process: string, exitCode: number): string {
  return `process "${process}" did not complete successfully: exit code: ${exitCode}`
}

/** The lines of a .dockerignore without comments. */
function toPatterns(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const pattern = line.trim()
    return pattern === '' || pattern.startsWith('#') ? [] : [pattern.replace(/^(!?)\//, '$1')]
  })
}

/** Returns the exporter of a request. The deprecated fields are those of clients for BuildKit before v0.13. */
export function findExporter({ Exporters, ExporterDeprecated, ExporterAttrsDeprecated }: SolveRequest) {
  const [exporter] = Exporters
  if (exporter !== undefined) return { type: exporter.Type, attributes: exporter.Attrs }
  return ExporterDeprecated === '' ? undefined : { type: ExporterDeprecated, attributes: ExporterAttrsDeprecated }
}

/** A vertex that is not a step of the Dockerfile. Its digest is different in each build, as it is with sessions. */
function createVertex(name: string): BuildVertex {
  vertexCount += 1
  const digest = createHash('sha256').update(`${name}\0${vertexCount}`).digest('hex')
  return { digest: `sha256:${digest}`, name, inputs: [] }
}

let vertexCount = 0
const frontend = { isFrontend: true }
const networkError = '192.0.2.53:53: dial udp 192.0.2.53:53: connect: network is unreachable'
