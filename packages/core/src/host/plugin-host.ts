import type { OperationOptions } from '../contract/operation.js'
import type { Owner } from '../contract/owner.js'
import { toOwnerLabels } from '../contract/owner-labels.js'
import { type Runtime, runtimeCapability } from '../contract/runtime.js'
import type { HostOptions, OpenOptions, RuntimeHost, RuntimeScope } from '../contract/runtime-host.js'
import type { RuntimeReport } from '../contract/runtime-report.js'
import type { SweepOptions, SweepReport } from '../contract/sweep-report.js'
import { createHostError } from '../errors/create-host-error.js'
import { redactUrlPasswords } from '../errors/redact.js'
import { hasTimedOutAttempt } from '../errors/timed-out-attempt.js'
import { withUndoFailures } from '../errors/undo-failures.js'
import { type Operation, OperationScope } from '../operation/operation-scope.js'
import { createOwner } from '../ownership/owner.js'
import { checkFields } from '../validation/known-fields.js'
import { validateSweepOptions } from '../validation/operations.js'
import { readProbeTimeoutMs } from '../validation/parse-probe-timeout.js'
import { closeAll, collectFailures } from './close-all.js'
import { createRuntimeScope, listCloseFunctions } from './create-runtime-scope.js'
import { type PluginEntry, toPluginEntries } from './plugin-entry.js'
import { ProbeCache } from './probe-cache.js'
import { probeForOpen } from './probe-for-open.js'
import { type AvailablePlugin, type ProbedPlugin, probePlugin } from './probe-plugin.js'
import { registerPlugin } from './register-plugin.js'
import { meetsRequirements, selectFirst, selectNamed } from './select-runtime.js'
import { sweepEach } from './sweep-each.js'

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

  constructor(options: PluginHostOptions, testOptions: HostTestOptions = {}) {
    const { now = () => performance.now(), createOwner: create = createOwner, othersMs = 2000 } = testOptions
    this.#options = options
    this.#probeTimeoutMs = options.probeTimeoutMs ?? readProbeTimeoutMs(options.env)
    this.#othersMs = othersMs
    this.#entries = toPluginEntries(options.plugins)
    this.#cache = new ProbeCache(now)
    this.#createOwner = create
  }

  discover(options: OperationOptions = {}): Promise<readonly RuntimeReport[]> {
    const probe = async (entry: PluginEntry, signal: AbortSignal) => {
      const probed = await this.#probe(entry, signal)
      this.#cache.add(probed)
      return probed.report
    }
    return this.#run('discover', options, ({ signal }) =>
      Promise.all(this.#entries.map((entry) => probe(entry, signal))),
    )
  }

  open(options: OpenOptions = {}): Promise<RuntimeScope> {
    return this.#run('open', options, async ({ signal, undo }) => {
      checkFields('OpenOptions', options)
      const { selected, others } = await this.#select(options, signal)
      const scope = await this.#openScope(selected, others, signal)
      undo.add(`runtime ${scope.runtimeName}`, () => scope[Symbol.asyncDispose]())
      return scope
    })
  }

  sweep(options: SweepOptions = {}): Promise<readonly SweepReport[]> {
    return this.#run('sweep', options, async ({ signal }) => {
      validateSweepOptions(options)
      const probed = await Promise.all(this.#listAutomatic().map((entry) => this.#probe(entry, signal)))
      const open = (plugin: AvailablePlugin) => this.#openScope(plugin, [], signal)
      return sweepEach(probed, open, { ...options, signal })
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

  #run<T>(operation: string, { signal }: OperationOptions, action: (call: Operation) => Promise<T>): Promise<T> {
    return this.#operations.run({ operation, subject: 'the plugins' }, { signal }, action)
  }

  #probe(entry: PluginEntry, signal: AbortSignal): Promise<ProbedPlugin> {
    return probePlugin(entry, { env: this.#options.env, timeoutMs: this.#probeTimeoutMs, signal })
  }

  async #probeToOpen(entry: PluginEntry, signal: AbortSignal): Promise<ProbedPlugin> {
    return this.#cache.take(entry) ?? this.#probe(entry, signal)
  }

  async #select(options: OpenOptions, signal: AbortSignal): Promise<Selection> {
    const { env } = this.#options
    const name = options.runtime ?? (env.CAPSTAN_RUNTIME || undefined)
    if (name === undefined) return this.#selectAutomatic(options, signal)
    const entry = this.#entries.find(({ names }) => names.plugin === name)
    if (entry === undefined) {
      throw createHostError('PLUGIN_UNKNOWN', { plugin: name, known: this.#entries.map(({ names }) => names.plugin) })
    }
    return { selected: selectNamed(await this.#probeToOpen(entry, signal), options), others: [] }
  }

  async #selectAutomatic(options: OpenOptions, signal: AbortSignal): Promise<Selection> {
    const automatic = this.#listAutomatic()
    if (automatic.length === 0) await this.#rejectNoAutomaticPlugin(signal)
    const probed = await probeForOpen(automatic, (entry, linked) => this.#probeToOpen(entry, linked), {
      env: this.#options.env,
      meetsRequirements: (candidate) => meetsRequirements(candidate, options),
      othersMs: this.#othersMs,
      signal,
    })
    const selected = selectFirst(probed, options)
    this.#warnAboutTimeouts(probed.slice(0, probed.indexOf(selected)), selected)
    return { selected, others: probed.filter((candidate) => candidate !== selected) }
  }

  /** Lists the plugins that may be opened without their name, and the invalid ones, which must be reported. */
  #listAutomatic(): readonly PluginEntry[] {
    return this.#entries.filter(({ plugin, error }) => error !== undefined || plugin.selection !== 'named')
  }

  /** Warns of each runtime that precedes the selected one and did not answer in time. */
  #warnAboutTimeouts(skipped: readonly ProbedPlugin[], { entry: { names } }: AvailablePlugin): void {
    const message = `did not answer in time; "${names.plugin}" is used instead`
    for (const { report } of skipped) {
      if (hasTimedOutAttempt(report)) this.#options.onWarning?.({ runtime: report.runtime, message })
    }
  }

  /** Rejects because no plugin is automatic. The reports show which runtimes could be opened by name. */
  async #rejectNoAutomaticPlugin(signal: AbortSignal): Promise<never> {
    const probed = await Promise.all(this.#entries.map((entry) => this.#probeToOpen(entry, signal)))
    throw createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: probed.map(({ report }) => report) })
  }

  async #findOwner(): Promise<Owner> {
    const { app } = this.#options
    this.#owner ??= this.#createOwner()
    const owner = await this.#owner
    return app === undefined ? owner : { ...owner, app }
  }

  async #openScope(
    selected: AvailablePlugin,
    others: readonly ProbedPlugin[],
    signal: AbortSignal,
  ): Promise<RuntimeScope> {
    const owner = await this.#findOwner()
    signal.throwIfAborted()
    const { report } = selected
    const provided = new Map<symbol, object>()
    const { env, onWarning } = this.#options
    const warn = (message: string) => onWarning?.({ runtime: report.runtime, message: redactUrlPasswords(message) })
    try {
      const container = registerPlugin(selected, { ownerLabels: toOwnerLabels(owner), env, warn, provided })
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

/** A clock, an owner and a time limit for tests. */
export interface HostTestOptions {
  /** The time in milliseconds of a monotonic clock. Default: `performance.now()`. */
  readonly now?: () => number
  /** Default: an owner of this process. */
  readonly createOwner?: () => Promise<Owner>
  /** Milliseconds that `open` waits for the reports of other plugins once it has selected one. Default 2000. */
  readonly othersMs?: number
}

interface Selection {
  readonly selected: AvailablePlugin
  readonly others: readonly ProbedPlugin[]
}
