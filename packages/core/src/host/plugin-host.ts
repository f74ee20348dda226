import type { OperationOptions } from '../contract/operation.js'
import type { Owner } from '../contract/owner.js'
import { toOwnerLabels } from '../contract/owner-labels.js'
import { type Runtime, runtimeCapability } from '../contract/runtime.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { redactUrls } from '../errors/redact.js'
import { isSlow } from '../errors/slow-probe.js'
import { withUndoFailures } from '../errors/undo-failures.js'
import { type Operation, OperationScope } from '../operation/operation-scope.js'
import { createOwner } from '../ownership/owner.js'
import { validateSweepOptions } from '../validation/operations.js'
import { closeAll, collectFailures } from './close-all.js'
import { createRuntimeScope, listCloseFunctions } from './create-runtime-scope.js'
import { type PluginEntry, toPluginEntries } from './plugin-entry.js'
import { ProbeCache } from './probe-cache.js'
import { type ProbedPlugin, probePlugin } from './probe-plugin.js'
import { readProbeTimeout } from './probe-timeout.js'
import { probeUntilDecided } from './probe-until-decided.js'
import type { HostOptions, OpenOptions, RuntimeHost, RuntimeScope } from './runtime-host.js'
import { isFitting, selectFirst, selectNamed, type UsableRuntime } from './select-runtime.js'
import { sweepEach } from './sweep-each.js'
import { wireScope } from './wire-scope.js'

/** The host of `createRuntimeHost`. Tracks running operations and open scopes, so that closing ends both. */
export class PluginHost implements RuntimeHost {
  readonly #options: PluginHostOptions
  readonly #entries: readonly PluginEntry[]
  readonly #cache: ProbeCache
  readonly #createOwner: () => Promise<Owner>
  readonly #othersMs: number
  readonly #probeTimeoutMs: number | undefined
  readonly #operations = new OperationScope()
  readonly #scopes = new Set<RuntimeScope>()
  #owner: Promise<Owner> | undefined
  #closed: Promise<void> | undefined

  constructor(options: PluginHostOptions, sources: HostSources = {}) {
    const { now = () => performance.now(), createOwner: create = createOwner, othersMs = 2000 } = sources
    this.#options = options
    this.#probeTimeoutMs = options.probeTimeoutMs ?? readProbeTimeout(options.env)
    this.#othersMs = othersMs
    this.#entries = toPluginEntries(options.plugins)
    this.#cache = new ProbeCache(now)
    this.#createOwner = create
  }

  discover(options: OperationOptions = {}): Promise<readonly RuntimeReport[]> {
    const look = async (entry: PluginEntry, own: Own) => {
      const probed = await this.#probe(entry, own)
      this.#cache.add(probed)
      return probed.report
    }
    return this.#run('discover', options, (own) => Promise.all(this.#entries.map((entry) => look(entry, own))))
  }

  open(options: OpenOptions = {}): Promise<RuntimeScope> {
    return this.#run('open', options, async (own) => {
      const { chosen, others } = await this.#select(options, own)
      const scope = await this.#openScope(chosen, others, own)
      own.undo.add(`runtime ${scope.runtimeName}`, () => scope[Symbol.asyncDispose]())
      return scope
    })
  }

  sweep(options: SweepOptions = {}): Promise<readonly SweepReport[]> {
    return this.#run('sweep', options, async (own) => {
      validateSweepOptions(options)
      const automatic = this.#entries.filter(({ plugin, fault }) => fault !== undefined || plugin.selection !== 'named')
      const probed = await Promise.all(automatic.map((entry) => this.#probe(entry, own)))
      const open = (usable: UsableRuntime) => this.#openScope(usable, [], own)
      return sweepEach(probed, open, { ...options, signal: own.signal })
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#operations.close()
    const scopes = [...this.#scopes].toReversed()
    await closeAll(
      scopes.map((scope) => () => scope[Symbol.asyncDispose]()),
      'closing the host',
    )
  }

  #run<T>(operation: string, { signal }: OperationOptions, run: (own: Operation) => Promise<T>): Promise<T> {
    return this.#operations.run({ operation, subject: 'the plugins' }, { signal }, run)
  }

  #probe(entry: PluginEntry, { signal }: Own): Promise<ProbedPlugin> {
    return probePlugin(entry, { env: this.#options.env, timeoutMs: this.#probeTimeoutMs, signal })
  }

  async #probeToOpen(entry: PluginEntry, own: Own): Promise<ProbedPlugin> {
    return this.#cache.take(entry) ?? this.#probe(entry, own)
  }

  async #select(options: OpenOptions, own: Own): Promise<Selection> {
    const { env } = this.#options
    const name = options.runtime ?? (env.CAPSTAN_RUNTIME || undefined)
    if (name === undefined) return this.#selectAutomatic(options, own)
    const entry = this.#entries.find((candidate) => candidate.name === name)
    if (entry === undefined) {
      throw createHostError('PLUGIN_UNKNOWN', { plugin: name, known: this.#entries.map((known) => known.name) })
    }
    return { chosen: selectNamed(await this.#probeToOpen(entry, own), options), others: [] }
  }

  async #selectAutomatic(options: OpenOptions, own: Own): Promise<Selection> {
    const automatic = this.#entries.filter(({ plugin, fault }) => fault !== undefined || plugin.selection !== 'named')
    if (automatic.length === 0) await this.#refuseUnnamed(own)
    const probe = (entry: PluginEntry, linked: Own) => this.#probeToOpen(entry, linked)
    const fits = (candidate: ProbedPlugin) => isFitting(candidate, options)
    const decision = { env: this.#options.env, fits, othersMs: this.#othersMs, signal: own.signal }
    const probed = await probeUntilDecided(automatic, probe, decision)
    const chosen = selectFirst(probed, options)
    this.#warnOfSlow(probed.slice(0, probed.indexOf(chosen)), chosen)
    return { chosen, others: probed.filter((candidate) => candidate !== chosen) }
  }

  /** Warns of each runtime that precedes the chosen one and did not answer in time. */
  #warnOfSlow(passed: readonly ProbedPlugin[], { entry: { name } }: UsableRuntime): void {
    for (const { report } of passed.filter((candidate) => isSlow(candidate.report))) {
      this.#options.onWarning?.({
        runtime: report.runtime,
        message: `did not answer in time; "${name}" is used instead`,
      })
    }
  }

  /** Rejects because no plugin is automatic. The reports show which runtimes could be opened by name. */
  async #refuseUnnamed(own: Own): Promise<never> {
    const probed = await Promise.all(this.#entries.map((entry) => this.#probeToOpen(entry, own)))
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: probed.map(({ report }) => report) })
  }

  async #findOwner(): Promise<Owner> {
    const { app } = this.#options
    this.#owner ??= this.#createOwner()
    const owner = await this.#owner
    return app === undefined ? owner : { ...owner, app }
  }

  async #openScope(
    { found, report }: UsableRuntime,
    others: readonly ProbedPlugin[],
    { signal }: Own,
  ): Promise<RuntimeScope> {
    const owner = await this.#findOwner()
    signal.throwIfAborted()
    const provided = new Map<symbol, object>()
    const { env, onWarning } = this.#options
    const warn = (message: string) => onWarning?.({ runtime: report.runtime, message: redactUrls(message) })
    try {
      const container = wireScope(found, report, { ownerLabels: toOwnerLabels(owner), env, warn, provided })
      const runtime = container.resolve<Runtime>(runtimeCapability.token)
      const otherReports = others.map((other) => other.report)
      const onClosed = () => void this.#scopes.delete(scope)
      const parts = { container, runtime, report, otherReports, owner, provided, onClosed }
      const scope: RuntimeScope = createRuntimeScope(parts)
      this.#scopes.add(scope)
      return scope
    } catch (error) {
      throw withUndoFailures(error, await collectFailures(listCloseFunctions(provided)))
    }
  }
}

/** The options of `createRuntimeHost` with an environment. */
export type PluginHostOptions = HostOptions & Required<Pick<HostOptions, 'env'>>

/** Replacements for a clock, the owner and a time limit, for tests. */
export interface HostSources {
  /** The time in milliseconds of a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number
  /** Default: an owner of this process. */
  readonly createOwner?: () => Promise<Owner>
  /** Milliseconds that `open` waits for the reports of other plugins once it has selected one. Default 2000. */
  readonly othersMs?: number
}

type Own = Pick<Operation, 'signal'>

interface Selection {
  readonly chosen: UsableRuntime
  readonly others: readonly ProbedPlugin[]
}
