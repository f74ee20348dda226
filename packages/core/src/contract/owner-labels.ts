import type { StringMap } from './operation.js'
import type { Owner } from './owner.js'

/** Label keys (lower case and dotted: Apple's networks take no other); values: letters, digits, `.`, `_`, `-`, at most 63. */
export const ownershipLabelKeys: {
  readonly instance: 'capstan.owner.instance'
  readonly pid: 'capstan.owner.pid'
  readonly processStart: 'capstan.owner.process-start'
  readonly bootId: 'capstan.owner.boot'
  readonly pidNamespace: 'capstan.owner.pid-namespace'
  readonly machineId: 'capstan.owner.machine'
  /** Name of the application that made the object: `app` of `createRuntimeHost`; `-` where the host has none. */
  readonly app: 'capstan.app'
  /** How long the thing is meant to live: see {@link Lifetime}. */
  readonly lifetime: 'capstan.lifetime'
  /** What the thing was made as: see `toObjectLabels`. */
  readonly object: 'capstan.object'
} = {
  instance: 'capstan.owner.instance',
  pid: 'capstan.owner.pid',
  processStart: 'capstan.owner.process-start',
  bootId: 'capstan.owner.boot',
  pidNamespace: 'capstan.owner.pid-namespace',
  machineId: 'capstan.owner.machine',
  app: 'capstan.app',
  lifetime: 'capstan.lifetime',
  object: 'capstan.object',
}

/**
 * `owner`: as long as its owner's process (default). `lease`: shared, never removed while it runs or is used, whoever
 * made it. `persistent`: kept on purpose, never removed by a sweep.
 */
export type Lifetime = 'owner' | 'lease' | 'persistent'

/** The six labels by which a later sweep tells whether their owner lives, and the name of its application, if it has one. */
export function toOwnerLabels(owner: Owner): StringMap {
  return {
    [ownershipLabelKeys.instance]: owner.instanceId,
    [ownershipLabelKeys.pid]: String(owner.pid),
    [ownershipLabelKeys.processStart]: owner.processStart,
    [ownershipLabelKeys.bootId]: owner.bootId,
    [ownershipLabelKeys.pidNamespace]: owner.pidNamespace,
    [ownershipLabelKeys.machineId]: owner.machineId,
    ...(owner.app === undefined ? {} : { [ownershipLabelKeys.app]: owner.app }),
  }
}

/**
 * The labels of everything that one host makes. `capstan.app` is always among them: without it a container would inherit
 * the label of its image.
 */
export function toHostLabels(owner: Owner): StringMap {
  return { [ownershipLabelKeys.app]: noApp, ...toOwnerLabels(owner) }
}

/** The owner that the labels tell of; `undefined` for what Capstan did not make, or whose labels were tampered with. */
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

/** Not the name of any application: a name begins with a letter or a digit. */
const noApp = '-'
