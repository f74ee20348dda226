import { networkManagerCapability } from '../contract/managers/network-manager.js'
import { swarmManagerCapability } from '../contract/managers/swarm-manager.js'
import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { OperationOptions, StringMap } from '../contract/operation.js'
import type { Owner } from '../contract/owner.js'
import { type Lifetime, ownershipLabelKeys, parseOwnerLabels } from '../contract/owner-labels.js'
import { runtimeCapability } from '../contract/runtime.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepItem } from '../contract/sweep-report.js'
import { findCapability, requireCapabilities } from '../plugins/capability-access.js'
import { matchesObjectLabel } from './object-labels.js'

/** An existing object with the labels of an owner. */
export interface OwnedObject {
  readonly item: SweepItem
  readonly owner: Owner
  readonly lifetime: Lifetime
  /** Whether it is running; `undefined` if the runtime does not know. Always false for objects other than services and containers. */
  isRunning(options: OperationOptions): Promise<boolean | undefined>
  remove(options: OperationOptions): Promise<void>
}

/**
 * Lists all objects with labels of an owner, in the order of removal: services, containers, secrets, configs, networks, volumes,
 * images. The containers of a service are not listed: the cluster removes them with it, and would replace a removed one.
 */
export async function listOwned(scope: CapabilityScope, options: OperationOptions): Promise<readonly OwnedObject[]> {
  const { runtime } = requireCapabilities(scope, { runtime: runtimeCapability })
  const networks = findCapability(scope, networkManagerCapability)
  const volumes = findCapability(scope, volumeManagerCapability)
  const cluster = findCapability(scope, swarmManagerCapability)
  const listed: ListedObject[] = []
  if (cluster !== undefined) {
    for (const { id, name, labels } of await cluster.listServices(options)) {
      const isRunning = async (call: OperationOptions) => (await cluster.inspectService(id, call)).running > 0
      const remove = (call: OperationOptions) => cluster.removeService(id, call)
      listed.push({ kind: 'service', id, name, labels, isRunning, remove })
    }
  }
  for (const { id, name, labels } of await runtime.listContainers(options)) {
    const isRunning = async (call: OperationOptions) => {
      const state = await runtime.containerState(id, call)
      return state === 'unknown' ? undefined : !notRunning.has(state)
    }
    const remove = (call: OperationOptions) => runtime.removeContainer(id, call)
    listed.push({ kind: 'container', id, name, labels, isRunning, remove })
  }
  if (cluster !== undefined) {
    for (const { id, name, labels } of await cluster.listSecrets(options)) {
      const remove = (call: OperationOptions) => cluster.removeSecret(id, call)
      listed.push({ kind: 'secret', id, name, labels, ...neverRuns, remove })
    }
    for (const { id, name, labels } of await cluster.listConfigs(options)) {
      const remove = (call: OperationOptions) => cluster.removeConfig(id, call)
      listed.push({ kind: 'config', id, name, labels, ...neverRuns, remove })
    }
  }
  if (networks !== undefined) {
    for (const { id, name, labels, scope: reach } of await networks.listNetworks(options)) {
      // A worker node lists the networks of its tasks, and cannot remove them.
      if (reach === 'cluster' && cluster === undefined) continue
      const remove = (call: OperationOptions) => networks.removeNetwork(id, call)
      listed.push({ kind: 'network', id, name, labels, ...neverRuns, remove })
    }
  }
  if (volumes !== undefined) {
    for (const { name, labels } of await volumes.listVolumes(options)) {
      const remove = (call: OperationOptions) => volumes.removeVolume(name, call)
      listed.push({ kind: 'volume', id: name, name, labels, ...neverRuns, remove })
    }
  }
  for (const { id, tags, labels } of await runtime.listImages(options)) {
    const remove = (call: OperationOptions) => runtime.removeImage(id, call)
    listed.push({ kind: 'image', id, name: tags[0] ?? id, labels, tags, ...neverRuns, remove })
  }
  return listed.flatMap(toOwnedObjects)
}

type ListedObject = Omit<OwnedObject, 'item' | 'owner' | 'lifetime'> &
  Omit<SweepItem, 'owner'> & { readonly labels: StringMap; readonly tags?: readonly string[] }

const neverRuns = { isRunning: async () => false }

/** Returns no entry for an object that has no owner or has inherited its labels. */
function toOwnedObjects({ kind, id, name, labels, tags, ...rest }: ListedObject): readonly OwnedObject[] {
  const owner = matchesObjectLabel(kind, labels, tags) ? parseOwnerLabels(labels) : undefined
  if (owner === undefined) return []
  const item = { kind, id, name, owner: `${owner.instanceId} (process ${owner.pid})` }
  return [{ item, owner, lifetime: toLifetime(labels), ...rest }]
}

function toLifetime(labels: StringMap): Lifetime {
  const value = labels[ownershipLabelKeys.lifetime]
  return value === 'lease' || value === 'persistent' ? value : 'owner'
}

const notRunning: ReadonlySet<string> = new Set(['created', 'exited', 'dead'])
