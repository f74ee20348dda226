import { networkManagerCapability } from '../contract/managers/network-manager.js'
import { volumeManagerCapability } from '../contract/managers/volume-manager.js'
import type { OperationOptions, StringMap } from '../contract/operation.js'
import type { Owner } from '../contract/owner.js'
import { type Lifetime, ownershipLabelKeys, parseOwnerLabels } from '../contract/owner-labels.js'
import { runtimeCapability } from '../contract/runtime.js'
import type { CapabilityScope } from '../contract/scope.js'
import type { SweepItem } from '../contract/sweep-report.js'
import { findCapability } from '../plugin/capability-access.js'
import { matchesObjectLabel } from './object-labels.js'

/** An existing object with the labels of an owner. */
export interface OwnedResource {
  readonly item: SweepItem
  readonly owner: Owner
  readonly lifetime: Lifetime
  /** Always false for objects other than containers; `undefined` if the runtime does not know. */
  readonly running: boolean | undefined
  /** Determines again whether it is running. */
  isRunning(options: OperationOptions): Promise<boolean>
  remove(options: OperationOptions): Promise<void>
}

/** Lists all objects with labels of an owner, in the order of removal: containers, networks, volumes, images. */
export async function listOwned(scope: CapabilityScope, options: OperationOptions): Promise<readonly OwnedResource[]> {
  const runtime = findCapability(scope, runtimeCapability)
  const networks = findCapability(scope, networkManagerCapability)
  const volumes = findCapability(scope, volumeManagerCapability)
  const resources: OwnedResource[] = []
  const add = (kind: SweepItem['kind'], listed: Listed, remove: OwnedResource['remove']) => {
    const owner = matchesObjectLabel(kind, listed.labels, listed.tags) ? parseOwnerLabels(listed.labels) : undefined
    if (owner === undefined) return
    const item = { kind, id: listed.id, name: listed.name, owner: `${owner.instanceId} (process ${owner.pid})` }
    const { labels, running, isRunning } = listed
    resources.push({ item, owner, lifetime: toLifetime(labels), running, isRunning, remove })
  }
  if (runtime !== undefined) {
    for (const { id, name, labels, state } of await runtime.listContainers(options)) {
      const isRunning = async (own: OperationOptions) => !ended.has(await runtime.containerState(id, own))
      const listed = { id, name, labels, running: state === 'unknown' ? undefined : !ended.has(state), isRunning }
      add('container', listed, (own) => runtime.removeContainer(id, own))
    }
  }
  if (networks !== undefined) {
    for (const { id, name, labels } of await networks.listNetworks(options)) {
      add('network', { id, name, labels, ...neverRuns }, (own) => networks.removeNetwork(id, own))
    }
  }
  if (volumes !== undefined) {
    for (const { name, labels } of await volumes.listVolumes(options)) {
      add('volume', { id: name, name, labels, ...neverRuns }, (own) => volumes.removeVolume(name, own))
    }
  }
  if (runtime !== undefined) {
    for (const { id, tags, labels } of await runtime.listImages(options)) {
      add('image', { id, name: tags[0] ?? id, labels, tags, ...neverRuns }, (own) => runtime.removeImage(id, own))
    }
  }
  return resources
}

interface Listed {
  readonly id: string
  readonly name: string
  readonly labels: StringMap
  readonly tags?: readonly string[]
  readonly running: boolean | undefined
  readonly isRunning: OwnedResource['isRunning']
}

const neverRuns = { running: false, isRunning: async () => false }

function toLifetime(labels: StringMap): Lifetime {
  const value = labels[ownershipLabelKeys.lifetime]
  return value === 'lease' || value === 'persistent' ? value : 'owner'
}

const ended: ReadonlySet<string> = new Set(['created', 'exited', 'dead'])
