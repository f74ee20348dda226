import { randomUUID } from 'node:crypto'
import {
  type Capability,
  createRuntimeHost,
  findCapability,
  type Runtime,
  type RuntimeHost,
  type RuntimePlugin,
  type RuntimeScope,
} from '@capstan/core'
import { createUndoStack, type Environment, ownershipLabelKeys, type UndoStep } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import type { CaseContext, OpenOtherOptions } from '../case-context.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { ConformanceOptions } from '../conformance-options.js'
import type { MissingRequirement } from '../conformance-report.js'
import { withParts } from '../plugin/map-provided.js'
import { narrowLists } from '../plugin/narrow-lists.js'
import { busyboxPrograms, type ConformancePrograms } from '../programs.js'
import { type LeftoverCleaner, listLeftovers } from './leftover-cleaner.js'

/** The context of one case, and the cleanup after it. */
export class OpenedCase implements CaseContext {
  readonly plugin: RuntimePlugin
  readonly image: string
  readonly firewallImage: string
  readonly firewallRepetitions: number
  readonly programs: ConformancePrograms
  readonly env: Environment
  readonly specifier: string | undefined
  readonly unavailableEnv: Environment | undefined
  readonly signal: AbortSignal
  readonly #undo = createUndoStack({ timeoutMs: undoLimitMs })
  readonly #hosts: RuntimeHost[] = []
  readonly #instances = new Set<string>()
  readonly #absent: MissingRequirement[] = []
  #scope: RuntimeScope | undefined

  /** `waitFactor` multiplies the limits and pauses of the case. */
  constructor(options: ConformanceOptions, { waitFactor, signal }: { waitFactor: number; signal: AbortSignal }) {
    this.plugin = options.plugin
    this.image = options.image
    this.firewallImage = options.firewallImage ?? options.image
    this.firewallRepetitions = options.firewallRepetitions ?? 2
    const programs = { ...busyboxPrograms, ...options.programs }
    this.programs = { ...programs, printTwice: (one, other) => programs.printTwice(one, other, Math.ceil(waitFactor)) }
    this.env = options.env ?? process.env
    this.specifier = options.specifier
    this.unavailableEnv = options.unavailableEnv
    this.signal = signal
  }

  get scope(): RuntimeScope {
    if (this.#scope === undefined) throw new ConformanceFailure('an open runtime', 'a case that opens none')
    return this.#scope
  }

  get runtime(): Runtime {
    return this.scope.runtime
  }

  /** Opens the runtime of the case. */
  async openRuntime(): Promise<void> {
    this.#scope ??= await this.open()
  }

  require<T extends object>(capability: Capability<T>, scope: RuntimeScope = this.scope): T {
    const found = findCapability(scope, capability)
    if (found === undefined)
      throw new ConformanceFailure(`${capability.title} in the scope`, 'none, though the probe lists it')
    return found
  }

  async open({ relabel = (labels) => labels, onlyLabelled }: OpenOtherOptions = {}): Promise<RuntimeScope> {
    const observed = withParts(this.plugin, {
      register: (scope, details) => {
        const ownerLabels = relabel(scope.ownerLabels)
        // The kit finds the resources of a case by the owner instance.
        this.#instances.add(ownerLabels[ownershipLabelKeys.instance] ?? '')
        return this.plugin.register({ ...scope, ownerLabels }, details)
      },
    })
    const plugin = onlyLabelled === undefined ? observed : narrowLists(observed, onlyLabelled)
    const host = createRuntimeHost({ plugins: [plugin], env: this.env })
    this.#hosts.push(host)
    return await host.open({ runtime: this.plugin.name, signal: this.signal })
  }

  reportAbsent(subject: string, reason: string): void {
    this.#absent.push({ subject, reason })
  }

  get absent(): readonly MissingRequirement[] {
    return this.#absent
  }

  async listCreated(): Promise<readonly string[]> {
    const created = await listLeftovers(this.scope, this.#instances, { signal: this.signal })
    return created.map(({ title }) => title)
  }

  uniqueName(word: string): string {
    return `conformance-${word}-${randomUUID().slice(0, 13)}`
  }

  defer(title: string, step: UndoStep): void {
    this.#undo.add(title, step)
  }

  /** Removes what the case created and closes its hosts. Resolves with the failures: remaining resources and failed closes. */
  async cleanUp(cleaner: LeftoverCleaner): Promise<readonly unknown[]> {
    // A step may fail because the case removed its resource already; only remaining resources fail the case.
    await this.#undo.run()
    const remaining = await cleaner.removeLeftovers(this.#instances)
    return [...remaining, ...(await this.#closeHosts())]
  }

  async #closeHosts(): Promise<readonly unknown[]> {
    const closing = this.#hosts.map((host) => within(closeLimitMs, 'the end of closing', host[Symbol.asyncDispose]()))
    const closed = await Promise.allSettled(closing)
    return closed.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
  }
}

const undoLimitMs = 20_000
const closeLimitMs = 10_000
