import { setMaxListeners } from 'node:events'
import { createHostError } from '../errors/create-host-error.js'
import type { OperationOptions } from '../operation.js'
import type { Owner } from '../ownership/owner.js'
import { toOwnerLabels } from '../ownership/owner-labels.js'
import { readOwner } from '../ownership/read-owner.js'
import type { SweepOptions, SweepReport } from '../ownership/sweep-report.js'
import type { RuntimeReport } from '../plugin/runtime-report.js'
import { type Runtime, runtimeCapability } from '../runtime.js'
import { closeAll } from './close-all.js'
import { OpenScope, toClosings } from './open-scope.js'
import { type PluginEntry, toPluginEntries } from './plugin-entry.js'
import { type ProbedPlugin, probePlugin } from './probe-plugin.js'
import type { HostOptions, OpenOptions, RuntimeHost, RuntimeScope } from './runtime-host.js'
import { selectFirst, selectNamed, type UsableRuntime } from './select-runtime.js'
import { wireScope } from './wire-scope.js'

/** Makes a host of these plugins; no I/O, no connection. A plugin with a fault is reported by `discover`; the others work. */
export function createRuntimeHost(options: HostOptions): RuntimeHost {
  return new PluginHost(options)
}

class PluginHost implements RuntimeHost {
  readonly #options: HostOptions
  readonly #entries: readonly PluginEntry[]
  readonly #closing = new AbortController()
  readonly #scopes = new Set<OpenScope>()
  readonly #pending = new Set<Promise<unknown>>()
  #owner: Promise<Owner> | undefined
  #closed: Promise<void> | undefined

  constructor(options: HostOptions) {
    this.#options = options
    this.#entries = toPluginEntries(options.plugins)
  }

  discover(options: OperationOptions = {}): Promise<readonly RuntimeReport[]> {
    return this.#track(options, async (own) => (await this.#probe(this.#entries, own)).map(({ report }) => report))
  }

  open(options: OpenOptions = {}): Promise<RuntimeScope> {
    return this.#track(options, async (own) => {
      const { chosen, others } = await this.#select(options, own)
      return this.#openScope(chosen, others)
    })
  }

  sweep(options: SweepOptions = {}): Promise<readonly SweepReport[]> {
    return this.#track(options, async (own) => {
      const automatic = this.#entries.filter(({ plugin, fault }) => fault === undefined && plugin.selection !== 'named')
      const reports: SweepReport[] = []
      for (const probed of await this.#probe(automatic, own)) {
        if (probed.found === undefined) continue
        const scope = await this.#openScope(probed, [])
        reports.push(await scope.sweep({ ...options, ...own }).finally(() => scope[Symbol.asyncDispose]()))
      }
      return reports
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#closing.abort(toClosedError())
    await Promise.allSettled(this.#pending)
    const scopes = [...this.#scopes].toReversed()
    await closeAll(
      scopes.map((scope) => () => scope[Symbol.asyncDispose]()),
      'closing the host',
    )
  }

  /** Runs an operation that ends when its caller aborts or the host closes, and that closing waits for. */
  #track<T>({ signal }: OperationOptions, run: (own: { readonly signal: AbortSignal }) => Promise<T>): Promise<T> {
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal]
    const own = AbortSignal.any(signals)
    setMaxListeners(0, own) // one a plugin is no leak, however many there are
    const running = own.aborted ? Promise.reject(own.reason) : run({ signal: own })
    this.#pending.add(running)
    const forget = () => this.#pending.delete(running)
    running.then(forget, forget)
    return running
  }

  #probe(entries: readonly PluginEntry[], own: OperationOptions): Promise<readonly ProbedPlugin[]> {
    const { env = process.env, probeTimeoutMs: timeoutMs = 2000 } = this.#options
    return Promise.all(entries.map((entry) => probePlugin(entry, { env, timeoutMs, ...own })))
  }

  async #select(options: OpenOptions, own: OperationOptions): Promise<Selection> {
    const { env = process.env } = this.#options
    const name = options.runtime ?? (env.CAPSTAN_RUNTIME || undefined)
    if (name === undefined) return this.#selectAutomatic(options, own)
    const entry = this.#entries.find((candidate) => candidate.name === name)
    if (entry === undefined) {
      throw createHostError('PLUGIN_UNKNOWN', { plugin: name, known: this.#entries.map((known) => known.name) })
    }
    return { chosen: selectNamed(await probeOne(this.#probe([entry], own)), options), others: [] }
  }

  async #selectAutomatic(options: OpenOptions, own: OperationOptions): Promise<Selection> {
    const automatic = this.#entries.filter(({ plugin, fault }) => fault !== undefined || plugin.selection !== 'named')
    const probed = await this.#probe(automatic, own)
    const chosen = selectFirst(probed, options)
    return { chosen, others: probed.filter((candidate) => candidate !== chosen) }
  }

  async #openScope({ found, report }: UsableRuntime, others: readonly ProbedPlugin[]): Promise<OpenScope> {
    this.#owner ??= readOwner()
    const owner = await this.#owner
    this.#closing.signal.throwIfAborted()
    const provided = new Map<symbol, object>()
    const warn = (message: string) => this.#options.onWarning?.({ runtime: report.runtime, message })
    try {
      const container = wireScope(found, report, { ownerLabels: toOwnerLabels(owner), warn, provided })
      const runtime = container.resolve<Runtime>(runtimeCapability.token)
      const otherReports = others.map((other) => other.report)
      const onClose = (closed: OpenScope) => void this.#scopes.delete(closed)
      const scope = new OpenScope({ container, runtime, report, otherReports, owner, provided, onClose })
      this.#scopes.add(scope)
      return scope
    } catch (error) {
      // The plugin's fault is what the caller must see; what closing its remains says comes after it.
      await closeAll(toClosings(provided), 'undoing register').catch(() => undefined)
      throw error
    }
  }
}

interface Selection {
  readonly chosen: UsableRuntime
  readonly others: readonly ProbedPlugin[]
}

async function probeOne(probed: Promise<readonly ProbedPlugin[]>): Promise<ProbedPlugin> {
  const [one] = await probed
  if (one === undefined) throw new RangeError('one plugin was probed and none came back')
  return one
}

function toClosedError(): unknown {
  return createHostError('RUNTIME_UNAVAILABLE', { runtime: undefined, reports: [] })
}
