import {
  createRuntimeHost,
  findCapability,
  networkManagerCapability,
  type OperationOptions,
  type RuntimeHost,
  type RuntimeScope,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { ConformanceOptions } from '../conformance-options.js'

/** Looks, after each case, into the runtime's own lists for what the case left, and removes it. */
export class LeftoverCleaner implements AsyncDisposable {
  readonly #host: RuntimeHost
  readonly #name: string
  #scope: Promise<RuntimeScope> | undefined

  constructor({ plugin, env }: ConformanceOptions) {
    this.#host = createRuntimeHost({ plugins: [plugin], ...(env && { env }) })
    this.#name = plugin.name
  }

  /** One failure for each thing that was still there of these owners; none where the runtime does not even open. */
  async clear(instances: ReadonlySet<string>): Promise<readonly unknown[]> {
    this.#scope ??= this.#host.open({ runtime: this.#name })
    const scope = await this.#scope.catch(() => undefined)
    if (scope === undefined || instances.size === 0) return []
    try {
      return await within(limitMs, 'the end of clearing up', clearLeft(scope, instances))
    } catch (error) {
      return [error]
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(limitMs, 'the end of closing', this.#host[Symbol.asyncDispose]())
  }
}

async function clearLeft(scope: RuntimeScope, instances: ReadonlySet<string>): Promise<readonly unknown[]> {
  const signal = AbortSignal.timeout(limitMs)
  const left = await listLeftovers(scope, instances, { signal })
  for (const { remove } of left) await remove({ signal }).catch(() => {})
  return left.map(({ title }) => new ConformanceFailure('nothing to be left after the case', title))
}

/** Something that a case made. */
export interface CreatedResource {
  readonly title: string
  remove(options: OperationOptions): Promise<void>
}

/** What these owners have made and is still there, in the order in which it can go. */
export async function listLeftovers(
  scope: RuntimeScope,
  instances: ReadonlySet<string>,
  options: OperationOptions,
): Promise<readonly CreatedResource[]> {
  const { runtime } = scope
  const networks = findCapability(scope, networkManagerCapability)
  const volumes = findCapability(scope, volumeManagerCapability)
  const isTheirs = ({ labels }: { readonly labels: StringMap }) =>
    instances.has(labels[ownershipLabelKeys.instance] ?? '')
  const containers = (await runtime.listContainers(options)).filter(isTheirs)
  const joined = ((await networks?.listNetworks(options)) ?? []).filter(isTheirs)
  const mounted = ((await volumes?.listVolumes(options)) ?? []).filter(isTheirs)
  const images = (await runtime.listImages(options)).filter(isTheirs)
  return [
    ...containers.map(({ id, name, state }) => ({
      title: `container "${name}" (${state})`,
      remove: (own: OperationOptions) => runtime.removeContainer(id, own),
    })),
    ...joined.map(({ id, name }) => ({
      title: `network "${name}"`,
      remove: async (own: OperationOptions) => await networks?.removeNetwork(id, own),
    })),
    ...mounted.map(({ name }) => ({
      title: `volume "${name}"`,
      remove: async (own: OperationOptions) => await volumes?.removeVolume(name, own),
    })),
    ...images.map(({ id, tags }) => ({
      title: `image "${tags[0] ?? id}"`,
      remove: (own: OperationOptions) => runtime.removeImage(id, own),
    })),
  ]
}

const limitMs = 20_000
