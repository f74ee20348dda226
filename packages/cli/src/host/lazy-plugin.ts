import type { RuntimePlugin } from '@capstan/core'
import type { ProbeOptions, ProbeResult, RegistrationScope } from '@capstan/core/plugin'

/** A plugin whose package is loaded when it is probed, which saves time if another runtime is used. */
export class LazyPlugin implements RuntimePlugin {
  readonly name: string
  readonly contractVersion = 1
  readonly selection: 'automatic' | 'named'
  readonly #load: () => Promise<RuntimePlugin>
  #plugin: RuntimePlugin | undefined

  constructor({ name, selection, load }: LazyPluginOptions) {
    this.name = name
    this.selection = selection
    this.#load = load
  }

  get packageName(): string {
    return this.#plugin?.packageName ?? 'a package that is not loaded'
  }

  get packageVersion(): string {
    return this.#plugin?.packageVersion ?? 'unknown'
  }

  /** Always false: whether the user chose the plugin's endpoint is unknown before it is loaded. */
  isChosen(): boolean {
    return false
  }

  async probe(options: ProbeOptions): Promise<ProbeResult<unknown>> {
    this.#plugin ??= await this.#load()
    return await this.#plugin.probe(options)
  }

  register(scope: RegistrationScope, details: unknown): void {
    this.#plugin?.register(scope, details)
  }
}

/** `name` and `selection` must be those of the plugin that `load` returns. */
export interface LazyPluginOptions extends Required<Pick<RuntimePlugin, 'name' | 'selection'>> {
  readonly load: () => Promise<RuntimePlugin>
}
