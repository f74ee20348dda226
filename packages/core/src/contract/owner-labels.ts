import type { StringMap } from './operation.js'
import type { Owner } from './owner.js'

/**
 * The keys of the labels that identify the owner of an object.
 *
 * Keys are lower case and dotted, since networks of Apple's command accept no others. Values have at most 63 letters,
 * digits, `.`, `_` and `-`.
 */
export const ownershipLabelKeys = {
  instance: 'capstan.owner.instance',
  pid: 'capstan.owner.pid',
  processStart: 'capstan.owner.process-start',
  bootId: 'capstan.owner.boot',
  pidNamespace: 'capstan.owner.pid-namespace',
  machineId: 'capstan.owner.machine',
  /** The name of the application that created the object: `app` of `createRuntimeHost`, or `-` where the host has none. */
  app: 'capstan.app',
  /** How long the object is kept: see {@link Lifetime}. */
  lifetime: 'capstan.lifetime',
  /**
   * The kind of the object at its creation: `container`, `network`, `volume`, `service`, `secret`, `config`, or `image` with hashes
   * of its tags. The containers of a service have the kind `service`.
   */
  object: 'capstan.object',
} as const

/**
 * How long a sweep keeps an object. `owner` (default): while the process of its owner runs. `lease`: while the process
 * of its owner runs, and after that while the container runs or the object is in use. `persistent`: always.
 */
export type Lifetime = 'owner' | 'lease' | 'persistent'

/**
 * Returns the labels of everything that an owner creates, by which a sweep identifies it. They always have `capstan.app`,
 * which a container would otherwise inherit from its image.
 */
export function toOwnerLabels(owner: Owner): StringMap {
  return {
    [ownershipLabelKeys.instance]: owner.instanceId,
    [ownershipLabelKeys.pid]: String(owner.pid),
    [ownershipLabelKeys.processStart]: owner.processStart,
    [ownershipLabelKeys.bootId]: owner.bootId,
    [ownershipLabelKeys.pidNamespace]: owner.pidNamespace,
    [ownershipLabelKeys.machineId]: owner.machineId,
    [ownershipLabelKeys.app]: owner.app ?? noApp,
  }
}

/** Parses the owner from the labels of an object. `undefined` where they are missing or invalid. */
export function parseOwnerLabels(labels: StringMap): Owner | undefined {
  const instanceId = labels[ownershipLabelKeys.instance]
  const pid = toPid(labels[ownershipLabelKeys.pid])
  const processStart = labels[ownershipLabelKeys.processStart]
  const bootId = labels[ownershipLabelKeys.bootId]
  const pidNamespace = labels[ownershipLabelKeys.pidNamespace]
  const machineId = labels[ownershipLabelKeys.machineId]
  if (!instanceId || !processStart || !bootId || !pidNamespace || !machineId) return undefined
  if (pid === undefined) return undefined
  const app = labels[ownershipLabelKeys.app]
  const named = app === undefined || app === noApp ? {} : { app }
  return { instanceId, pid, processStart, bootId, pidNamespace, machineId, ...named }
}

function toPid(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9]\d{0,9}$/.test(text) ? Number(text) : undefined
}

/** Cannot be the name of an application, which begins with a letter or a digit. */
const noApp = '-'
