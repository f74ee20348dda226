import {
  createRuntimeHost,
  findCapability,
  networkManagerCapability,
  type OperationOptions,
  type RuntimeHost,
  type RuntimeScope,
  swarmManagerCapability,
  volumeManagerCapability,
} from '@capstan/core'
import { ownershipLabelKeys, type StringMap } from '@capstan/core/plugin'
import { within } from '../assert/wait.js'
import { ConformanceFailure } from '../conformance-failure.js'
import type { ConformanceOptions } from '../conformance-options.js'

/** Removes the resources of a case that the runtime still lists after the case. */
export class LeftoverCleaner implements AsyncDisposable {
  readonly #host: RuntimeHost
  readonly #name: string
  #scope: Promise<RuntimeScope> | undefined

  constructor({ plugin, env }: ConformanceOptions) {
    this.#host = createRuntimeHost({ plugins: [plugin], ...(env && { env }) })
    this.#name = plugin.name
  }

  /** Removes the resources of these owner instances. Resolves with a failure for each, or none if the runtime does not open. */
  async removeLeftovers(instances: ReadonlySet<string>): Promise<readonly unknown[]> {
    this.#scope ??= this.#host.open({ runtime: this.#name })
    const scope = await this.#scope.catch(() => undefined)
    if (scope === undefined || instances.size === 0) return []
    try {
      return await within(limitMs, 'the end of the cleanup', removeAll(scope, instances))
    } catch (error) {
      return [error]
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await within(limitMs, 'the end of closing', this.#host[Symbol.asyncDispose]())
  }
}

async function removeAll(scope: RuntimeScope, instances: ReadonlySet<string>): Promise<readonly unknown[]> {
  const signal = AbortSignal.timeout(limitMs)
  const leftovers = await listLeftovers(scope, instances, { signal })
  for (const { remove } of leftovers) await remove({ signal }).catch(() => {})
  return leftovers.map(({ title }) => new ConformanceFailure('no resource to remain after the case', title))
}

/** A resource that a case created and that still exists. */
export interface Leftover {
  readonly title: string
  remove(options: OperationOptions): Promise<void>
}

/** Lists the remaining resources of these owner instances in the order in which they can be removed. */
export async function listLeftovers(
  scope: RuntimeScope,
  instances: ReadonlySet<string>,
  options: OperationOptions,
): Promise<readonly Leftover[]> {
  const { runtime } = scope
  const networks = findCapability(scope, networkManagerCapability)
  const volumes = findCapability(scope, volumeManagerCapability)
  const swarm = findCapability(scope, swarmManagerCapability)
  const isOwned = ({ labels }: { readonly labels: StringMap }) =>
    instances.has(labels[ownershipLabelKeys.instance] ?? '')
  // The container of a task is removed by its node soon after the service.
  const isTask = ({ labels }: { readonly labels: StringMap }) => labels[ownershipLabelKeys.object] === 'service'
  const listed = await runtime.listContainers(options)
  const containers = listed.filter((container) => isOwned(container) && !isTask(container))
  const services = ((await swarm?.listServices(options)) ?? []).filter(isOwned)
  const secrets = ((await swarm?.listSecrets(options)) ?? []).filter(isOwned)
  const configs = ((await swarm?.listConfigs(options)) ?? []).filter(isOwned)
  const ownNetworks = ((await networks?.listNetworks(options)) ?? []).filter(isOwned)
  const ownVolumes = ((await volumes?.listVolumes(options)) ?? []).filter(isOwned)
  const images = (await runtime.listImages(options)).filter(isOwned)
  return [
    ...services.map(({ id, name }) => ({
      title: `service "${name}"`,
      remove: async (options: OperationOptions) => await swarm?.removeService(id, options),
    })),
    ...containers.map(({ id, name, state }) => ({
      title: `container "${name}" (${state})`,
      remove: (options: OperationOptions) => runtime.removeContainer(id, options),
    })),
    ...secrets.map(({ id, name }) => ({
      title: `secret "${name}"`,
      remove: async (options: OperationOptions) => await swarm?.removeSecret(id, options),
    })),
    ...configs.map(({ id, name }) => ({
      title: `config "${name}"`,
      remove: async (options: OperationOptions) => await swarm?.removeConfig(id, options),
    })),
    ...ownNetworks.map(({ id, name }) => ({
      title: `network "${name}"`,
      remove: async (options: OperationOptions) => await networks?.removeNetwork(id, options),
    })),
    ...ownVolumes.map(({ name }) => ({
      title: `volume "${name}"`,
      remove: async (options: OperationOptions) => await volumes?.removeVolume(name, options),
    })),
    ...images.map(({ id, tags }) => ({
      title: `image "${tags[0] ?? id}"`,
      remove: (options: OperationOptions) => runtime.removeImage(id, options),
    })),
  ]
}

const limitMs = 20_000
